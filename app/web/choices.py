"""What might be compared next: other splits, other labels, other datasets, each as a link."""

from dataclasses import dataclass, replace
from typing import Final

from app.datasets.dataset import Dataset
from app.datasets.library import Library
from app.datasets.selection import Selection
from app.web.catalogue import PATIENCE_SECONDS
from app.web.comparison import MOST, Comparison
from app.web.language import gettext as _
from app.web.views import Link
from app.web.words import NO_LABEL, label_text

# More links than this are no offer; the form takes any address.
_LINKS_MOST: Final = 60


@dataclass(frozen=True)
class Choices:
    """Links that put one more grid beside those there are."""

    title: str
    links: tuple[Link, ...]


def build(comparison: Comparison, first: Dataset | None, library: Library) -> tuple[Choices, ...]:
    """Offer what is near the first grid, where there is room for one more."""
    if len(comparison.grids) == MOST:
        return ()
    groups = [Choices(_("Datasets here"), _datasets(comparison, library, None))]
    if first:
        selection = comparison.grids[0].selection
        groups = [
            Choices(_("Other splits"), _splits(comparison, first, selection)),
            Choices(_("Other labels"), _labels(comparison, first, selection)),
            Choices(_("Other datasets"), _datasets(comparison, library, first)),
        ]
    return tuple(group for group in groups if group.links)


def _splits(comparison: Comparison, dataset: Dataset, selection: Selection) -> tuple[Link, ...]:
    found = [(split, dataset.id, replace(selection, splits=(split,))) for split in dataset.splits]
    return _links(
        comparison, [*found, (_("all splits"), dataset.id, replace(selection, splits=()))]
    )


def _labels(comparison: Comparison, dataset: Dataset, selection: Selection) -> tuple[Link, ...]:
    plain = replace(selection.without_labels(), match=Selection.match)
    found = [
        (label_text(label), dataset.id, replace(plain, labels=(label.value,)))
        for label in dataset.labels
    ]
    if dataset.is_multi_label:
        found.append((_(NO_LABEL), dataset.id, replace(plain, unlabelled=True)))
    found.append((_("all labels"), dataset.id, plain))
    return _links(comparison, found)


def _datasets(comparison: Comparison, library: Library, first: Dataset | None) -> tuple[Link, ...]:
    return _links(
        comparison,
        [
            (dataset.title, dataset.id, Selection())
            for dataset in library.shelf(PATIENCE_SECONDS).datasets
            if dataset is not first
        ],
    )


def _links(comparison: Comparison, offered: list[tuple[str, str, Selection]]) -> tuple[Link, ...]:
    """Link to what is not among the grids already."""
    there = {grid.address for grid in comparison.grids}
    links = []
    for text, dataset_id, selection in offered:
        onward = comparison.beside(dataset_id, selection)
        if onward.grids[-1].address not in there:
            links.append(Link(text, onward.address))
    return tuple(links[:_LINKS_MOST])
