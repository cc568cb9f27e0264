"""Pixels → mean and standard deviation of each channel, as training code needs them.

The values are read from the archive to the end of each member, past its checksum, in blocks: memory
stays flat, nothing is unpacked into the cache, and no number comes from a damaged file. Sums of
whole numbers are exact at any size; those of floats are merged block by block (Chan, Golub and
LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from app.arrays import inflate
from app.arrays.archive import Archive
from app.arrays.derived import derived
from app.arrays.member import Member
from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.selection import Split

# Of the stored numbers: a few hundred bytes a channel.
_SIZE: Final = 4096
# A whole number is cut into pieces of 16 bits, whose products add up exactly in 64.
_PIECE_BITS: Final = 16
# Floats beyond this would overflow when they are squared.
SQUARED_MOST: Final = 1e140

Report = Callable[[int], None]


@dataclass(frozen=True)
class Channel:
    """What a channel's values are like, as stored in the file.

    ``count`` values are finite; ``left_out`` are not (NaN, infinity), and count for nothing here.
    ``deviation`` is that of the values themselves (divided by n, not n - 1). Both numbers are None
    where no value is finite, or where 64 bits can't hold them.
    """

    count: int
    left_out: int
    mean: float | None
    deviation: float | None


def of_split(dataset: Dataset, split: Split, store: Store, report: Report) -> tuple[Channel, ...]:
    """Describe each channel (one, or three for colour) of a split; computed once, then kept.

    ``report`` is told how many bytes of the array have been read. Raises ArchiveError.
    """
    member = dataset.archive.members[f"{split}_images"]

    def build(file: BinaryIO) -> None:
        found = describe(dataset.archive, member, dataset.channels, report)
        file.write(json.dumps([asdict(channel) for channel in found]).encode())

    def load(file: BinaryIO) -> tuple[Channel, ...]:
        return tuple(Channel(**channel) for channel in json.loads(file.read()))

    return derived(store, dataset.archive, f"{split}.statistics", _SIZE, build, load)


def describe(
    archive: Archive, member: Member, channels: int, report: Report
) -> tuple[Channel, ...]:
    """Read a member to its end and describe each of its channels (its last axis, if several).

    Raises ArchiveError.
    """
    sums = [sums_of(member.dtype) for _ in range(channels)]
    for channel, values in _values(archive, member, channels, report):
        sums[channel].add(values)
    return tuple(each.result() for each in sums)


def _values(
    archive: Archive, member: Member, channels: int, report: Report
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the values of a channel, a block at a time, in the order of the file."""
    step = member.dtype.itemsize * (1 if member.fortran else channels)
    # In Fortran order the last axis varies slowest: the channels lie one behind another.
    plane = member.nbytes // channels
    done, rest = 0, b""
    for block in inflate.stream(archive, member):
        data = rest + block
        usable = len(data) - len(data) % step
        if member.fortran:
            start = 0
            while start < usable:
                channel = (done + start) // plane
                stop = min(usable, (channel + 1) * plane - done)
                yield channel, np.frombuffer(data[start:stop], member.dtype)
                start = stop
        else:
            values = np.frombuffer(data[:usable], member.dtype).reshape(-1, channels)
            for channel in range(channels):
                yield channel, values[:, channel]
        done, rest = done + usable, data[usable:]
        report(done)


class Sums(ABC):
    """What is known of the values so far, whose mean and deviation are wanted."""

    @abstractmethod
    def add(self, values: NDArray[Any]) -> None:
        """Take some more values in (n,), at most 2 to the 31st."""

    @abstractmethod
    def result(self) -> Channel:
        """Give what is known."""


def sums_of(dtype: np.dtype[Any]) -> Sums:
    """Begin the sums of values of this type."""
    return _Reals() if dtype.kind == "f" else _Integers()


class _Integers(Sums):
    """Exact sums of whole numbers (and of truth values), as Python's unbounded integers."""

    def __init__(self) -> None:
        self._count = self._sum = self._squares = 0

    def add(self, values: NDArray[Any]) -> None:
        """Take some more values in."""
        pieces = _pieces(values)
        self._count += len(values)
        for place, piece in enumerate(pieces):
            self._sum += int(piece.sum()) << (_PIECE_BITS * place)
        for one, other in combinations_with_replacement(range(len(pieces)), 2):
            product = int(np.dot(pieces[one], pieces[other])) << (_PIECE_BITS * (one + other))
            self._squares += product if one == other else 2 * product

    def result(self) -> Channel:
        """Give what is known, rounded once, from the exact sums."""
        n = self._count
        if not n:
            return Channel(0, 0, None, None)
        variance = (n * self._squares - self._sum**2) / n**2
        return Channel(n, 0, self._sum / n, math.sqrt(variance))


def _pieces(values: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Cut whole numbers into digits of 16 bits, the lowest first; the highest keeps the sign."""
    number = max(1, values.dtype.itemsize * 8 // _PIECE_BITS)
    if number == 1:
        return [values.astype(np.int64)]
    kind = np.uint64 if values.dtype.kind == "u" else np.int64
    wide = values.astype(kind)
    pieces = []
    for place in range(number):
        shifted = wide >> kind(_PIECE_BITS * place)
        is_highest = place == number - 1
        digit = shifted if is_highest else shifted & kind((1 << _PIECE_BITS) - 1)
        pieces.append(digit.astype(np.int64))
    return pieces


class _Reals(Sums):
    """Mean and sum of squared distances from it, in 64 bits, of the values that are finite."""

    def __init__(self) -> None:
        self._count = self._left_out = 0
        self._mean = self._distances = 0.0
        self._too_large = False

    def add(self, values: NDArray[Any]) -> None:
        """Take some more values in."""
        wide = values.astype(np.float64)
        finite = wide[np.isfinite(wide)]
        self._left_out += len(wide) - len(finite)
        if not finite.size:
            return
        if np.abs(finite).max() > SQUARED_MOST:
            self._too_large = True
        if self._too_large:
            self._count += len(finite)
            return
        mean = float(finite.mean())
        distances = float(np.square(finite - mean).sum())
        count, total = len(finite), self._count + len(finite)
        apart = mean - self._mean
        self._distances += distances + apart**2 * (self._count * count / total)
        self._mean += apart * (count / total)
        self._count = total

    def result(self) -> Channel:
        """Give what is known."""
        if not self._count or self._too_large:
            return Channel(self._count, self._left_out, None, None)
        deviation = math.sqrt(self._distances / self._count)
        return Channel(self._count, self._left_out, self._mean, deviation)
