"""What is unpacked is served while the rest still is, and each member is unpacked once."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import data_at, dataset, flip, patch_entry, write_arrays
from numpy.typing import NDArray

from app.arrays.archive import Archive
from app.arrays.cache import Cache, Mark, write_mark
from app.arrays.inflate import Report, verify
from app.arrays.member import Member
from app.arrays.store import Array, Progress, Store
from app.errors import ArchiveError, NotReadyError

from .gates import PATIENCE, Gate, gated
from .reading import archive_of, whole

ITEM = 72
HALF = 50 * ITEM
NAME = "train_images"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    with gated(monkeypatch, stop_at=HALF) as gate:
        yield gate


@pytest.fixture
def pixels() -> NDArray[Any]:
    return dataset(counts=(100, 5, 7))[NAME]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    path = write_arrays(tmp_path / "file.npz", dataset(counts=(100, 5, 7)), level=1)
    return archive_of(path)


def half_read(store: Store, archive: Archive, gate: Gate) -> Array:
    array = store.open(archive, NAME)
    assert array.available >= 0
    assert gate.reached.wait(PATIENCE)
    return array


def positions(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


def test_what_lies_below_the_watermark_is_served_before_the_end(
    store: Store, archive: Archive, gate: Gate, pixels: NDArray[Any]
) -> None:
    array = half_read(store, archive, gate)
    assert 50 <= array.available < 100
    np.testing.assert_array_equal(array.take(positions(49, 0, 17)), pixels[[49, 0, 17]])


def test_what_lies_above_the_watermark_is_not_ready(
    store: Store, archive: Archive, gate: Gate
) -> None:
    array = half_read(store, archive, gate)
    for number in (array.available, 99):
        with pytest.raises(NotReadyError, match="train_images is still being unpacked"):
            array.take(positions(0, number))


def test_the_last_item_is_not_ready_before_the_checksum_is_known(
    store: Store, archive: Archive, gate: Gate
) -> None:
    gate.stop_at = 100 * ITEM
    array = half_read(store, archive, gate)
    assert array.available == 99
    with pytest.raises(NotReadyError):
        array.take(positions(99))


def test_all_is_served_at_the_end(
    store: Store, archive: Archive, gate: Gate, pixels: NDArray[Any]
) -> None:
    array = half_read(store, archive, gate)
    gate.open()
    np.testing.assert_array_equal(whole(array), pixels)


def test_the_first_items_are_given_while_the_rest_is_unpacked(
    store: Store, archive: Archive, gate: Gate, pixels: NDArray[Any]
) -> None:
    array = half_read(store, archive, gate)
    np.testing.assert_array_equal(array.first(70), pixels[:70])


def test_waiting_ends_when_the_items_are_there(store: Store, archive: Archive, gate: Gate) -> None:
    array = half_read(store, archive, gate)
    array.wait(50, seconds=PATIENCE)
    assert array.available < 100


def test_waiting_ends_when_its_time_is_over(store: Store, archive: Archive, gate: Gate) -> None:
    array = half_read(store, archive, gate)
    array.wait(100, seconds=0.05)
    assert array.available < 100


def test_a_wrong_checksum_is_refused_as_soon_as_it_is_known(
    store: Store, archive: Archive, gate: Gate
) -> None:
    damaged = archive_of(patch_entry(archive.path, f"{NAME}.npy", crc=7))
    array = half_read(store, damaged, gate)
    assert array.take(positions(0)).shape == (1, 8, 9)
    gate.open()
    array.wait(100, PATIENCE)
    with pytest.raises(ArchiveError, match="train_images fails its checksum"):
        array.take(positions(0))
    assert array.available == 0
    assert "fails its checksum" in str(store.failure(damaged, NAME))


def test_nothing_of_a_damaged_member_stays_in_the_cache(
    store: Store, archive: Archive, gate: Gate
) -> None:
    damaged = archive_of(patch_entry(archive.path, f"{NAME}.npy", crc=7))
    gate.open()
    with pytest.raises(ArchiveError):
        store.prepare(damaged, NAME)
    assert not list(store.cache.folder.glob("*/*"))


def test_preparing_tells_how_far_it_is(store: Store, archive: Archive, gate: Gate) -> None:
    told: list[Progress] = []

    def report(progress: Progress) -> None:
        told.append(progress)
        if gate.reached.is_set():
            gate.open()

    store.prepare(archive, NAME, report)
    assert any(HALF <= progress.done < progress.total == 100 * ITEM for progress in told)
    assert store.progress(archive, NAME) == Progress(7200, 7200, finished=True)


def test_asking_for_progress_begins_nothing(store: Store, archive: Archive, gate: Gate) -> None:
    assert store.progress(archive, NAME) == Progress(0, 7200, finished=False)
    assert gate.begun == 0


def test_many_requests_at_once_begin_the_work_once(
    store: Store, archive: Archive, gate: Gate, pixels: NDArray[Any]
) -> None:
    gate.open()
    array = store.open(archive, NAME)
    with ThreadPoolExecutor(20) as pool:
        for found in pool.map(lambda _: whole(array), range(40)):
            np.testing.assert_array_equal(found, pixels)
    assert gate.begun == 1


def test_small_members_do_not_wait_for_large_ones(
    tmp_path: Path, store: Store, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        path = write_arrays(tmp_path / f"{number}.npz", dataset(counts=(100, 5, 7), seed=number))
        assert store.open(archive_of(path), NAME).available >= 0
    assert gate.reached.wait(PATIENCE)
    monkeypatch.setattr("app.arrays.job.SMALL", 10_000)
    monkeypatch.setattr("app.arrays.store.SMALL", 10_000)
    path = write_arrays(tmp_path / "small.npz", dataset(counts=(20, 5, 7), seed=99))
    found = whole(store.open(archive_of(path), NAME))
    np.testing.assert_array_equal(found, dataset(counts=(20, 5, 7), seed=99)[NAME])


def test_two_stores_on_one_cache_do_the_work_once(
    cache: Cache, archive: Archive, gate: Gate, pixels: NDArray[Any]
) -> None:
    first, second = Store(cache), Store(Cache(cache.folder.parent, cache.bound))
    half_read(first, archive, gate)
    following = second.open(archive, NAME)
    following.wait(50, PATIENCE)
    assert 50 <= following.available < 100
    np.testing.assert_array_equal(following.take(positions(49, 3)), pixels[[49, 3]])
    gate.open()
    np.testing.assert_array_equal(whole(following), pixels)
    assert gate.begun == 1


def test_whoever_waits_takes_over_from_an_owner_that_failed(
    cache: Cache, archive: Archive, gate: Gate, pixels: NDArray[Any], monkeypatch: Any
) -> None:
    first, second = Store(cache), Store(Cache(cache.folder.parent, cache.bound))
    half_read(first, archive, gate)
    failing = first.begun(archive, archive.members[NAME])
    assert failing
    following = second.open(archive, NAME)
    following.wait(50, PATIENCE)
    synced = threading.Event()

    def fail_once(_: int) -> None:
        if not synced.is_set():
            synced.set()
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail_once)
    gate.open()
    np.testing.assert_array_equal(whole(following), pixels)
    assert synced.is_set()
    assert failing.stored.wait(PATIENCE)
    assert "needs 7,328 bytes" in str(failing.error)


@pytest.mark.usefixtures("gate")
def test_whoever_reads_along_goes_over_to_the_file_of_the_next_owner(
    cache: Cache, archive: Archive, pixels: NDArray[Any]
) -> None:
    member = archive.members[NAME]
    content = member.npy_header + pixels.tobytes()
    path = cache.path(archive.key, f"{NAME}.npy")
    array = Store(cache).open(archive, NAME)

    def until(items: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while array.available != items:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    with cache.lock(path) as lock:
        assert lock
        for items in (50, 70):  # the first of the two is killed, and its file is never longer
            part = cache.folder / archive.key / f"{NAME}.npy.{items:016x}.part"
            written = content[: len(content) - (100 - items) * ITEM]
            part.write_bytes(written.ljust(len(content), b"\0"))
            write_mark(lock, Mark(items * ITEM, items))
            until(items)
            np.testing.assert_array_equal(array.take(np.arange(items)), pixels[:items])
            part.unlink()


@pytest.mark.usefixtures("gate")
def test_a_stored_member_is_served_while_it_is_checked_and_refused_if_it_fails(
    tmp_path: Path, store: Store, pixels: NDArray[Any], monkeypatch: Any
) -> None:
    path = write_arrays(tmp_path / "stored.npz", dataset(counts=(100, 5, 7)), method=0)
    damaged = archive_of(patch_entry(path, f"{NAME}.npy", crc=7))
    checked = threading.Event()

    def verify_late(*arguments: Any) -> None:
        assert checked.wait(PATIENCE)
        verify(*arguments)

    monkeypatch.setattr("app.arrays.checking.verify", verify_late)
    array = store.open(damaged, NAME)
    np.testing.assert_array_equal(array.take(positions(99, 0)), pixels[[99, 0]])
    assert not store.progress(damaged, NAME).finished
    checked.set()
    with pytest.raises(ArchiveError, match="fails its checksum"):
        store.prepare(damaged, NAME)
    with pytest.raises(ArchiveError, match="fails its checksum"):
        array.take(positions(0))


@pytest.mark.usefixtures("gate")
def test_a_stored_member_is_checked_once(tmp_path: Path, cache: Cache, monkeypatch: Any) -> None:
    path = write_arrays(tmp_path / "stored.npz", dataset(counts=(100, 5, 7)), method=0)
    Store(cache).prepare(archive_of(path), NAME)
    monkeypatch.setattr("app.arrays.checking.verify", None)
    Store(cache).prepare(archive_of(path), NAME)


def test_what_was_checked_is_not_read_again_where_that_can_not_be_noted(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def verify_once(archive: Archive, member: Member, report: Report) -> None:
        read.append(member.name)
        verify(archive, member, report)

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.arrays.checking.verify", verify_once)
    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    path = write_arrays(tmp_path / "stored.npz", dataset(counts=(100, 5, 7)), method=0)
    store.prepare(archive_of(path), NAME)
    assert read == [NAME]


@pytest.mark.usefixtures("gate")
def test_a_stored_member_is_checked_again_when_its_bytes_may_have_changed(
    tmp_path: Path, cache: Cache
) -> None:
    """Though its time was set back, and the directory says what it said."""
    path = write_arrays(tmp_path / "stored.npz", dataset(counts=(100, 5, 7)), method=0)
    status = path.stat()
    Store(cache).prepare(archive_of(path), NAME)
    flip(path, data_at(path.read_bytes(), f"{NAME}.npy") + 3_000)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ArchiveError, match="fails its checksum"):
        Store(cache).prepare(archive_of(path), NAME)


def test_an_array_in_fortran_order_is_served_when_it_is_whole(
    tmp_path: Path, store: Store, gate: Gate, pixels: NDArray[Any]
) -> None:
    path = write_arrays(tmp_path / "fortran.npz", {NAME: np.asfortranarray(pixels)}, level=1)
    array = half_read(store, archive_of(path), gate)
    assert array.available == 0
    gate.open()
    np.testing.assert_array_equal(whole(array), pixels)


def test_what_nobody_looks_at_is_let_go_and_taken_up_again(
    store: Store, archive: Archive, gate: Gate, pixels: NDArray[Any], monkeypatch: Any
) -> None:
    gate.open()
    store.prepare(archive, NAME)
    array = store.open(archive, NAME)
    monkeypatch.setattr("app.arrays.store._SWEEP_SECONDS", 0.0)
    monkeypatch.setattr("app.arrays.store._IDLE_SECONDS", 0.0)
    np.testing.assert_array_equal(array.take(positions(99)), pixels[[99]])
    assert store.begun(archive, archive.members[NAME]) is None
    np.testing.assert_array_equal(array.take(positions(99)), pixels[[99]])
    assert gate.begun == 1


def test_more_files_than_may_be_open_at_once_are_served(
    tmp_path: Path, cache: Cache, monkeypatch: Any
) -> None:
    monkeypatch.setattr("app.arrays.store._HELD_MOST", 4)
    monkeypatch.setattr("app.arrays.store._SWEEP_SECONDS", 0.0)
    store = Store(cache)
    arrays = []
    for number in range(12):
        path = write_arrays(tmp_path / f"{number}.npz", {NAME: np.full((2, 3, 3), number)})
        store.prepare(archive_of(path), NAME)
        arrays.append(store.open(archive_of(path), NAME))
    assert [int(array.take(positions(1))[0, 0, 0]) for array in arrays] == list(range(12))
    assert len(store._jobs) <= 5
