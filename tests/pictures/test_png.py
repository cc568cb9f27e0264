"""What is written as PNG is read back by Pillow, value for value."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image

from app.pictures import png

SIDE = st.integers(1, 40)
GREY = st.tuples(SIDE, SIDE)
COLOUR = st.tuples(SIDE, SIDE, st.just(3))


def decoded(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return np.asarray(image)


@settings(max_examples=150, deadline=None)
@given(hn.arrays(np.uint8, st.one_of(GREY, COLOUR)), st.integers(0, 3))
def test_bytes_come_out_as_they_went_in(pixels: NDArray[np.uint8], level: int) -> None:
    np.testing.assert_array_equal(decoded(png.encode(pixels, level)), pixels)


@settings(max_examples=80, deadline=None)
@given(hn.arrays(np.uint16, GREY))
def test_words_come_out_as_they_went_in(pixels: NDArray[np.uint16]) -> None:
    np.testing.assert_array_equal(decoded(png.encode(pixels)), pixels)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_layout_and_byte_order_do_not_matter(dtype: str, order: Any) -> None:
    pixels = np.arange(35 * 1000, step=100).reshape(14, 25).astype(dtype, order=order)
    np.testing.assert_array_equal(decoded(png.encode(pixels)), pixels)


@pytest.mark.parametrize(
    ("shape", "dtype", "depth", "colour"),
    [((5, 7), np.uint8, 8, 0), ((5, 7), np.uint16, 16, 0), ((5, 7, 3), np.uint8, 8, 2)],
)
def test_the_header_is_that_of_the_specification(
    shape: tuple[int, ...], dtype: type[np.generic], depth: int, colour: int
) -> None:
    # PNG, third edition, 11.2.1: compression, filter and interlace methods, which Pillow passes.
    header = png.encode(np.zeros(shape, dtype))[8:29]
    assert header == struct.pack(">I4sIIBBBBB", 13, b"IHDR", 7, 5, depth, colour, 0, 0, 0)


def test_a_view_of_a_larger_array_is_encoded_alone() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)[3:30:2, 5:9]
    np.testing.assert_array_equal(decoded(png.encode(pixels)), pixels)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("rows", [1, 1_023, 1_024, 1_025])
@pytest.mark.parametrize("most", [0, 2, 255])
def test_noise_comes_out_too_where_it_is_deflated_in_one_go_and_where_not(
    rows: int, most: int, level: int
) -> None:
    random = np.random.default_rng(rows)
    pixels = random.integers(0, most, (rows, 1_023), dtype=np.uint8, endpoint=True)
    np.testing.assert_array_equal(decoded(png.encode(pixels, level)), pixels)


def test_nothing_of_a_sheet_is_lost_without_what_the_library_does_not_promise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (280, 280, 3), dtype=np.uint8)
    # While it is there, it is what deflates; else a newer library has made our way a slower one.
    assert hasattr(isal_zlib, "_ParallelCompress")
    with_it = png.encode(pixels)
    monkeypatch.delattr(isal_zlib, "_ParallelCompress")
    without = png.encode(pixels)
    assert with_it != without
    np.testing.assert_array_equal(decoded(with_it), pixels)
    np.testing.assert_array_equal(decoded(without), pixels)


def test_a_damaged_picture_would_be_noticed() -> None:
    data = bytearray(png.encode(np.zeros((9, 9), np.uint8)))
    data[20] ^= 1
    with pytest.raises((OSError, SyntaxError)):
        decoded(bytes(data))
