"""A dataset made of label arrays alone, and what NumPy says of it."""

from pathlib import Path
from typing import Any

import numpy as np
from corpus.writers import write_arrays
from numpy.typing import NDArray

from app.datasets.selection import SPLITS, Selection

Labels = dict[str, NDArray[Any]]
Where = tuple[str, int]


def write_labelled(path: Path, labels: Labels) -> Path:
    """Items of one pixel, one for each label."""
    arrays = {}
    for split, values in labels.items():
        arrays[f"{split}_images"] = np.zeros((len(values), 1, 1), np.uint8)
        arrays[f"{split}_labels"] = values
    return write_arrays(path, arrays)


def carried(labels: Labels, split: str, index: int) -> tuple[int, ...]:
    """The label values of one item."""
    row = np.atleast_1d(labels[split][index])
    return (int(row[0]),) if len(row) == 1 else tuple(np.flatnonzero(row).tolist())


def expected(labels: Labels, selection: Selection) -> list[Where]:
    """The items that pass the filters, in order of split and index."""
    return [
        (split, index)
        for split in SPLITS
        if split in labels and (not selection.splits or split in selection.splits)
        for index in range(len(labels[split]))
        if passes(selection, set(carried(labels, split, index)))
    ]


def passes(selection: Selection, own: set[int]) -> bool:
    """Whether an item with these labels is meant."""
    asked = set(selection.labels)
    if not asked and not selection.unlabelled:
        return True
    if selection.match == "all":
        return asked <= own and not (selection.unlabelled and own)
    return bool(asked & own) or (selection.unlabelled and not own)
