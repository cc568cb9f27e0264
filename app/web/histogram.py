"""Counts by label and split → a drawing of bars, and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.datasets.cooccurrence import Carried, carried_under
from app.datasets.dataset import Dataset, Label
from app.datasets.selection import Bars, Selection, Split
from app.web import addresses
from app.web.bars import Histogram, Measured, Measures, drawn
from app.web.language import gettext as _
from app.web.language import later
from app.web.views import Link
from app.web.words import NO_LABEL, counted, images, label_text, share

_TEXT_ROOM: Final = 118
_HUES: Final = 10
_SCALES: Final[dict[Bars, str]] = {"count": later("Count"), "share": later("Share within split")}


@dataclass(frozen=True)
class Line:
    """What bars count: its name, its images by split, and the selection of only these, if any."""

    text: str
    counts: dict[Split, int]
    only: Selection | None


def build(dataset: Dataset, selection: Selection) -> Histogram:
    """Draw the label counts under the current filters, on one scale for all bars."""
    splits = tuple(dataset.counts(selection))
    by_share = selection.bars == "share"
    caption = _caption(dataset, selection, by_share=by_share)
    measures = [
        _measures(dataset, line, splits, by_share=by_share) for line in lines_of(dataset, selection)
    ]
    return drawn(measures, splits, caption, _TEXT_ROOM)


def _measures(dataset: Dataset, line: Line, splits: Sequence[Split], *, by_share: bool) -> Measures:
    bars, cells = [], []
    for split in splits:
        number, total = line.counts[split], dataset.indexes[split].total
        said, part = counted(number), share(number, total)
        only = replace(line.only, splits=(split,), page=1) if line.only else None
        href = addresses.grid(dataset.id, only) if only else ""
        value = number / max(1, total) if by_share else number
        bars.append(Measured(href, f"{said} · {part}", split, value))
        cells.append(f"{said} ({part})")
    return Measures(line.text, bars, cells)


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
