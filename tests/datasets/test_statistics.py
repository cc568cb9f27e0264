"""Mean and deviation of each channel are what NumPy says of the whole array, whatever its kind."""

import math
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import flip, patch_entry, write_arrays
from numpy.typing import NDArray

from app.arrays import inflate
from app.arrays.cache import Cache
from app.arrays.store import Store
from app.datasets import statistics
from app.datasets.dataset import Dataset
from app.datasets.opening import open_dataset
from app.datasets.selection import SPLITS
from app.datasets.statistics import Channel
from app.errors import ArchiveError


def nothing(_done: int) -> None:
    pass


def open_images(
    path: Path, store: Store, images: NDArray[Any], method: int = zipfile.ZIP_DEFLATED
) -> Dataset:
    labels = np.zeros(len(images), np.uint8)
    arrays = {"test_images": images, "test_labels": labels}
    return open_dataset(write_arrays(path, arrays, method=method), store)


def described(path: Path, store: Store, images: NDArray[Any], **how: Any) -> tuple[Channel, ...]:
    dataset = open_images(path, store, images, **how)
    return statistics.of_split(dataset, "test", store, nothing)


def _numbers(found: tuple[Channel, ...], name: str) -> NDArray[np.float64]:
    return np.array([getattr(channel, name) for channel in found], np.float64)


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_of_a_real_file_they_are_numpys(
    name: str, real: Callable[[str], Path], store: Store
) -> None:
    dataset = open_dataset(real(name), store)
    with np.load(real(name), allow_pickle=False) as file:
        for split in SPLITS:
            images = file[f"{split}_images"]
            flat = images.reshape(-1, 3 if dataset.channels == 3 else 1)
            found = statistics.of_split(dataset, split, store, nothing)
            assert [channel.count for channel in found] == [len(flat)] * flat.shape[1]
            np.testing.assert_allclose(_numbers(found, "mean"), flat.mean(axis=0), rtol=1e-12)
            np.testing.assert_allclose(_numbers(found, "deviation"), flat.std(axis=0), rtol=1e-9)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "item", [(7, 9), (7, 9, 1), (7, 9, 3), (5, 6, 7)], ids=lambda item: "x".join(map(str, item))
)
def test_channels_are_told_apart_in_either_order(
    item: tuple[int, ...],
    order: Any,
    method: int,
    tmp_path: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Blocks that end within a pixel, and within a value.
    monkeypatch.setattr(inflate, "READ", 101)
    monkeypatch.setattr(inflate, "WRITE", 101)
    random = np.random.default_rng(5)
    images = np.asarray(random.integers(0, 60_000, (40, *item), np.uint16), order=order)
    found = described(tmp_path / "a.npz", store, images, method=method)
    flat = images.reshape(-1, 3 if item[-1] == 3 else 1)
    assert len(found) == flat.shape[1]
    np.testing.assert_allclose(_numbers(found, "mean"), flat.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(_numbers(found, "deviation"), flat.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "<u2", ">u2", "<i2", ">i4", "uint32", "int32", "uint64", "int64"],
)
def test_sums_of_whole_numbers_are_exact_to_the_ends_of_their_type(
    dtype: str, tmp_path: Path, store: Store
) -> None:
    kind = np.dtype(dtype)
    random = np.random.default_rng(6)
    ends = (0, 1) if kind.kind == "b" else (np.iinfo(kind).min, np.iinfo(kind).max)
    if kind.kind == "b":
        images = random.integers(0, 2, (30, 4, 5)).astype(kind)
    else:
        native = kind.newbyteorder("=")
        images = random.integers(*ends, (30, 4, 5), native, endpoint=True).astype(kind)
        images.flat[:4] = [ends[0], ends[1], ends[1], ends[0]]
    (found,) = described(tmp_path / "a.npz", store, images)
    exact = [Fraction(int(value)) for value in images.flat]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / len(exact)
    assert found == Channel(600, 0, float(mean), math.sqrt(variance))


def test_a_small_spread_on_a_large_value_is_not_lost(tmp_path: Path, store: Store) -> None:
    images = np.full((50, 4, 4), 2**62, np.int64)
    images[::2] += 1
    (found,) = described(tmp_path / "a.npz", store, images)
    assert found.deviation == 0.5


@pytest.mark.parametrize("dtype", ["float16", "<f4", ">f8"])
def test_floats_are_numpys_without_what_is_not_finite(
    dtype: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflate, "WRITE", 1_000)
    images = np.random.default_rng(7).normal(1e3, 2, (60, 5, 6, 3)).astype(dtype)
    images[3, 0, 0] = [np.nan, np.inf, -np.inf]
    found = described(tmp_path / "a.npz", store, images)
    for place, channel in enumerate(found):
        values = images[..., place].astype(np.float64).ravel()
        values = values[np.isfinite(values)]
        assert (channel.count, channel.left_out) == (len(values), 1)
        assert channel.mean == pytest.approx(values.mean(), rel=1e-12)
        assert channel.deviation == pytest.approx(values.std(), rel=1e-9)


@pytest.mark.parametrize("value", [1e300, -1e300, np.nan, np.inf])
def test_of_floats_that_no_number_describes_none_is_made_up(
    value: float, tmp_path: Path, store: Store
) -> None:
    (found,) = described(tmp_path / "a.npz", store, np.full((4, 3, 3), value))
    assert (found.mean, found.deviation) == (None, None)
    assert found.count + found.left_out == 36


def test_of_an_empty_split_there_is_nothing(tmp_path: Path, store: Store) -> None:
    assert described(tmp_path / "a.npz", store, np.zeros((0, 3, 3), np.uint8)) == (
        Channel(0, 0, None, None),
    )


def test_they_are_computed_once_and_kept_on_disk(tmp_path: Path, store: Store) -> None:
    dataset = open_images(tmp_path / "a.npz", store, np.ones((20, 4, 4), np.uint8))
    told: list[int] = []
    first = statistics.of_split(dataset, "test", store, told.append)
    assert told[-1] == 320
    later = Store(Cache(tmp_path / "cache", 10**10))
    assert statistics.of_split(dataset, "test", later, told.append) == first
    assert told.count(320) == 1


def test_a_damaged_member_has_none(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.arrays.job.SMALL", 100)
    monkeypatch.setattr("app.arrays.store.SMALL", 100)
    path = tmp_path / "a.npz"
    dataset = open_images(path, store, np.ones((20, 4, 4), np.uint8))
    patch_entry(path, "test_images.npy", crc=7)
    dataset = open_dataset(path, store)
    with pytest.raises(ArchiveError, match="test_images fails its checksum"):
        statistics.of_split(dataset, "test", store, nothing)
    assert not list(store.cache.folder.glob("*/test.statistics"))


def test_a_file_that_changes_meanwhile_has_none(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.npz"
    dataset = open_images(path, store, np.ones((20, 4, 4), np.uint8))
    flip(path, 60)
    with pytest.raises(ArchiveError, match="was changed while it was being read"):
        statistics.of_split(dataset, "test", store, nothing)
