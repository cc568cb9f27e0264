"""A file to serve, folders away from the user's own, and a command to run."""

import os
from pathlib import Path

import numpy as np
import pytest
from running import environment

from app.cli import main

from .commanding import Done, Run


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    """Variables that keep what is served away from the user's own folders."""
    return {
        "LIGHTBOX_CACHE_DIR": str(tmp_path / "cache"),
        "LIGHTBOX_DATA_DIR": str(tmp_path / "none"),
    }


@pytest.fixture
def run(
    cache: dict[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command to its end, in this process: most of a command's time is its imports."""
    for name in environment().keys() ^ os.environ.keys():
        monkeypatch.delenv(name)

    def command(*arguments: str | Path, **variables: str) -> Done:
        for name, value in (cache | variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["lightbox", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, *capfd.readouterr())

    return command


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A small file that is served."""
    path = tmp_path / "data" / "made.npz"
    path.parent.mkdir()
    np.savez_compressed(
        path,
        train_images=np.zeros((5, 8, 8), np.uint8),
        train_labels=np.arange(5) % 2,
        test_images=np.zeros((3, 8, 8), np.uint8),
        test_labels=np.arange(3) % 2,
    )
    return path
