"""Selections against NumPy: every page of every order, there and back again."""

import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import ORDERS, SPLITS, Selection
from app.datasets.subset import Subset
from app.errors import MissingError

from .asking import Labels, Where, carried, expected, passes, write_labelled

_ONE = st.lists(st.integers(-2, 6), max_size=40).map(lambda values: np.array(values, np.int64))
_MANY = st.lists(st.lists(st.integers(0, 1), min_size=11, max_size=11), max_size=40).map(
    lambda rows: np.array(rows, np.uint8).reshape(len(rows), 11)
)


def _labels(arrays: st.SearchStrategy[Any]) -> st.SearchStrategy[Labels]:
    return st.dictionaries(st.sampled_from(SPLITS), arrays, min_size=1)


LABELS = st.one_of(_labels(_ONE), _labels(_MANY))


@contextmanager
def opened(labels: Labels) -> Iterator[Dataset]:
    with tempfile.TemporaryDirectory() as folder:
        path = write_labelled(Path(folder) / "file.npz", labels)
        # Nothing is written to the cache, for speed.
        yield open_dataset(path, Store(Cache(path / "no folder", 0)))


def pages(subset: Subset, per_page: int) -> list[Where]:
    found: list[Where] = []
    for first in range(0, subset.total, per_page):
        items = subset.items(first, first + per_page)
        assert 0 < len(items) <= per_page
        found += where(items)
    return found


def where(items: Any) -> list[Where]:
    return [
        (SPLITS[split], position)
        for split, position in zip(items.splits.tolist(), items.positions.tolist(), strict=True)
    ]


def a_selection(data: st.DataObject, dataset: Dataset) -> Selection:
    values = [label.value for label in dataset.labels]
    most = data.draw(st.sampled_from([2, len(values)]))
    some = st.sets(st.sampled_from(values), max_size=most) if values else st.just(set[int]())
    chosen = data.draw(some)
    return Selection(
        splits=tuple(s for s in dataset.splits if data.draw(st.booleans())),
        labels=tuple(sorted(chosen)),
        unlabelled=data.draw(st.booleans()),
        match=data.draw(st.sampled_from(["any", "all"])),
        order=data.draw(st.sampled_from(ORDERS)),
        seed=data.draw(st.integers(0, 2**32 - 1)),
    )


@settings(max_examples=300)
@given(labels=LABELS, data=st.data(), per_page=st.integers(1, 17))
def test_pages_joined_are_the_whole_selection(
    labels: Labels, data: st.DataObject, per_page: int
) -> None:
    with opened(labels) as dataset:
        selection = a_selection(data, dataset)
        subset = dataset.subset(selection)
        found = pages(subset, per_page)
        meant = expected(labels, selection)
        assert subset.total == len(meant)
        assert sorted(found) == sorted(meant)
        if selection.order == "index":
            assert found == meant
        if selection.order == "label":
            keys = [(carried(labels, *item), SPLITS.index(item[0]), item[1]) for item in found]
            assert keys == sorted(keys)


@settings(max_examples=300)
@given(labels=LABELS, data=st.data())
def test_the_rank_of_each_item_is_where_it_stands(labels: Labels, data: st.DataObject) -> None:
    with opened(labels) as dataset:
        selection = a_selection(data, dataset)
        subset = dataset.subset(selection)
        found = where(subset.items(0, subset.total))
        for split in dataset.splits:
            for index in range(len(labels[split])):
                rank = found.index((split, index)) if (split, index) in found else None
                assert subset.rank(split, index) == rank
                here = SPLITS.index(split), index
                before = sum((SPLITS.index(other), at) < here for other, at in found)
                known = before if selection.order == "index" else None
                assert subset.before(split, index) == known


COMBINED = {
    split: np.random.default_rng(6).integers(0, 2, (number, 12)).astype(np.uint8)
    for split, number in (("train", 3_000), ("test", 700))
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("labels", [(), (3,), (0, 7, 11)])
def test_thousands_of_label_combinations_are_no_exception(
    order: Any, labels: tuple[int, ...]
) -> None:
    selection = Selection(labels=labels, order=order, seed=4)
    meant = expected(COMBINED, selection)
    with opened(COMBINED) as dataset:
        subset = dataset.subset(selection)
        found = pages(subset, 500)
        assert len(dataset.indexes["train"].counts) > 2_000
        assert sorted(found) == sorted(meant)
        if order == "index":
            assert found == meant
        if order == "label":
            by_labels = sorted(meant, key=lambda item: carried(COMBINED, *item))
            assert found == by_labels
        places = {item: rank for rank, item in enumerate(found)}
        for split in dataset.splits:
            for index in range(0, len(COMBINED[split]), 37):
                assert subset.rank(split, index) == places.get((split, index))


def test_of_selections_of_many_groups_fewer_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(COMBINED) as dataset:
        asked = [Selection(order="random", seed=seed) for seed in range(9)]
        orders = [where(dataset.subset(each).items(0, 50)) for each in asked]
        number = dataset.subset(asked[0]).groups
        assert number == sum(len(np.unique(rows, axis=0)) for rows in COMBINED.values())
        monkeypatch.setattr("app.datasets.dataset._GROUPS_MOST", 4 * number)
        for each, order in zip(asked, orders, strict=True):
            assert where(dataset.subset(each).items(0, 50)) == order
        dataset.subset(Selection(order="random", seed=9))
        assert [each.seed for each in dataset.subsets] == [6, 7, 8, 9]
        # What is larger alone is kept all the same: its next page is asked for.
        monkeypatch.setattr("app.datasets.dataset._GROUPS_MOST", 1)
        dataset.subset(Selection(order="random", seed=10))
        assert [each.seed for each in dataset.subsets] == [10]


def test_no_more_selections_are_kept_than_are_of_use(dataset: Dataset) -> None:
    for seed in range(100):
        dataset.subset(Selection(order="random", seed=seed))
    assert [each.seed for each in dataset.subsets] == list(range(36, 100))


def test_a_selection_takes_few_bytes_for_each_label_combination() -> None:
    with opened(COMBINED) as dataset:
        dataset.subset(Selection(order="random")).items(0, 9)
        tracemalloc.start()
        try:
            groups = sum(
                dataset.subset(Selection(order="random", seed=seed)).groups for seed in range(1, 31)
            )
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(dataset.subsets) == 31
    assert kept < 40 * groups


@settings(max_examples=200)
@given(labels=LABELS, data=st.data())
def test_counts_are_those_that_numpy_finds(labels: Labels, data: st.DataObject) -> None:
    with opened(labels) as dataset:
        selection = a_selection(data, dataset)
        found = dataset.counts(selection)
        assert list(found) == [s for s in SPLITS if s in (selection.splits or labels)]
        for split, counts in found.items():
            rows = [set(carried(labels, split, row)) for row in range(len(labels[split]))]
            assert set(counts) >= set().union(*rows)
            for value, count in counts.items():
                assert count == sum(passes(selection, row) and value in row for row in rows)


@settings(max_examples=300)
@given(labels=LABELS, data=st.data())
def test_of_a_narrowed_dataset_only_those_items_are_selected_and_counted(
    labels: Labels, data: st.DataObject
) -> None:
    with opened(labels) as whole:
        some = {
            split: np.array(
                sorted(data.draw(st.sets(st.integers(0, len(labels[split]) + 3), max_size=20))),
                np.int64,
            )
            for split in whole.splits
        }
        narrowed = whole.narrowed(some)
        selection = a_selection(data, whole)
        kept = {(split, index) for split in some for index in some[split].tolist()}
        # Both orders are the same rule; the random one has another number of items to go through.
        if selection.order == "random":
            meant = sorted(where(whole.subset(selection).items(0, 1_000)))
        else:
            meant = where(whole.subset(selection).items(0, 1_000))
        meant = [item for item in meant if item in kept]
        subset = narrowed.subset(selection)
        found = pages(subset, 7)
        assert subset.total == len(meant)
        assert (sorted(found) if selection.order == "random" else found) == meant
        for split in narrowed.splits:
            assert narrowed.indexes[split].total == len(labels[split])
            for index in range(len(labels[split])):
                rank = found.index((split, index)) if (split, index) in found else None
                assert subset.rank(split, index) == rank
        everything = narrowed.counts(Selection())
        for split, counts in everything.items():
            rows = [
                carried(labels, *item) for item in kept if item[0] == split and _is(labels, item)
            ]
            assert counts == {value: sum(value in row for row in rows) for value in counts}


def _is(labels: Labels, item: Where) -> bool:
    return item[1] < len(labels[item[0]])


def test_a_dataset_narrowed_to_other_items_has_another_name(dataset: Dataset) -> None:
    def named(**some: list[int]) -> str:
        return dataset.narrowed(
            {split: np.array(some[split], np.int64) for split in SPLITS if split in some}
        ).narrowed_to

    names = [named(), named(train=[1]), named(test=[1]), named(train=[1, 2]), named(train=[2])]
    assert len(set(names)) == len(names)
    assert named(train=[1], test=[]) == named(train=[1])
    assert dataset.narrowed_to == ""


@settings(max_examples=100)
@given(labels=LABELS)
def test_each_item_carries_its_own_labels(labels: Labels) -> None:
    with opened(labels) as dataset:
        subset = dataset.subset(Selection())
        items = subset.items(0, subset.total)
        for item, values in zip(where(items), dataset.labels_of(items), strict=True):
            assert values == carried(labels, *item)


@pytest.fixture
def dataset() -> Iterator[Dataset]:
    values = np.arange(1_000) % 4
    with opened({"train": values, "test": values[:500]}) as found:
        yield found


@pytest.mark.parametrize(
    ("asked", "indexes"),
    [
        (Selection(labels=(0, 1)), [0, 1, 3]),
        (Selection(labels=(0, 1), match="all"), [3]),
        (Selection(labels=(0, 2), match="all"), []),
        (Selection(unlabelled=True), [2, 4]),
        (Selection(labels=(1,), unlabelled=True), [1, 2, 3, 4]),
        (Selection(labels=(1,), unlabelled=True, match="all"), []),
        (Selection(match="all"), [0, 1, 2, 3, 4]),
    ],
)
def test_any_of_all_of_and_none(asked: Selection, indexes: list[int]) -> None:
    rows = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 1, 0], [0, 0, 0]], np.uint8)
    with opened({"test": rows}) as dataset:
        assert dataset.subset(asked).items(0, 9).positions.tolist() == indexes


def test_a_label_that_one_split_lacks_is_on_none_of_its_items() -> None:
    with opened({"train": np.array([1, 2]), "test": np.array([1, 1])}) as dataset:
        both = Selection(labels=(1, 2), match="all")
        assert dataset.subset(both).total == 0
        assert where(dataset.subset(Selection(labels=(2,), match="all")).items(0, 9)) == [
            ("train", 1)
        ]


def test_another_seed_gives_another_order(dataset: Dataset) -> None:
    orders = {
        tuple(where(dataset.subset(Selection(order="random", seed=seed)).items(0, 1_500)))
        for seed in range(20)
    }
    assert len(orders) == 20


def test_the_random_order_does_not_keep_neighbours_together(dataset: Dataset) -> None:
    items = dataset.subset(Selection(splits=("train",), order="random", seed=1)).items(0, 1_000)
    assert np.mean(np.abs(np.diff(items.positions)) == 1) < 0.02


def test_what_lies_outside_is_clipped(dataset: Dataset) -> None:
    subset = dataset.subset(Selection(splits=("test",)))
    assert len(subset.items(-5, 3)) == 3
    assert len(subset.items(499, 700)) == 1
    assert len(subset.items(500, 700)) == 0
    assert len(subset.items(9, 3)) == 0


@pytest.mark.parametrize("position", [-1, 500, 10**12])
def test_an_item_that_is_not_there_has_no_rank(dataset: Dataset, position: int) -> None:
    assert dataset.subset(Selection(splits=("test",))).rank("test", position) is None


def test_an_item_that_is_filtered_out_has_no_rank(dataset: Dataset) -> None:
    assert dataset.subset(Selection(splits=("test",))).rank("train", 0) is None
    assert dataset.subset(Selection(labels=(1,))).rank("train", 0) is None


def test_a_label_that_is_not_there_is_named(dataset: Dataset) -> None:
    with pytest.raises(MissingError, match=r"no label 9; its labels are 0, 1, 2, 3\."):
        dataset.subset(Selection(labels=(9,)))


@pytest.mark.parametrize(("number", "more"), [(20, ""), (21, " and 1 more"), (30, " and 10 more")])
def test_of_many_labels_it_is_said_how_many_are_not_named(
    tmp_path: Path, store: Store, number: int, more: str
) -> None:
    made = open_dataset(write_labelled(tmp_path / "mine.npz", {"test": np.arange(number)}), store)
    with pytest.raises(MissingError) as missing:
        made.subset(Selection(labels=(99,)))
    named = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19"
    assert str(missing.value) == f"mine has no label 99; its labels are {named}{more}."


def test_a_split_that_is_not_there_is_named(dataset: Dataset) -> None:
    with pytest.raises(MissingError, match=r"it has train, test\."):
        dataset.subset(Selection(splits=("val",)))
