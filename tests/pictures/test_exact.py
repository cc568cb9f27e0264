"""One item as PNG or npy: exact, or refused in a sentence that offers what is."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.errors import InexactError
from app.pictures.exact import as_npy, as_png, statistics


def decoded(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", ">i4", ">u2"])
def test_whole_numbers_that_fit_come_out_of_the_png(kind: str) -> None:
    pixels = np.arange(120).reshape(10, 12).astype(kind)
    np.testing.assert_array_equal(decoded(as_png(pixels)), pixels)


@pytest.mark.parametrize("kind", ["u2", "u4", "i4", "i8"])
def test_whole_numbers_above_a_byte_take_16_bits(kind: str) -> None:
    pixels = np.array([[0, 256, 40_000, 65_535]]).astype(kind)
    np.testing.assert_array_equal(decoded(as_png(pixels)), pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        np.array([[-1, 3]], np.int16),
        np.array([[0, 65_536]], np.int32),
        np.array([[0, 2**63]], np.uint64),
        np.array([[0.0, 1.0]], np.float32),
        np.array([[0.5]], np.float16),
    ],
    ids=lambda pixels: str(pixels.dtype),
)
def test_what_a_png_cannot_hold_is_refused_and_the_npy_offered(pixels: NDArray[Any]) -> None:
    with pytest.raises(InexactError, match=r"\.npy"):
        as_png(pixels)


@pytest.mark.parametrize("kind", ["?", "u1", "<u2", ">u2", "i8", ">f4", "f8", "f2", "c8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_holds_the_same_numbers(kind: str, order: Any) -> None:
    pixels = np.arange(24).reshape(4, 6).astype(kind, order=order)
    loaded = np.load(io.BytesIO(as_npy(pixels)), allow_pickle=False)
    np.testing.assert_array_equal(loaded, pixels)
    assert loaded.dtype == pixels.dtype.newbyteorder("=")


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3)])
def test_statistics_are_numpys(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    colour = len(shape) == 3
    channels = [pixels[..., channel] for channel in range(3)] if colour else [pixels]
    for found, channel in zip(statistics(pixels, colour=colour), channels, strict=True):
        assert (found.least, found.greatest) == (channel.min(), channel.max())
        assert found.mean == pytest.approx(channel.mean())
        assert found.deviation == pytest.approx(channel.std())


def test_statistics_leave_out_what_is_no_number() -> None:
    (found,) = statistics(np.array([[1.0, np.nan, np.inf, 3.0]]), colour=False)
    assert (found.least, found.greatest, found.mean) == (1.0, 3.0, 2.0)


def test_statistics_of_the_widest_numbers_do_not_overflow() -> None:
    limits = np.finfo(np.float64)
    (found,) = statistics(np.array([[limits.min, limits.max]]), colour=False)
    assert (found.least, found.greatest) == (limits.min, limits.max)
