"""Processes that are killed, and several on one cache folder: always whole or absent."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import write_arrays
from numpy.typing import NDArray
from running import kill_all

from app.arrays.cache import Cache
from app.arrays.store import Store

from .reading import archive_of

KILLS = 50
NAME = "train_images"
SCRIPT = Path(__file__).with_name("preparing.py")
ITEM = (100, 100)


class Preparing:
    """The process of ``preparing.py``."""

    def __init__(self, path: Path, cache: Path, seconds: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, SCRIPT, path, NAME, cache, str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self.until("up")

    def begin(self) -> int:
        """Start a child, and give its number."""
        assert self.process.stdin
        self.process.stdin.write("go\n")
        return int(self.until("child")[-1].split()[1])

    def wait(self) -> None:
        """Wait until the child is gone; only then may its number be another's."""
        assert self.process.stdin
        self.process.stdin.write("wait\n")
        self.until("gone")

    def until(self, word: str) -> list[str]:
        """Read lines up to the one that begins with this word; not beyond the child's last one."""
        assert self.process.stdout
        lines = []
        for line in self.process.stdout:
            lines.append(line.strip())
            if line.startswith(word):
                return lines
            if lines[-1] == "over" and word != "gone":
                break
        raise AssertionError(f"no “{word}” in {lines}")


@contextmanager
def preparing(path: Path, cache: Path, seconds: float = 0.0) -> Iterator[Preparing]:
    running = Preparing(path, cache, seconds)
    try:
        yield running
    finally:
        kill_all(running.process)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """A cache folder in memory, where the system has such: gigabytes are written here."""
    if not Path("/dev/shm").is_dir():
        yield tmp_path / "cache"
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder) / "cache"


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Synthetic: 100 MB in which every item is told from the next."""
    numbers = (np.arange(10_000) % 251).astype(np.uint8)
    return np.broadcast_to(numbers[:, None, None], (10_000, *ITEM)).copy()


@pytest.fixture(scope="module")
def path(pixels: NDArray[np.uint8], tmp_path_factory: Any) -> Path:
    folder: Path = tmp_path_factory.mktemp("large")
    return write_arrays(folder / "file.npz", {NAME: pixels}, level=1)


def cached(cache: Path) -> list[str]:
    return sorted(found.name for found in cache.glob("*/*/*"))


def assert_whole(cache: Path, pixels: NDArray[np.uint8]) -> None:
    [found] = cache.glob("*/*/*.npy")
    np.testing.assert_array_equal(np.load(found, mmap_mode="r"), pixels)


def test_whatever_is_killed_leaves_the_member_whole_or_absent(
    path: Path, cache: Path, pixels: NDArray[np.uint8]
) -> None:
    chance = random.Random(5)
    halves = 0
    with preparing(path, cache) as running:
        started = time.monotonic()
        running.begin()
        running.wait()
        usual = time.monotonic() - started
        for _ in range(KILLS):
            for whole in cache.glob("*/*/*.npy"):
                whole.unlink()
            child = running.begin()
            if chance.random() < 0.5:
                # On a busy machine a bare delay may end before the work has begun.
                running.until("made")
            time.sleep(chance.uniform(0, usual / 2))
            os.kill(child, signal.SIGKILL)
            running.wait()
            halves += any(name.endswith(".part") for name in cached(cache))
            if any(name.endswith(".npy") for name in cached(cache)):
                assert_whole(cache, pixels)
            Store(Cache(cache, 10**10))  # the next start
            assert cached(cache) in ([], [f"{NAME}.npy"])
    assert halves > KILLS // 5  # else nothing was killed while it worked
    store = Store(Cache(cache, 10**10))
    store.prepare(archive_of(path), NAME)
    assert_whole(cache, pixels)


def test_processes_on_one_cache_do_the_work_once_and_read_along(
    path: Path, cache: Path, pixels: NDArray[np.uint8]
) -> None:
    with (
        preparing(path, cache, 0.02) as first,
        preparing(path, cache, 0.02) as second,
        preparing(path, cache, 0.02) as third,
    ):
        everybody = (first, second, third)
        for running in everybody:
            running.begin()
        said = [line for running in everybody for line in running.until("ready")]
    assert said.count("made") == 1
    early = [line.split()[1:] for line in said if line.startswith("early")]
    assert len(early) == len(everybody)
    for number, *values in early:
        assert {int(value) for value in values} == {(int(number) - 1) % 251}
    assert cached(cache) == [f"{NAME}.npy"]
    assert_whole(cache, pixels)


def test_whoever_waits_takes_over_from_the_killed(
    path: Path, cache: Path, pixels: NDArray[np.uint8]
) -> None:
    with preparing(path, cache, 0.02) as first, preparing(path, cache) as second:
        child = first.begin()
        first.until("early")
        second.begin()
        assert second.until("early")  # along with the first
        os.kill(child, signal.SIGKILL)
        assert "made" in second.until("ready")
    assert cached(cache) == [f"{NAME}.npy"]
    assert_whole(cache, pixels)
