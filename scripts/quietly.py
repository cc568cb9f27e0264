"""Runs what installs something: without questions, silent unless it fails."""

import os
import subprocess
import sys
from pathlib import Path


def runs(*command: str, folder: Path | None = None) -> bool:
    """Run a command in a folder; what it said is shown if it failed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    return done.returncode == 0
