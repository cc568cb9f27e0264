"""Starts what is measured, each server in a process of its own on loopback, and ends it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120
LIGHTBOX = Path(sys.executable).with_name("lightbox")
NGINX = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  types {{ image/png png; }}
  access_log off;  # Lightbox writes none either
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    add_header Cache-Control "public, max-age=31536000, immutable";
  }}
}}
"""


class MissingToolError(RuntimeError):
    """A program that a figure needs is not here; the text says which."""


def tool(name: str, package: str) -> str:
    """Find a program; root on Debian gets its package. Raises MissingToolError."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    if not shutil.which(name, path=path) and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in ("update", "-qq"), ("install", "-qq", "-y", "--no-install-recommends"):
            arguments = [*command, package] if command[0] == "install" else command
            subprocess.run(
                ["apt-get", *arguments],
                check=False,
                capture_output=True,
                timeout=PATIENCE,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
    found = shutil.which(name, path=path)
    if not found:
        raise MissingToolError(f"{name} is not installed (Debian's package {package})")
    return found


def prepare(file: Path, cache: Path) -> None:
    """Unpack a data set for Lightbox ahead of time."""
    subprocess.run(
        [LIGHTBOX, "prepare", file], check=True, capture_output=True, env=settings(cache)
    )


@contextmanager
def lightbox(file: Path, cache: Path, workers: int = 1) -> Iterator[str]:
    """Serve a data set with Lightbox; yields the address."""
    command: list[str | Path] = [LIGHTBOX, "serve", file, "--port", "0", "--workers", str(workers)]
    with _process(command, settings(cache), stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.stdout.readline().decode().split()[-1].rstrip("/")


@contextmanager
def peer(module: str, **variables: str) -> Iterator[str]:
    """Serve the ``app`` of a module of ours by Uvicorn, with as little logging as Lightbox."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning"]
    with _process(command, os.environ | variables):
        _wait(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def nginx(folder: Path, **files: bytes) -> Iterator[str]:
    """Serve these bytes as files of these names by nginx with one worker."""
    program = tool("nginx", "nginx-light")
    port = _free_port()
    (folder / "www").mkdir(parents=True)
    folder.chmod(0o755)
    for name, body in files.items():
        (folder / "www" / name).write_bytes(body)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    user = "user root;" if os.geteuid() == 0 else ""  # the temporary folder is root's alone
    command = [program, "-c", str(folder / "nginx.conf"), "-g", f"daemon off; {user}"]
    with _process(command, os.environ):
        _wait(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _process(
    command: Sequence[str | Path], environment: Mapping[str, str], stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=stdout)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def settings(cache: Path) -> dict[str, str]:
    """This process's environment without settings of Lightbox, but with this cache folder."""
    plain = {name: value for name, value in os.environ.items() if "LIGHTBOX" not in name}
    return plain | {"LIGHTBOX_CACHE_DIR": str(cache)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
