"""Labels → positions: built once per split, then any page of any filter costs O(page).

The items of a split are grouped by *pattern*, the exact set of labels an item carries: with one
label per item a pattern is that label, in multi-label data it is a combination such as {2, 5}.
Every item has exactly one pattern, so the groups are disjoint: counts add up, and "any of", "all
of" and "none" are all just choices of groups.

On disk an index is one file of four npy arrays, one after the other; the two long ones are mapped:

``values``   int64 (V,)     the label values, ascending
``carries``  bool (P, V)    which of them each pattern carries; patterns in lexicographic order
``counts``   int64 (P,)     how many items have each pattern
``codes``    uint16 (N,)    the pattern of each item
``places``   uint32 (N,)    positions grouped by pattern, ascending within each group
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from app.arrays.store import Array
from app.errors import ArchiveError

# Labels are read and sorted in blocks, so that building needs a few megabytes at any length.
BLOCK: Final = 500_000
VALUES_MOST: Final = 1_000
PATTERNS_MOST: Final = 65_535

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SplitIndex:
    """The index of one split; see the module's text for shapes and dtypes."""

    values: Ints
    carries: NDArray[np.bool_]
    counts: Ints
    codes: NDArray[np.uint16]
    places: NDArray[np.uint32]

    @property
    def total(self) -> int:
        """Number of items in the split."""
        return len(self.codes)

    def labels_of(self, positions: Ints) -> list[tuple[int, ...]]:
        """Give the label values that each of these items carries."""
        rows = self.carries[self.codes[positions]]
        return [tuple(self.values[row].tolist()) for row in rows]

    def label_counts(self) -> dict[int, int]:
        """Count the items that carry each label; in multi-label data the sum exceeds the items."""
        sums = self.counts @ self.carries.astype(np.int64)
        return dict(zip(self.values.tolist(), sums.tolist(), strict=True))


def build(labels: Array, file: BinaryIO, source: Path, member: str) -> None:
    """Write the index of ``labels`` ((N,), (N, 1) or (N, K), whole numbers) to ``file``.

    Raises ArchiveError (naming ``source`` and ``member``) for labels that are no class labels.
    """
    remedy = "store class labels as whole numbers, one per item, or as K columns of 0 and 1"
    if labels.dtype.kind not in "uib" and labels.dtype.kind != "f":
        raise ArchiveError(source, f"holds labels of type {labels.dtype}", remedy, member)
    several = len(labels.shape) == 2 and labels.shape[1] > 1
    if len(labels.shape) > 2 or 0 in labels.shape[1:] or labels.shape[1:] > (VALUES_MOST,):
        raise ArchiveError(source, f"holds labels of shape {labels.shape}", remedy, member)
    try:
        if several:
            patterns, counts = _distinct_rows(labels)
            values = np.arange(labels.shape[1], dtype=np.int64)
        else:
            values, counts = _distinct_values(labels)
            patterns = np.eye(len(values), dtype=np.bool_)
    except _UnfitError as error:
        raise ArchiveError(source, str(error), remedy, member) from None

    starts = np.concatenate(([0], np.cumsum(counts)))[:-1]
    number = labels.shape[0]
    for array in (values, patterns, counts.astype(np.int64)):
        npy.write_array(file, array, allow_pickle=False)
    codes_at = _reserve(file, np.dtype(np.uint16), number)
    places_at = _reserve(file, np.dtype(np.uint32), number)
    filled = starts.copy()
    for first, block in _blocks(labels):
        codes = _codes(block, values, patterns, several=several)
        file.seek(codes_at + 2 * first)
        file.write(codes.astype(np.uint16).tobytes())
        grouped = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[grouped], np.arange(len(counts) + 1))
        for pattern in np.flatnonzero(np.diff(edges)):
            group = grouped[edges[pattern] : edges[pattern + 1]] + first
            file.seek(places_at + 4 * int(filled[pattern]))
            file.write(group.astype(np.uint32).tobytes())
            filled[pattern] += len(group)


def load(file: BinaryIO) -> SplitIndex:
    """Open an index that ``build`` wrote; the long arrays are mapped, not read."""
    values = npy.read_array(file, allow_pickle=False)
    carries = npy.read_array(file, allow_pickle=False)
    counts = npy.read_array(file, allow_pickle=False)
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    # Pages are looked up here and there: reading around each would only fill memory.
    memory.madvise(mmap.MADV_RANDOM)
    codes = _mapped(file, memory)
    places = _mapped(file, memory)
    return SplitIndex(values, carries, counts, codes, places)


class _UnfitError(Exception):
    """These are not class labels; the text says why, as a sentence part."""


def _blocks(labels: Array) -> Iterator[tuple[int, NDArray[Any]]]:
    for first in range(0, labels.shape[0], BLOCK):
        last = min(first + BLOCK, labels.shape[0])
        yield first, labels.take(np.arange(first, last, dtype=np.int64))


def _whole_numbers(block: NDArray[Any]) -> Ints:
    flat = block.reshape(len(block), -1)[:, 0] if block.ndim > 1 else block
    if flat.dtype.kind == "f" and not (np.isfinite(flat).all() and (flat == np.rint(flat)).all()):
        raise _UnfitError("holds labels that are not whole numbers")
    if flat.dtype.kind in "uf" and len(flat) and np.abs(flat).max() > 2**53:
        raise _UnfitError("holds label values beyond 2 to the 53rd")
    return flat.astype(np.int64)


def _distinct_values(labels: Array) -> tuple[Ints, Ints]:
    tally: dict[int, int] = {}
    for _, block in _blocks(labels):
        for value, count in zip(*np.unique(_whole_numbers(block), return_counts=True), strict=True):
            tally[int(value)] = tally.get(int(value), 0) + int(count)
        if len(tally) > VALUES_MOST:
            raise _UnfitError(f"holds more than {VALUES_MOST:,} different label values")
    values = np.array(sorted(tally), dtype=np.int64)
    return values, np.array([tally[int(value)] for value in values], dtype=np.int64)


def _distinct_rows(labels: Array) -> tuple[NDArray[np.bool_], Ints]:
    tally: dict[bytes, int] = {}
    for _, block in _blocks(labels):
        if not ((block == 0) | (block == 1)).all():
            raise _UnfitError("holds several label columns with values other than 0 and 1")
        packed = np.packbits(block.astype(np.bool_), axis=1)
        rows, counts = np.unique(_as_scalars(packed), return_counts=True)
        for row, count in zip(rows, counts, strict=True):
            tally[row.tobytes()] = tally.get(row.tobytes(), 0) + int(count)
        if len(tally) > PATTERNS_MOST:
            raise _UnfitError(f"holds more than {PATTERNS_MOST:,} different label combinations")
    keys = sorted(tally)
    packed = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1)
    bits = np.unpackbits(packed, axis=1, count=labels.shape[1])
    return bits.astype(np.bool_), np.array([tally[key] for key in keys], dtype=np.int64)


def _as_scalars(packed: NDArray[np.uint8]) -> NDArray[Any]:
    """View each row of bytes as one value that sorts as its bytes do."""
    return np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1])))[:, 0]


def _codes(
    block: NDArray[Any], values: Ints, patterns: NDArray[np.bool_], *, several: bool
) -> NDArray[np.intp]:
    if not several:
        return np.searchsorted(values, _whole_numbers(block))
    known = _as_scalars(np.packbits(patterns, axis=1))
    rows, inverse = np.unique(
        _as_scalars(np.packbits(block.astype(np.bool_), axis=1)), return_inverse=True
    )
    place = {row.tobytes(): code for code, row in enumerate(known)}
    return np.array([place[row.tobytes()] for row in rows], dtype=np.intp)[inverse]


def _reserve(file: BinaryIO, dtype: np.dtype[Any], number: int) -> int:
    """Write an npy header and leave room for its data; give the offset of that room."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (number,)}
    npy.write_array_header_1_0(file, header)
    at = file.tell()
    file.truncate(at + number * dtype.itemsize)
    file.seek(at + number * dtype.itemsize)
    return at


def _mapped(file: BinaryIO, memory: mmap.mmap) -> NDArray[Any]:
    npy.read_magic(file)
    (number,), _, dtype = npy.read_array_header_1_0(file)
    array = np.frombuffer(memory, dtype, number, file.tell())
    file.seek(number * dtype.itemsize, 1)
    return array
