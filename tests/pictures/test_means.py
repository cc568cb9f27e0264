"""Mean images and differences as pictures, decoded by Pillow."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.pictures.means import difference_png, diverging, mean_png
from app.pictures.tally import BITS, BYTES, Bins
from app.pictures.window import Window


def decoded(png: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_mean_is_rounded_to_the_nearest_level(channels: int) -> None:
    mean = np.random.default_rng(1).uniform(0, 255, (9, 11, channels))
    expected = np.rint(mean).astype(np.uint8)
    found = decoded(mean_png(mean, BYTES, None))
    np.testing.assert_array_equal(found, expected[..., 0] if channels == 1 else expected)


def test_of_bits_one_is_white() -> None:
    found = decoded(mean_png(np.array([[[0.0], [0.5], [1.0]]]), BITS, None))
    assert found.tolist() == [[0, 128, 255]]


def test_other_values_go_through_the_window_of_their_pictures() -> None:
    mean = np.array([[[-10.0], [0.0], [50.0], [100.0], [np.nan]]])
    found = decoded(mean_png(mean, Bins(0.0, 100.0, 64), Window(0.0, 100.0)))
    assert found.tolist() == [[0, 0, 128, 255, 0]]


def test_less_is_blue_more_is_red_and_the_same_is_white() -> None:
    less, same, more = diverging(np.array([-4.0, 0.0, 4.0]), 4.0).astype(int)
    assert less[2] > less[0] + 50
    assert more[0] > more[2] + 50
    assert same.min() > 240


def test_the_scale_is_even_on_both_sides_and_ends_at_its_ends() -> None:
    values = np.linspace(-3, 3, 61)
    luminance = diverging(values, 3.0).astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance[:31]) > 0).all()
    assert (np.diff(luminance[30:]) < 0).all()
    beyond = diverging(values * 9, 3.0)
    np.testing.assert_array_equal(beyond[[0, 60]], diverging(values, 3.0)[[0, 60]])


def test_where_there_is_no_number_the_colour_is_none_of_the_scale() -> None:
    (nothing,) = diverging(np.array([np.nan]), 1.0)
    scale = diverging(np.linspace(-1, 1, 511), 1.0)
    assert not (scale == nothing).all(axis=1).any()


def test_no_difference_anywhere_is_white() -> None:
    found = decoded(difference_png(np.zeros((2, 3)), 0.0))
    assert found.shape == (2, 3, 3)
    assert found.min() > 240
