"""Labels → positions: built once per split (``indexing``), then any page costs O(page).

The items of a split are grouped by *pattern*, the exact set of labels an item carries: with one
label per item a pattern is that label, in multi-label data it is a combination such as {2, 5}.
Every item has exactly one pattern, so the groups are disjoint: counts add up, and "any of", "all
of" and "none" are all just choices of groups.

On disk an index is one file of npy arrays, one after the other; the two long ones are mapped, but
for those of small files, each of which would hold one open:

``values``   int64 (V,)     the label values, ascending
``carries``  bool (P, V)    which of them each pattern carries; patterns in lexicographic order
``counts``   int64 (P,)     how many items have each pattern
``codes``    uint16 (N,)    the pattern of each item
``places``   uint32 (N,)    positions grouped by pattern, ascending within each group
"""

import mmap
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# A table of 65,535 patterns and a thousand labels takes 64 MB, and 8 times as much in 64 bits.
_PATTERNS_AT_ONCE: Final = 1024
# A map keeps its file open: of a folder of thousands of small datasets that would be too many.
_READ_MOST: Final = 16 * 1024
# So much of a map may stay mapped: to release it takes longer than to look up a page's labels.
_SEEN_MOST: Final = 1024 * 1024


@dataclass(frozen=True)
class SplitIndex:
    """The index of one split; see the module's text for shapes and dtypes."""

    values: Ints
    carries: NDArray[np.bool_]
    counts: Ints
    codes: NDArray[np.uint16]
    places: NDArray[np.uint32]
    memory: mmap.mmap | None

    @property
    def total(self) -> int:
        """Number of items in the split."""
        return len(self.codes)

    @property
    def is_whole(self) -> bool:
        """Say whether it holds every item of the split, not some alone."""
        return len(self.places) == self.total

    def within(self, positions: Ints) -> "SplitIndex":
        """Give the index of some items alone; ``positions`` ascend, those beyond the end are none.

        Its ``total`` stays that of the split.
        """
        positions = positions[: int(np.searchsorted(positions, self.total))]
        codes = self.codes[positions].astype(np.int64)
        self.release()
        return replace(
            self,
            counts=np.bincount(codes, minlength=len(self.counts)).astype(np.int64),
            places=positions[np.argsort(codes, kind="stable")].astype(np.uint32),
        )

    def labels_of(self, positions: Ints) -> list[tuple[int, ...]]:
        """Give the label values that each of these items carries."""
        codes = self.codes[positions].tolist()
        self.release()
        return [self.patterns[code] for code in codes]

    @cached_property
    def patterns(self) -> list[tuple[int, ...]]:
        """The label values of each pattern (P)."""
        return [tuple(self.values[row].tolist()) for row in self.carries]

    def release(self) -> None:
        """Give back the pages just looked at, which stay in the system's cache."""
        if self.memory and len(self.memory) > _SEEN_MOST:
            self.memory.madvise(mmap.MADV_DONTNEED)

    def label_counts(self, patterns: NDArray[np.bool_] | None = None) -> dict[int, int]:
        """Count the items that carry each label, of all ``patterns`` or of some (P,).

        In multi-label data the sum exceeds the number of items.
        """
        counts = self.counts if patterns is None else self.counts * patterns
        sums = np.zeros(len(self.values), np.int64)
        for first in range(0, len(counts), _PATTERNS_AT_ONCE):
            some = slice(first, first + _PATTERNS_AT_ONCE)
            sums += counts[some] @ self.carries[some].astype(np.int64)
        return dict(zip(self.values.tolist(), sums.tolist(), strict=True))


def load(file: BinaryIO) -> SplitIndex:
    """Open an index that ``indexing`` wrote; the long arrays are mapped, not read.

    Raises ValueError for one that is cut short.
    """
    values = npy.read_array(file, allow_pickle=False)
    carries = npy.read_array(file, allow_pickle=False)
    counts = npy.read_array(file, allow_pickle=False)
    if os.fstat(file.fileno()).st_size <= _READ_MOST:
        codes = npy.read_array(file, allow_pickle=False)
        places = npy.read_array(file, allow_pickle=False)
        return SplitIndex(values, carries, counts, codes, places, None)
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    # Pages are looked up here and there: reading around each would only fill memory.
    memory.madvise(mmap.MADV_RANDOM)
    codes = _mapped(file, memory)
    places = _mapped(file, memory)
    return SplitIndex(values, carries, counts, codes, places, memory)


def _mapped(file: BinaryIO, memory: mmap.mmap) -> NDArray[Any]:
    npy.read_magic(file)
    (number,), _, dtype = npy.read_array_header_1_0(file)
    array = np.frombuffer(memory, dtype, number, file.tell())
    file.seek(number * dtype.itemsize, 1)
    return array
