"""nginx with the configuration of ``deploy/``, and the replicas behind it, on loopback."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from running import LIGHTBOX, PATIENCE, environment, free_port, read_line

ROOT = Path(__file__).parents[2]
OWNER = "the-token-of-the-owner"
CONFIGURATION = ROOT / "deploy" / "nginx.conf"

# What stands around conf.d/ in the image of nginx; all that it writes goes to one folder.
MAIN = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/lightbox.conf;
}}
"""


class MissingNginxError(Exception):
    """There is no nginx on this machine."""


def find_nginx() -> str:
    """Give the path of an nginx. Raises MissingNginxError."""
    script = ROOT / "scripts" / "find_nginx.py"
    found = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    if found.returncode:
        raise MissingNginxError(found.stderr.strip())
    return found.stdout.strip()


def visitor(address: str, number: int = 1) -> httpx2.Client:
    """Someone who asks from an address of their own: all of 127.0.0.0/8 is this machine."""
    way = httpx2.HTTPTransport(local_address=f"127.0.0.{number}")
    return httpx2.Client(base_url=address, transport=way, timeout=PATIENCE, trust_env=False)


class Replica:
    """``lightbox serve`` of the demo, which can be killed and come back on the port it had."""

    def __init__(self, folder: Path) -> None:
        self._environment = environment(
            LIGHTBOX_DATA_DIR=str(folder / "data"),
            LIGHTBOX_CACHE_DIR=str(folder / "cache"),
            LIGHTBOX_PROXIES="127.0.0.1",  # as the guide says
            LIGHTBOX_OWNER_TOKEN=OWNER,
        )
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start on the port it had before; the first time, on a free one."""
        self.process = subprocess.Popen(
            [LIGHTBOX, "serve", "--port", str(self.port), "--public"],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        """Wait until it answers."""
        assert self.process.stdout
        self.port = httpx2.URL(read_line(self.process.stdout, self.process).split()[-1]).port or 0

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def freeze(self) -> None:
        """Leave it as it is: it takes requests, and answers none."""
        self.process.send_signal(signal.SIGSTOP)

    def answered(self) -> float:
        """Requests for the catalogue that it has answered, as it says itself."""
        with visitor(self.address) as inside:
            text = inside.get("/metrics").text
        counts = re.findall(r'^lightbox_requests_total\{route="/",.*\} (\S+)$', text, re.MULTILINE)
        return sum(map(float, counts))

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None


class Front:
    """nginx before these ports."""

    def __init__(self, program: str, folder: Path, ports: Sequence[int]) -> None:
        self._program = program
        self._folder = folder
        self._port = free_port()
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
        (folder / "lightbox.conf").write_text(self._rendered(*ports))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def logged(self) -> str:
        """Give all that nginx has written so far of requests and of errors."""
        return "".join((self._folder / name).read_text() for name in ("access.log", "error.log"))

    def check(self) -> subprocess.CompletedProcess[str]:
        """Have nginx read the configuration."""
        return subprocess.run([*self._command(), "-t"], capture_output=True, text=True, check=False)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command())
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, "nginx ended"
                assert time.monotonic() < deadline, "nginx does not listen"
                time.sleep(0.02)
            else:
                return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _command(self) -> list[str]:
        # The temporary folder is root's alone, and nginx's workers would be somebody else.
        owner = ["-g", "user root;"] if os.geteuid() == 0 else []
        return [self._program, "-e", "stderr", "-c", str(self._folder / "nginx.conf"), *owner]

    def _rendered(self, first: int, second: int) -> str:
        text = CONFIGURATION.read_text()
        for here, there in {
            "listen 80;": f"listen 127.0.0.1:{self._port};",
            "server replica-1:8000 ": f"server 127.0.0.1:{first} ",
            "server replica-2:8000 ": f"server 127.0.0.1:{second} ",
            "proxy_cache_path /var/cache/nginx/lightbox ": f"proxy_cache_path {self._folder}/kept ",
            "access_log /var/log/nginx/access.log ": f"access_log {self._folder}/access.log ",
            "error_log /var/log/nginx/error.log ": f"error_log {self._folder}/error.log ",
        }.items():
            assert text.count(here) == 1, f"{CONFIGURATION.name} has no single {here!r}"
            text = text.replace(here, there)
        return text
