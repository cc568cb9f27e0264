"""Counts by label and split → a drawing of bars, and the same as a table."""

from dataclasses import dataclass, replace
from typing import Final

from app.datasets.cooccurrence import Carried, carried_under
from app.datasets.dataset import Dataset, Label
from app.datasets.selection import Bars, Selection, Split
from app.web import addresses
from app.web.language import gettext as _
from app.web.language import later
from app.web.views import Link
from app.web.words import NO_LABEL, counted, images, label_text, share, shortened

WIDTH: Final = 320
_TEXT_ROOM: Final = 118
_TITLE_MOST: Final = 44
_HUES: Final = 10
_TITLE_HEIGHT: Final = 18
_BAR_HEIGHT: Final = 14
_BAR_STEP: Final = 17
_GAP: Final = 8

_SCALES: Final[dict[Bars, str]] = {"count": later("Count"), "share": later("Share within split")}


@dataclass(frozen=True)
class Bar:
    """One bar of the histogram: a link that filters, with its place in the drawing.

    ``href`` is empty where no selection says what it counts.
    """

    href: str
    text: str  # count and share, printed behind the bar
    split: str
    x: float
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
class Line:
    """What bars count: its name, its images by split, and the selection of only these, if any."""

    text: str
    counts: dict[Split, int]
    only: Selection | None


def build(dataset: Dataset, selection: Selection) -> Histogram:
    """Draw the label counts under the current filters, on one scale for all bars."""
    counts = dataset.counts(selection)
    totals = {split: dataset.indexes[split].total for split in counts}
    lines = lines_of(dataset, selection)
    by_share = selection.bars == "share"

    def measure(split: Split, line: Line) -> float:
        number = line.counts[split]
        return number / max(1, totals[split]) if by_share else number

    most = max((measure(split, line) for split in counts for line in lines), default=0) or 1
    groups, rows, y = [], [], 0.0
    for line in lines:
        bars = []
        title_y = y + _TITLE_HEIGHT - 5
        y += _TITLE_HEIGHT
        for split in counts:
            number, total = line.counts[split], totals[split]
            text = f"{counted(number)} · {share(number, total)}"
            width = round((WIDTH - _TEXT_ROOM) * measure(split, line) / most, 2)
            only = replace(line.only, splits=(split,), page=1) if line.only else None
            bars.append(
                Bar(
                    href=addresses.grid(dataset.id, only) if only else "",
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
        groups.append(BarGroup(shortened(line.text, _TITLE_MOST), title_y, tuple(bars)))
        rows.append(
            HistogramRow(
                line.text,
                tuple(
                    f"{counted(line.counts[split])} ({share(line.counts[split], totals[split])})"
                    for split in counts
                ),
            )
        )
    return Histogram(
        caption=_caption(dataset, selection, by_share=by_share),
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
            _(text),
            addresses.grid(dataset.id, replace(selection, bars=scale)),
            selection.bars == scale,
        )
        for scale, text in _SCALES.items()
    )


def hue(label: Label) -> str:
    """Name the label's colour in the palette: one of ten, or a step of one hue for a grade."""
    if label.grades:
        return f"o{round((_HUES - 1) * label.place / max(1, label.grades - 1))}"
    return str(label.place % _HUES)


def lines_of(dataset: Dataset, selection: Selection) -> list[Line]:
    """What is counted under the current filters: labels, and images without any."""
    counts = dataset.counts(selection)
    # A bar leads to what it counts: of images that have all of some labels, to those that have
    # this one too.
    base = selection
    if selection.match != "all":
        base = replace(selection.without_labels(), match="any")
    lines = []
    for label in dataset.labels:
        if selection.counts_label(label.value):
            only = replace(base, labels=tuple(sorted({*base.labels, label.value})))
            # One label, but none of others: no selection says that.
            is_said = not (selection.filters_labels and selection.match == "none")
            lines.append(Line(label_text(label), _of(counts, label), only if is_said else None))
    if _shows_bare(dataset, selection):
        bare = {split: c.with_none for split, c in carried_under(dataset, selection).items()}
        lines.append(Line(_(NO_LABEL), bare, replace(base, unlabelled=True)))
    return lines


def _shows_bare(dataset: Dataset, selection: Selection) -> bool:
    if selection.match == "none" and selection.filters_labels:
        return dataset.is_multi_label and not selection.unlabelled
    return selection.unlabelled or (dataset.is_multi_label and not selection.labels)


def _of(counts: dict[Split, dict[int, int]], label: Label) -> dict[Split, int]:
    return {split: of_split[label.value] for split, of_split in counts.items()}


def _caption(dataset: Dataset, selection: Selection, *, by_share: bool) -> str:
    said = (
        _("Bars show the share of each split's images; shares are of all images in the split.")
        if by_share
        else _("Bars show the number of images; shares are of all images in the split.")
    )
    if not dataset.is_multi_label:
        return said
    tally = sum(carried_under(dataset, selection).values(), Carried(0, 0, 0, 0))
    return f"{said} " + _(
        "An image counts once for each of its labels, so shares may add up to more than "
        "100 %: here {images} carry {labels} labels, {with_none} of them none.",
        images=images(tally.images, volumes=dataset.is_volume),
        labels=counted(tally.labels),
        with_none=counted(tally.with_none),
    )
