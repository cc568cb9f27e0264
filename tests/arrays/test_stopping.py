"""What takes long is stopped and gone on with, by whoever shares the cache folder."""

import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import dataset, write_arrays
from numpy.typing import NDArray

from app.arrays.archive import Archive
from app.arrays.cache import Cache
from app.arrays.store import Array, Store
from app.errors import ArchiveError, NotReadyError

from .gates import PATIENCE, Gate, gated
from .reading import archive_of, whole

HALF = 50 * 72
NAME = "train_images"
PIXELS: NDArray[Any] = dataset(counts=(100, 5, 7))[NAME]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    with gated(monkeypatch, stop_at=HALF) as gate:
        yield gate


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return archive_of(write_arrays(tmp_path / "file.npz", dataset(counts=(100, 5, 7)), level=1))


@pytest.fixture
def stopped(store: Store, archive: Archive, gate: Gate) -> Iterator[Array]:
    """Give an array whose unpacking was stopped half-way; it may go on when the test is over."""
    array = store.open(archive, NAME)
    assert array.available >= 0
    assert gate.reached.wait(PATIENCE)
    array.stop()
    gate.open()
    yield array
    array.go_on()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_was_ready_can_be_read_and_no_more_comes(stopped: Array) -> None:
    until(lambda: stopped.progress().stopped)
    done = stopped.progress().done
    time.sleep(0.3)
    progress = stopped.progress()
    assert (progress.stopped, progress.finished) == (True, False)
    # The block that was under way when it was stopped is still told of.
    assert HALF <= progress.done <= done + 1_000 < progress.total
    np.testing.assert_array_equal(stopped.take(np.array([49, 0])), PIXELS[[49, 0]])
    with pytest.raises(NotReadyError, match="unpacking train_images was stopped; go on with it"):
        stopped.take(np.array([99]))


def test_it_goes_on_to_the_end(stopped: Array) -> None:
    stopped.go_on()
    np.testing.assert_array_equal(whole(stopped), PIXELS)
    progress = stopped.progress()
    assert (progress.stopped, progress.finished) == (False, True)


def test_another_process_sees_it_and_may_go_on(
    stopped: Array, store: Store, archive: Archive, gate: Gate
) -> None:
    other = Store(Cache(store.cache.folder.parent, 10**10)).open(archive, NAME)
    until(lambda: other.available >= 50 and other.progress().stopped)
    assert gate.begun == 1
    other.go_on()
    np.testing.assert_array_equal(whole(other), PIXELS)
    np.testing.assert_array_equal(whole(stopped), PIXELS)
    assert gate.begun == 1


def test_preparing_goes_on(stopped: Array, store: Store, archive: Archive) -> None:
    store.prepare(archive, NAME)
    np.testing.assert_array_equal(stopped.take(np.arange(100)), PIXELS)


def test_many_that_were_stopped_hold_up_nobody(
    store: Store, tmp_path: Path, archive: Archive, gate: Gate
) -> None:
    gate.open()
    many = [
        archive_of(write_arrays(tmp_path / f"{n}.npz", dataset(counts=(100, n, 7)), level=1))
        for n in range(8, 14)
    ]
    paths = [store.cache.path(each.key, f"{NAME}.npy") for each in many]
    for path in paths:
        store.cache.stop(path)
    arrays = [store.open(each, NAME) for each in many]
    for array in arrays:
        assert array.available < 100
    until(lambda: all(array.progress().done for array in arrays))
    store.prepare(archive, NAME)
    assert all(array.progress().stopped for array in arrays)
    for path in paths:
        store.cache.go_on(path)
    for array in arrays:
        np.testing.assert_array_equal(whole(array), PIXELS)


def test_checking_is_stopped_while_all_can_be_read(
    store: Store, tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.arrays.inflate.READ", 1_000)
    monkeypatch.setattr("app.arrays.checking.verify", gate.verify)
    stored = archive_of(
        write_arrays(
            tmp_path / "stored.npz", dataset(counts=(100, 5, 7)), method=zipfile.ZIP_STORED
        )
    )
    array = store.open(stored, NAME)
    assert array.available == 100
    assert gate.reached.wait(PATIENCE)
    array.stop()
    gate.open()
    np.testing.assert_array_equal(array.take(np.arange(100)), PIXELS)
    progress = array.progress()
    assert (progress.stopped, progress.finished) == (True, False)
    array.go_on()
    until(lambda: array.progress().finished)


def test_the_rest_ends_with_the_file(stopped: Array, store: Store, archive: Archive) -> None:
    until(lambda: stopped.progress().stopped)
    archive.path.unlink()
    until(lambda: stopped.progress().finished)
    assert "train_images" in str(store.failure(archive, NAME))
    until(lambda: not list(store.cache.folder.glob("*/*.part")))


def test_what_is_over_can_not_be_stopped(store: Store, archive: Archive, gate: Gate) -> None:
    gate.open()
    store.prepare(archive, NAME)
    array = store.open(archive, NAME)
    array.stop()
    assert not array.progress().stopped
    assert not list(store.cache.folder.glob("*/*.stopped"))


def test_making_room_forgets_nothing_that_was_stopped(
    stopped: Array, store: Store, tmp_path: Path
) -> None:
    store.cache.evict(10**18, tmp_path)
    assert stopped.progress().stopped


def test_a_folder_that_can_not_be_written_is_named(
    stopped: Array, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store.cache, "stop", refuse)
    with pytest.raises(ArchiveError, match="cache folder"):
        stopped.stop()
