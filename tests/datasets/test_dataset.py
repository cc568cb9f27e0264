"""What a dataset says of itself, and that it is what NumPy reads from the file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.good import GOOD, Writer
from corpus.writers import dataset, write_arrays
from numpy.typing import NDArray

from app.arrays.store import Store
from app.catalogue.facts import facts_for
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import SPLITS, Selection
from app.errors import ArchiveError, MissingError, status_of


def written(tmp_path: Path, store: Store, arrays: Any, name: str = "file") -> Dataset:
    return open_dataset(write_arrays(tmp_path / f"{name}.npz", arrays), store)


def pair(count: int, labels: Any, split: str = "train", item: tuple[int, ...] = (4, 5)) -> Any:
    return {
        f"{split}_images": np.zeros((count, *item), np.uint8),
        f"{split}_labels": np.asarray(labels),
    }


def rows(labels: NDArray[Any]) -> list[tuple[int, ...]]:
    flat = labels.reshape(len(labels), -1) if len(labels) else np.zeros((0, 1), np.uint8)
    if flat.shape[1] == 1:
        return [(int(value),) for value in flat[:, 0]]
    return [tuple(np.flatnonzero(row).tolist()) for row in flat]


def assert_is_the_file(found: Dataset, path: Path) -> None:
    """Every pixel and label of every split, item by item, as NumPy reads them."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    assert not found.refused
    assert found.splits == tuple(split for split in SPLITS if f"{split}_images" in arrays)
    for split in found.splits:
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        items = found.subset(Selection(splits=(split,))).items(0, len(images) + 1)
        np.testing.assert_array_equal(items.positions, np.arange(len(images)))
        taken = found.images[split].take(items.positions)
        assert taken.dtype == images.dtype
        np.testing.assert_array_equal(taken, images)
        assert found.labels_of(items) == rows(labels)


@pytest.mark.parametrize("writer", GOOD.values(), ids=GOOD.keys())
def test_every_kind_of_file_is_served_as_numpy_reads_it(
    writer: Writer, tmp_path: Path, store: Store
) -> None:
    writer(tmp_path / "file.npz")
    assert_is_the_file(open_dataset(tmp_path / "file.npz", store), tmp_path / "file.npz")


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_a_real_file_is_served_as_numpy_reads_it(
    name: str, real: Callable[[str], Path], store: Store
) -> None:
    assert_is_the_file(open_dataset(real(name), store), real(name))


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_a_real_file_is_what_is_published_of_it(
    name: str, real: Callable[[str], Path], store: Store
) -> None:
    found, facts = open_dataset(real(name), store), facts_for(name)
    assert facts
    assert found.task == facts.task
    assert found.channels == facts.channels
    assert found.is_volume == (facts.dimensions == 3)
    assert {split: index.total for split, index in found.indexes.items()} == dict(facts.counts)
    assert [label.name for label in found.labels] == [label.name for label in facts.labels]


@pytest.mark.parametrize(
    ("item", "volume", "channels"),
    [
        ((28, 28), False, 1),
        ((28, 28, 1), False, 1),
        ((28, 28, 3), False, 3),
        ((28, 28, 28), True, 1),
        ((3, 28, 28), True, 1),
        ((5, 9), False, 1),
    ],
)
def test_the_shape_says_whether_it_is_a_volume_or_has_colour(
    item: tuple[int, ...], volume: bool, channels: int, tmp_path: Path, store: Store
) -> None:
    found = written(tmp_path, store, pair(2, [0, 1], item=item))
    assert (found.shape, found.is_volume, found.channels) == (item, volume, channels)


@pytest.mark.parametrize(
    ("labels", "task", "values"),
    [
        ([0, 1, 1], "binary-class", [0, 1]),
        ([[0], [1], [1]], "binary-class", [0, 1]),
        ([4, 2, 9], "multi-class", [2, 4, 9]),
        ([-1, 0, 1], "multi-class", [-1, 0, 1]),
        ([[1, 0, 1]] * 3, "multi-label, binary-class", [0, 1, 2]),
        ([[1, 0], [0, 1], [1, 0]], "multi-label, binary-class", [0, 1]),
    ],
)
def test_an_unknown_file_is_named_by_numbers(
    labels: Any, task: str, values: list[int], tmp_path: Path, store: Store
) -> None:
    found = written(tmp_path, store, pair(3, labels), "my file")
    assert found.task == task
    assert [label.value for label in found.labels] == values
    assert [label.name for label in found.labels] == [str(value) for value in values]
    assert (found.id, found.title, found.modality) == ("my file", "my file", "Unknown")


def test_a_known_name_is_named_by_the_catalogue(tmp_path: Path, store: Store) -> None:
    found = written(tmp_path, store, pair(2, [0, 7]), "breastmnist_64")
    assert [(label.value, label.name) for label in found.labels] == [
        (0, "malignant"),
        (1, "normal, benign"),
        (7, "7"),
    ]


@pytest.mark.parametrize(
    ("stem", "labels", "task"),
    [
        ("dermamnist_64", [[1, 0, 1], [0, 0, 0], [0, 1, 0]], "multi-label, binary-class"),
        ("retinamnist", [[1, 0, 1], [0, 0, 0], [0, 1, 0]], "multi-label, binary-class"),
        ("chestmnist", [[3], [0], [5]], "multi-class"),
        ("breastmnist", [[1], [0], [5]], "multi-class"),
        ("breastmnist", [[1], [1], [1]], "binary-class"),
        ("retinamnist", [[1], [7], [1]], "ordinal-regression"),
        ("chestmnist_128", [[0] * 14] * 3, "multi-label, binary-class"),
    ],
)
def test_a_known_name_on_labels_of_another_kind_leaves_them_their_own_task(
    stem: str, labels: list[list[int]], task: str, tmp_path: Path, store: Store
) -> None:
    assert written(tmp_path, store, pair(3, labels), stem).task == task


@pytest.mark.parametrize("stem", ["chestmnist", "retinamnist", "breastmnist"])
def test_a_known_name_without_any_item_keeps_the_published_task(
    stem: str, tmp_path: Path, store: Store
) -> None:
    facts = facts_for(stem)
    assert facts
    assert written(tmp_path, store, pair(0, []), stem).task == facts.task


def test_members_that_are_no_part_of_the_layout_are_said(tmp_path: Path, store: Store) -> None:
    GOOD["extra members"](tmp_path / "file.npz")
    found = open_dataset(tmp_path / "file.npz", store)
    assert found.ignored == ("class_names.npy", "notes.txt")
    assert found.splits == SPLITS


@pytest.mark.parametrize("shape", [(0,), (0, 4), (0, 9, 9), (0, 0, 0)])
def test_an_empty_split_may_have_any_shape(
    shape: tuple[int, ...], tmp_path: Path, store: Store
) -> None:
    empty = {"train_images": np.zeros(shape), "train_labels": np.zeros(shape[:2])}
    if shape == (0, 0, 0):
        empty["train_labels"] = np.zeros((0, 1))
    found = written(tmp_path, store, empty | pair(3, [0, 1, 2], "val"))
    assert not found.refused
    assert found.splits == ("train", "val")
    assert found.shape == (4, 5)
    assert found.task == "multi-class"
    assert found.subset(Selection(splits=("train",))).total == 0
    assert found.subset(Selection()).total == 3


def test_a_file_of_nothing_but_empty_splits_is_served(tmp_path: Path, store: Store) -> None:
    found = written(tmp_path, store, pair(0, []) | pair(0, [], "test"))
    assert found.total == 0
    assert found.counts(Selection()) == {"train": {}, "test": {}}
    assert len(found.subset(Selection(order="random")).items(0, 10)) == 0


def test_nothing_that_has_no_shape_of_pictures_is_refused(tmp_path: Path, store: Store) -> None:
    empty = {"train_images": np.zeros((0,)), "train_labels": np.zeros((0,))}
    with pytest.raises(ArchiveError, match=r"not a stack of pictures; .* of at most 16,384 pixels"):
        written(tmp_path, store, empty)


def test_a_damaged_split_does_not_say_what_size_the_others_have(
    tmp_path: Path, store: Store
) -> None:
    odd = pair(3, [0.5, 1, 2], "train", item=(9, 9))
    found = written(tmp_path, store, odd | pair(3, [0, 1, 2], "val"))
    assert found.splits == ("val",)
    assert found.shape == (4, 5)


def test_asking_for_a_refused_split_says_why_it_is(tmp_path: Path, store: Store) -> None:
    found = written(tmp_path, store, dataset() | {"val_labels": np.zeros(3, np.uint8)})
    with pytest.raises(MissingError, match="val_images has shape"):
        found.require_split("val")
    with pytest.raises(MissingError, match="it has train, test"):
        found.require_split("dev")


def test_a_split_that_is_refused_for_now_is_not_called_missing(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.arrays.job.SMALL", 1_000)
    monkeypatch.setattr("app.arrays.store.SMALL", 1_000)
    # Room for the two small splits, and none for the large one, not even in the place of those.
    monkeypatch.setattr("app.arrays.cache.Cache.free", lambda _: 3_000)
    monkeypatch.setattr("app.arrays.cache.Cache.size", lambda _: 0)
    found = written(tmp_path, store, dataset(counts=(200, 5, 7)))
    assert found.splits == ("val", "test")
    with pytest.raises(ArchiveError, match=r"train_images needs .* make room") as refused:
        found.require_split("train")
    assert status_of(refused.value) == 503


def test_opening_begins_no_work_on_large_images(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.arrays.job.SMALL", 1_000)
    monkeypatch.setattr("app.arrays.store.SMALL", 1_000)
    found = written(tmp_path, store, dataset(counts=(200, 5, 7)))
    member = found.archive.members["train_images"]
    assert store.begun(found.archive, member) is None
    assert found.images["train"].available >= 0
    assert store.begun(found.archive, member)


def test_labels_are_let_go_once_they_are_indexed(tmp_path: Path, store: Store) -> None:
    found = written(tmp_path, store, dataset())
    for split in SPLITS:
        assert store.begun(found.archive, found.archive.members[f"{split}_labels"]) is None
