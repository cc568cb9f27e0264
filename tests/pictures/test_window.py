"""Values of any type become grey levels: in order, from black to white, without surprises."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from numpy.typing import NDArray

from app.pictures.window import Window, levels_of, needs_window, through, window_for

KINDS = ("i1", "i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def extremes(kind: str) -> NDArray[Any]:
    limits: Any = np.finfo(kind) if kind[0] == "f" else np.iinfo(kind)
    return np.array([[limits.min, limits.max]], kind)


def test_bytes_are_shown_as_they_are() -> None:
    pixels = np.arange(50, 100, dtype=np.uint8).reshape(5, 10)  # not stretched to black and white
    np.testing.assert_array_equal(levels_of(pixels, None), pixels)
    assert not needs_window(pixels.dtype)


def test_bool_is_black_and_white() -> None:
    pixels = np.array([[False, True]])
    assert levels_of(pixels, None).tolist() == [[0, 255]]
    assert not needs_window(pixels.dtype)


@EVERY_KIND
def test_the_least_is_black_and_the_greatest_white_over_the_whole_range(kind: str) -> None:
    pixels = extremes(kind)
    assert levels_of(pixels, window_for(pixels)).tolist() == [[0, 255]]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KINDS).flatmap(lambda kind: hn.arrays(kind, (1, 12))))
def test_what_is_greater_is_never_darker(pixels: NDArray[Any]) -> None:
    levels = levels_of(pixels, window_for(pixels))[0]
    numbers = ~np.isnan(pixels[0]) if pixels.dtype.kind == "f" else np.ones(12, np.bool_)
    ordered = levels[numbers][np.argsort(pixels[0][numbers], kind="stable")]
    assert (np.diff(ordered.astype(int)) >= 0).all()


@pytest.mark.parametrize("value", [0.0, -3.5, 2.0**53, -(2.0**53), 1.7e308, -1.7e308])
def test_a_picture_of_one_value_is_one_colour(value: float) -> None:
    for extreme in (value, float(np.copysign(np.finfo(np.float64).max, value))):
        pixels = np.full((2, 3), extreme)
        window = window_for(pixels)
        assert np.isfinite([window.low, window.high]).all()
        assert len(np.unique(levels_of(pixels, window))) == 1


def test_values_beyond_the_window_are_black_or_white() -> None:
    pixels = np.array([[-5.0, 0.0, 5.0, 10.0, 99.0]])
    assert levels_of(pixels, Window(0.0, 10.0)).tolist() == [[0, 0, 128, 255, 255]]


def test_what_is_no_number_is_black_and_infinity_white() -> None:
    pixels = np.array([[np.nan, -np.inf, np.inf]], np.float32)
    assert levels_of(pixels, Window(-1.0, 1.0)).tolist() == [[0, 0, 255]]


def test_the_window_spans_the_finite_values() -> None:
    assert window_for(np.array([np.nan, 3.0, np.inf, -2.0])) == Window(-2.0, 3.0)


def test_the_window_spans_what_comes_some_at_a_time() -> None:
    some = np.array([[3, 4]], np.int16), np.array([], np.int16), np.array([9, -2], np.int16)
    assert window_for(some) == Window(-2.0, 9.0)


def test_grey_levels_of_a_large_picture_take_little_memory() -> None:
    pixels = np.ones((2_000, 2_000), np.float32)
    tracemalloc.start()
    try:
        through(pixels, Window(0.0, 2.0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The levels themselves, and what is under way; in 64 bits it would be eight times the levels.
    assert peak < 2 * pixels.size


@pytest.mark.parametrize(
    "pixels", [np.full((1, 4), 7.0), np.full((1, 4), np.nan), np.zeros((1, 0))]
)
def test_a_picture_of_one_value_or_none_can_be_shown(pixels: NDArray[Any]) -> None:
    assert not levels_of(pixels, window_for(pixels)).any()


ENDS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200, deadline=None)
@example(0.0, 5e-324, np.ones((1, 9)))  # the least two floats, half of which is nothing
@given(ENDS, ENDS, st.sampled_from(("u1", "?", *KINDS)).flatmap(lambda k: hn.arrays(k, (1, 9))))
def test_any_window_is_black_below_and_white_above(
    one: float, other: float, pixels: NDArray[Any]
) -> None:
    low, high = sorted((one, other))
    if low == high:
        return
    levels = through(pixels, Window(low, high))
    values = pixels.astype(np.float64)
    assert not levels[values <= low].any()
    assert (levels[values >= high] == 255).all()
