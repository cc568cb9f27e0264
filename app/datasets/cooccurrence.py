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


def carried(index: SplitIndex) -> Carried:
    """Count the images of a split by how many labels they carry."""
    numbers = index.carries.sum(axis=1, dtype=np.int64)
    return Carried(
        images=index.total,
        labels=int(index.counts @ numbers),
        with_none=int(index.counts[numbers == 0].sum()),
        with_one=int(index.counts[numbers == 1].sum()),
    )


def cooccurrence(dataset: Dataset) -> NDArray[np.int64]:
    """Count the images that carry both of two labels: (V, V), in the order of ``dataset.labels``.

    All splits together; on the diagonal are the images with that label. For at most some
    ``LABELS_MOST`` labels: the cost grows with the square of their number.
    """
    number = len(dataset.labels)
    found = np.zeros((number, number), np.int64)
    for index in dataset.indexes.values():
        places = [dataset.label_of[value].place for value in index.values.tolist()]
        for first in range(0, len(index.counts), _PATTERNS_AT_ONCE):
            some = slice(first, first + _PATTERNS_AT_ONCE)
            # Exact: an index has fewer than 2 to the 32nd items, and floats count to 2 to the 53rd.
            rows = index.carries[some].astype(np.float64)
            both = (rows * index.counts[some, None]).T @ rows
            found[np.ix_(places, places)] += both.astype(np.int64)
    return found
