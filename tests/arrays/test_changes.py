"""Files and folders that go away, shrink or change while they are read."""

import errno
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np
import pytest
from corpus.writers import dataset, remove_folder, write_arrays
from numpy.typing import NDArray

from app.arrays import inflate
from app.arrays.archive import Archive, is_current
from app.arrays.cache import ROOM_LEFT, Cache
from app.arrays.derived import derived
from app.arrays.member import read_member
from app.arrays.room import make_room
from app.arrays.store import Array, Store
from app.errors import ArchiveError, NotReadyError

from .gates import PATIENCE, Gate, gated
from .reading import archive_of, whole

NAME = "train_images"
COUNTS = (100, 5, 7)
ALL = np.arange(100, dtype=np.int64)


def of_four_values(seed: int) -> dict[str, NDArray[Any]]:
    """What deflate does not merely store."""
    return {name: array & 3 for name, array in dataset(counts=COUNTS, seed=seed).items()}


OLD, NEW = (of_four_values(seed)[NAME] for seed in (0, 1))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    with gated(monkeypatch, stop_at=OLD.nbytes // 2) as gate:
        yield gate


def write_old(path: Path, method: int) -> Path:
    return write_arrays(path, of_four_values(0), method=method, level=1)


def write_new(path: Path, method: int) -> Path:
    return write_arrays(path, of_four_values(1), method=method, level=1)


def rename_over(path: Path, method: int) -> None:
    write_new(path.with_suffix(".new"), method).rename(path)


def overwrite(path: Path, method: int) -> None:
    content = write_new(path.with_suffix(".new"), method).read_bytes()
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()


def overwrite_and_set_the_time_back(path: Path, method: int) -> None:
    status = path.stat()
    overwrite(path, method)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def overwrite_with_noise(path: Path, method: int) -> None:  # noqa: ARG001
    size = path.stat().st_size
    path.write_bytes(np.random.default_rng(0).bytes(size))


def cut(path: Path, method: int) -> None:  # noqa: ARG001
    os.truncate(path, path.stat().st_size // 4)


def remove(path: Path, method: int) -> None:  # noqa: ARG001
    path.unlink()


CHANGES = pytest.mark.parametrize(
    "change",
    [
        rename_over,
        overwrite,
        overwrite_and_set_the_time_back,
        overwrite_with_noise,
        cut,
        remove,
    ],
)
Change = Callable[[Path, int], None]


@CHANGES
@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
def test_a_changed_file_is_noticed(change: Change, method: int, tmp_path: Path) -> None:
    path = write_old(tmp_path / "file.npz", method)
    archive = archive_of(path)
    assert is_current(archive)
    change(path, method)
    assert not is_current(archive)


@CHANGES
def test_a_stored_member_is_refused_once_the_file_has_changed(
    change: Change, tmp_path: Path, store: Store
) -> None:
    path = write_old(tmp_path / "file.npz", 0)
    array = store.open(archive_of(path), NAME)
    np.testing.assert_array_equal(array.take(ALL), OLD)
    change(path, 0)
    with pytest.raises(ArchiveError, match=r"file.npz: train_images was changed") as caught:
        array.take(ALL)
    assert caught.value.passing


@CHANGES
@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
def test_bytes_of_the_changed_file_are_never_given_for_the_old_one(
    change: Change, method: int, tmp_path: Path, store: Store, gate: Gate
) -> None:
    path = write_old(tmp_path / "file.npz", method)
    array = store.open(archive_of(path), NAME)
    change(path, method)
    gate.open()
    array.wait(100, PATIENCE)
    for position in range(100):
        with pytest.raises((ArchiveError, NotReadyError)):
            array.take(np.array([position]))


@CHANGES
@pytest.mark.parametrize("stop_at", range(500, OLD.nbytes, 600))
def test_a_change_in_the_middle_of_unpacking_gives_old_bytes_or_none(
    change: Change, stop_at: int, tmp_path: Path, store: Store, gate: Gate, monkeypatch: Any
) -> None:
    gate.stop_at = stop_at
    monkeypatch.setattr("app.arrays.inflate.READ", 1_000)
    path = write_old(tmp_path / "file.npz", 8)
    array = store.open(archive_of(path), NAME)
    assert array.available >= 0
    assert gate.reached.wait(PATIENCE)
    change(path, 8)
    half, done = array.available, gate.done
    np.testing.assert_array_equal(array.take(ALL[:half]), OLD[:half])
    gate.open()
    array.wait(100, PATIENCE)
    with pytest.raises(ArchiveError, match="was changed while it was being read"):
        array.take(ALL[:1])
    assert gate.done == done
    assert not list(store.cache.folder.glob("*/*.npy"))


@pytest.mark.parametrize("change", [rename_over, overwrite, overwrite_and_set_the_time_back])
@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
def test_the_new_file_is_served_under_its_own_key(
    change: Change, method: int, tmp_path: Path, store: Store
) -> None:
    path = write_old(tmp_path / "file.npz", method)
    old = archive_of(path)
    whole(store.open(old, NAME))
    change(path, method)
    new = archive_of(path)
    assert new.key != old.key
    np.testing.assert_array_equal(whole(store.open(new, NAME)), NEW)


def test_a_file_that_comes_back_is_served_at_once(tmp_path: Path, store: Store, gate: Gate) -> None:
    path = write_old(tmp_path / "file.npz", 8)
    assert store.open(archive_of(path), NAME).available >= 0
    assert gate.reached.wait(PATIENCE)
    path.rename(tmp_path / "elsewhere")
    gate.open()
    (tmp_path / "elsewhere").rename(path)
    np.testing.assert_array_equal(whole(store.open(archive_of(path), NAME)), OLD)


def test_the_cache_folder_may_be_removed_while_an_array_is_read(
    tmp_path: Path, store: Store
) -> None:
    path = write_old(tmp_path / "file.npz", 8)
    array = store.open(archive_of(path), NAME)
    remove_folder(tmp_path / "cache")
    np.testing.assert_array_equal(array.take(ALL), OLD)


def test_the_cache_folder_may_be_removed_before_the_next_file_is_opened(
    tmp_path: Path, store: Store
) -> None:
    remove_folder(tmp_path / "cache")
    path = write_old(tmp_path / "file.npz", 8)
    np.testing.assert_array_equal(whole(store.open(archive_of(path), NAME)), OLD)


@pytest.mark.usefixtures("gate")
def test_the_cache_folder_may_be_removed_before_a_large_member_is_looked_at(
    tmp_path: Path, store: Store
) -> None:
    path = write_old(tmp_path / "file.npz", 8)
    array = store.open(archive_of(path), NAME)
    remove_folder(tmp_path / "cache")
    assert array.available >= 0
    array.wait(40, PATIENCE)
    np.testing.assert_array_equal(array.take(ALL[:40]), OLD[:40])


def test_the_cache_folder_may_be_removed_while_a_member_is_unpacked(
    tmp_path: Path, store: Store, gate: Gate
) -> None:
    path = write_old(tmp_path / "file.npz", 8)
    array = store.open(archive_of(path), NAME)
    assert array.available >= 0
    assert gate.reached.wait(PATIENCE)
    remove_folder(tmp_path / "cache")
    gate.open()
    np.testing.assert_array_equal(whole(array), OLD)
    again = Store(Cache(tmp_path / "cache", 10**9))
    np.testing.assert_array_equal(whole(again.open(archive_of(path), NAME)), OLD)


def test_arrays_that_do_not_fit_the_bound_together_are_read_in_turns(tmp_path: Path) -> None:
    store = Store(Cache(tmp_path / "cache", 1_000_000))
    arrays: list[tuple[Archive, Array, NDArray[Any]]] = []
    for seed in (0, 1):
        members = dataset(counts=(10_000, 5, 7), seed=seed)
        archive = archive_of(write_arrays(tmp_path / f"{seed}.npz", members, level=1))
        arrays.append((archive, store.open(archive, NAME), members[NAME]))
        store.prepare(archive, NAME)
    for _ in range(4):
        for archive, array, expected in arrays:
            np.testing.assert_array_equal(whole(array), expected)
            store.prepare(archive, NAME)
            assert store.cache.size() <= 1_000_000


def test_two_that_are_written_at_once_do_not_stay_beyond_the_bound(
    tmp_path: Path, gate: Gate
) -> None:
    store = Store(Cache(tmp_path / "cache", 3 * OLD.nbytes // 2))
    archives = [
        archive_of(write(tmp_path / f"{number}.npz", 8))
        for number, write in enumerate((write_old, write_new))
    ]
    for archive in archives:
        assert store.open(archive, NAME).available >= 0
    jobs = [store.begun(archive, archive.members[NAME]) for archive in archives]
    assert gate.reached.wait(PATIENCE)
    gate.open()
    assert all(job and job.stored.wait(PATIENCE) for job in jobs)
    assert store.cache.size() <= store.cache.bound


@contextmanager
def others_writing(cache: Cache, monkeypatch: pytest.MonkeyPatch, *, free: int) -> Iterator[None]:
    """Let another program be amid a large file, with so many bytes free beside what stays so."""
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: SimpleNamespace(free=ROOM_LEFT + free, total=10**12)
    )
    others = cache.path("others", "large.npy")
    with cache.lock(others), cache.making(others) as (file, _):
        file.truncate(10**6)
        yield


def test_what_others_write_meanwhile_is_not_taken_for_room(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, cache = archive_of(write_old(tmp_path / "file.npz", 8)), store.cache
    wanted = r"needs 500,000 bytes .*, where 1,000 are free"
    with (
        others_writing(cache, monkeypatch, free=1_000),
        pytest.raises(ArchiveError, match=wanted),
    ):
        make_room(cache, archive, cache.path("own", "a.npy"), 500_000, store.let_go)


def _build(file: BinaryIO) -> None:
    file.write(b"made")


def test_what_is_small_is_held_in_memory_when_the_disk_fills_while_it_is_written(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    into_memory = Gate(stop_at=1)

    def fill_up(number: int) -> None:
        monkeypatch.setattr("app.arrays.unpacking.unpack", into_memory.unpack)
        _fill_up(number)

    monkeypatch.setattr("os.fsync", fill_up)
    archive = archive_of(write_old(tmp_path / "file.npz", 8))
    array = store.open(archive, NAME)
    job = store.job(archive, archive.members[NAME])
    # What was whole stays so while it is unpacked once more.
    assert into_memory.reached.wait(PATIENCE)
    np.testing.assert_array_equal(whole(array), OLD)
    into_memory.open()
    assert job.stored.wait(PATIENCE)
    np.testing.assert_array_equal(whole(array), OLD)
    assert derived(store, archive, "some.index", 4, _build, lambda file: file.read()) == b"made"
    assert not [path for path in store.cache.folder.rglob("*") if path.is_file()]


def test_what_is_small_does_not_wait_for_room_that_others_hold(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, cache = archive_of(write_old(tmp_path / "file.npz", 8)), store.cache
    with others_writing(cache, monkeypatch, free=3):
        np.testing.assert_array_equal(whole(store.open(archive, NAME)), OLD)
        assert derived(store, archive, "some.index", 4, _build, lambda file: file.read()) == b"made"


def test_what_is_large_is_refused_when_the_disk_fills_while_it_is_written(
    tmp_path: Path, store: Store, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.open()
    monkeypatch.setattr("os.fsync", _fill_up)
    archive = archive_of(write_old(tmp_path / "file.npz", 8))
    with pytest.raises(ArchiveError, match=r"train_images needs .*; make room there") as refused:
        store.prepare(archive, NAME)
    assert refused.value.passing


def test_a_full_disk_is_said_where_the_folder_was_removed_as_well(
    tmp_path: Path, store: Store, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.open()
    archive = archive_of(write_old(tmp_path / "file.npz", 8))
    shutil.rmtree(store.cache.folder)
    monkeypatch.setattr("pathlib.Path.mkdir", lambda *_, **__: _fill_up(0))
    with pytest.raises(ArchiveError, match=r"train_images needs .* where 0 are free; make room"):
        store.open(archive, NAME)


def test_what_another_process_evicts_is_read_on(tmp_path: Path, store: Store) -> None:
    path = write_old(tmp_path / "file.npz", 8)
    store.prepare(archive_of(path), NAME)
    array = store.open(archive_of(path), NAME)
    gone = Cache(tmp_path / "cache", 0).evict(0, tmp_path / "none")
    assert gone
    np.testing.assert_array_equal(array.take(ALL), OLD)


def test_without_a_cache_folder_small_members_are_served(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store(Cache(tmp_path / "file" / "cache", 10**9))
    assert not store.cache.writable
    for method in (0, 8):
        path = write_old(tmp_path / f"{method}.npz", method)
        np.testing.assert_array_equal(whole(store.open(archive_of(path), NAME)), OLD)


@pytest.mark.usefixtures("gate")
def test_without_a_cache_folder_large_members_are_served_only_where_they_are_stored(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    store = Store(Cache(tmp_path / "file" / "cache", 10**9))
    stored = archive_of(write_old(tmp_path / "stored.npz", 0))
    np.testing.assert_array_equal(whole(store.open(stored, NAME)), OLD)
    deflated = archive_of(write_old(tmp_path / "deflated.npz", 8))
    with pytest.raises(ArchiveError, match=r"train_images needs 7,328 bytes .* can't be written"):
        store.open(deflated, NAME)


@pytest.mark.usefixtures("gate")
def test_what_was_prepared_is_served_from_a_cache_that_became_read_only(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.open()
    archive = archive_of(write_old(tmp_path / "file.npz", 8))
    cache = Cache(tmp_path / "cache", 10**9)
    Store(cache).prepare(archive, NAME)
    # Root may write anywhere, so the system's answer is made up.
    monkeypatch.setattr("tempfile.TemporaryFile", _refuse)
    read_only = Store(Cache(tmp_path / "cache", 10**9))
    assert not read_only.cache.writable
    np.testing.assert_array_equal(whole(read_only.open(archive, NAME)), OLD)


def test_nothing_is_called_prepared_that_the_cache_does_not_take(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    deflated = archive_of(write_old(tmp_path / "deflated.npz", 8))
    stored = archive_of(write_old(tmp_path / "stored.npz", 0))
    shut = Store(Cache(tmp_path / "cache", 10**9))
    with pytest.raises(ArchiveError, match=r"train_images needs .* can't be written"):
        shut.prepare(deflated, NAME)
    np.testing.assert_array_equal(whole(shut.open(deflated, NAME)), OLD)
    shut.prepare(stored, NAME)
    with pytest.raises(ArchiveError, match=r"train_images needs .* bound is 1,000"):
        Store(Cache(tmp_path / "narrow", 1_000)).prepare(deflated, NAME)


@pytest.mark.parametrize("damage", [b"", b"noise", bytes(7_328)], ids=["empty", "short", "zeros"])
def test_a_file_in_the_cache_that_is_not_what_it_should_be_is_made_anew(
    damage: bytes, tmp_path: Path
) -> None:
    archive = archive_of(write_old(tmp_path / "file.npz", 8))
    Store(Cache(tmp_path / "cache", 10**9)).prepare(archive, NAME)
    [cached] = (tmp_path / "cache").glob("*/*/*.npy")
    cached.write_bytes(damage)
    store = Store(Cache(tmp_path / "cache", 10**9))
    np.testing.assert_array_equal(whole(store.open(archive, NAME)), OLD)


def _fill_up(_file: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _refuse(**_: object) -> None:
    raise OSError(30, "Read-only file system")


def test_a_file_that_went_is_not_called_damaged(tmp_path: Path) -> None:
    path = write_arrays(tmp_path / "file.npz", dataset())
    archive = archive_of(path)
    path.unlink()
    with pytest.raises(ArchiveError, match="can't be read") as refused:
        list(inflate.stream(archive, archive.members["train_images"]))
    assert refused.value.passing


def test_a_fault_of_the_disk_is_said_and_may_pass(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_arrays(tmp_path / "file.npz", dataset(), method=0)
    array = store.open(archive_of(path), NAME)

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "preadv", fail)
        with pytest.raises(ArchiveError, match=r"can't be read \(input/output error\)") as refused:
            array.take(np.array([0], np.int64))
    assert refused.value.passing
    assert len(array.take(np.array([0], np.int64))) == 1


def test_a_file_that_is_cut_before_a_header_is_read_is_refused(tmp_path: Path) -> None:
    path = write_arrays(tmp_path / "file.npz", dataset())
    with path.open("rb", buffering=0) as file:
        with zipfile.ZipFile(file) as archive:
            entry, end = archive.infolist()[0], archive.start_dir
        os.truncate(path, 20)
        with pytest.raises(ArchiveError, match="train_images has a header that does not match"):
            read_member(path, file, entry, [entry.header_offset, end])
