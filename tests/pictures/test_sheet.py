"""Thumbnails of large pictures: the mean of whole blocks, edges repeated, never enlarged."""

import io
import tracemalloc
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus.writers import write_arrays
from numpy.typing import NDArray
from PIL import Image

from app.arrays.job import SMALL
from app.arrays.store import Store
from app.datasets.opening import open_dataset
from app.pictures.sheet import reduced, strip, strip_length, window_of
from app.pictures.window import Window


@pytest.mark.parametrize("shape", [(2, 9, 12), (1, 10, 7), (2, 8, 8, 3), (1, 5, 11, 3), (1, 1, 1)])
@pytest.mark.parametrize("factor", [1, 2, 3, 5])
def test_each_pixel_is_the_mean_of_its_block(shape: tuple[int, ...], factor: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    number, height, width = shape[:3]
    small = reduced(pixels, factor)
    assert small.shape[:3] == (number, -(-height // factor), -(-width // factor))
    for picture, row, column in product(*map(range, small.shape[:3])):
        # Rows and columns beyond the edge are the edge's own.
        rows = np.minimum(np.arange(row * factor, (row + 1) * factor), height - 1)
        columns = np.minimum(np.arange(column * factor, (column + 1) * factor), width - 1)
        block = pixels[picture][rows][:, columns].astype(np.float64)
        mean = block.mean(axis=(0, 1))
        np.testing.assert_allclose(small[picture, row, column], mean, atol=0.5001)


@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
def test_a_strip_of_volumes_reads_no_more_of_them_into_memory_than_it_shows(
    method: int, tmp_path: Path, store: Store
) -> None:
    volumes = np.zeros((8, 80, 256, 256), np.uint8)
    assert volumes.nbytes > SMALL
    arrays = {"train_images": volumes, "train_labels": np.zeros(8, np.uint8)}
    dataset = open_dataset(write_arrays(tmp_path / "file.npz", arrays, method=method), store)
    # Eight slices, a few times over, and the blocks that are read.
    assert peak_of(lambda: strip(dataset, None)) < volumes[0].nbytes * 2


@pytest.mark.parametrize("prepared", [True, False], ids=["at hand", "ahead"])
@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
def test_the_window_of_a_large_volume_is_found_in_flat_memory(
    method: int, prepared: bool, tmp_path: Path, store: Store
) -> None:
    volumes = np.zeros((2, 270, 256, 256), "<i2")
    volumes[0, 3, 7, 9], volumes[0, 269, 255, 255] = -1_000, 3_000
    volumes[1] = 9_000  # the first alone is as large as a sample may be
    assert volumes[0].nbytes > SMALL
    arrays = {"train_images": volumes, "train_labels": np.zeros(2, np.uint8)}
    dataset = open_dataset(write_arrays(tmp_path / "file.npz", arrays, method=method), store)
    if prepared:
        store.prepare(dataset.archive, "train_images")
        assert dataset.images["train"].available == 2
    found: list[Window | None] = []
    assert peak_of(lambda: found.append(window_of(dataset))) < volumes[0].nbytes / 4
    assert found == [Window(-1_000.0, 3_000.0)]


def test_a_strip_of_large_pictures_shows_fewer(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = np.zeros((5, 40, 50), np.uint16)
    arrays: dict[str, NDArray[Any]] = {
        "train_images": pictures,
        "train_labels": np.zeros(5, np.uint8),
    }
    dataset = open_dataset(write_arrays(tmp_path / "file.npz", arrays), store)
    for most, number in [(10**6, 5), (3 * 4_000, 3), (10, 1)]:
        monkeypatch.setattr("app.pictures.sheet._STRIP_BYTES", most)
        assert strip_length(dataset) == number
        with Image.open(io.BytesIO(strip(dataset, Window(0.0, 1.0)))) as shown:
            assert shown.size == (number * 50, 40)


def test_the_window_of_an_open_file_is_looked_for_once(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.arange(90, dtype="<u2").reshape(10, 3, 3)
    arrays = {"train_images": images, "train_labels": np.zeros(10, np.uint16)}
    path = write_arrays(tmp_path / "file.npz", arrays)
    dataset, again = open_dataset(path, store), open_dataset(path, store)
    assert window_of(dataset) == Window(0.0, 89.0)
    monkeypatch.setattr("app.arrays.store.Array.values_of_first", None)
    assert window_of(dataset.narrowed({})) == Window(0.0, 89.0)
    with pytest.raises(TypeError):
        window_of(again)


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes of memory that it takes."""
    tracemalloc.start()
    try:
        work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak
