"""Labels of a dataset → tables for people: counts, grades, findings, which labels go together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.datasets.cooccurrence import LABELS_MOST, Carried, carried, cooccurrence
from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.web import histogram
from app.web.language import gettext as _
from app.web.language import signed
from app.web.words import counted, label_text, share, shortened

# A column's head has no room for more.
_HEAD_MOST: Final = 24


@dataclass(frozen=True)
class Row:
    """One line of a table; ``hue`` names a label's colour in the palette, else None."""

    head: str
    cells: tuple[str, ...]
    hue: str | None = None


@dataclass(frozen=True)
class Table:
    """A table with its heads; ``caption`` says what its numbers are.

    ``tall`` is for many narrow columns, whose heads then stand upright.
    """

    caption: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    tall: bool = False


def label_counts(dataset: Dataset) -> Table:
    """Count the images of each label, by split and in all."""
    counts = list(dataset.counts(Selection()).values())
    totals = [index.total for index in dataset.indexes.values()]
    caption = _("Images with the label, and their share of all images of the split.")
    if dataset.task == "binary-class":
        caption += " " + _("The share is the prevalence.")
    if dataset.task.startswith("multi-label"):
        caption += " " + _("An image may carry several labels, so shares need not add up to 100 %.")
    rows = tuple(
        Row(
            head=label_text(label),
            cells=_with_all([of_split[label.value] for of_split in counts], totals),
            hue=histogram.hue(label),
        )
        for label in dataset.labels
    )
    return Table(caption, _("Label"), (*dataset.splits, _("all")), rows)


def grades(dataset: Dataset) -> tuple[Table, ...]:
    """Describe labels that are in order: how many images lie at or below each, and the mean."""
    counts = list(dataset.counts(Selection()).values())
    counts.append({label.value: sum(c[label.value] for c in counts) for label in dataset.labels})
    totals = [sum(of_split.values()) for of_split in counts]
    running = [0] * len(counts)
    rows = []
    for label in dataset.labels:
        running = [r + c[label.value] for r, c in zip(running, counts, strict=True)]
        cells = tuple(_with_share(r, t) for r, t in zip(running, totals, strict=True))
        rows.append(Row(_("up to {label}", label=label_text(label)), cells, histogram.hue(label)))
    means = tuple(
        signed(f"{sum(value * n for value, n in of_split.items()) / total:.3f}") if total else "–"
        for of_split, total in zip(counts, totals, strict=True)
    )
    columns = (*dataset.splits, _("all"))
    return (
        Table(
            _("The mean of the label values, taken as numbers."),
            "",
            columns,
            (Row(_("Mean"), means),),
        ),
        Table(_("Images with this label or a lower one."), _("Label"), columns, tuple(rows)),
    )


def findings(dataset: Dataset) -> tuple[Table, ...]:
    """Tell images and labels apart where an image may carry several, and say which go together."""
    tallies = [carried(index) for index in dataset.indexes.values()]
    tallies.append(sum(tallies, Carried(0, 0, 0, 0)))

    def row(head: str, cell: Callable[[Carried], str]) -> Row:
        return Row(head, tuple(cell(tally) for tally in tallies))

    rows = (
        row(_("Images"), lambda t: counted(t.images)),
        row(_("Labels on them"), lambda t: counted(t.labels)),
        row(
            _("Labels per image"),
            lambda t: signed(f"{t.labels / t.images:.3f}") if t.images else "–",
        ),
        row(_("Images with no label (no finding)"), lambda t: _with_share(t.with_none, t.images)),
        row(_("Images with one label"), lambda t: _with_share(t.with_one, t.images)),
        row(_("Images with several labels"), lambda t: _with_share(t.with_several, t.images)),
    )
    caption = _("Images are counted once, labels once for each image that carries them.")
    table = Table(caption, "", (*dataset.splits, _("all")), rows)
    return (table, _together(dataset)) if len(dataset.labels) <= LABELS_MOST else (table,)


def _together(dataset: Dataset) -> Table:
    rows = tuple(
        Row(label_text(label), tuple(counted(number) for number in numbers), histogram.hue(label))
        for label, numbers in zip(dataset.labels, cooccurrence(dataset).tolist(), strict=True)
    )
    return Table(
        _(
            "Images that carry both labels, in all splits; on the diagonal, all images with the "
            "label."
        ),
        _("Label"),
        tuple(shortened(label_text(label), _HEAD_MOST) for label in dataset.labels),
        rows,
        tall=True,
    )


def _with_all(numbers: list[int], totals: list[int]) -> tuple[str, ...]:
    every = zip([*numbers, sum(numbers)], [*totals, sum(totals)], strict=True)
    return tuple(_with_share(number, total) for number, total in every)


def _with_share(number: int, total: int) -> str:
    return f"{counted(number)} ({share(number, total)})"
