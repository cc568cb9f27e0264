"""Levels → colours: a window and its inversion as NumPy has them, maps as another library has."""

from fractions import Fraction

import cmap
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pictures.lookup import MAPS, Map, colours, table
from app.pictures.window import Window

BYTES = Window(0.0, 255.0)
LEVELS = np.arange(256)


@pytest.mark.parametrize(("name", "most"), [("viridis", 1), ("inferno", 1), ("cividis", 2)])
def test_a_map_has_the_colours_of_its_name(name: Map, most: int) -> None:
    expected = np.asarray(cmap.Colormap(name)(LEVELS / 255))[:, :3] * 255
    assert np.abs(np.rint(colours(name)) - np.rint(expected)).max() <= most


@pytest.mark.parametrize("name", MAPS)
def test_every_map_grows_lighter_from_end_to_end(name: Map) -> None:
    # Relative luminance (IEC 61966-2-1), so that order can be read from lightness alone.
    shares = table(BYTES, None, name, inverted=False) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    light = linear @ [0.2126, 0.7152, 0.0722]
    assert light[0] < 0.02 < 0.6 < light[-1]
    assert (light[8:] > light[:-8]).all()


@given(st.floats(-300, 600), st.floats(0.5, 600), st.booleans())
def test_a_window_is_a_straight_line_between_black_and_white(
    low: float, width: float, inverted: bool
) -> None:
    seen = table(BYTES, Window(low, low + width), "grey", inverted=inverted)
    expected = np.rint(np.interp(LEVELS, [low, low + width], [0, 255]))
    expected = 255 - expected if inverted else expected
    assert np.abs(seen - expected[:, None]).max() <= 1


def test_what_a_picture_was_drawn_through_decides_what_its_levels_stand_for() -> None:
    seen = table(Window(-1000.0, 1550.0), Window(40.0, 60.0), "grey", inverted=False)
    assert seen[103:108, 0].tolist() == [0, 0, 128, 255, 255]


HUGE = 1.7e308


@pytest.mark.parametrize("own", [(-HUGE, HUGE), (-HUGE, 1e308), (0.0, HUGE), (1e308, HUGE)])
@pytest.mark.parametrize("window", [None, (0.0, HUGE), (-1e308, 9e307), (-HUGE, HUGE), (0.0, 1.0)])
def test_at_the_limits_of_floats_a_window_is_as_straight(
    own: tuple[float, float], window: tuple[float, float] | None
) -> None:
    seen = table(Window(*own), Window(*window) if window else None, "grey", inverted=False)
    start, end = map(Fraction, own)
    low, high = map(Fraction, window or own)
    for level, grey in enumerate(seen[:, 0].tolist()):
        value = start + (end - start) * level / 255
        exact = (min(max(value, low), high) - low) / (high - low) * 255
        assert abs(grey - exact) <= Fraction(1, 2) + Fraction(1, 10**9)
