"""Mean images and histograms are NumPy's, of every kind of file, for every label."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import write_arrays
from numpy.typing import NDArray

from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import SPLITS, Selection, parse
from app.pictures import tally
from app.pictures.tallies import inquire
from app.pictures.tally import BITS, BYTES, Tally, measure


def nothing(_done: int) -> None:
    pass


def added_up(dataset: Dataset, query: str = "") -> Tally:
    asked = inquire(dataset, parse(query))
    assert asked.is_whole
    return measure(dataset, asked.runs(), asked.labels, asked.bins, nothing)


def opened(path: Path, store: Store, images: NDArray[Any], labels: NDArray[Any]) -> Dataset:
    return open_dataset(write_arrays(path, {"test_images": images, "test_labels": labels}), store)


def stacked(images: NDArray[Any]) -> NDArray[Any]:
    """Pictures as (N, H, W, C); of volumes, their middle slices."""
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        images = images[:, images.shape[1] // 2]
    return images if images.ndim == 4 else images[..., None]


def assert_is_of(found: Tally, row: int, pictures: NDArray[Any]) -> None:
    """What NumPy says of (N, H, W, C) pictures whose values lie within the bins."""
    assert found.images[row] == len(pictures)
    wide = pictures.astype(np.float64)
    np.testing.assert_allclose(found.mean(row), wide.mean(axis=0), rtol=1e-12)
    assert not found.outside[row].any()
    ends = found.bins.low, found.bins.high
    for channel in range(pictures.shape[3]):
        expected, _ = np.histogram(wide[..., channel], found.bins.number, ends)
        np.testing.assert_array_equal(found.counts[row, channel], expected)


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
@pytest.mark.parametrize("query", ["", "split=val&split=test", "label=1&split=train", "label=0"])
def test_of_a_real_file_they_are_numpys(
    name: str, query: str, real: Callable[[str], Path], store: Store
) -> None:
    found = added_up(open_dataset(real(name), store), query)
    asked = parse(query)
    splits = asked.splits or SPLITS
    with np.load(real(name), allow_pickle=False) as file:
        pictures = stacked(np.concatenate([file[f"{split}_images"] for split in splits]))
        labels = np.concatenate([file[f"{split}_labels"] for split in splits])[:, 0]
    assert found.bins == BYTES
    values = asked.labels or tuple(np.unique(labels).tolist())
    assert found.labels == values
    assert_is_of(found, 0, pictures[np.isin(labels, values)])
    for row, value in enumerate(values, start=1):
        assert_is_of(found, row, pictures[labels == value])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("item", [(6, 5), (6, 5, 1), (6, 5, 3), (4, 6, 5)])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "<u2", ">i4", "<f4", "float16"])
def test_of_every_kind_of_picture_they_are_numpys(
    dtype: str,
    item: tuple[int, ...],
    order: Any,
    tmp_path: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Many blocks; and the window's sample holds the least and the greatest value.
    monkeypatch.setattr(tally, "_BLOCK_BYTES", 700)
    random = np.random.default_rng(3)
    images = random.integers(0, 2 if dtype == "bool" else 250, (90, *item)).astype(dtype)
    if dtype not in ("bool", "uint8"):
        images = np.asarray(images * np.asarray(3, images.dtype), dtype)
        images[0].flat[:2] = [-8 if dtype[-2] != "u" else 0, 900]
    labels = np.arange(90) % 4
    file = opened(tmp_path / "a.npz", store, np.asarray(images, order=order), labels)
    found = added_up(file)
    expected = {"bool": BITS, "uint8": BYTES}.get(dtype)
    assert found.bins == expected if expected else found.bins.number == 64
    assert_is_of(found, 0, stacked(images))
    for label in range(4):
        assert_is_of(found, label + 1, stacked(images)[labels == label])


def test_a_mask_of_0_and_255_that_is_called_bool_counts_as_false_and_true(
    tmp_path: Path, store: Store
) -> None:
    # `mask.view(bool)`, which copies nothing, keeps the bytes as they were; NumPy saves them so.
    mask = np.array([[[0, 255, 255], [0, 0, 2]]], np.uint8)
    found = added_up(opened(tmp_path / "a.npz", store, mask.view(np.bool_), np.zeros(1, int)))
    assert found.counts[0, 0].tolist() == [3, 3]
    assert found.mean(0)[..., 0].tolist() == [[0, 1, 1], [0, 0, 1]]


def test_an_image_of_several_labels_counts_for_each(tmp_path: Path, store: Store) -> None:
    random = np.random.default_rng(4)
    images = random.integers(0, 256, (300, 5, 4), np.uint8)
    rows = (random.random((300, 14)) < 0.15).astype(np.uint8)
    file = opened(tmp_path / "chestmnist.npz", store, images, rows)
    found = added_up(file)
    assert found.labels == (*range(14), None)
    assert_is_of(found, 0, images[..., None])
    for label in range(14):
        assert_is_of(found, label + 1, images[rows[:, label] == 1][..., None])
    assert_is_of(found, 15, images[~rows.any(axis=1)][..., None])


@pytest.mark.parametrize(
    ("query", "labels"),
    [("label=2&label=none", (2, None)), ("label=none", (None,)), ("label=0&label=1", (0, 1))],
)
def test_only_labels_that_pass_the_filter_are_told_apart(
    query: str, labels: tuple[int | None, ...], tmp_path: Path, store: Store
) -> None:
    rows = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0], [0, 0, 1]], np.uint8)
    images = np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3)
    file = opened(tmp_path / "mine.npz", store, images, rows)
    assert added_up(file, query).labels == labels


def test_with_all_of_some_labels_the_others_of_these_images_are_told_apart_too(
    tmp_path: Path, store: Store
) -> None:
    rows = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1], [1, 0, 0]], np.uint8)
    images = np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3)
    found = added_up(
        opened(tmp_path / "mine.npz", store, images, rows), "label=0&label=1&match=all"
    )
    assert (found.labels, found.images.tolist()) == ((0, 1, 2), [2, 2, 2, 1])


def test_what_is_not_finite_is_left_out_of_means_and_counted(tmp_path: Path, store: Store) -> None:
    images = np.random.default_rng(5).normal(0, 1, (20, 3, 4)).astype(np.float32)
    images[:10] = np.clip(images[:10], -1, 1)
    images[3, 0, 0], images[4, 1, 1], images[5, 2, 2] = np.nan, np.inf, -np.inf
    images[:, 0, 3] = np.nan
    found = added_up(opened(tmp_path / "a.npz", store, images, np.arange(20) // 10))
    for row, chosen in enumerate((images, images[:10], images[10:])):
        finite = np.ma.masked_invalid(chosen.astype(np.float64))
        expected = finite.mean(axis=0).filled(np.nan)
        assert np.isnan(expected).sum() == 1
        np.testing.assert_allclose(found.mean(row)[..., 0], expected)
        np.testing.assert_allclose(found.means(row), [finite.mean()])
        missing = np.ma.getmaskarray(finite).sum(axis=0)
        np.testing.assert_array_equal(found.left_out[row, ..., 0], missing)
    low, high = found.bins.low, found.bins.high
    assert found.outside[0, 0].tolist() == [(images < low).sum(), (images > high).sum(), 21]
    assert found.counts.sum() // 2 + found.outside[0].sum() == images.size


@pytest.mark.parametrize("value", [1e300, -1e308, 2.0**60, 0.0])
def test_no_value_is_too_large_and_no_range_too_narrow(
    value: float, tmp_path: Path, store: Store
) -> None:
    images = np.full((4, 3, 3), value)
    images[1] = -value
    found = added_up(opened(tmp_path / "a.npz", store, images, np.zeros(4)))
    assert found.counts[0].sum() == images.size
    assert found.counts.shape == (2, 1, 64)


def test_of_an_empty_selection_there_is_nothing(tmp_path: Path, store: Store) -> None:
    images = np.zeros((3, 2, 2), np.uint8)
    file = opened(tmp_path / "mine.npz", store, images, np.zeros((3, 2), np.uint8))
    asked = inquire(file, Selection(labels=(1,)))
    found = measure(file, asked.runs(), asked.labels, asked.bins, nothing)
    assert (found.images.tolist(), found.labels) == ([0], ())
    assert np.isnan(found.mean(0)).all()


def test_it_is_said_how_many_bytes_were_read(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "_BLOCK_BYTES", 100)
    file = opened(tmp_path / "a.npz", store, np.zeros((9, 5, 8), np.uint16), np.arange(9))
    told: list[int] = []
    asked = inquire(file, Selection())
    measure(file, asked.runs(), asked.labels, asked.bins, told.append)
    assert told == list(range(80, 721, 80))
    assert told[-1] == asked.nbytes
