"""Commands run to their end, for the tests of commands."""

import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import PATIENCE, environment


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]
ENDINGS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def ended(variables: dict[str, str], *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process of its own."""
    return subprocess.run(
        command,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def one_sentence(text: str) -> str:
    """Say that standard error holds one sentence for a person, and give it."""
    assert "Traceback" not in text
    assert text.startswith("lightbox: ")
    assert text.count("\n") == 1
    assert text.endswith(".\n")
    return text
