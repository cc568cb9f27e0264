"""A ZIP of pictures holds every value, and says what each file is and where it came from."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.exports import folder
from app.exports.chosen import Chosen, Picked

from .making import QUERIES, made, origin, places, select, source, whole

Open = Callable[[str], Dataset]


def read(chosen: Chosen) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(whole(folder.export(chosen, origin(chosen)))))
    assert archive.testzip() is None
    return archive


def manifest(archive: zipfile.ZipFile) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(archive.read("manifest.csv")))


def values(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    content = io.BytesIO(archive.read(name))
    if name.endswith(".npy"):
        loaded: NDArray[Any] = np.load(content, allow_pickle=False)
        return loaded
    with Image.open(content) as image:
        return np.asarray(image)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(
    ("name", "form"), [("breastmnist", "png"), ("retinamnist", "png"), ("adrenalmnist3d", "npy")]
)
def test_each_file_holds_its_items_values(
    name: str, form: str, query: str, opened: Open, real: Callable[[str], Path]
) -> None:
    chosen = select(opened(name), query)
    archive, arrays = read(chosen), source(real(name))
    names = [f"{split}/{index}.{form}" for split, index in places(chosen)]
    assert archive.namelist() == ["README.txt", *names, "manifest.csv"]
    for file, (split, index) in zip(names, places(chosen), strict=True):
        np.testing.assert_array_equal(values(archive, file), arrays[f"{split}_images"][index])


def test_the_manifest_names_each_file_with_its_labels(
    opened: Open, real: Callable[[str], Path]
) -> None:
    chosen = select(opened("breastmnist"), "order=random&seed=3")
    archive, arrays = read(chosen), source(real("breastmnist"))
    found = manifest(archive)
    assert list(found.columns) == ["file", "split", "index", "labels", "names"]
    assert found["file"].tolist() == archive.namelist()[1:-1]
    assert found["labels"].tolist() == [
        arrays[f"{split}_labels"][index, 0] for split, index in places(chosen)
    ]


def test_an_item_that_no_png_can_hold_is_an_array_beside_those_that_can_be_pictures(
    tmp_path: Path, store: Store
) -> None:
    images = np.arange(3 * 30, dtype=np.int32).reshape(3, 5, 6) * 100
    images[1, 0, 0] = -1
    dataset = made(tmp_path / "a.npz", store, test_images=images, test_labels=np.arange(3))
    archive = read(select(dataset, ""))
    names = ["test/0.png", "test/1.npy", "test/2.png"]
    assert manifest(archive)["file"].tolist() == names
    for name, expected in zip(names, images, strict=True):
        np.testing.assert_array_equal(values(archive, name), expected)


@pytest.mark.parametrize("shape", [(4, 5, 6), (3, 5, 6, 1), (2, 7, 5, 6)])
def test_floats_are_arrays_and_the_size_is_known(
    shape: tuple[int, ...], tmp_path: Path, store: Store
) -> None:
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    labels = np.arange(len(images))
    dataset = made(tmp_path / "a.npz", store, test_images=images, test_labels=labels)
    chosen = select(dataset, "")
    assert folder.export(chosen, origin(chosen)).size
    archive = read(chosen)
    np.testing.assert_array_equal(values(archive, "test/1.npy"), images[1], strict=True)


def test_the_size_of_pictures_is_about_what_the_first_ones_let_expect(opened: Open) -> None:
    for name in ("breastmnist", "retinamnist"):
        chosen = select(opened(name), "split=train")
        said = folder.folder_size(chosen, origin(chosen))
        assert not said.exact
        data = whole(folder.export(chosen, origin(chosen)))
        np.testing.assert_allclose(said.bytes, len(data), rtol=0.2)


def test_the_readme_says_licence_citation_and_known_problems(opened: Open) -> None:
    dataset = opened("breastmnist")
    text = " ".join(read(select(dataset, "split=test")).read("README.txt").decode().split())
    assert dataset.facts
    for sentence in (
        f"Licence: {dataset.facts.license}",
        " ".join(dataset.facts.citation.split()),
        dataset.facts.notes[0].text,
        "some images, in some order.",
        "/d/some?where",
        "Not for diagnosis.",
    ):
        assert sentence in text


def test_the_readme_of_an_unknown_file_says_that_its_licence_is_unknown(
    tmp_path: Path, store: Store
) -> None:
    images, labels = np.zeros((2, 4, 4), np.uint8), np.arange(2)
    dataset = made(tmp_path / "mine.npz", store, test_images=images, test_labels=labels)
    assert "Licence: unknown" in read(select(dataset, "")).read("README.txt").decode()


def test_items_of_several_datasets_lie_in_a_folder_each(
    opened: Open, real: Callable[[str], Path]
) -> None:
    chosen = Picked(
        [
            (opened("breastmnist"), "test", 3),
            (opened("adrenalmnist3d"), "val", 5),
            (opened("breastmnist"), "train", 9),
        ]
    )
    archive = read(chosen)
    names = ["breastmnist/test/3.png", "adrenalmnist3d/val/5.npy", "breastmnist/train/9.png"]
    assert manifest(archive)["file"].tolist() == names
    np.testing.assert_array_equal(
        values(archive, names[2]), source(real("breastmnist"))["train_images"][9]
    )
    assert archive.read("README.txt").decode().count("Please cite:") == 2


def test_thousands_named_one_by_one_are_read_in_parts_and_stay_in_their_order(
    tmp_path: Path, store: Store
) -> None:
    images = np.arange(5_000, dtype=np.float32).reshape(5_000, 1, 1)
    labels = np.arange(5_000) % 7
    dataset = made(tmp_path / "a.npz", store, train_images=images, train_labels=labels)
    order = np.random.default_rng(2).permutation(5_000)
    chosen = Picked([(dataset, "train", index) for index in order.tolist()])
    assert [len(run.items) for run in chosen] == [4_096, 904]
    archive = read(chosen)
    found = manifest(archive)
    assert found["index"].tolist() == order.tolist()
    assert found["labels"].tolist() == labels[order].tolist()
    for place in (0, 4_095, 4_096, 4_999):
        assert values(archive, found["file"][place]).tolist() == images[order[place]].tolist()
