"""Where items are read from: our own mapped copy in the cache, or the archive itself.

Only files that we made are mapped. A map of somebody else's file that is cut short kills the
process with SIGBUS at the next look; a read of it merely comes back short. See
``docs/decisions/0002-own-copies-are-mapped.md``.
"""

import mmap
import os
import weakref
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.arrays.archive import Archive, Member, stamp_of, unreadable
from app.arrays.inflate import changed, npy_header

Ints = NDArray[np.int64]
Plane = tuple[int, int]  # axis within an item (0…), and the place along it

_READ_MOST: Final = 8 * 1024 * 1024


class Source(Protocol):
    """Something that items can be taken from."""

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Copy the items (or one plane of each) at these positions, in this order."""
        ...


class Mapped:
    """An npy file of our own, mapped read-only; it may still be growing behind ``done``."""

    def __init__(self, file: BinaryIO, member: Member) -> None:
        offset = len(npy_header(member))
        self._map = mmap.mmap(
            file.fileno(), offset + member.nbytes, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ
        )
        self._array: NDArray[Any] = np.ndarray(
            member.shape, member.dtype, self._map, offset, order="F" if member.fortran else "C"
        )

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Copy the items (or one plane of each) at these positions, in this order."""
        found = self._array[(positions, *_cut(plane))]
        # The pages stay in the system's cache; without this they would also be counted as ours.
        self._map.madvise(mmap.MADV_DONTNEED)
        return found


class InPlace:
    """A stored member of an archive, read where it lies.

    Raises ArchiveError when the file is no longer what its directory was read from.
    """

    def __init__(self, archive: Archive, member: Member) -> None:
        self._archive = archive
        self._member = member
        self._item = member.nbytes // max(1, member.shape[0])
        try:
            self._file = os.open(archive.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(archive.path, error, member.name) from None
        weakref.finalize(self, os.close, self._file)

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Copy the items (or one plane of each) at these positions, in this order."""
        shape = self._member.shape[1:]
        skip, length, cut = 0, self._item, plane
        if plane and plane[0] == 0:
            # A plane of the first axis is one run of bytes: only that is read.
            length = self._item // shape[0]
            skip, shape, cut = plane[1] * length, shape[1:], None
        start = self._member.data_at + self._member.header + skip
        parts = []
        for first, count in _runs(positions, most=1 if skip or length < self._item else 0):
            for block in self._read(start + first * self._item, count * length):
                parts.append(block)
        flat = np.frombuffer(b"".join(parts), self._member.dtype)
        items = flat.reshape(len(positions), *shape)
        found: NDArray[Any] = items[(slice(None), *_cut(cut))]
        return found

    def _read(self, at: int, length: int) -> list[bytes]:
        blocks = []
        try:
            while length:
                block = os.pread(self._file, min(length, _READ_MOST), at)
                if not block:
                    raise changed(self._archive, self._member)
                blocks.append(block)
                at += len(block)
                length -= len(block)
            now = stamp_of(os.fstat(self._file))
        except OSError as error:
            raise unreadable(self._archive.path, error, self._member.name) from None
        if now != self._archive.stamp:
            raise changed(self._archive, self._member)
        return blocks


def _cut(plane: Plane | None) -> tuple[slice | int, ...]:
    """Index, behind the items' axis, that picks the plane."""
    return (*(slice(None),) * plane[0], plane[1]) if plane else ()


def _runs(positions: Ints, most: int) -> list[tuple[int, int]]:
    """Join positions that follow one another into (first, count); at most ``most`` if not 0."""
    runs: list[tuple[int, int]] = []
    for position in positions.tolist():
        if runs and most != 1 and runs[-1][0] + runs[-1][1] == position:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((position, 1))
    return runs
