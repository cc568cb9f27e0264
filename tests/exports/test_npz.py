"""A subset is a file as NumPy writes it: the file's own arrays, cut to the selection."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corpus.good import GOOD

import app
from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.exports import npz
from app.exports.chosen import Selected

from .making import QUERIES, Arrays, made, origin, places, select, several_labels, source, whole

Open = Callable[[str], Dataset]


def read(chosen: Selected, store: Store) -> Arrays:
    data = whole(npz.export(chosen, origin(chosen), store))
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def expected(chosen: Selected, arrays: Arrays) -> Arrays:
    """The arrays of these splits, cut to the selection."""
    cut = {}
    for split in chosen.totals:
        kept = [index for other, index in places(chosen) if other == split]
        for part in ("images", "labels"):
            cut[f"{split}_{part}"] = arrays[f"{split}_{part}"][np.array(kept, int)]
    return cut


def assert_same(found: Arrays, wanted: Arrays) -> None:
    assert found.keys() - {"provenance"} == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
        assert found[name].dtype.byteorder == array.dtype.byteorder


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", ["breastmnist", "retinamnist", "adrenalmnist3d"])
def test_arrays_are_the_files_own_cut_to_the_selection(
    name: str, query: str, opened: Open, store: Store, real: Callable[[str], Path]
) -> None:
    chosen = select(opened(name), query)
    assert_same(read(chosen, store), expected(chosen, source(real(name))))


@pytest.mark.parametrize("kind", GOOD)
def test_every_kind_of_file_keeps_its_types_and_shapes(
    kind: str, tmp_path: Path, store: Store
) -> None:
    path = tmp_path / "good.npz"
    GOOD[kind](path)
    chosen = select(open_dataset(path, store), "")
    assert_same(read(chosen, store), expected(chosen, source(path)))


def test_several_labels_keep_their_columns(tmp_path: Path, store: Store) -> None:
    labels = several_labels()
    images = np.arange(60 * 16, dtype=np.uint16).reshape(60, 4, 4)
    dataset = made(tmp_path / "many.npz", store, test_images=images, test_labels=labels)
    chosen = select(dataset, "label=3&label=5")
    kept = labels[:, 3] | labels[:, 5] == 1
    assert_same(read(chosen, store), {"test_images": images[kept], "test_labels": labels[kept]})


def test_a_split_without_a_match_is_an_empty_array(tmp_path: Path, store: Store) -> None:
    dataset = made(
        tmp_path / "some.npz",
        store,
        train_images=np.zeros((2, 4, 4), np.uint8),
        train_labels=np.array([[0], [0]]),
        test_images=np.zeros((1, 4, 4), np.uint8),
        test_labels=np.array([[1]]),
    )
    found = read(select(dataset, "label=1"), store)
    assert found["train_images"].shape == (0, 4, 4)
    assert found["train_labels"].shape == (0, 1)


def test_the_provenance_is_a_text_with_licence_and_citation(opened: Open, store: Store) -> None:
    dataset = opened("breastmnist")
    note = json.loads(str(read(select(dataset, "label=0"), store)["provenance"]))
    assert dataset.facts
    (came_from,) = note["sources"]
    assert came_from["license"] == dataset.facts.license
    assert came_from["citation"] == dataset.facts.citation
    told = {name: note[name] for name in ("title", "count", "order", "address", "made_by")}
    assert told == {
        "title": "A title",
        "count": "some images",
        "order": "in some order",
        "address": "/d/some?where",
        "made_by": f"Lightbox {app.__version__}",
    }
    assert "values and labels are unchanged" in note["changes"]
    published = dataset.archive.path.name, dataset.archive.content
    assert (came_from["file"], came_from["content"]) == published


def test_lightbox_serves_a_subset_and_leaves_the_provenance_aside(
    opened: Open, store: Store, tmp_path: Path
) -> None:
    chosen = select(opened("retinamnist"), "label=1&label=4")
    path = tmp_path / "retinamnist_label-1-4.npz"
    path.write_bytes(whole(npz.export(chosen, origin(chosen), store)))
    again = open_dataset(path, store)
    assert (again.total, again.refused) == (chosen.total, ())
    assert again.ignored == ("provenance.npy",)
    assert again.facts is None


def test_the_size_is_said_to_the_byte(opened: Open, store: Store) -> None:
    for query in QUERIES:
        chosen = select(opened("retinamnist"), query)
        data = whole(npz.export(chosen, origin(chosen), store))
        assert npz.npz_size(chosen, origin(chosen), store) == len(data)


def test_the_same_selection_makes_the_same_file(opened: Open, store: Store) -> None:
    chosen = select(opened("breastmnist"), "order=random&seed=2")
    first, second = (whole(npz.export(chosen, origin(chosen), store)) for _ in range(2))
    assert first == second
    # Nor does it tell when it was made: it is of the first day that a zip can name.
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(1980, 1, 1)}


def test_labels_that_the_cache_let_go_of_are_unpacked_again(tmp_path: Path, store: Store) -> None:
    labels = np.zeros((400_000, 100), np.uint8)  # more than is kept in memory
    labels[::7, 3] = 1
    images = np.zeros((400_000, 1, 1), np.uint8)
    path = tmp_path / "many.npz"
    np.savez_compressed(path, test_images=images, test_labels=labels)
    open_dataset(path, store)
    for file in store.cache.folder.rglob("test_labels.npy"):
        file.unlink()
    again = Store(store.cache)
    chosen = select(open_dataset(path, again), "")
    assert_same(read(chosen, again), {"test_images": images, "test_labels": labels})
