"""Label shares of several selections → one drawing on one scale, and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.web import addresses, histogram
from app.web.histogram import Bar, BarGroup, Histogram, HistogramRow, Line
from app.web.language import gettext as _
from app.web.language import later
from app.web.words import counted, share, shortened

_TEXT_ROOM: Final = 130
_TITLE_MOST: Final = 44
_TITLE_HEIGHT: Final = 18
_BAR_HEIGHT: Final = 14
_BAR_STEP: Final = 17
_GAP: Final = 8

_CAPTION: Final = later("Bars show which share of each selection's images carry the label.")


@dataclass(frozen=True)
class Counted:
    """A selection under its ``letter``, and how many images it has."""

    letter: str
    dataset: Dataset
    selection: Selection
    total: int


def build(selections: Sequence[Counted]) -> Histogram:
    """Draw all labels of all selections; those of one name, with one number, stand together."""
    lines = [
        {line.text: line for line in histogram.lines_of(each.dataset, each.selection)}
        for each in selections
    ]
    names = list(dict.fromkeys(name for of_one in lines for name in of_one))
    most = max(
        (
            _share(line, each)
            for each, of_one in zip(selections, lines, strict=True)
            for line in of_one.values()
        ),
        default=0.0,
    )
    groups, rows, y = [], [], 0.0
    for name in names:
        title_y = y + _TITLE_HEIGHT - 5
        y += _TITLE_HEIGHT
        bars, cells = [], []
        for each, of_one in zip(selections, lines, strict=True):
            line = of_one.get(name)
            cells.append(_text(line, each) if line else "–")
            if line:
                bars.append(_bar(line, each, y, most or 1.0))
                y += _BAR_STEP
        y += _GAP
        groups.append(BarGroup(shortened(name, _TITLE_MOST), title_y, tuple(bars)))
        rows.append(HistogramRow(name, tuple(cells)))
    several = any(each.dataset.is_multi_label for each in selections)
    return Histogram(
        caption=_(_CAPTION)
        + (" " + _("An image counts for each of its labels.") if several else ""),
        width=histogram.WIDTH,
        height=round(max(y, 1)),
        groups=tuple(groups),
        splits=tuple(each.letter for each in selections),
        rows=tuple(rows),
    )


def _bar(line: Line, of: Counted, y: float, most: float) -> Bar:
    number = sum(line.counts.values())
    width = round((histogram.WIDTH - _TEXT_ROOM) * _share(line, of) / most, 2)
    return Bar(
        href=addresses.grid(of.dataset.id, line.only) if line.only else "",
        text=_text(line, of),
        split=of.letter,
        x=0,
        y=y,
        width=max(width, 1.0 if number else 0.0),
        height=_BAR_HEIGHT,
        text_x=round(max(width, 1.0) + 6, 2),
        text_y=y + _BAR_HEIGHT - 3,
    )


def _share(line: Line, of: Counted) -> float:
    return sum(line.counts.values()) / max(1, of.total)


def _text(line: Line, of: Counted) -> str:
    number = sum(line.counts.values())
    return f"{share(number, of.total)} · {counted(number)}"
