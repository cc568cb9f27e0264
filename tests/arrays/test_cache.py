"""The cache folder: locks, part files, the bound, and what the killed leave behind."""

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.arrays.cache import Cache, Mark, open_part, read_mark, write_mark


def fill(cache: Cache, name: str, size: int, used: int) -> Path:
    """A file of that size, last used at that time."""
    path = cache.path(name, "train_images.npy")
    with cache.lock(path), cache.making(path) as (file, _):
        file.write(bytes(size))
    os.utime(path, (used, used))
    return path


def test_a_lock_is_held_by_one(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    with cache.lock(path) as first, cache.lock(path) as second:
        assert first
        assert second is None


def test_a_lock_leaves_nothing_behind(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    with cache.lock(path):
        pass
    assert list(path.parent.iterdir()) == []


def test_a_lock_taken_from_the_dead_does_not_speak_of_their_work(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    path.parent.mkdir(parents=True)
    left = path.with_name("name.npy.lock")
    left.write_bytes(bytes(range(16)))
    assert read_mark(path)
    with cache.lock(path) as lock:
        assert lock
        assert read_mark(path) is None
        write_mark(lock, Mark(5, 6))
        assert read_mark(path) == Mark(5, 6)


def test_letting_go_does_not_remove_the_lock_of_another(cache: Cache) -> None:
    """The folder was removed, and somebody else has begun the same work anew."""
    path = cache.path("key", "name.npy")
    with ExitStack() as stack:
        with cache.lock(path):
            shutil.rmtree(cache.folder)
            assert stack.enter_context(cache.lock(path))
        with cache.lock(path) as third:
            assert third is None


def test_a_lock_whose_name_went_before_it_was_taken_is_none(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last owner let go of it just then, and the next one will make a file of that name."""
    path = cache.path("key", "name.npy")
    flock = fcntl.flock

    def late(number: int, operation: int) -> None:
        path.with_name("name.npy.lock").unlink()
        flock(number, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with cache.lock(path) as lock:
        assert lock is None


def test_a_part_file_gets_its_name_when_it_is_whole(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    with cache.lock(path), cache.making(path) as (file, _):
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"


def test_a_file_is_flushed_to_disk_before_it_gets_its_name(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cache.path("key", "name.npy")
    done: list[str] = []
    rename = Path.rename

    def renamed(part: Path, name: Path) -> Path:
        done.append("renamed")
        return rename(part, name)

    def flushed(number: int) -> None:
        status = os.fstat(number)
        done.append("the folder" if stat.S_ISDIR(status.st_mode) else f"{status.st_size} bytes")

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "rename", renamed)
    with cache.lock(path), cache.making(path) as (file, _):
        file.write(b"whole")
    assert done == ["5 bytes", "renamed", "the folder"]


def test_a_part_file_goes_when_its_making_fails(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    with pytest.raises(ZeroDivisionError), cache.lock(path), cache.making(path):
        raise ZeroDivisionError
    assert list(path.parent.iterdir()) == []


def test_half_a_file_of_another_is_never_given_the_name(cache: Cache) -> None:
    """The folder was removed, and somebody else has begun the same work anew."""
    path = cache.path("key", "name.npy")
    with ExitStack() as other:
        with cache.lock(path), cache.making(path) as (file, _):
            file.write(b"whole")
            shutil.rmtree(cache.folder)
            other.enter_context(cache.lock(path))
            half, _ = other.enter_context(cache.making(path))
            half.write(b"ha")
            half.flush()
        assert not path.exists()
        half.write(b"lf")
    assert path.read_bytes() == b"half"


def test_the_mark_leads_to_the_part_file_it_speaks_of(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    with cache.lock(path), cache.making(path) as (file, part):
        file.write(b"some")
        file.flush()
        with open_part(path, Mark(4, part)) as reading:
            assert reading.read() == b"some"
        with pytest.raises(FileNotFoundError):
            open_part(path, Mark(4, part + 1))


def test_the_least_recently_used_goes_first(cache: Cache) -> None:
    old, older, new = (
        fill(cache, name, 100_000, used) for name, used in (("a", 200), ("b", 100), ("c", 300))
    )
    cache.bound = 250_000
    assert cache.evict(0, Path("none")) == [older]
    assert cache.evict(100_000, Path("none")) == [old]
    assert new.exists()
    assert not old.parent.exists()


def test_of_one_contents_files_one_goes_and_the_others_stay(cache: Cache) -> None:
    new = fill(cache, "a", 100_000, 300)
    old = new.with_name("val_images.npy")
    old.write_bytes(bytes(100_000))
    os.utime(old, (100, 100))
    cache.bound = 150_000
    assert cache.evict(0, Path("none")) == [old]
    assert new.exists()


def test_what_is_being_made_and_what_it_is_made_for_stay(cache: Cache) -> None:
    kept = fill(cache, "a", 100_000, 100)
    path = cache.path("b", "name.npy")
    cache.bound = 0
    with cache.lock(path), cache.making(path) as (file, _):
        file.write(bytes(100_000))
        assert cache.evict(50_000, kept) == []
    assert path.exists()
    assert kept.exists()


def test_files_go_when_the_disk_is_full_though_the_bound_is_not_reached(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = fill(cache, "a", 100_000, 100), fill(cache, "b", 100_000, 200)
    monkeypatch.setattr(Cache, "free", lambda _: 50_000)
    assert cache.evict(120_000, Path("none")) == [first]
    assert second.exists()


def noted_measures(monkeypatch: pytest.MonkeyPatch) -> list[Cache]:
    """Give a list that grows each time a cache measures its folder."""
    measured = []
    files = Cache._files

    def noting(cache: Cache) -> Iterator[tuple[float, int, Path]]:
        measured.append(cache)
        return files(cache)

    monkeypatch.setattr(Cache, "_files", noting)
    return measured


def test_many_small_files_do_not_measure_the_folder_each_time(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = noted_measures(monkeypatch)
    cache.bound = 1_000_000
    old = fill(cache, "a", 300_000, 100)
    for _ in range(50):
        assert cache.evict(2_000, Path("none")) == []
    assert len(measured) == 1
    # From half of the room on it is, as other processes write too.
    fill(cache, "b", 600_000, 200)
    assert cache.evict(300_000, Path("none")) == [old]
    assert len(measured) == 2


def on_disk(cache: Cache) -> int:
    """Give the bytes that all files below the folder take."""
    return sum(512 * path.stat().st_blocks for path in cache.folder.glob("*/*"))


@pytest.mark.parametrize("disk_is_full", [False, True])
def test_nor_do_they_in_a_full_folder(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, disk_is_full: bool
) -> None:
    for number in range(400):
        fill(cache, f"old{number}", 4096, number)
    held = on_disk(cache)
    if disk_is_full:
        monkeypatch.setattr(Cache, "free", lambda cache: held - on_disk(cache))
    else:
        cache.bound = held
    measured = noted_measures(monkeypatch)
    for number in range(200):
        cache.evict(4096, Path("none"))
        fill(cache, f"new{number}", 4096, 1000 + number)
        assert on_disk(cache) <= held
    assert len(measured) <= 60


def test_nothing_large_goes_for_what_may_follow(cache: Cache) -> None:
    small = [fill(cache, f"small{number}", 4096, number) for number in range(3)]
    large = fill(cache, "large", 1_000_000, 100)
    cache.bound = cache.size()
    assert cache.evict(4096, Path("none")) == small
    assert large.exists()


def test_its_size_is_what_the_files_take(cache: Cache) -> None:
    assert cache.size() == 0
    fill(cache, "a", 100_000, 100)
    fill(cache, "b", 50_000, 100)
    assert cache.size() == on_disk(cache) >= 150_000


def test_what_is_being_made_counts_at_its_whole_length(cache: Cache) -> None:
    path = cache.path("a", "name.npy")
    with cache.lock(path), cache.making(path) as (file, _):
        file.truncate(1_000_000)
        assert cache.size() >= 1_000_000


def test_a_file_in_use_is_not_the_least_recently_used(cache: Cache) -> None:
    used, unused = fill(cache, "a", 100_000, 100), fill(cache, "b", 100_000, 200)
    cache.touch(used)
    cache.bound = 150_000
    assert cache.evict(0, Path("none")) == [unused]


def test_that_a_file_is_in_use_is_noted_once_a_minute(cache: Cache) -> None:
    path = fill(cache, "a", 10, 100)
    for ago, noted in ((50, False), (70, True)):
        used = time.time() - ago
        os.utime(path, (used, used))
        cache.touch(path)
        assert (path.stat().st_mtime > used + 1) == noted


def test_what_the_killed_left_is_cleaned(cache: Cache) -> None:
    kept = fill(cache, "key", 10, 100)
    for name in ("x.npy.0123456789abcdef.part", "x.npy.lock", "y.index.lock", "x.npy.part"):
        (cache.folder / "key" / name).touch()
    cache.clean()
    assert list((cache.folder / "key").iterdir()) == [kept]


def test_what_the_killed_left_makes_room_for_others(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 1_000_000)
    used = cache.path("key", "used.npy")
    left = cache.path("other", "x.npy.0123456789abcdef.part")
    for path in (used, left):
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(400_000))
    assert cache.evict(300_000, cache.path("third", "y.npy")) == []
    assert used.exists()
    assert not left.exists()


def test_what_the_living_make_is_not_cleaned(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    with cache.lock(path), cache.making(path) as (file, _):
        file.write(b"whole")
        cache.clean()
    assert path.read_bytes() == b"whole"


def test_whoever_makes_a_file_again_removes_what_the_killed_left_of_it(cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    path.parent.mkdir(parents=True)
    left = path.with_name("name.npy.0123456789abcdef.part")
    left.touch()
    with cache.lock(path), cache.making(path):
        assert not left.exists()


def test_two_files_of_one_content_are_made_side_by_side(cache: Cache) -> None:
    one, other = cache.path("key", "train_images.npy"), cache.path("key", "val_images.npy")
    with ExitStack() as stack:
        for path in (one, other):
            stack.enter_context(cache.lock(path))
            file, _ = stack.enter_context(cache.making(path))
            file.write(path.name.encode())
    assert (one.read_bytes(), other.read_bytes()) == (b"train_images.npy", b"val_images.npy")


@pytest.mark.parametrize("first", ["writable", "free", "lock", "stop"])
def test_nobody_else_may_look_into_the_folder_whatever_makes_it(first: str, cache: Cache) -> None:
    path = cache.path("key", "name.npy")
    match first:
        case "writable":
            assert cache.writable
        case "free":
            assert cache.free()
        case "lock":
            fill(cache, "key", 10, 1)
        case "stop":
            cache.stop(path)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700


def test_a_folder_that_was_opened_to_others_stays_so(cache: Cache) -> None:
    cache.folder.mkdir(parents=True)
    cache.folder.chmod(0o750)
    assert cache.writable
    fill(cache, "key", 10, 1)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o750


def test_a_folder_that_cannot_be_made_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not Cache(tmp_path / "file" / "cache", 10).writable
    assert not Cache(Path("/proc/none/cache"), 10).writable


def test_asking_whether_it_is_writable_leaves_nothing_behind(cache: Cache) -> None:
    assert cache.writable
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "total", "ours"),
    [(10**9, 10**12, 932_891_136), (10**7, 10**7, 95 * 10**5), (5, 10**9, 0)],
)
def test_some_of_the_disk_is_left_to_others(
    free: int, total: int, ours: int, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free, total=total))
    assert cache.free() == ours
