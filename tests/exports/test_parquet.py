"""A Parquet of items is what pyarrow reads, with origin and licence in its schema."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as reader

from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.errors import NotInstalledError
from app.exports import parquet
from app.exports.chosen import Chosen, Picked

from .making import QUERIES, made, origin, places, select, several_labels, source, whole

Open = Callable[[str], Dataset]


def read(chosen: Chosen) -> pa.Table:
    return reader.read_table(io.BytesIO(whole(parquet.export(chosen, origin(chosen)))))


@pytest.mark.parametrize("query", QUERIES)
def test_rows_are_the_selection_in_its_order_with_the_files_labels(
    query: str, opened: Open, real: Callable[[str], Path]
) -> None:
    chosen = select(opened("breastmnist"), query)
    arrays, names = source(real("breastmnist")), ["malignant", "normal, benign"]
    expected = []
    for split, index in places(chosen):
        value = int(arrays[f"{split}_labels"][index, 0])
        row = {"split": split, "index": index, "labels": value, "names": names[value]}
        expected.append(row)
    assert read(chosen).to_pylist() == expected


def test_several_labels_are_a_list(tmp_path: Path, store: Store) -> None:
    labels = several_labels()
    dataset = made(
        tmp_path / "many.npz", store, test_images=np.zeros((60, 4, 4), np.uint8), test_labels=labels
    )
    found = read(select(dataset, ""))
    assert found["labels"].to_pylist() == [np.flatnonzero(row).tolist() for row in labels]
    assert found.schema.field("names").type == pa.list_(pa.string())


def test_groups_of_rows_lie_one_behind_another(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = select(opened("retinamnist"), "order=random")
    expected = read(chosen)
    monkeypatch.setattr(parquet, "_GROUP", 1)
    monkeypatch.setattr("app.exports.chosen.RUN_ITEMS", 100)
    data = whole(parquet.export(chosen, origin(chosen)))
    assert reader.ParquetFile(io.BytesIO(data)).num_row_groups == 16
    assert reader.read_table(io.BytesIO(data)).equals(expected)


def test_licence_citation_and_origin_stand_in_the_schema(opened: Open) -> None:
    dataset = opened("breastmnist")
    metadata = read(select(dataset, "")).schema.metadata
    assert dataset.facts
    assert metadata[b"title"].decode() == "A title"
    assert metadata[b"license"].decode() == dataset.facts.license
    assert metadata[b"citation"].decode() == dataset.facts.citation
    assert json.loads(metadata[b"provenance"])["address"] == "/d/some?where"


def test_items_of_several_datasets_are_named_with_theirs(opened: Open) -> None:
    chosen = Picked([(opened("breastmnist"), "test", 3), (opened("retinamnist"), "val", 5)])
    assert read(chosen)["dataset"].to_pylist() == ["breastmnist", "retinamnist"]


def test_without_pyarrow_one_sentence_names_the_extra(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "find_spec", lambda _: None)
    chosen = select(opened("breastmnist"), "")
    with pytest.raises(NotInstalledError, match="its extra “parquet”"):
        parquet.export(chosen, origin(chosen))


def test_the_size_is_said_within_a_factor_of_two(opened: Open) -> None:
    for query in QUERIES:
        chosen = select(opened("retinamnist"), query)
        said = parquet.parquet_size(chosen, origin(chosen))
        assert 0.5 < said.bytes / len(whole(parquet.export(chosen, origin(chosen)))) < 2
