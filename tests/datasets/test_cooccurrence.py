"""Images and labels told apart, as NumPy counts them from the label columns."""

from pathlib import Path

import numpy as np
import pytest

from app.arrays.store import Store
from app.datasets import cooccurrence
from app.datasets.cooccurrence import Carried, carried, carried_under
from app.datasets.opening import open_dataset
from app.datasets.selection import Selection

from .asking import write_labelled

RANDOM = np.random.default_rng(8)
LABELS = {
    split: (RANDOM.random((count, 14)) < 0.12).astype(np.uint8)
    for split, count in (("train", 700), ("val", 90), ("test", 120))
}


def test_images_are_counted_by_how_many_labels_they_carry(tmp_path: Path, store: Store) -> None:
    dataset = open_dataset(write_labelled(tmp_path / "chestmnist.npz", LABELS), store)
    for split, index in dataset.indexes.items():
        numbers = LABELS[split].sum(axis=1)
        found = carried(index)
        assert found == Carried(
            len(numbers), int(numbers.sum()), int((numbers == 0).sum()), int((numbers == 1).sum())
        )
        assert found.with_several == (numbers > 1).sum()


def test_images_that_pass_a_filter_are_counted_apart_from_their_labels(
    tmp_path: Path, store: Store
) -> None:
    dataset = open_dataset(write_labelled(tmp_path / "chestmnist.npz", LABELS), store)
    asked = Selection(splits=("val", "test"), labels=(0, 3), unlabelled=True)
    found = carried_under(dataset, asked)
    assert list(found) == ["val", "test"]
    for split, tally in found.items():
        rows = LABELS[split]
        rows = rows[rows[:, [0, 3]].any(axis=1) | ~rows.any(axis=1)]
        numbers = rows.sum(axis=1)
        assert tally == Carried(
            len(rows), int(numbers.sum()), int((numbers == 0).sum()), int((numbers == 1).sum())
        )


def test_pairs_are_counted_over_all_splits(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cooccurrence, "_PATTERNS_AT_ONCE", 10)
    dataset = open_dataset(write_labelled(tmp_path / "chestmnist.npz", LABELS), store)
    rows = np.concatenate(list(LABELS.values())).astype(np.int64)
    np.testing.assert_array_equal(cooccurrence.cooccurrence(dataset), rows.T @ rows)


def test_splits_with_different_labels_are_put_together_by_value(
    tmp_path: Path, store: Store
) -> None:
    labels = {"train": np.array([2, 5, 5]), "test": np.array([9, 2])}
    dataset = open_dataset(write_labelled(tmp_path / "mine.npz", labels), store)
    np.testing.assert_array_equal(cooccurrence.cooccurrence(dataset), np.diag([2, 2, 1]))


def test_an_empty_split_counts_for_nothing(tmp_path: Path, store: Store) -> None:
    labels = {"train": LABELS["train"], "test": LABELS["test"][:0]}
    dataset = open_dataset(write_labelled(tmp_path / "chestmnist.npz", labels), store)
    assert carried(dataset.indexes["test"]) == Carried(0, 0, 0, 0)
    rows = LABELS["train"].astype(np.int64)
    np.testing.assert_array_equal(cooccurrence.cooccurrence(dataset), rows.T @ rows)


@pytest.mark.parametrize("columns", [1, 3, 20])
def test_an_empty_split_may_have_other_columns(tmp_path: Path, store: Store, columns: int) -> None:
    labels = {"train": LABELS["train"], "val": np.zeros((0, columns), np.uint8)}
    dataset = open_dataset(write_labelled(tmp_path / "mine.npz", labels), store)
    rows = LABELS["train"].astype(np.int64)
    np.testing.assert_array_equal(cooccurrence.cooccurrence(dataset), rows.T @ rows)
