"""Thumbnails of large pictures: the mean of whole blocks, edges repeated, never enlarged."""

import tracemalloc
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from corpus.writers import write_arrays

from app.arrays.job import SMALL
from app.arrays.store import Store
from app.datasets.opening import open_dataset
from app.pictures.sheet import reduced, strip


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
    tracemalloc.start()
    try:
        strip(dataset, None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Eight slices, a few times over, and the blocks that are read.
    assert peak < volumes[0].nbytes * 2
