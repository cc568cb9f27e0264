"""The index of labels, against NumPy: every form of labels, in blocks of any length."""

import os
import re
import tracemalloc
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from corpus.writers import write_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.arrays.archive import Archive, read_archive
from app.arrays.cache import Cache
from app.arrays.derived import derived
from app.arrays.job import SMALL
from app.arrays.store import Store
from app.datasets import index, indexing
from app.datasets.index import SplitIndex
from app.datasets.selection import Selection
from app.datasets.subset import Subset
from app.errors import ArchiveError

NAME = "train_labels"


def archive_of(path: Path, labels: NDArray[Any], method: int = 8) -> Archive:
    return read_archive(write_arrays(path, {NAME: labels}, method=method), frozenset({NAME}))


def indexed(
    path: Path, labels: NDArray[Any], method: int = 8, name: str = "train.index"
) -> SplitIndex:
    archive = archive_of(path, labels, method)
    store = Store(Cache(path / "no folder", 0))
    array = store.open(archive, NAME)
    return derived(
        store, archive, name, 0, lambda file: indexing.build(array, file, path, NAME), index.load
    )


def read(file: BinaryIO) -> bytes:
    return file.read()


def rows(found: SplitIndex) -> list[tuple[int, ...]]:
    return found.labels_of(np.arange(found.total))


@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)], ids=["(N,)", "(N, 1)"])
@pytest.mark.parametrize(
    "dtype",
    [
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "int8",
        "int16",
        "int32",
        "int64",
        ">u2",
        ">i8",
        "float16",
        "float32",
        "float64",
    ],
)
def test_labels_of_any_type_are_read_as_whole_numbers(
    dtype: str, shape: tuple[int, ...], method: int, tmp_path: Path
) -> None:
    values = np.array([3, 0, 100, 3, 7, 0, 0])
    found = indexed(tmp_path / "file.npz", values.astype(dtype).reshape(shape), method)
    assert rows(found) == [(value,) for value in values.tolist()]
    assert found.values.tolist() == [0, 3, 7, 100]
    assert found.counts.tolist() == [3, 2, 1, 1]
    assert found.places.tolist() == [1, 5, 6, 0, 3, 4, 2]


def test_truth_values_are_labels_too(tmp_path: Path) -> None:
    found = indexed(tmp_path / "file.npz", np.array([True, False, True]))
    assert rows(found) == [(1,), (0,), (1,)]


@pytest.mark.parametrize("value", [-1, -(2**53) + 1, 2**53 - 1])
def test_labels_may_be_negative_and_large(value: int, tmp_path: Path) -> None:
    found = indexed(tmp_path / "file.npz", np.array([0, value, 0], np.int64))
    assert rows(found) == [(0,), (value,), (0,)]


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int64", "float32"])
@pytest.mark.parametrize("columns", [2, 14, 65])
@pytest.mark.parametrize("number", [0, 1, 3])
def test_columns_of_labels_may_have_few_rows(
    dtype: str, columns: int, number: int, tmp_path: Path
) -> None:
    labels = np.random.default_rng(1).integers(0, 2, (number, columns))
    found = indexed(tmp_path / "file.npz", labels.astype(dtype))
    assert rows(found) == [tuple(np.flatnonzero(row).tolist()) for row in labels]
    assert found.label_counts() == dict(enumerate(labels.sum(axis=0).tolist()))


def test_many_label_combinations_are_counted_in_little_memory(tmp_path: Path) -> None:
    labels = np.random.default_rng(2).integers(0, 2, (8_000, 1_000), dtype=np.uint8)
    found = indexed(tmp_path / "file.npz", labels)
    some = np.asarray(found.carries[:, 17] | found.carries[:, 400])
    tracemalloc.start()
    try:
        every, those = found.label_counts(), found.label_counts(some)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert every == dict(enumerate(labels.sum(axis=0).tolist()))
    rows_meant = labels[(labels[:, 17] | labels[:, 400]) == 1]
    assert those == dict(enumerate(rows_meant.sum(axis=0).tolist()))
    # A copy of the table in 64 bits would take 8 bytes for each.
    assert peak < 2 * labels.size


@pytest.mark.parametrize("shape", [(0,), (0, 1)])
def test_no_labels_make_an_empty_index(shape: tuple[int, ...], tmp_path: Path) -> None:
    found = indexed(tmp_path / "file.npz", np.zeros(shape, np.uint8))
    assert found.total == 0
    assert found.label_counts() == {}


@settings(max_examples=60)
@given(data=st.data(), several=st.booleans(), block=st.integers(1, 40))
def test_blocks_of_any_length_make_the_same_index(
    data: st.DataObject, several: bool, block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    number = data.draw(st.integers(0, 200))
    labels = random.integers(0, 2 if several else 5, (number, 9 if several else 1))
    path = tmp_path_factory.getbasetemp() / "blocks.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.datasets.indexing._BLOCK_ROWS", block)
        found = indexed(path, labels)
    codes = np.array([sorted(set(rows(found))).index(row) for row in rows(found)], np.int64)
    for pattern in range(len(found.counts)):
        start = int(found.counts[:pattern].sum())
        places = found.places[start : start + int(found.counts[pattern])]
        one = found.labels_of(places[:1].astype(np.int64))
        same = np.flatnonzero(codes == sorted(set(rows(found))).index(one[0]))
        np.testing.assert_array_equal(places, same)
    expected = [
        tuple(np.flatnonzero(row).tolist()) if several else (int(row[0]),) for row in labels
    ]
    assert rows(found) == expected


def test_a_thousand_labels_are_indexed_and_one_more_is_refused(tmp_path: Path) -> None:
    assert len(indexed(tmp_path / "file.npz", np.arange(1_000)).values) == 1_000
    with pytest.raises(ArchiveError, match="more than 1,000 different label values"):
        indexed(tmp_path / "file.npz", np.arange(1_001))


def test_too_many_combinations_of_labels_are_refused(tmp_path: Path) -> None:
    numbers = np.arange(65_536)
    labels = (numbers[:, None] >> np.arange(17) & 1).astype(np.uint8)
    assert len(indexed(tmp_path / "file.npz", labels[:-1]).counts) == 65_535
    said = "more than 65,535 different label combinations; store fewer label columns"
    with pytest.raises(ArchiveError, match=said):
        indexed(tmp_path / "file.npz", labels)


def test_an_index_is_built_once_for_its_content(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "file.npz", np.arange(9))
    built = []
    for _ in range(3):
        store = Store(Cache(tmp_path / "cache", 10**9))
        derived(store, archive, "x.index", 1, lambda file: built.append(file.write(b"x")), read)
    assert len(built) == 1


def test_an_index_that_cannot_be_built_leaves_nothing_behind(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "file.npz", np.arange(9))
    store = Store(Cache(tmp_path / "cache", 10**9))

    def fail(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        derived(store, archive, "x.index", 1, fail, read)
    assert list(store.cache.folder.glob("*/*")) == []

    def succeed(file: BinaryIO) -> None:
        file.write(b"x")

    assert derived(store, archive, "x.index", 1, succeed, read) == b"x"


def test_a_cache_folder_that_fails_is_said_and_not_thrown(tmp_path: Path, monkeypatch: Any) -> None:
    archive = archive_of(tmp_path / "file.npz", np.arange(9))
    store = Store(Cache(tmp_path / "cache", 10**9))

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ArchiveError, match=r"can't be unpacked into .* \(input/output error\)"):
        derived(store, archive, "x.index", SMALL + 1, lambda _: None, read)


def test_an_index_of_some_items_has_those_of_each_label_in_their_order(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 5, 30_000)
    some = np.sort(random.choice(30_000, 20_000, replace=False))
    beyond = np.append(some, [30_000, 40_000])
    found = indexed(tmp_path / "file.npz", labels).within(beyond)
    expected = [some[labels[some] == label] for label in range(5)]
    assert found.label_counts() == {label: len(each) for label, each in enumerate(expected)}
    np.testing.assert_array_equal(found.places, np.concatenate(expected))
    assert (found.total, found.is_whole) == (30_000, False)


def test_pages_of_the_index_are_not_kept(tmp_path: Path) -> None:
    found = indexed(tmp_path / "file.npz", np.arange(300_000) % 9, name="looked-at.index")
    found.labels_of(np.arange(0, 300_000, 100))
    subset = Subset({"train": found}, Selection(labels=(1, 2)))
    for first in range(0, subset.total, 1_000):
        subset.items(first, first + 100)
    subset.rank("train", 299_999)
    maps = Path("/proc/self/smaps").read_text().split("looked-at.index")
    assert len(maps) == 2
    kept = re.search(r"^Rss: +(\d+) kB", maps[1], re.MULTILINE)
    assert kept
    assert int(kept[1]) == 0


def test_the_index_of_a_small_file_holds_no_file_open(tmp_path: Path) -> None:
    labels = np.arange(2_000) % 3
    found = indexed(tmp_path / "file.npz", labels, name="held-open.index")
    assert [label for (label,) in rows(found)] == labels.tolist()
    # A map counts as an open file, too: there may be thousands of files in a folder.
    held = [str(entry.resolve()) for entry in Path("/proc/self/fd").iterdir()]
    assert not [name for name in held if "held-open" in name]
    assert "held-open" not in Path("/proc/self/maps").read_text()
