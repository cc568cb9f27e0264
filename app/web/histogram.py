"""Counts by label and split → a drawing of bars, and the same as a table."""

from dataclasses import replace
from typing import Final

from app.datasets.dataset import Dataset, Label
from app.datasets.selection import Bars, Selection, Split
from app.web import addresses
from app.web.views import Bar, BarGroup, Histogram, HistogramRow, Link
from app.web.words import counted, label_text, share, shortened

WIDTH: Final = 320
_TEXT_ROOM: Final = 118
_TITLE_MOST: Final = 44
_HUES: Final = 10
_TITLE_HEIGHT: Final = 18
_BAR_HEIGHT: Final = 14
_BAR_STEP: Final = 17
_GAP: Final = 8

_SCALES: Final[dict[Bars, str]] = {"count": "Count", "share": "Share within split"}


def build(dataset: Dataset, selection: Selection) -> Histogram:
    """Draw the label counts under the current filters, on one scale for all bars."""
    counts = dataset.counts(selection)
    totals = {split: dataset.indexes[split].total for split in counts}
    labels = [
        label for label in dataset.labels if not selection.labels or label.value in selection.labels
    ]
    by_share = selection.bars == "share"

    def measure(split: Split, label: Label) -> float:
        number = counts[split][label.value]
        return number / max(1, totals[split]) if by_share else number

    most = max((measure(split, label) for split in counts for label in labels), default=0) or 1
    groups, rows, y = [], [], 0.0
    for label in labels:
        bars = []
        title_y = y + _TITLE_HEIGHT - 5
        y += _TITLE_HEIGHT
        for split in counts:
            number, total = counts[split][label.value], totals[split]
            text = f"{counted(number)} · {share(number, total)}"
            width = round((WIDTH - _TEXT_ROOM) * measure(split, label) / most, 2)
            only = replace(selection, splits=(split,), labels=(label.value,), page=1)
            bars.append(
                Bar(
                    href=addresses.grid(dataset.id, only),
                    text=text,
                    split=split,
                    x=0,
                    y=y,
                    width=max(width, 1.0 if number else 0.0),
                    height=_BAR_HEIGHT,
                    text_x=round(max(width, 1.0) + 6, 2),
                    text_y=y + _BAR_HEIGHT - 3,
                )
            )
            y += _BAR_STEP
        y += _GAP
        groups.append(BarGroup(shortened(label_text(label), _TITLE_MOST), title_y, tuple(bars)))
        rows.append(
            HistogramRow(
                label_text(label),
                tuple(
                    f"{counted(counts[split][label.value])} "
                    f"({share(counts[split][label.value], totals[split])})"
                    for split in counts
                ),
            )
        )
    return Histogram(
        caption=_caption(dataset, by_share=by_share),
        width=WIDTH,
        height=round(max(y, 1)),
        groups=tuple(groups),
        splits=tuple(counts),
        rows=tuple(rows),
    )


def scales(dataset: Dataset, selection: Selection) -> tuple[Link, ...]:
    """Give the links from one scale of the drawing to the other; the page stays."""
    return tuple(
        Link(
            text,
            addresses.grid(dataset.id, replace(selection, bars=scale)),
            selection.bars == scale,
        )
        for scale, text in _SCALES.items()
    )


def hue(label: Label) -> int:
    """Give the label's place in the palette of ten colours."""
    return label.place % _HUES


def _caption(dataset: Dataset, *, by_share: bool) -> str:
    what = "share of each split's images" if by_share else "number of images"
    several = (
        " One image may carry several labels, so shares add up to more than 100 %."
        if dataset.task.startswith("multi-label")
        else ""
    )
    return f"Bars show the {what}; shares are of all images in the split.{several}"
