"""One item as PNG or npy: exact, or refused in a sentence that offers what is."""

import io
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.errors import InexactError
from app.pictures.exact import as_npy, as_png, statistics, why_inexact


def decoded(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", ">i4", ">u2"])
def test_whole_numbers_that_fit_come_out_of_the_png(kind: str) -> None:
    pixels = np.arange(120).reshape(10, 12).astype(kind)
    np.testing.assert_array_equal(decoded(as_png(pixels)), pixels)


@pytest.mark.parametrize(
    ("kind", "mode"), [("?", "1"), ("u1", "L"), ("u2", "I;16"), (">u2", "I;16"), ("i8", "L")]
)
def test_pictures_of_few_bits_take_few_and_those_of_16_always_16(kind: str, mode: str) -> None:
    pixels = np.array([[0, 1], [1, 1]]).astype(kind)
    data = as_png(pixels)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == mode
    np.testing.assert_array_equal(decoded(data), pixels)


@pytest.mark.parametrize("kind", ["?", "u1"])
@pytest.mark.parametrize("shape", [(4, 6, 1), (4, 6, 3)])
def test_one_channel_is_grey_and_three_are_colours(kind: str, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 2, shape).astype(kind)
    np.testing.assert_array_equal(
        decoded(as_png(pixels)), pixels if shape[2] == 3 else pixels[..., 0]
    )


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
    with pytest.raises(InexactError, match=r"\.npy") as refused:
        as_png(pixels)
    assert why_inexact(pixels) == str(refused.value)


@pytest.mark.parametrize("kind", ["?", "u1", "u2", "i8", ">i4"])
def test_of_what_a_png_can_hold_there_is_no_reason_why_not(kind: str) -> None:
    assert why_inexact(np.ones((3, 4), kind)) is None


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
    for found, channel in zip(statistics([pixels], colour=colour), channels, strict=True):
        assert (found.least, found.greatest) == (channel.min(), channel.max())
        assert found.mean == pytest.approx(channel.mean())
        assert found.deviation == pytest.approx(channel.std())


def test_statistics_leave_out_what_is_no_number() -> None:
    (found,) = statistics([np.array([[1.0, np.nan, np.inf, 3.0]])], colour=False)
    assert (found.least, found.greatest, found.mean) == (1.0, 3.0, 2.0)
    assert found.left_out == 2


def test_statistics_of_the_widest_numbers_do_not_overflow() -> None:
    limits = np.finfo(np.float64)
    (found,) = statistics([np.array([[limits.min, limits.max]])], colour=False)
    assert (found.least, found.greatest) == (limits.min, limits.max)


@pytest.mark.parametrize(
    "kind", ["?", "u1", "i1", "<u2", ">i2", "u4", "i4", "u8", "i8", "f2", ">f4", "f8"]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_statistics_of_any_type_are_numpys(kind: str, order: Any) -> None:
    random = np.random.default_rng(7)
    dtype = np.dtype(kind)
    # More than are added up at once, and of whole numbers all that the type can hold.
    values: NDArray[Any] = random.normal(3, 50, (3, 300, 251))
    if dtype.kind in "ui":
        limits = np.iinfo(dtype)
        native = dtype.newbyteorder("=").type
        values = random.integers(limits.min, limits.max, values.shape, native, endpoint=True)
    pixels = (values > 3 if kind == "?" else values).astype(dtype, order=order)
    (found,) = statistics([pixels], colour=False)
    wide = pixels.astype(np.longdouble)
    assert (found.least, found.greatest) == (float(pixels.min()), float(pixels.max()))
    assert found.mean == pytest.approx(float(wide.mean()), rel=1e-12)
    assert found.deviation == pytest.approx(float(wide.std()), rel=1e-12)


@pytest.mark.parametrize("size", [1e100, 1e139, 1e145, 1e155, 1e160, 1e307])
def test_statistics_of_large_numbers_keep_their_digits(size: float) -> None:
    values = np.random.default_rng(3).normal(0.5, 1.0, (400, 300))
    (found,) = statistics([values * size], colour=False)
    assert found.mean == pytest.approx(values.mean() * size, rel=1e-9)
    assert found.deviation == pytest.approx(values.std() * size, rel=1e-9)


def test_where_no_value_is_finite_there_are_no_statistics() -> None:
    (found,) = statistics([np.array([[np.nan, np.inf, -np.inf]], np.float32)], colour=False)
    assert all(map(np.isnan, (found.least, found.greatest, found.mean, found.deviation)))


@pytest.mark.parametrize(("kind", "shape"), [("i2", (64, 512, 512)), ("f4", (2048, 1365, 3))])
def test_statistics_of_a_large_item_take_little_memory(kind: str, shape: tuple[int, ...]) -> None:
    pixels = np.ones(shape, kind)
    tracemalloc.start()
    try:
        statistics([pixels], colour=shape[-1] == 3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A copy in float64 would take 8 bytes a value.
    assert peak < pixels.size
