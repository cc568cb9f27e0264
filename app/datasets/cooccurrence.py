"""Images and labels told apart, where an image may carry several: how many, and which together.

All from the index (``datasets.index``), whose patterns are the distinct sets of labels: the cost
grows with these, not with the images.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.datasets.dataset import Dataset
from app.datasets.index import SplitIndex
from app.datasets.selection import Selection, Split
from app.datasets.subset import passing

# More rows and columns than this are no table that anybody reads.
LABELS_MOST: Final = 40
_PATTERNS_AT_ONCE: Final = 4096


@dataclass(frozen=True)
class Carried:
    """How many ``images`` there are, how many ``labels`` they carry together, and how many each."""

    images: int
    labels: int
    with_none: int
    with_one: int

    @property
    def with_several(self) -> int:
        """Images that carry two labels or more."""
        return self.images - self.with_none - self.with_one

    def __add__(self, other: "Carried") -> "Carried":
        """Count two splits together."""
        return Carried(
            self.images + other.images,
            self.labels + other.labels,
            self.with_none + other.with_none,
            self.with_one + other.with_one,
        )


def carried(index: SplitIndex, patterns: NDArray[np.bool_] | None = None) -> Carried:
    """Count the images of a split (or of some ``patterns``) by how many labels they carry."""
    counts = index.counts if patterns is None else index.counts * patterns
    numbers = index.carries.sum(axis=1, dtype=np.int64)
    return Carried(
        images=int(counts.sum()),
        labels=int(counts @ numbers),
        with_none=int(counts[numbers == 0].sum()),
        with_one=int(counts[numbers == 1].sum()),
    )


def carried_under(dataset: Dataset, selection: Selection) -> dict[Split, Carried]:
    """Count the images that pass the filters by how many labels they carry, split by split."""
    return {
        split: carried(index, passing(index, selection))
        for split, index in dataset.indexes.items()
        if selection.wants_split(split)
    }


def cooccurrence(dataset: Dataset) -> NDArray[np.int64]:
    """Count the images that carry both of two labels: (V, V), in the order of ``dataset.labels``.

    All splits together; on the diagonal are the images with that label. For at most some
    ``LABELS_MOST`` labels: the cost grows with the square of their number.
    """
    number = len(dataset.labels)
    found = np.zeros((number, number), np.int64)
    for index in dataset.indexes.values():
        # An empty split may have columns that are no labels of the dataset.
        if not index.total:
            continue
        places = [dataset.label_of[value].place for value in index.values.tolist()]
        for first in range(0, len(index.counts), _PATTERNS_AT_ONCE):
            some = slice(first, first + _PATTERNS_AT_ONCE)
            # Exact: an index has fewer than 2 to the 32nd items, and floats count to 2 to the 53rd.
            rows = index.carries[some].astype(np.float64)
            both = (rows * index.counts[some, None]).T @ rows
            found[np.ix_(places, places)] += both.astype(np.int64)
    return found
