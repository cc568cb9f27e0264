"""Bars under headings, one below the other and all on one scale, and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.web.words import shortened

_WIDTH: Final = 320
_TITLE_MOST: Final = 44
_TITLE_HEIGHT: Final = 18
_BAR_HEIGHT: Final = 14
_BAR_STEP: Final = 17
_GAP: Final = 8


@dataclass(frozen=True)
class Bar:
    """One bar of the histogram: a link that filters, with its place in the drawing.

    ``href`` is empty where no selection says what it counts.
    """

    href: str
    text: str  # count and share, printed behind the bar
    split: str
    y: float
    width: float
    height: float
    text_x: float
    text_y: float


@dataclass(frozen=True)
class BarGroup:
    """The bars of one label, under its name."""

    title: str
    title_y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class HistogramRow:
    """One line of the text table: a label, then count and share for each split."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Histogram:
    """Label counts by split as a drawing of ``width`` × ``height`` and as a table."""

    caption: str
    width: int
    height: int
    groups: tuple[BarGroup, ...]
    splits: tuple[str, ...]
    rows: tuple[HistogramRow, ...]


@dataclass(frozen=True)
class Measured:
    """A bar that has no place yet; ``value`` is what its length says."""

    href: str
    text: str
    split: str
    value: float


@dataclass(frozen=True)
class Measures:
    """What is drawn under one name; ``cells`` are its line in the table."""

    name: str
    bars: Sequence[Measured]
    cells: Sequence[str]


def drawn(lines: Sequence[Measures], splits: Sequence[str], caption: str, room: int) -> Histogram:
    """Draw the bars, the longest of them leaving ``room`` for its text, in CSS pixels."""
    most = max((bar.value for line in lines for bar in line.bars), default=0) or 1
    groups, y = [], 0
    for line in lines:
        title_y = y + _TITLE_HEIGHT - 5
        y += _TITLE_HEIGHT
        bars = []
        for bar in line.bars:
            bars.append(_placed(bar, y, round((_WIDTH - room) * bar.value / most, 2)))
            y += _BAR_STEP
        y += _GAP
        groups.append(BarGroup(shortened(line.name, _TITLE_MOST), title_y, tuple(bars)))
    return Histogram(
        caption=caption,
        width=_WIDTH,
        height=max(y, 1),
        groups=tuple(groups),
        splits=tuple(splits),
        rows=tuple(HistogramRow(line.name, tuple(line.cells)) for line in lines),
    )


def _placed(bar: Measured, y: int, width: float) -> Bar:
    return Bar(
        href=bar.href,
        text=bar.text,
        split=bar.split,
        y=y,
        width=max(width, 1.0 if bar.value else 0.0),
        height=_BAR_HEIGHT,
        text_x=round(max(width, 1.0) + 6, 2),
        text_y=y + _BAR_HEIGHT - 3,
    )
