"""What can't be shown is refused in one sentence, and takes nothing else down with it."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from corpus.bad import FILES, LABELS, MEMBERS, Bad
from corpus.writers import dataset, write_arrays

from app.arrays.archive import read_archive
from app.arrays.cache import Cache
from app.arrays.job import SMALL
from app.arrays.store import Store
from app.datasets import opening
from app.datasets.check import check, prepare_file
from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.opening import open_dataset
from app.errors import ArchiveError

FILE_KINDS = pytest.mark.parametrize("bad", FILES.values(), ids=FILES.keys())
MEMBER_KINDS = pytest.mark.parametrize("bad", MEMBERS.values(), ids=MEMBERS.keys())


def refusal_of(path: Path, store: Store) -> str:
    with pytest.raises(ArchiveError) as caught:
        open_dataset(path, store)
    return str(caught.value)


def assert_sentence(sentence: str, bad: Bad) -> None:
    reason, _, remedy = sentence.partition("; ")
    assert bad.reason in reason
    assert bad.remedy in remedy
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400


def assert_served_exactly(found: Dataset, split: str) -> None:
    expected = dataset()
    images = next(array for name, array in found.images.items() if name == split)
    count = len(expected[f"{split}_images"])
    pixels = images.take(np.arange(count, dtype=np.int64))
    np.testing.assert_array_equal(pixels, expected[f"{split}_images"])


@FILE_KINDS
def test_a_bad_file_is_refused_with_its_name_and_a_remedy(
    bad: Bad, tmp_path: Path, store: Store
) -> None:
    bad.write(tmp_path / "named.npz")
    sentence = refusal_of(tmp_path / "named.npz", store)
    assert sentence.startswith("named.npz ")
    assert_sentence(sentence, bad)


@MEMBER_KINDS
def test_a_bad_member_is_refused_with_its_name_and_a_remedy(
    bad: Bad, tmp_path: Path, store: Store
) -> None:
    bad.write(tmp_path / "named.npz")
    [refusal] = open_dataset(tmp_path / "named.npz", store).refused
    assert str(refusal).startswith(f"named.npz: {bad.member} ")
    assert_sentence(str(refusal), bad)


@MEMBER_KINDS
def test_one_bad_split_never_takes_the_others_down(bad: Bad, tmp_path: Path, store: Store) -> None:
    bad.write(tmp_path / "named.npz")
    found = open_dataset(tmp_path / "named.npz", store)
    assert found.splits == ("val", "test")
    for split in found.splits:
        assert_served_exactly(found, split)


def test_one_bad_file_never_takes_the_others_down(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for number, bad in enumerate([*FILES.values(), *MEMBERS.values()]):
        bad.write(folder / f"bad{number}.npz")
    write_arrays(folder / "good.npz", dataset())
    shelf = Library([folder], store).shelf()
    good = next(found for found in shelf.datasets if found.id == "good")
    assert_served_exactly(good, "train")
    assert len(shelf.refused) == len(FILES) + len(MEMBERS)


@pytest.mark.parametrize(
    "bad", [*FILES.values(), *MEMBERS.values()], ids=[*FILES.keys(), *MEMBERS.keys()]
)
def test_shelf_check_and_prepare_give_the_same_reason(
    bad: Bad, tmp_path: Path, store: Store
) -> None:
    path = tmp_path / "named.npz"
    bad.write(path)
    shelved = [str(error) for error in Library([path], store).shelf().refused]
    [report] = check([path], store, lambda *_: None)
    checked = [str(error) for error in report.refused]
    prepared = [str(error) for error in prepare_file(path, store, lambda _: None)]
    assert shelved == checked == prepared


def test_a_refusal_of_labels_stays_when_the_file_is_opened_again(
    tmp_path: Path, store: Store
) -> None:
    bad = MEMBERS["halves for labels"]
    bad.write(tmp_path / "named.npz")
    first = open_dataset(tmp_path / "named.npz", store).refused
    again = open_dataset(tmp_path / "named.npz", store).refused
    assert [str(error) for error in first] == [str(error) for error in again]
    assert first[0].member == LABELS


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, store: Store) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    assert "pipe.npz is not a file" in refusal_of(tmp_path / "pipe.npz", store)


def test_a_folder_of_the_name_of_a_file_is_refused(tmp_path: Path, store: Store) -> None:
    (tmp_path / "folder.npz").mkdir()
    assert "folder.npz can't be read (is a directory)" in refusal_of(tmp_path / "folder.npz", store)


def test_splits_of_another_size_than_the_first_are_refused(tmp_path: Path, store: Store) -> None:
    arrays = dataset() | {"test_images": np.zeros((7, 16, 9), np.uint8)}
    found = open_dataset(write_arrays(tmp_path / "named.npz", arrays), store)
    assert found.splits == ("train", "val")
    assert "named.npz: test_images has pictures of shape (16, 9)" in str(found.refused[0])


def test_pictures_that_one_page_could_not_hold_are_refused(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_arrays(tmp_path / "named.npz", dataset())
    size = dataset()["train_images"][0].nbytes
    monkeypatch.setattr(opening, "ITEM_BYTES_MOST", size)
    assert open_dataset(path, store).splits == ("train", "val", "test")
    monkeypatch.setattr(opening, "ITEM_BYTES_MOST", size - 1)
    refused = refusal_of(path, store)
    assert f"_images has pictures or volumes of {size} bytes each; store smaller" in refused
    assert f"of at most {size - 1} bytes each." in refused


def test_labels_of_an_impossible_shape_are_not_unpacked(tmp_path: Path, store: Store) -> None:
    """Such a file of 40 MB would put as many gigabytes into the cache, in the place of others."""
    number = SMALL // 60_000 + 1
    labels = np.zeros((number, 60, 1_000), np.uint8)
    images = np.zeros((number, 1, 1), np.uint8)
    arrays = {"train_images": images, "train_labels": labels}
    assert f"holds labels of shape ({number}, 60, 1000)" in refusal_of(
        write_arrays(tmp_path / "named.npz", arrays), store
    )
    assert store.cache.size() == 0


def test_columns_are_not_counted_with_class_values(tmp_path: Path, store: Store) -> None:
    # Else the first column would pass for class 0.
    arrays = dataset() | {"test_labels": np.eye(7, 3, dtype=np.uint8)}
    found = open_dataset(write_arrays(tmp_path / "named.npz", arrays), store)
    assert found.splits == ("train", "val")
    assert str(found.refused[0]) == (
        "named.npz: test_labels has labels of shape (7, 3), but another split has (12, 1); store "
        "the labels of all splits in the same way."
    )


@pytest.mark.parametrize("empty", [(0,), (0, 3)])
def test_labels_of_no_images_fit_all_others(
    empty: tuple[int, ...], tmp_path: Path, store: Store
) -> None:
    none = {"val_images": np.zeros((0, 8, 9), np.uint8), "val_labels": np.zeros(empty, np.uint8)}
    flat = {"test_labels": dataset()["test_labels"][:, 0]}
    found = open_dataset(write_arrays(tmp_path / "named.npz", dataset() | none | flat), store)
    assert found.splits == ("train", "val", "test")


def test_too_many_different_labels_are_refused(tmp_path: Path, store: Store) -> None:
    arrays = dataset(counts=(1_001, 5, 7)) | {"train_labels": np.arange(1_001)}
    found = open_dataset(write_arrays(tmp_path / "named.npz", arrays), store)
    assert "more than 1,000 different label values" in str(found.refused[0])
    assert "one per item and at most 1,000 different ones" in str(found.refused[0])


def test_too_little_disk_is_said_with_the_bytes_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = dataset(counts=(500_000, 5, 7), item=(8, 9))
    write_arrays(tmp_path / "named.npz", arrays, level=1)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: SimpleNamespace(free=80 * 1024 * 1024, total=10**12)
    )
    store = Store(Cache(tmp_path / "cache", 10**10))
    found = open_dataset(tmp_path / "named.npz", store)
    assert found.splits == ("val", "test")
    assert "named.npz: train_images needs 36,000,128 bytes" in str(found.refused[0])
    assert "16,777,216 are free" in str(found.refused[0])


@pytest.mark.parametrize(("free", "bound"), [(0, 10**10), (10**12, 100)])
def test_small_files_are_served_from_memory_where_the_cache_takes_none(
    free: int, bound: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = dataset()
    path = write_arrays(tmp_path / "named.npz", arrays)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free, total=10**12))
    store = Store(Cache(tmp_path / "cache", bound))
    found = open_dataset(path, store)
    assert found.refused == ()
    for split, images in found.images.items():
        expected = arrays[f"{split}_images"]
        np.testing.assert_array_equal(images.take(np.arange(len(expected))), expected)
        assert found.indexes[split].total == len(expected)
    assert store.cache.size() == 0


def test_what_did_not_fit_is_served_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = SimpleNamespace(free=80 * 1024 * 1024, total=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    monkeypatch.setattr("app.datasets.library._AGAIN_SECONDS", 0.0)
    write_arrays(tmp_path / "named.npz", dataset(counts=(500_000, 5, 7)), level=1)
    library = Library([tmp_path / "named.npz"], Store(Cache(tmp_path / "cache", 10**10)))
    assert library.dataset("named").splits == ("val", "test")
    free.free = 10**12
    assert library.dataset("named").splits == ("train", "val", "test")


def test_what_is_larger_than_the_bound_of_the_cache_is_refused(tmp_path: Path) -> None:
    write_arrays(tmp_path / "named.npz", dataset(counts=(500_000, 5, 7)), level=1)
    found = open_dataset(tmp_path / "named.npz", Store(Cache(tmp_path / "cache", 34_000_000)))
    assert "train_images needs 36,000,128 bytes" in str(found.refused[0])
    assert "LIGHTBOX_CACHE_BYTES" in str(found.refused[0])


def test_a_member_that_no_program_could_inflate_is_said_to_be_that(
    tmp_path: Path, store: Store
) -> None:
    path = write_arrays(tmp_path / "file.npz", dataset(counts=(3_000, 5, 7)), method=8, level=0)
    name = "train_images"
    at = read_archive(path, frozenset({name})).members[name].data_at
    content = bytearray(path.read_bytes())
    # Blocks of level 0 are stored ones: a byte, the length twice, and so many bytes (RFC 1951).
    second = at + 5 + int.from_bytes(content[at + 1 : at + 3], "little")
    content[second] = 0b110  # a kind of block that is reserved
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=f"{name} holds bytes that can't be inflated"):
        store.prepare(read_archive(path, frozenset({name})), name)
