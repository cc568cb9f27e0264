"""Pixels → the mean image and the histogram of values, of all images and of each label's.

Read in blocks of a megabyte, each pixel once: an image is added to its pattern's sums (see
``datasets.index``), and so to each of its labels.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.arrays.store import Array
from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS
from app.datasets.subset import Items
from app.pictures import sheet
from app.pictures.window import Window

_BLOCK_BYTES: Final = 1024 * 1024
# Of items that lie far apart each brings 64 KB of a mapped file into memory with it.
_SCATTERED_MOST: Final = 256
_BINS: Final = 64

Report = Callable[[int], None]


@dataclass(frozen=True)
class Bins:
    """Equal ranges of values from ``low`` to ``high``; the last one holds ``high`` as well."""

    low: float
    high: float
    number: int

    @cached_property
    def part(self) -> float:
        """What values are multiplied with, as those of a window are."""
        return Window(self.low, self.high).part

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """The ends of the ranges, times ``part``: (number + 1,), ascending."""
        return np.linspace(self.low * self.part, self.high * self.part, self.number + 1)


BYTES: Final = Bins(0.0, 256.0, 256)
BITS: Final = Bins(0.0, 2.0, 2)


@dataclass(frozen=True)
class Tally:
    """What was added up. Row 0 is of all images, row 1 + k of those with ``labels[k]``.

    The label None stands for images that carry none. ``images`` (R,) int64 counts images, ``sums``
    (R, H, W, C) float64 adds up their finite values, ``counts`` (R, C, bins.number) int64 says how
    many values lie in each bin, ``outside`` (R, C, 3) int64 how many lie below, above, or nowhere
    (NaN). ``left_out`` int64 counts the values of each pixel that are not finite: (R, H, W, C), or
    (R, 1, 1, 1) of 0 where all numbers are whole.
    """

    labels: tuple[int | None, ...]
    bins: Bins
    images: NDArray[np.int64]
    sums: NDArray[np.float64]
    counts: NDArray[np.int64]
    outside: NDArray[np.int64]
    left_out: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        arrays = self.images, self.sums, self.counts, self.outside, self.left_out
        return sum(array.nbytes for array in arrays)

    def mean(self, row: int) -> NDArray[np.float64]:
        """Give the mean image (H, W, C) of finite values; NaN where there are none, or too large.

        Too large are those whose sum 64 bits can't hold.
        """
        return _quotient(self.sums[row], self.images[row] - self.left_out[row])

    def means(self, row: int) -> NDArray[np.float64]:
        """Give the mean of each channel's finite values (C,); NaN as in a mean image."""
        height, width = self.sums.shape[1:3]
        left_out: NDArray[np.int64] = self.left_out[row].sum(axis=(0, 1))
        # Divided first: the sum of all pixels may be too large.
        shares = _quotient(self.sums[row], self.images[row] * height * width - left_out)
        means: NDArray[np.float64] = shares.sum(axis=(0, 1))
        return means


def _quotient(sums: NDArray[np.float64], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients: NDArray[np.float64] = sums / numbers
    quotients[~np.isfinite(quotients)] = np.nan
    return quotients


def holds_reals(dataset: Dataset) -> bool:
    """Say whether values may be other than finite."""
    return any(each.kind == "f" for each in dataset.types)


def picture_shape(dataset: Dataset) -> tuple[int, int, int]:
    """Give (H, W, C) of a mean image; for volumes that of their middle slice."""
    height, width = sheet.plane_shape(dataset)[:2]
    return height, width, dataset.channels


def bins_of(dataset: Dataset, window: Window | None) -> Bins:
    """Take a bin for each value of a byte or bit, else 64 over the window's range."""
    if dataset.types == {np.dtype(np.uint8)}:
        return BYTES
    if dataset.types == {np.dtype(np.bool_)}:
        return BITS
    window = window or Window(0.0, 255.0)
    return Bins(window.low, window.high, _BINS)


def measure(
    dataset: Dataset,
    runs: Iterator[Items],
    labels: tuple[int | None, ...],
    bins: Bins,
    report: Report,
) -> Tally:
    """Add up the pixels of these items; ``report`` is told how many bytes of them were read.

    Waits for what is still being unpacked. Raises ArchiveError.
    """
    shape, number = picture_shape(dataset), len(labels) + 1
    found = Tally(
        labels,
        bins,
        images=np.zeros(number, np.int64),
        sums=np.zeros((number, *shape), np.float64),
        counts=np.zeros((number, shape[2], bins.number), np.int64),
        outside=np.zeros((number, shape[2], 3), np.int64),
        left_out=np.zeros((number, *(shape if holds_reals(dataset) else (1, 1, 1))), np.int64),
    )
    row_of = {label: row for row, label in enumerate(labels, start=1)}
    done = 0
    for array, codes, patterns, pixels in _blocks(dataset, runs):
        for code in np.unique(codes).tolist():
            rows = [row_of[label] for label in patterns[code] or (None,) if label in row_of]
            _add(found, [0, *rows], pixels[codes == code].reshape(-1, *shape))
        done += len(pixels) * math.prod(shape) * array.dtype.itemsize
        report(done)
    return found


def _blocks(
    dataset: Dataset, runs: Iterator[Items]
) -> Iterator[tuple[Array, NDArray[np.uint16], list[tuple[int, ...]], NDArray[Any]]]:
    """Yield array, codes, patterns and pixels of a few items of one split at a time."""
    plane = sheet.middle_plane(dataset)
    for items in runs:
        edges = np.flatnonzero(np.diff(items.splits)) + 1
        for start, stop in pairwise([0, *edges.tolist(), len(items)]):
            if start == stop:
                continue
            split = SPLITS[items.splits[start]]
            array, index = dataset.images[split], dataset.indexes[split]
            step = max(1, _BLOCK_BYTES // picture_bytes(dataset, array))
            if items.positions[stop - 1] - items.positions[start] >= stop - start:
                step = min(step, _SCATTERED_MOST)
            for first in range(start, stop, step):
                positions = items.positions[first : min(first + step, stop)]
                array.wait(int(positions.max()) + 1, math.inf)
                codes = index.codes[positions]
                index.release()
                yield array, codes, index.patterns, array.take(positions, plane)


def picture_bytes(dataset: Dataset, array: Array) -> int:
    """Bytes of one picture of a split, or of a volume's slice."""
    return math.prod(picture_shape(dataset)) * array.dtype.itemsize


def _add(found: Tally, rows: list[int], pixels: NDArray[Any]) -> None:
    """Add (n, H, W, C) pixels to these rows."""
    counted = pixels
    if pixels.dtype.kind == "f" and not (finite := np.isfinite(pixels)).all():
        found.left_out[rows] += len(pixels) - np.count_nonzero(finite, axis=0)
        counted = np.where(finite, pixels, 0)
    # What 64 bits can't hold has no mean; infinity, or NaN, says so in the sum.
    with np.errstate(over="ignore", invalid="ignore"):
        found.sums[rows] += counted.sum(axis=0, dtype=np.float64)
    found.images[rows] += len(pixels)
    for channel in range(pixels.shape[3]):
        counts, outside = _histogram(pixels[..., channel].ravel(), found.bins)
        found.counts[rows, channel] += counts
        found.outside[rows, channel] += outside


def _histogram(values: NDArray[Any], bins: Bins) -> tuple[NDArray[np.int64], tuple[int, int, int]]:
    if bins in (BYTES, BITS):
        # Cast, not viewed: what is called bool may be made of other bytes than 0 and 1.
        levels = values.astype(np.uint8, copy=False)
        return np.bincount(levels, minlength=bins.number), (0, 0, 0)
    reals = values.astype(np.float64) * bins.part
    edges = bins.edges
    within = reals[(reals >= edges[0]) & (reals <= edges[-1])]
    below, above = int((reals < edges[0]).sum()), int((reals > edges[-1]).sum())
    # As np.histogram, which refuses ranges too narrow for so many different edges.
    places = np.minimum(np.searchsorted(edges, within, side="right") - 1, bins.number - 1)
    counts = np.bincount(places, minlength=bins.number)
    return counts, (below, above, len(reals) - len(within) - below - above)
