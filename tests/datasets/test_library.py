"""Folders of files: what appears, changes, goes and fails is said on the next request."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import dataset, patch_entry, remove_folder, write_arrays
from running import PATIENCE, anybody

from app.arrays.store import Store
from app.datasets import library as module
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.opening import open_dataset
from app.datasets.selection import Selection
from app.errors import ArchiveError, LightboxError, MissingError
from app.phrases import Phrase

ALL = np.arange(12, dtype=np.int64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that was opened, in order."""
    paths: list[Path] = []

    def noting(path: Path, store: Store) -> Dataset:
        paths.append(path)
        return open_dataset(path, store)

    monkeypatch.setattr(module, "open_dataset", noting)
    return paths


def ids(library: Library) -> list[str]:
    return [found.id for found in library.shelf().datasets]


def test_a_file_that_takes_long_to_open_holds_up_no_other(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("long", "short"):
        write_arrays(folder / f"{name}.npz", dataset())
    begun, over = threading.Event(), threading.Event()
    opened: list[str] = []

    def opening(path: Path, store: Store) -> Dataset:
        opened.append(path.stem)
        if path.stem == "long":
            begun.set()
            assert over.wait(PATIENCE)
        return open_dataset(path, store)

    monkeypatch.setattr(module, "open_dataset", opening)
    library = Library([folder], store)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(library.dataset, "long") for _ in range(2)]
        try:
            assert begun.wait(PATIENCE)
            assert pool.submit(library.dataset, "short").result(PATIENCE / 6).id == "short"
        finally:
            over.set()
        # Those who wait for the same file are given the same.
        assert waiting[0].result() is waiting[1].result()
    assert opened == ["long", "short"]


def test_many_new_files_are_opened_as_time_allows(
    folder: Path, store: Store, opened: list[Path]
) -> None:
    for number in range(4):
        write_arrays(folder / f"{number}.npz", dataset())
    library = Library([folder], store)
    seen = [library.shelf(seconds=0) for _ in range(4)]
    # One is opened each time, so that an end comes; what is open already stays.
    assert [[found.id for found in shelf.datasets] for shelf in seen] == [
        ["0"],
        ["0", "1"],
        ["0", "1", "2"],
        ["0", "1", "2", "3"],
    ]
    assert [shelf.unseen for shelf in seen] == [("1", "2", "3"), ("2", "3"), ("3",), ()]
    assert len(opened) == 4


def test_files_that_fail_for_now_keep_no_new_one_waiting(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        write_arrays(folder / f"{name}.npz", dataset())

    def failing(path: Path, store: Store) -> Dataset:
        if path.stem == "c":
            return open_dataset(path, store)
        raise ArchiveError(path, Phrase("is busy"), Phrase("wait"), passing=True)

    monkeypatch.setattr(module, "open_dataset", failing)
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0)  # what failed is looked at again each time
    library = Library([folder], store)
    seen = [library.shelf(seconds=0) for _ in range(4)]
    assert [shelf.unseen for shelf in seen] == [("b", "c"), ("c",), (), ()]
    assert [len(shelf.refused) for shelf in seen] == [1, 2, 2, 2]
    assert [[found.id for found in shelf.datasets] for shelf in seen[2:]] == [["c"], ["c"]]


def test_files_and_folders_are_served(folder: Path, store: Store) -> None:
    write_arrays(folder / "b.npz", dataset())
    write_arrays(folder / "a.npz", dataset())
    write_arrays(folder.parent / "c.npz", dataset())
    (folder / "notes.txt").touch()
    (folder / ".hidden.npz").touch()
    (folder / "sub.npz").mkdir()
    assert ids(Library([folder, folder.parent / "c.npz"], store)) == ["a", "b", "c"]


def test_a_new_file_appears(folder: Path, store: Store) -> None:
    library = Library([folder], store)
    assert ids(library) == []
    write_arrays(folder / "new.npz", dataset())
    assert ids(library) == ["new"]
    assert library.dataset("new").total == 24


def test_a_file_that_is_removed_goes(folder: Path, store: Store) -> None:
    write_arrays(folder / "a.npz", dataset())
    library = Library([folder], store)
    assert ids(library) == ["a"]
    (folder / "a.npz").unlink()
    assert ids(library) == []
    with pytest.raises(MissingError, match="no dataset called “a”"):
        library.dataset("a")
    assert not library._known


def test_a_file_that_was_named_and_is_gone_is_said(folder: Path, store: Store) -> None:
    path = write_arrays(folder / "a.npz", dataset())
    library = Library([path], store)
    assert ids(library) == ["a"]
    path.unlink()
    [refusal] = library.shelf().refused
    assert str(refusal).startswith("a.npz can't be read (no such file or directory)")
    with pytest.raises(ArchiveError, match=r"a\.npz can't be read"):
        library.dataset("a")


def test_a_folder_that_was_named_and_is_gone_is_said(folder: Path, store: Store) -> None:
    library = Library([folder], store)
    folder.rmdir()
    [refusal] = library.shelf().refused
    assert str(refusal).startswith("data can't be read (no such file or directory)")


@pytest.mark.parametrize("to", ["nowhere.npz", "link.npz"])
def test_a_link_in_a_folder_that_leads_nowhere_is_said(to: str, folder: Path, store: Store) -> None:
    write_arrays(folder / "a.npz", dataset())
    (folder / "link.npz").symlink_to(to)
    library = Library([folder], store)
    assert [refused.file for refused in library.shelf().refused] == ["link.npz"]
    assert ids(library) == ["a"]


def test_a_folder_that_cannot_be_listed_is_said(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(os, "listdir", refuse)
    [refusal] = Library([folder], store).shelf().refused
    assert str(refusal).startswith("data can't be read (permission denied)")


@pytest.mark.parametrize("rights", [0o000, 0o444])
def test_a_folder_that_may_not_be_entered_is_said_and_holds_nothing(
    rights: int, open_folder: Path, store: Store
) -> None:
    shut = open_folder / "shut"
    shut.mkdir()
    write_arrays(shut / "a.npz", dataset())
    shut.chmod(rights)
    library = Library([shut], store)
    with anybody():
        [refusal] = library.shelf().refused
        assert str(refusal).startswith("shut can't be read (permission denied)")
        with pytest.raises(MissingError, match="no dataset called “a”"):
            library.dataset("a")


def test_a_name_longer_than_any_file_can_have_is_missing(folder: Path, store: Store) -> None:
    with pytest.raises(MissingError, match="no dataset called"):
        Library([folder], store).dataset("ü" * 200)


def test_a_file_that_cannot_be_opened_is_said_and_read_when_it_can(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_arrays(folder / "a.npz", dataset())
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.0)
    library = Library([folder], store)

    def refuse(*_: object) -> Any:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("app.arrays.archive.io.FileIO", refuse)
        with pytest.raises(ArchiveError, match=r"a\.npz can't be read \(too many open files\)"):
            library.dataset("a")
    assert library.dataset("a").total == 24


def test_the_fallback_is_served_as_long_as_there_is_nothing(folder: Path, store: Store) -> None:
    demo = write_arrays(folder.parent / "demo.npz", dataset())
    library = Library([folder], store, fallback=demo)
    assert ids(library) == ["demo"]
    assert library.dataset("demo").id == "demo"
    write_arrays(folder / "a.npz", dataset())
    assert ids(library) == ["a"]
    with pytest.raises(MissingError):
        library.dataset("demo")


def test_a_data_folder_that_is_not_there_yet_is_no_fault(folder: Path, store: Store) -> None:
    demo = write_arrays(folder.parent / "demo.npz", dataset())
    shelf = Library([folder / "none"], store, fallback=demo).shelf()
    assert [found.id for found in shelf.datasets] == ["demo"]
    assert not shelf.refused


def test_of_two_files_of_one_name_the_first_is_served(folder: Path, store: Store) -> None:
    (folder / "sub").mkdir()
    first = write_arrays(folder / "a.npz", dataset(seed=1))
    write_arrays(folder / "sub" / "a.npz", dataset(seed=2))
    library = Library([folder, folder / "sub"], store)
    [refusal] = library.shelf().refused
    assert "a.npz has the same name as a file that is served already" in str(refusal)
    assert str(folder) not in str(refusal)  # strangers read this
    assert library.dataset("a").archive.path == first


@pytest.mark.parametrize("turned", [False, True])
def test_the_first_of_two_is_the_one_that_was_named_first(
    turned: bool, folder: Path, store: Store
) -> None:
    (folder / "sub").mkdir()
    file = write_arrays(folder / "sub" / "a.npz", dataset(seed=1))
    inside = write_arrays(folder / "a.npz", dataset(seed=2))
    paths, first = ([folder, file], inside) if turned else ([file, folder], file)
    library = Library(paths, store)
    [listed] = library.shelf().datasets
    assert listed.archive.path == first
    assert library.dataset("a").archive.path == first
    assert library.serves(library.dataset("a"))


def test_a_hidden_file_has_no_page(folder: Path, store: Store) -> None:
    write_arrays(folder / ".a.npz", dataset())
    with pytest.raises(MissingError):
        Library([folder], store).dataset(".a")


def test_of_two_files_of_one_name_the_good_one_is_served(folder: Path, store: Store) -> None:
    (folder / "sub").mkdir()
    (folder / "a.npz").touch()
    good = write_arrays(folder / "sub" / "a.npz", dataset(seed=2))
    library = Library([folder, folder / "sub"], store)
    assert ids(library) == ["a"]
    assert library.dataset("a").archive.path == good


@pytest.mark.parametrize("ending", ["NPZ", "Npz"])
def test_an_ending_in_capitals_is_the_same(ending: str, folder: Path, store: Store) -> None:
    path = write_arrays(folder / f"Scans.{ending}", dataset())
    for paths in ([folder], [path]):
        library = Library(paths, store)
        assert ids(library) == ["Scans"]
        assert library.dataset("Scans").archive.path == path
        assert library.serves(library.dataset("Scans"))
    path.unlink()
    with pytest.raises(MissingError):
        Library([folder], store).dataset("Scans")


@pytest.mark.parametrize("is_named", [False, True])
def test_of_two_files_that_differ_in_the_case_of_their_endings_one_is_refused(
    is_named: bool, folder: Path, store: Store
) -> None:
    (folder / "sub").mkdir()
    other = write_arrays(folder / "a.NPZ", dataset(seed=1))
    usual = write_arrays(folder / "sub" / "a.npz", dataset(seed=2))
    library = Library([other if is_named else folder, folder / "sub"], store)
    [refusal] = library.shelf().refused
    assert "a.NPZ has the same name as a file that is served already" in str(refusal)
    assert [found.archive.path for found in library.shelf().datasets] == [usual]
    assert library.dataset("a").archive.path == usual
    usual.write_bytes(b"")
    assert [found.archive.path for found in library.shelf().datasets] == [other]
    assert library.dataset("a").archive.path == other


@pytest.mark.parametrize(
    "name", ["my data (1)", "Lunge – größer", "a.b.c", "データ", "x" * 200, "100%", "a&b"]
)
def test_other_names_are_served(name: str, folder: Path, store: Store) -> None:
    write_arrays(folder / f"{name}.npz", dataset())
    library = Library([folder], store)
    assert ids(library) == [name]
    assert library.dataset(name).title == name


@pytest.mark.parametrize("name", [b"a\nb", b"\xff\xfe", b"x" * 201, b"a\x07"])
def test_names_that_no_address_can_hold_are_said(name: bytes, folder: Path, store: Store) -> None:
    content = write_arrays(folder.parent / "a", dataset()).read_bytes()
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".npz")).write_bytes(content)
    [refusal] = Library([folder], store).shelf().refused
    assert "has a name that can't stand in an address" in str(refusal)
    assert str(refusal).isprintable()
    assert str(refusal).encode()


@pytest.mark.parametrize("id_", ["..", "../a", "a/../a", "", "a\0", "\ud800", "x" * 10_000])
def test_an_id_that_is_no_name_finds_nothing(id_: str, folder: Path, store: Store) -> None:
    write_arrays(folder / "a.npz", dataset())
    with pytest.raises(MissingError):
        Library([folder], store).dataset(id_)


def test_a_file_is_opened_once_as_long_as_it_stays(
    folder: Path, store: Store, opened: list[Path]
) -> None:
    path = write_arrays(folder / "a.npz", dataset())
    library = Library([folder], store)
    for _ in range(5):
        library.shelf()
        library.dataset("a")
    assert opened == [path]


def test_requests_at_once_open_a_file_once(folder: Path, store: Store, opened: list[Path]) -> None:
    path = write_arrays(folder / "a.npz", dataset())
    library = Library([folder], store)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: library.dataset("a"), range(64)))
    assert opened == [path]
    assert len({id(one) for one in found}) == 1


def test_a_file_that_was_only_touched_is_opened_again(
    folder: Path, store: Store, opened: list[Path]
) -> None:
    path = write_arrays(folder / "a.npz", dataset())
    library = Library([folder], store)
    before = library.dataset("a")
    os.utime(path, ns=(1, 2))
    after = library.dataset("a")
    assert len(opened) == 2
    assert before.archive.key != after.archive.key


def test_a_dataset_is_served_until_its_file_is_replaced_or_goes(folder: Path, store: Store) -> None:
    path = write_arrays(folder / "a.npz", dataset())
    library = Library([folder], store)
    before = library.dataset("a")
    assert library.serves(before)
    write_arrays(path, dataset(seed=1))
    assert not library.serves(before)
    after = library.dataset("a")
    assert (library.serves(before), library.serves(after)) == (False, True)
    path.unlink()
    assert not library.serves(after)


def test_what_fails_after_it_was_opened_is_refused_on_the_next_request(
    folder: Path, store: Store, opened: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.arrays.job.SMALL", 1_000)
    monkeypatch.setattr("app.arrays.store.SMALL", 1_000)
    path = write_arrays(folder / "a.npz", dataset(counts=(100, 5, 7)))
    patch_entry(path, "train_images.npy", crc=7)
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.0)
    library = Library([folder], store)
    first = library.dataset("a")
    assert first.splits == ("train", "val", "test")
    first.images["train"].wait(100, 10)
    later = library.dataset("a")
    assert later.splits == ("val", "test")
    assert "a.npz: train_images fails its checksum" in str(later.refused[0])
    for _ in range(5):
        assert library.dataset("a") is later
    assert len(opened) == 2


def test_what_may_soon_be_over_is_not_looked_at_by_every_request(
    folder: Path, store: Store, opened: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_arrays(folder / "a.npz", dataset())
    library = Library([folder], store)
    monkeypatch.setattr(module, "is_current", lambda _: False)
    for _ in range(10):
        with pytest.raises(ArchiveError, match="is being written right now"):
            library.dataset("a")
    assert len(opened) == 1


def test_a_fault_of_ours_takes_nothing_else_down(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    for name in "ab":
        write_arrays(folder / f"{name}.npz", dataset())

    def failing(path: Path, store: Store) -> Dataset:
        if path.stem == "a":
            raise ZeroDivisionError
        return open_dataset(path, store)

    monkeypatch.setattr(module, "open_dataset", failing)
    shelf = Library([folder], store).shelf()
    assert [found.id for found in shelf.datasets] == ["b"]
    assert str(shelf.refused[0]).startswith("a.npz could not be opened (ZeroDivisionError)")
    assert "ZeroDivisionError" in caplog.text


def write_version(path: Path, version: int, method: int) -> Path:
    """A file in which each pixel of an item is its label; each version has other labels."""
    labels = (np.arange(12) + version) % 7
    pixels = np.broadcast_to(labels.astype(np.uint8)[:, None, None], (12, 8, 8))
    return write_arrays(path, {"train_images": pixels, "train_labels": labels}, method=method)


@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
@pytest.mark.parametrize("in_place", [False, True], ids=["renamed over", "overwritten"])
def test_old_pixels_are_never_shown_under_new_labels(
    method: int, in_place: bool, folder: Path, store: Store
) -> None:
    path = write_version(folder / "a.npz", 0, method)
    library = Library([folder], store)
    over = threading.Event()

    def replace() -> None:
        version = 0
        while not over.is_set():
            version += 1
            fresh = write_version(folder.parent / "fresh", version, method)
            if in_place:
                with path.open("r+b") as file:
                    file.write(fresh.read_bytes())
                    file.truncate()
            else:
                fresh.rename(path)
            time.sleep(0.01)

    replacing = threading.Thread(target=replace)
    replacing.start()
    compared = 0
    until = time.monotonic() + 2
    try:
        while time.monotonic() < until or not compared:
            assert time.monotonic() < until + PATIENCE, "it was never seen whole"
            try:
                found = library.dataset("a")
                labels = found.labels_of(found.subset(Selection()).items(0, 12))
                pixels = found.images["train"].take(ALL)
            except LightboxError:
                continue
            compared += 1
            assert [(int(item[0, 0]),) for item in pixels] == labels
            assert all((item == item[0, 0]).all() for item in pixels)
    finally:
        over.set()
        replacing.join()


def test_the_cache_folder_may_be_removed_while_serving(
    folder: Path, store: Store, tmp_path: Path
) -> None:
    write_arrays(folder / "a.npz", dataset())
    library = Library([folder], store)
    expected = dataset()["train_images"]
    np.testing.assert_array_equal(library.dataset("a").images["train"].take(ALL), expected)
    remove_folder(tmp_path / "cache")
    np.testing.assert_array_equal(library.dataset("a").images["train"].take(ALL), expected)
    write_arrays(folder / "b.npz", dataset())
    np.testing.assert_array_equal(library.dataset("b").images["train"].take(ALL), expected)


def test_more_files_are_served_than_the_usual_limit_lets_open(folder: Path) -> None:
    for number in range(60):
        write_arrays(folder / f"{number}.npz", dataset())
    program = """
import resource, sys
from pathlib import Path
from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.library import Library

resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
folder = Path(sys.argv[1])
shelf = Library([folder], Store(Cache(folder / "cache", 10**9))).shelf()
sys.exit(len(shelf.datasets) != 60 or bool(shelf.refused))
"""
    subprocess.run([sys.executable, "-c", program, folder], check=True)
