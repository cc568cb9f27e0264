"""Starts the servers that are compared, each in a process of its own on loopback."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

BIN = Path(sys.executable).parent


@contextlib.contextmanager
def lightbox(paths: list[Path], cache: Path, workers: int = 1) -> Iterator[str]:
    """Serve these files by Lightbox; give the address, without a slash at its end."""
    command = [str(BIN / "lightbox"), "serve", *map(str, paths), "--port", "0"]
    environment = os.environ | {"LIGHTBOX_CACHE_DIR": str(cache)}
    subprocess.run(
        [str(BIN / "lightbox"), "prepare", *map(str, paths)],
        env=environment,
        check=True,
        capture_output=True,
    )
    with subprocess.Popen(
        [*command, "--workers", str(workers)], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().split()[-1].rstrip("/")
        finally:
            server.terminate()


@contextlib.contextmanager
def obvious(path: Path) -> Iterator[str]:
    """Serve the file by the obvious application."""
    port = free_port()
    command = [str(BIN / "uvicorn"), "--factory", "benchmarks.obvious:create_app"]
    with subprocess.Popen(
        [*command, "--port", str(port), "--no-access-log", "--log-level", "warning"],
        env=os.environ | {"OBVIOUS_FILE": str(path)},
    ) as server:
        try:
            yield await_answer(f"http://127.0.0.1:{port}", "/empty")
        finally:
            server.terminate()


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """Serve a folder of files by nginx with one worker."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        raise RuntimeError("nginx is not installed")
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;"
        "user root; events { worker_connections 512; } http { access_log off; sendfile on;"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; default_type image/png; }} }}"
    )
    with subprocess.Popen([program, "-c", str(configuration), "-p", str(folder)]) as server:
        try:
            yield await_answer(f"http://127.0.0.1:{port}", "/picture.png")
        finally:
            server.terminate()


def await_answer(address: str, path: str) -> str:
    """Wait until the server answers there; give its address."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(address + path, timeout=5):
                return address
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
