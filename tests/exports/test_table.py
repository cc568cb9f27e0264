"""A table of items is what pandas reads without options, and what NumPy finds in the file."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.exports import table
from app.exports.chosen import Chosen, Picked

from .making import QUERIES, made, places, select, several_labels, source, whole

Open = Callable[[str], Dataset]


def read(chosen: Chosen) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(whole(table.export(chosen))))


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", ["breastmnist", "retinamnist", "adrenalmnist3d"])
def test_rows_are_the_selection_in_its_order_with_the_files_labels(
    name: str, query: str, opened: Open, real: Callable[[str], Path]
) -> None:
    chosen = select(opened(name), query)
    found, arrays = read(chosen), source(real(name))
    assert list(found.columns) == ["split", "index", "labels", "names"]
    assert list(zip(found["split"], found["index"], strict=True)) == places(chosen)
    expected = [int(arrays[f"{split}_labels"][index, 0]) for split, index in places(chosen)]
    assert found["labels"].tolist() == expected


def test_a_name_with_a_comma_stays_one_cell(opened: Open) -> None:
    found = read(select(opened("breastmnist"), "label=1"))
    assert set(found["names"]) == {"normal, benign"}


def test_several_labels_stand_in_one_cell_with_semicolons(tmp_path: Path, store: Store) -> None:
    labels = several_labels()
    dataset = made(
        tmp_path / "many.npz", store, test_images=np.zeros((60, 4, 4), np.uint8), test_labels=labels
    )
    text = whole(table.export(select(dataset, ""))).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["labels"] for row in rows] == [
        ";".join(str(place) for place in np.flatnonzero(row)) for row in labels
    ]


def test_a_label_below_zero_is_a_number_and_no_formula(tmp_path: Path, store: Store) -> None:
    dataset = made(
        tmp_path / "below.npz",
        store,
        test_images=np.zeros((2, 4, 4), np.uint8),
        test_labels=np.array([-1, 2]),
    )
    found = read(select(dataset, ""))
    assert found["labels"].tolist() == [-1, 2]
    assert found["names"].tolist() == [-1, 2]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "＝1"])  # noqa: RUF001
def test_no_cell_begins_as_a_formula_does(name: str, tmp_path: Path, store: Store) -> None:
    images, labels = np.zeros((2, 4, 4), np.uint8), np.array([0, 1])
    first = made(tmp_path / f"{name}.npz", store, test_images=images, test_labels=labels)
    second = made(tmp_path / "b.npz", store, test_images=images, test_labels=labels)
    found = read(Picked([(first, "test", 0), (second, "test", 1)]))
    assert found["dataset"].tolist() == [f"'{name}", "b"]


def test_items_of_several_datasets_are_named_with_theirs(opened: Open) -> None:
    breast, retina = opened("breastmnist"), opened("retinamnist")
    found = read(Picked([(breast, "test", 3), (retina, "val", 5), (breast, "train", 1)]))
    assert found[["dataset", "split", "index"]].to_numpy().tolist() == [
        ["breastmnist", "test", 3],
        ["retinamnist", "val", 5],
        ["breastmnist", "train", 1],
    ]


def test_the_size_of_a_long_table_is_not_promised(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = select(opened("retinamnist"), "order=random")
    monkeypatch.setattr(table, "EXACT_MOST", 100)
    size = table.table_size(chosen)
    assert not size.exact
    assert table.export(chosen).size is None
    np.testing.assert_allclose(size.bytes, len(whole(table.export(chosen))), rtol=0.1)
