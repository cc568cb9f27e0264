"""Counts of pixel values, drawn."""

import re

import numpy as np

from app.pictures.tally import BITS, BYTES
from app.web.curves import Curve, draw, scale_of


def ordinates(curve: Curve) -> list[float]:
    """Where the steps of a curve stand; below is more, as in all of SVG."""
    return [float(y) for y in re.findall(r"V([\d.e+-]+)H", curve.path)]


def test_each_colour_has_its_name_between_its_curve_and_the_one_above() -> None:
    counts = np.ones((3, 256), np.int64)
    drawn = draw("all", counts, BYTES, scale_of(counts[None]))
    assert [curve.title for curve in drawn.curves] == ["red", "green", "blue"]
    above = 0.0
    for curve in drawn.curves:
        assert above < curve.title_y < min(ordinates(curve))
        above = curve.base
    assert above < drawn.ends_y < drawn.height


def test_a_single_channel_has_no_name_and_no_room_for_one() -> None:
    counts = np.array([[5, 0]])
    drawn = draw("all", counts, BITS, scale_of(counts[None]))
    assert [(curve.title, ordinates(curve)) for curve in drawn.curves] == [
        ("", [0.0, drawn.curves[0].base])
    ]
    assert (drawn.low, drawn.high) == ("0", "1")


def test_where_nothing_was_counted_a_curve_lies_on_its_base() -> None:
    nothing = np.zeros((1, 2), np.int64)
    [curve] = draw("none", nothing, BITS, scale_of(nothing[None])).curves
    assert ordinates(curve) == [curve.base, curve.base]
    assert scale_of(np.zeros((0, 1, 2), np.int64)) == 1.0
