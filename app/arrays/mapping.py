"""Where items are read from: our own mapped copy in the cache, or the archive itself.

Only files that we made are mapped. A map of somebody else's file that is cut short kills the
process with SIGBUS at the next look; a read of it merely comes back short. See
``docs/decisions/0002-own-copies-are-mapped.md``.
"""

import mmap
import os
import weakref
from itertools import pairwise
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.arrays.archive import Archive, stamp_of, unreadable
from app.arrays.inflate import changed
from app.arrays.member import Member

Ints = NDArray[np.int64]
Plane = tuple[int, int]  # axis within an item (0…), and the place along it

_READ_MOST: Final = 8 * 1024 * 1024
# The system maps 64 KB around each page that is looked at.
_SCATTERED_MOST: Final = 256


class Source(Protocol):
    """Something that items can be taken from."""

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Copy the items (or one plane of each) at these positions, in this order."""
        ...


class Mapped:
    """An npy file of our own, mapped read-only; it may still be growing behind ``done``."""

    def __init__(self, file: BinaryIO, member: Member) -> None:
        offset = len(member.npy_header)
        self._map = mmap.mmap(
            file.fileno(), offset + member.nbytes, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ
        )
        self._array: NDArray[Any] = np.ndarray(
            member.shape, member.dtype, self._map, offset, order="F" if member.fortran else "C"
        )
        self._fortran = member.fortran

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Copy the items (or one plane of each) at these positions, in this order."""
        if self._fortran:
            return self._take_scattered(self._array[(slice(None), *_cut(plane))], positions)
        found = self._array[(positions, *_cut(plane))]
        self._release()
        return found

    def _take_scattered(self, items: NDArray[Any], positions: Ints) -> NDArray[Any]:
        """Copy items whose values lie far apart: each is in a page, or several, of its own."""
        found = np.empty((len(positions), *items.shape[1:]), items.dtype)
        # As many axes are copied at once as look at few enough pages: at most one for each value,
        # and no more than there are from the first value to the last.
        spanned = items.itemsize + (len(items) - 1) * items.strides[0]
        pages, axes = max(1, min(len(positions), spanned // mmap.PAGESIZE + 2)), 1
        while axes < items.ndim:
            spanned += (items.shape[axes] - 1) * items.strides[axes]
            more = min(pages * items.shape[axes], spanned // mmap.PAGESIZE + 2)
            if more > _SCATTERED_MOST:
                break
            pages, axes = more, axes + 1
        for number, place in enumerate(np.ndindex(items.shape[axes:]), start=1):
            found[..., *place] = items[..., *place][positions]
            if number * pages % _SCATTERED_MOST < pages:
                self._release()
        self._release()
        return found

    def _release(self) -> None:
        """Leave the pages to the system's cache; as long as they are mapped they count as ours."""
        self._map.madvise(mmap.MADV_DONTNEED)


class InPlace:
    """A stored member of an archive, read where it lies.

    Raises ArchiveError when the file is no longer what its directory was read from.
    """

    def __init__(self, archive: Archive, member: Member) -> None:
        self._archive = archive
        self._member = member
        try:
            self._file = os.open(archive.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(archive.path, error, member.name) from None
        weakref.finalize(self, os.close, self._file)

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Copy the items (or one plane of each) at these positions, in this order."""
        start, shape, cut = (
            self._member.data_at + self._member.header,
            self._member.shape[1:],
            plane,
        )
        runs = _runs(positions)
        length = self._member.item
        if plane and plane[0] == 0:
            # A plane of the first axis is one run of bytes: only that is read.
            length //= shape[0]
            start, shape, cut = start + plane[1] * length, shape[1:], None
            runs = [(position, 1) for position in positions.tolist()]
        items = np.empty((len(positions), *shape), self._member.dtype)
        room = items.reshape(-1).view(np.uint8)
        filled = 0
        for first, count in runs:
            part = room[filled : filled + count * length]
            self._read_into(part.data, start + first * self._member.item)
            filled += len(part)
        found: NDArray[Any] = items[(slice(None), *_cut(cut))]
        return found

    def _read_into(self, room: memoryview, at: int) -> None:
        try:
            while room:
                got = os.preadv(self._file, [room[:_READ_MOST]], at)
                if not got:
                    raise changed(self._archive, self._member)
                room, at = room[got:], at + got
            now = stamp_of(os.fstat(self._file))
        except OSError as error:
            raise unreadable(self._archive.path, error, self._member.name) from None
        if now != self._archive.stamp:
            raise changed(self._archive, self._member)


def _cut(plane: Plane | None) -> tuple[slice | int, ...]:
    """Index, behind the items' axis, that picks the plane."""
    return (*(slice(None),) * plane[0], plane[1]) if plane else ()


def _runs(positions: Ints) -> list[tuple[int, int]]:
    """Join positions that follow one another into (first, count)."""
    edges = np.flatnonzero(np.diff(positions) != 1) + 1
    starts = [0, *edges.tolist()] if len(positions) else []
    return [
        (int(positions[start]), stop - start) for start, stop in pairwise([*starts, len(positions)])
    ]
