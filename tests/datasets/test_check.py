"""``check`` reads everything and writes nothing large; ``prepare`` does it all ahead."""

import os
from pathlib import Path

import pytest
from corpus.writers import dataset, patch_entry, write_arrays

from app.arrays.cache import Cache
from app.arrays.store import Progress, Store
from app.datasets.check import Report, Told, check, prepare_file
from app.datasets.library import Library

BYTES = 1_000 * 72


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training images of these tests are large ones."""
    monkeypatch.setattr("app.arrays.job.SMALL", 1_000)
    monkeypatch.setattr("app.arrays.store.SMALL", 1_000)
    monkeypatch.setattr("app.datasets.check.SMALL", 1_000)


@pytest.fixture(params=[0, 8], ids=["stored", "deflated"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    arrays = dataset(counts=(1_000, 5, 7))
    arrays["train_labels"] = arrays["train_labels"][:, 0]
    return write_arrays(tmp_path / "file.npz", arrays, method=request.param)


def check_file(path: Path, store: Store, tell: Told) -> Report:
    [report] = check([path], store, tell)
    return report


def test_a_good_file_is_good(path: Path, store: Store) -> None:
    report = check_file(path, store, lambda *_: None)
    assert report.good
    assert report.dataset
    assert report.dataset.total == 1_012


def test_a_large_member_is_read_to_its_end_and_not_written(path: Path, store: Store) -> None:
    told: list[tuple[Path, str, int, int]] = []
    check_file(path, store, lambda *words: told.append(words))
    assert (path, "train_images", BYTES, BYTES) in told
    assert told[-1][1] == "MD5"
    assert not list(store.cache.folder.glob("*/train_images*"))


def test_a_large_member_that_is_damaged_is_refused(path: Path, store: Store) -> None:
    patch_entry(path, "train_images.npy", crc=7)
    report = check_file(path, store, lambda *_: None)
    assert not report.good
    assert "file.npz: train_images fails its checksum" in str(report.refused[0])
    assert report.dataset


def test_a_file_of_which_all_is_damaged_is_not_served(path: Path, store: Store) -> None:
    for split in ("train", "val", "test"):
        patch_entry(path, f"{split}_images.npy", crc=7)
    assert check_file(path, store, lambda *_: None).dataset is None


def prepared(store: Store) -> list[tuple[str, int]]:
    """Name what is in the cache, and when it was written.

    Without the labels, of which the index was made: they may still be on their way to the disk.
    """
    files = (path for path in store.cache.folder.glob("*/*") if "_labels." not in path.name)
    return sorted((path.name, path.stat().st_mtime_ns) for path in files)


def test_what_is_prepared_needs_no_work_later(path: Path, tmp_path: Path, store: Store) -> None:
    shown: list[Progress] = []
    assert prepare_file(path, store, shown.append) == ()
    before = prepared(store)
    again = Store(Cache(tmp_path / "cache", 10**10))
    assert prepare_file(path, again, shown.append) == ()
    assert prepared(again) == before != []


def test_preparing_says_what_is_refused(path: Path, store: Store) -> None:
    patch_entry(path, "train_images.npy", crc=7)
    [refusal] = prepare_file(path, store, lambda _: None)
    assert "train_images fails its checksum" in str(refusal)


def test_check_says_what_the_shelf_says_of_odd_and_repeated_names(
    tmp_path: Path, store: Store
) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.npz", "a.NPZ", "b.NPZ", "bell\x07.npz", os.fsdecode(b"\xff.npz"), "sub/a.npz"):
        write_arrays(tmp_path / name, dataset())
    paths = [tmp_path, tmp_path / "sub", tmp_path / "absent.npz", tmp_path / ("x" * 5_000)]
    reports = list(check(paths, store, lambda *_: None))
    shelf = Library(paths, store).shelf()
    assert (
        [r.dataset.id for r in reports if r.dataset] == [d.id for d in shelf.datasets] == ["a", "b"]
    )
    said = [str(error) for report in reports for error in report.refused]
    assert said == [str(error) for error in shelf.refused]
    assert len(said) == 6
    assert all(sentence.isprintable() for sentence in said)
