"""Counts of pixel values → a drawing, one curve a channel, and the same as a table."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.pictures.tally import BITS, BYTES, Bins
from app.web.language import gettext as _
from app.web.language import later
from app.web.tables import Row, Table
from app.web.words import counted, number, share

Counts = NDArray[np.int64]

WIDTH: Final = 320
_HEIGHT: Final = 72
_TITLE: Final = 16
_FOOT: Final = 16
_RANGES: Final = 16
_COLOURS: Final = (later("red"), later("green"), later("blue"))
_OUTSIDE: Final = (later("below"), later("above"), later("no number"))


@dataclass(frozen=True)
class Curve:
    """One channel's curve: a closed path on its ``base`` line, under its name where it has one."""

    channel: str
    title: str
    title_y: float
    path: str
    base: float


@dataclass(frozen=True)
class Curves:
    """The curves of one row, one above another; ``low`` and ``high`` stand below their ends."""

    name: str
    width: int
    height: int
    curves: tuple[Curve, ...]
    low: str
    high: str
    ends_y: float


def scale_of(counts: Counts) -> float:
    """Give the largest share of any bin in (R, C, bins) counts: the top of all curves."""
    shares = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    return float(shares.max(initial=0.0)) or 1.0


def draw(name: str, counts: Counts, bins: Bins, most: float) -> Curves:
    """Draw (C, bins) counts: the height of a bin grows with the square root of its share."""
    names = channel_names(len(counts))
    curves, y = [], 0.0
    for channel, of_channel in zip(names, counts, strict=True):
        title_y = y + _TITLE - 4
        y += (_TITLE if channel else 0) + _HEIGHT
        heights = np.sqrt(of_channel / max(1, int(of_channel.sum())) / most) * _HEIGHT
        curves.append(
            Curve(channel or "grey", _(channel) if channel else "", title_y, _path(heights, y), y)
        )
    last = bins.high - 1 if bins in (BYTES, BITS) else bins.high
    return Curves(
        name=name,
        width=WIDTH,
        height=round(y + _FOOT),
        curves=tuple(curves),
        low=number(bins.low),
        high=number(last),
        ends_y=y + _FOOT - 4,
    )


def channel_names(channels: int) -> tuple[str, ...]:
    """Name the channels; a single one has no name."""
    return _COLOURS if channels == len(_COLOURS) else ("",)


def table(caption: str, counts: Counts, outside: Counts, bins: Bins) -> Table:
    """Sum (C, bins) counts up in at most sixteen ranges, as shares of the channel's values.

    Values ``outside`` (C, 3) of all bins have lines of their own, where there are any.
    """
    totals = (counts.sum(axis=1) + outside.sum(axis=1)).tolist()
    step = max(1, bins.number // _RANGES)
    summed = counts.reshape(len(counts), -1, step).sum(axis=2)
    rows = [
        Row(head, _shares(summed[:, place], totals))
        for place, head in enumerate(_heads(bins, step))
    ]
    rows += [
        Row(_(head), _shares(outside[:, place], totals))
        for place, head in enumerate(_OUTSIDE)
        if outside[:, place].any()
    ]
    heads = tuple(_(name) if name else _("Share of values") for name in channel_names(len(counts)))
    return Table(caption, _("Values"), heads, tuple(rows))


def _shares(numbers: Counts, totals: list[int]) -> tuple[str, ...]:
    cells = zip(numbers.tolist(), totals, strict=True)
    return tuple(f"{share(found, total)} ({counted(found)})" for found, total in cells)


def _heads(bins: Bins, step: int) -> list[str]:
    if bins in (BYTES, BITS):
        ends = [(first, first + step - 1) for first in range(0, bins.number, step)]
        return [f"{low} – {high}" if low < high else str(low) for low, high in ends]
    edges = (bins.edges[::step] / bins.part).tolist()
    return [f"{number(low)} – {number(high)}" for low, high in pairwise(edges)]


def _path(heights: NDArray[np.float64], base: float) -> str:
    """Write steps of these heights as an SVG path, closed on the base line."""
    width = WIDTH / len(heights)
    steps = [
        f"V{base - height:.4g}H{(place + 1) * width:.5g}"
        for place, height in enumerate(heights.tolist())
    ]
    return f"M0 {base:g}{''.join(steps)}V{base:g}Z"
