"""Thumbnails of large pictures: the mean of whole blocks, edges repeated, never enlarged."""

from itertools import product

import numpy as np
import pytest

from app.pictures.sheet import reduced


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
