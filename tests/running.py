"""A real server in a process of its own, as a user starts it."""

import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

LIGHTBOX = Path(sys.executable).with_name("lightbox")

# Generous: a slow machine must not fail a test that measures nothing.
PATIENCE = 60

_direct = build_opener(ProxyHandler({}))


def ask(address: str) -> bytes:
    """Give the body of an answer that is not an error, past any proxy."""
    with _direct.open(address, timeout=PATIENCE) as answer:
        body: bytes = answer.read()
        return body


@contextmanager
def anybody() -> Iterator[None]:
    """Be nobody in particular where we are root, whom no file refuses."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without settings of ours, and with these variables."""
    plain = {name: value for name, value in os.environ.items() if "LIGHTBOX" not in name}
    return plain | variables


def read_line(stream: IO[str], process: subprocess.Popen[str]) -> str:
    """Read one line; if none comes, or the process ends before, say what it wrote to stderr."""
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        # Past the stream's own buffer, which may hold a line that the selector does not see.
        while not line.endswith(b"\n") and selector.select(PATIENCE):
            byte = os.read(stream.fileno(), 1)
            if not byte:
                break
            line += byte
    if not line.endswith(b"\n"):
        process.kill()
        _, said = process.communicate(timeout=PATIENCE)
        raise AssertionError(f"no line came; on standard error: {said}")
    return line.decode()


def free_port() -> int:
    """Give a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def kill_all(process: subprocess.Popen[str]) -> None:
    """Kill a process that has a session of its own, with its children: they hold its pipes."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)


class Server:
    """``lightbox serve`` with these arguments, on a free port; ``address`` has no last slash.

    ``program`` is another that takes the same arguments.
    """

    def __init__(
        self,
        *arguments: str | Path,
        program: Sequence[str | Path] = (LIGHTBOX,),
        **variables: str,
    ) -> None:
        # Never the user's own.
        self._folder = tempfile.TemporaryDirectory()
        variables.setdefault("LIGHTBOX_DATABASE_URL", f"sqlite:///{self._folder.name}/reviews")
        self.process = subprocess.Popen(
            [*program, "serve", *arguments, "--port", "0"],
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.line = read_line(self.process.stdout, self.process)
        self.address = self.line.split()[-1].rstrip("/")

    @property
    def port(self) -> int:
        found = urlsplit(self.address).port
        assert found
        return found

    def get(self, path: str) -> bytes:
        """Ask for an address, and give the body of an answer that is not an error."""
        return ask(self.address + path)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal and wait: exit code, the rest of standard output, standard error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        self._folder.cleanup()


def of_process(pid: int, name: str) -> str:
    """What the kernel says of a process, in a file of /proc/PID; nothing once it has gone.

    It can go at any moment: before its file is opened, and between opening and reading.
    """
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    """Say whether a process runs (one that has ended and was not yet read from does not)."""
    state = of_process(pid, "stat").rpartition(")")[2].split()
    return state[:1] not in ([], ["Z"])


def children(pid: int) -> list[int]:
    """The processes that this one has started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [
        int(child)
        for task in tasks
        for child in of_process(pid, f"task/{task.name}/children").split()
    ]


def wait_until_gone(pids: list[int]) -> bool:
    """Wait a while for processes to end."""
    deadline = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(is_alive(pid) for pid in pids)
