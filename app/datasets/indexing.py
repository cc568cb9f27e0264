"""Labels → the file of an index (see ``index``), in two passes over blocks of a few megabytes."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from app.arrays.store import Array
from app.errors import ArchiveError
from app.phrases import Amount, Phrase

VALUES_MOST: Final = 1_000
PATTERNS_MOST: Final = 65_535
ITEMS_MOST: Final = 2**32 - 1
# Links and JSON carry label values, and JavaScript holds whole numbers up to this exactly.
VALUE_MOST: Final = 2**53 - 1

_BLOCK_BYTES: Final = 4 * 1024 * 1024
_BLOCK_ROWS: Final = 250_000
_HEADERS_MOST: Final = 1024
_REMEDY: Final = Phrase(
    "store class labels as whole numbers, one per item and at most {values_most} different ones, "
    "or as at most {values_most} columns of 0 and 1",
    values_most=Amount(VALUES_MOST),
)

Ints = NDArray[np.int64]


def size(number: int) -> int:
    """Bytes that the index of so many items takes, apart from its table of patterns."""
    return _HEADERS_MOST + number * (np.dtype(np.uint16).itemsize + np.dtype(np.uint32).itemsize)


def build(labels: Array, file: BinaryIO, source: Path, member: str) -> None:
    """Write the index of ``labels`` ((N,), (N, 1) or (N, K), whole numbers) to ``file``.

    Waits until all labels are there. Raises ArchiveError (naming ``source`` and ``member``) for
    what are no class labels; those of another shape are not even unpacked.
    """
    try:
        _write(labels, file)
    except _UnfitError as error:
        raise ArchiveError(source, error.reason, error.remedy, member) from None


class _UnfitError(Exception):
    """These are not class labels. ``reason`` and ``remedy`` are sentence parts."""

    def __init__(self, reason: Phrase, remedy: Phrase = _REMEDY) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def _write(labels: Array, file: BinaryIO) -> None:
    number, columns = labels.shape[0], math.prod(labels.shape[1:])
    if len(labels.shape) > 2 or not 0 < columns <= VALUES_MOST or number > ITEMS_MOST:
        raise _UnfitError(Phrase("holds labels of shape {shape}", shape=labels.shape))
    labels.finish()  # an index is kept: none is made of labels that may yet prove damaged
    several = columns > 1
    if several:
        patterns, counts = _distinct_rows(labels)
        values = np.arange(columns, dtype=np.int64)
    else:
        values, counts = _distinct_values(labels)
        patterns = np.eye(len(values), dtype=np.bool_)
    for array in (values, patterns, counts):
        npy.write_array(file, array, allow_pickle=False)
    codes_at = _reserve(file, np.dtype(np.uint16), number)
    places_at = _reserve(file, np.dtype(np.uint32), number)
    filled = np.cumsum(counts) - counts
    for first, block in _blocks(labels):
        codes = _codes(block, values, patterns, several=several)
        file.seek(codes_at + 2 * first)
        file.write(codes.tobytes())
        grouped = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[grouped], np.arange(len(counts) + 1))
        for pattern in np.flatnonzero(np.diff(edges)).tolist():
            group = grouped[edges[pattern] : edges[pattern + 1]] + first
            file.seek(places_at + 4 * int(filled[pattern]))
            file.write(group.astype(np.uint32).tobytes())
            filled[pattern] += len(group)


def _blocks(labels: Array) -> Iterator[tuple[int, NDArray[Any]]]:
    row = labels.dtype.itemsize * math.prod(labels.shape[1:])
    rows = min(_BLOCK_ROWS, max(1, _BLOCK_BYTES // row))
    for first in range(0, labels.shape[0], rows):
        last = min(first + rows, labels.shape[0])
        yield first, labels.take(np.arange(first, last, dtype=np.int64))


def _class_values(block: NDArray[Any]) -> Ints:
    flat = block.reshape(len(block), -1)[:, 0]
    if flat.dtype.kind == "f" and not (np.isfinite(flat).all() and (flat == np.rint(flat)).all()):
        raise _UnfitError(Phrase("holds labels that are not whole numbers"))
    if int(flat.min()) < -VALUE_MOST or int(flat.max()) > VALUE_MOST:
        raise _UnfitError(
            Phrase("holds label values beyond 2 to the 53rd"), Phrase("number the classes from 0")
        )
    return flat.astype(np.int64)


def _distinct_values(labels: Array) -> tuple[Ints, Ints]:
    tally: dict[int, int] = {}
    for _, block in _blocks(labels):
        found, counts = np.unique(_class_values(block), return_counts=True)
        for value, count in zip(found.tolist(), counts.tolist(), strict=True):
            tally[value] = tally.get(value, 0) + count
        if len(tally) > VALUES_MOST:
            raise _UnfitError(
                Phrase(
                    "holds more than {values_most} different label values",
                    values_most=Amount(VALUES_MOST),
                )
            )
    values = sorted(tally)
    return np.array(values, np.int64), np.array([tally[value] for value in values], np.int64)


def _distinct_rows(labels: Array) -> tuple[NDArray[np.bool_], Ints]:
    tally: dict[bytes, int] = {}
    for _, block in _blocks(labels):
        if not ((block == 0) | (block == 1)).all():
            raise _UnfitError(Phrase("holds several label columns with values other than 0 and 1"))
        rows, counts = np.unique(_packed(block), return_counts=True)
        for row, count in zip(rows, counts.tolist(), strict=True):
            tally[row.tobytes()] = tally.get(row.tobytes(), 0) + count
        if len(tally) > PATTERNS_MOST:
            raise _UnfitError(
                Phrase(
                    "holds more than {patterns_most} different label combinations",
                    patterns_most=Amount(PATTERNS_MOST),
                ),
                Phrase("store fewer label columns in one file"),
            )
    keys = sorted(tally)
    width = (labels.shape[1] + 7) // 8
    packed = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), width)
    bits = np.unpackbits(packed, axis=1, count=labels.shape[1])
    return bits.astype(np.bool_), np.array([tally[key] for key in keys], np.int64)


def _packed(rows: NDArray[Any]) -> NDArray[Any]:
    """Pack each row of 0 and 1 into one value that sorts as its bits do."""
    packed = np.packbits(rows.astype(np.bool_), axis=1)
    return packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]


def _codes(
    block: NDArray[Any], values: Ints, patterns: NDArray[np.bool_], *, several: bool
) -> NDArray[np.uint16]:
    """Give the number of each row's pattern."""
    if not several:
        return np.searchsorted(values, _class_values(block)).astype(np.uint16)
    rows, inverse = np.unique(_packed(block), return_inverse=True)
    place = {row.tobytes(): code for code, row in enumerate(_packed(patterns))}
    return np.array([place[row.tobytes()] for row in rows], dtype=np.uint16)[inverse]


def _reserve(file: BinaryIO, dtype: np.dtype[Any], number: int) -> int:
    """Write an npy header and leave room for its data; give the offset of that room."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (number,)}
    npy.write_array_header_1_0(file, header)
    at = file.tell()
    file.truncate(at + number * dtype.itemsize)
    file.seek(at + number * dtype.itemsize)
    return at
