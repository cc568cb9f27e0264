"""Finding a browser, letting it run, and waiting for what it does."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from running import PATIENCE

Given = TypeVar("Given")


class MissingBrowserError(RuntimeError):
    """There is no browser with this engine here; the text says what to do."""


def find(engine: str) -> list[str]:
    """Give the programs that an engine takes, the browser first. Raises MissingBrowserError."""
    script = Path(__file__).parents[2] / "scripts" / "find_engine.py"
    command = (sys.executable, script, engine)
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise MissingBrowserError(found.stderr.strip())
    return found.stdout.splitlines()


@contextmanager
def runs(
    *command: str, stdout: int = subprocess.DEVNULL, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """Let a program run meanwhile."""
    process = subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.DEVNULL, text=True, **options
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def until(ask: Callable[[], Given], otherwise: str) -> Given:
    """Ask until what is given is true, and give that; say what is ``otherwise`` if it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (given := ask()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
    return given
