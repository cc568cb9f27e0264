"""Where items are read from: our own mapped copy in the cache, or the archive itself.

Only files that we made are mapped. A map of somebody else's file that is cut short kills the
process with SIGBUS at the next look; a read of it merely comes back short. See
``docs/decisions/0002-own-copies-are-mapped.md``.
"""

import math
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
_BLOCKS_BYTES: Final = 1024 * 1024
# The system maps so much around each page that is looked at.
_AROUND: Final = 64 * 1024
_SCATTERED_MOST: Final = 256
# What follows one another is not copied up to here; about so much of a map may stay mapped.
_SEEN_MOST: Final = 1024 * 1024


class Source(Protocol):
    """Something that items can be taken from."""

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Give the items (or one plane of each) at these positions, in this order, to be read."""
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
        self._seen = 0  # bytes, since pages were left to the system

    def take(self, positions: Ints, plane: Plane | None) -> NDArray[Any]:
        """Give the items (or one plane of each) at these positions, in this order.

        A few that follow one another are seen where they lie; all else is copied.
        """
        if self._fortran:
            return self._take_scattered(self._array[(slice(None), *_cut(plane))], positions)
        if plane and plane[0] and self._array[:1].nbytes > _READ_MOST:
            return self._take_across(positions, *plane)
        nbytes = len(positions) * self._array.strides[0]
        if 0 < nbytes <= _SEEN_MOST and (positions[1:] - positions[:-1] == 1).all():
            self._seen += nbytes + _AROUND
            if self._seen > _SEEN_MOST:
                self._release()
            return self._array[(slice(positions[0], positions[-1] + 1), *_cut(plane))]
        found = self._array[(positions, *_cut(plane))]
        self._release()
        return found

    def _take_across(self, positions: Ints, axis: int, place: int) -> NDArray[Any]:
        """Copy planes that lie all over large items."""
        _, depth, *sides = self._array.shape
        found = np.empty(
            (len(positions), depth, *sides[: axis - 1], *sides[axis:]), self._array.dtype
        )
        step = max(1, _READ_MOST * depth // self._array[:1].nbytes)
        for number, position in enumerate(positions.tolist()):
            for first in range(0, depth, step):
                part = slice(first, first + step)
                found[number, part] = self._array[(position, part, *_cut((axis - 1, place)))]
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
        """Leave the pages to the system's cache; as long as they are mapped they count as ours.

        That takes 0.05 ms in a process of several threads.
        """
        self._seen = 0
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
        if plane:
            return self._take_planes(positions, *plane)
        items = np.empty((len(positions), *self._member.shape[1:]), self._member.dtype)
        room = items.reshape(-1).view(np.uint8)
        filled = 0
        for first, count in _runs(positions):
            part = room[filled : filled + count * self._member.item]
            self._read_into(part.data, first * self._member.item)
            filled += len(part)
        return items

    def _take_planes(self, positions: Ints, axis: int, place: int) -> NDArray[Any]:
        """Copy planes without reading, or keeping, all of the items."""
        shape, dtype = self._member.shape[1:], self._member.dtype
        # An item is so many blocks, and the plane a piece of each.
        blocks, side = math.prod(shape[:axis]), shape[axis]
        piece = math.prod(shape[axis + 1 :]) * dtype.itemsize
        planes = np.empty((len(positions), *shape[:axis], *shape[axis + 1 :]), dtype)
        pieces = planes.reshape(-1).view(np.uint8).reshape(len(positions), blocks, piece)
        # Where blocks are smaller than a page, the system reads what lies between anyway.
        is_apart = side * piece > mmap.PAGESIZE
        step = 1 if is_apart else max(1, min(blocks, _BLOCKS_BYTES // (side * piece)))
        room = np.empty((0 if is_apart else step, side, piece), np.uint8)
        for number, position in enumerate(positions.tolist()):
            for first in range(0, blocks, step):
                found = pieces[number, first : first + step]
                at = position * self._member.item + first * side * piece
                if is_apart:
                    self._read_into(found.reshape(-1).data, at + place * piece)
                else:
                    read = room[: len(found)]
                    self._read_into(read.reshape(-1).data, at)
                    found[:] = read[:, place]
        return planes

    def _read_into(self, room: memoryview, at: int) -> None:
        """Fill this room with what lies so many bytes behind the array's first."""
        at += self._member.data_at + self._member.header
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
