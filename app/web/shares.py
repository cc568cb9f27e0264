"""Label shares of several selections → one drawing on one scale, and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.web import addresses, histogram
from app.web.bars import Histogram, Measured, Measures, drawn
from app.web.histogram import Line
from app.web.language import gettext as _
from app.web.language import later
from app.web.words import counted, share

_TEXT_ROOM: Final = 130
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
    several = any(each.dataset.is_multi_label for each in selections)
    caption = _(_CAPTION) + (" " + _("An image counts for each of its labels.") if several else "")
    measures = []
    for name in names:
        found = [
            (each, of_one[name]) if name in of_one else None
            for each, of_one in zip(selections, lines, strict=True)
        ]
        cells = [_text(*one) if one else "–" for one in found]
        measures.append(Measures(name, [_bar(*one) for one in found if one], cells))
    return drawn(measures, [each.letter for each in selections], caption, _TEXT_ROOM)


def _bar(of: Counted, line: Line) -> Measured:
    href = addresses.grid(of.dataset.id, line.only) if line.only else ""
    value = sum(line.counts.values()) / max(1, of.total)
    return Measured(href, _text(of, line), of.letter, value)


def _text(of: Counted, line: Line) -> str:
    number = sum(line.counts.values())
    return f"{share(number, of.total)} · {counted(number)}"
