"""All slices of a volume in one picture: each cell is one, and the whole can be drawn."""

import io

import numpy as np
import pytest
from PIL import Image

from app.pictures.atlas import SIDE_MOST, encode, layout_of

AXES = pytest.mark.parametrize("axis", [0, 1, 2])


@AXES
@pytest.mark.parametrize("shape", [(28, 28, 28), (3, 9, 7), (1, 5, 4), (6, 1, 1), (17, 2, 40)])
def test_each_cell_is_a_slice_and_the_rest_is_black(shape: tuple[int, ...], axis: int) -> None:
    volume = np.random.default_rng(4).integers(1, 256, shape, np.uint8)
    layout = layout_of(shape, axis)
    assert layout
    with Image.open(io.BytesIO(encode(volume, axis, layout))) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (layout.rows * layout.height, layout.columns * layout.width)
    for place in range(layout.rows * layout.columns):
        row, column = divmod(place, layout.columns)
        top, left = row * layout.height, column * layout.width
        cell = pixels[top : top + layout.height, left : left + layout.width]
        if place < shape[axis]:
            np.testing.assert_array_equal(cell, np.take(volume, place, axis=axis))
        else:
            assert not cell.any()


@AXES
def test_64_slices_of_64_pixels_make_a_square_of_512(axis: int) -> None:
    layout = layout_of((64, 64, 64), axis)
    assert layout
    assert (layout.columns * layout.width, layout.rows * layout.height) == (512, 512)


@AXES
@pytest.mark.parametrize("shape", [(256, 256, 256), (2, 2000, 2000), (4096, 64, 64), (1, 9, 4096)])
def test_what_fits_is_arranged_so_that_it_does(shape: tuple[int, ...], axis: int) -> None:
    layout = layout_of(shape, axis)
    assert layout
    assert layout.rows * layout.columns >= shape[axis]
    assert layout.columns * layout.width <= SIDE_MOST
    assert layout.rows * layout.height <= SIDE_MOST


@AXES
@pytest.mark.parametrize("shape", [(257, 257, 257), (2, 4097, 4097), (16_384, 16_384, 16_384)])
def test_a_larger_volume_has_no_such_picture(shape: tuple[int, ...], axis: int) -> None:
    assert layout_of(shape, axis) is None
