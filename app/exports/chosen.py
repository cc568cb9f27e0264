"""What is exported: items in order, of one dataset or of several, a few thousand at a time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.arrays.mapping import Ints
from app.arrays.store import Array
from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, Selection, Split
from app.datasets.subset import Items

RUN_ITEMS: Final = 4096
_BLOCK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """Items of one dataset, in order, at most ``RUN_ITEMS`` of them."""

    dataset: Dataset
    items: Items


class Chosen(Protocol):
    """Items that may be gone through any number of times; no item is among them twice."""

    @property
    def total(self) -> int:
        """Number of items."""
        ...

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets they are from, each once."""
        ...

    @property
    def several(self) -> bool:
        """Whether each item is named with its dataset, as one of several."""
        ...

    def __iter__(self) -> Iterator[Run]:
        """Go through the items in order."""
        ...


class Selected:
    """The items of a dataset that a selection means, in its order; pages are left out of account.

    Raises MissingError for a split or label that is not there.
    """

    def __init__(self, dataset: Dataset, selection: Selection) -> None:
        self._subset = dataset.subset(selection)
        self.dataset = dataset
        self.datasets = (dataset,)
        self.several = False
        self.total = self._subset.total
        self.totals: dict[Split, int] = {
            split: dataset.subset(replace(selection, splits=(split,))).total
            for split in dataset.splits
            if selection.wants_split(split)
        }

    def __iter__(self) -> Iterator[Run]:
        """Go through the items in order."""
        for first in range(0, self.total, RUN_ITEMS):
            yield Run(self.dataset, self._subset.items(first, first + RUN_ITEMS))

    def positions(self, split: Split) -> Iterator[Ints]:
        """Give the positions of this split's items, in the order of the whole."""
        number = SPLITS.index(split)
        for run in self:
            yield run.items.positions[run.items.splits == number]


class Picked:
    """Items named one by one, as in a collection: (dataset, split, index).

    ``several``: there were some of other datasets, which are gone; the rest is named as before.
    """

    def __init__(
        self, items: Sequence[tuple[Dataset, Split, int]], *, several: bool = False
    ) -> None:
        self._items = items
        self.datasets = tuple({dataset.id: dataset for dataset, _, _ in items}.values())
        self.several = several or len(self.datasets) > 1
        self.total = len(items)

    def __iter__(self) -> Iterator[Run]:
        """Go through the items in order."""
        for _, together in groupby(self._items, key=lambda item: item[0].id):
            same = list(together)
            for first in range(0, len(same), RUN_ITEMS):
                part = same[first : first + RUN_ITEMS]
                splits = np.array([SPLITS.index(split) for _, split, _ in part], np.int8)
                positions = np.array([index for _, _, index in part], np.int64)
                yield Run(part[0][0], Items(splits, positions))


def rows(run: Run) -> Iterator[tuple[Split, int, tuple[int, ...]]]:
    """Give split, index and label values of each item."""
    values = run.dataset.labels_of(run.items)
    splits, positions = run.items.splits.tolist(), run.items.positions.tolist()
    for split, position, carried in zip(splits, positions, values, strict=True):
        yield SPLITS[split], position, carried


def pixels(run: Run) -> Iterator[NDArray[Any]]:
    """Give the pixels of each item, in the shape that the file gives it; read a megabyte at a time.

    Raises NotReadyError or ArchiveError.
    """
    edges = np.flatnonzero(np.diff(run.items.splits)) + 1
    for same in np.split(np.arange(len(run.items)), edges):
        if len(same):
            images = run.dataset.images[SPLITS[run.items.splits[same[0]]]]
            for block in taken(images, run.items.positions[same]):
                yield from block


def taken(array: Array, positions: Ints) -> Iterator[NDArray[Any]]:
    """Give the items at these positions, in blocks of a megabyte, or of one item.

    Raises NotReadyError or ArchiveError.
    """
    item = math.prod(array.shape[1:]) * array.dtype.itemsize
    step = max(1, _BLOCK_BYTES // max(1, item))
    for first in range(0, len(positions), step):
        yield array.take(positions[first : first + step])


def has_several_labels(dataset: Dataset) -> bool:
    """Say whether an item may carry any number of labels, not always one."""
    return dataset.is_multi_label or any(
        (index.carries.sum(axis=1) != 1).any() for index in dataset.indexes.values()
    )
