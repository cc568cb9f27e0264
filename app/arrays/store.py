"""Members → arrays that can be read now, or a little later, or never, and then why.

Small members are made ready when they are opened. Large ones are begun when somebody first looks,
and are readable up to a watermark while the rest is still being unpacked.
"""

import contextlib
import resource
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.arrays.archive import Archive, Stamp, is_current
from app.arrays.cache import Cache
from app.arrays.checking import Checking
from app.arrays.inflate import head, stream
from app.arrays.job import SMALL, Job
from app.arrays.mapping import Ints, Plane
from app.arrays.member import Member
from app.arrays.room import require_room
from app.arrays.unpacking import Unpacking
from app.errors import ArchiveError, NotReadyError
from app.phrases import Phrase

_POLL_SECONDS: Final = 0.02
# What nobody has looked at for so long is let go: an open file costs a file descriptor, and the
# map of one that was evicted meanwhile costs its space on disk.
_IDLE_SECONDS: Final = 60.0
_SWEEP_SECONDS: Final = 10.0
_HELD_MOST: Final = 256
# Of items that are larger, part after part is taken.
_TAKEN_MOST: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class Progress:
    """How many of an array's bytes have been unpacked or checked.

    ``stopped`` says that the rest waits until somebody wants it.
    """

    done: int
    total: int
    finished: bool
    stopped: bool = False


class Store:
    """Opens the members of archives, each piece of work done once at a time."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self._jobs: dict[tuple[Path, Stamp, str], Job] = {}
        self._lock = threading.Lock()
        self._swept = time.monotonic()
        _allow_many_open_files()
        if cache.writable:
            cache.clean()

    def open(self, archive: Archive, name: str) -> "Array":
        """Open a member of the archive; a small one is read whole now.

        Raises ArchiveError for one that is damaged, as far as is known, or that can't be unpacked.
        """
        member = archive.members[name]
        small = member.size <= SMALL
        job = self.job(archive, member) if small else self.begun(archive, member)
        if job is None or job.may_be_retried():
            self._job_for(archive, member).look()
        elif job.error:
            raise job.error.with_traceback(None)
        return Array(self, archive, member)

    def begun(self, archive: Archive, member: Member) -> Job | None:
        """Give the work on a member if it has been begun."""
        return self._jobs.get((archive.path, archive.stamp, member.name))

    def failure(self, archive: Archive, name: str) -> ArchiveError | None:
        """Say why a member turned out unreadable, if it did."""
        job = self.begun(archive, archive.members[name])
        return job.error if job else None

    def progress(self, archive: Archive, name: str) -> Progress:
        """Say how far a member is; asking begins nothing."""
        member = archive.members[name]
        job = self.begun(archive, member)
        if job is None:
            return Progress(0, member.nbytes, finished=False)
        return Progress(job.done, member.nbytes, job.ended.is_set(), job.stopped)

    def prepare(
        self, archive: Archive, name: str, report: Callable[[Progress], None] | None = None
    ) -> None:
        """Make a member ready and wait until it is on disk. Raises ArchiveError if it can't be."""
        job = self.job(archive, archive.members[name])
        job.go_on()
        while not job.stored.wait(0.1):
            if report:
                report(self.progress(archive, name))
        if job.error:
            raise job.error.with_traceback(None)
        member = archive.members[name]
        if member.nbytes and not member.in_place and not self.cache.has(job.path):
            # A small one that the cache does not take is kept in memory alone.
            require_room(self.cache, archive, name, member.nbytes)

    def job(self, archive: Archive, member: Member) -> Job:
        """Give the work on this member, begun if it has not been; of a small one, the end of it."""
        place = archive.path, archive.stamp, member.name
        job = self._jobs.get(place)
        if job is None or job.may_be_retried():
            with self._lock:
                job = self._jobs.get(place)
                if job is None or job.may_be_retried():
                    job = self._job_for(archive, member)
                    # Before others find it: until then it would say that nothing is ready.
                    job.begin()
                    self._jobs[place] = job
        if member.size <= SMALL:
            job.ended.wait()
        job.use()
        self._sweep()
        return job

    def drop(self, archive: Archive, name: str) -> None:
        """Let go of a member that is finished, and not going to be read again."""
        self._jobs.pop((archive.path, archive.stamp, name), None)

    def let_go(self, gone: list[Path]) -> None:
        """Unmap files that were removed, so that their space on disk comes free."""
        removed = set(gone)
        for place, job in list(self._jobs.items()):
            if job.path in removed:
                self._jobs.pop(place, None)

    def _job_for(self, archive: Archive, member: Member) -> Job:
        kind = Checking if member.in_place else Unpacking
        return kind(self.cache, archive, member, self.let_go)

    def _sweep(self) -> None:
        now = time.monotonic()
        crowded = len(self._jobs) > _HELD_MOST
        if now < self._swept + (_SWEEP_SECONDS / 100 if crowded else _SWEEP_SECONDS):
            return
        self._swept = now
        held = sorted(self._jobs.items(), key=lambda item: item[1].used)
        for rank, (place, job) in enumerate(held):
            idle = now - job.used > _IDLE_SECONDS or len(held) - rank > _HELD_MOST
            if idle and job.may_be_dropped():
                self._jobs.pop(place, None)


class Array:
    """An array that can be read by position; it may not be whole yet."""

    def __init__(self, store: Store, archive: Archive, member: Member) -> None:
        self._store = store
        self._archive = archive
        self._member = member
        self.shape = member.shape
        self.dtype = member.dtype

    @property
    def available(self) -> int:
        """Number of items, from the first, that can be read now; asking begins the work."""
        return self._job().snapshot()[1]

    @property
    def is_current(self) -> bool:
        """Say whether its file is still there, and the one that was opened."""
        return is_current(self._archive)

    @property
    def is_coming(self) -> bool:
        """Say whether more of it will be there later; asking begins the work."""
        job = self._job()
        return not job.error and job.snapshot()[1] < self.shape[0]

    def progress(self) -> Progress:
        """How far unpacking and checking are; asking begins nothing.

        Until it is finished, what can be read has not passed its checksum.
        """
        return self._store.progress(self._archive, self._member.name)

    def stop(self) -> None:
        """Have the unpacking or checking of a large array rest; what is ready can be read.

        That holds for all processes that share the cache folder, and for later ones. Raises
        ArchiveError where the folder can't be written.
        """
        self._job().stop()

    def go_on(self) -> None:
        """Go on with what was stopped. Raises ArchiveError where the folder can't be written."""
        self._job().go_on()

    def take(self, positions: Ints, plane: Plane | None = None) -> NDArray[Any]:
        """Give the items at these positions: shape (n, *item), or (n, *plane) with ``plane``.

        They may be seen where they lie, and can't be written to then. Raises NotReadyError above
        what is available, ArchiveError if the file has changed or turned out to be damaged.
        """
        job = self._job()
        source, available = job.snapshot()
        if job.error:
            raise job.error.with_traceback(None)
        last = int(positions.max()) if len(positions) else -1
        if source is None or last >= available:
            named = {"file": self._archive.path.name, "member": self._member.name}
            raise NotReadyError(
                Phrase(
                    "{file}: unpacking {member} was stopped; go on with it on the dataset's page.",
                    **named,
                )
                if job.stopped
                else Phrase(
                    "{file}: {member} is still being unpacked; try again in a moment.", **named
                )
            )
        return source.take(positions, plane)

    def first(self, items: int, slice_: int | None = None) -> NDArray[Any]:
        """Copy the first few items without beginning to unpack the rest of a large array.

        Of volumes only the slice at that place of their first axis, if it is given. Raises
        ArchiveError; a large array in Fortran order must be whole before any item is.
        """
        items, member = min(items, self.shape[0]), self._member
        if self._is_at_hand(items):
            plane = None if slice_ is None else (0, slice_)
            return self.take(np.arange(items, dtype=np.int64), plane)
        if slice_ is None:
            shape, runs = self.shape[1:], [(0, items * member.item)]
        else:
            shape, size = self.shape[2:], member.item // self.shape[1]
            starts = [number * member.item + slice_ * size for number in range(items)]
            runs = [(start, start + size) for start in starts]
        return np.frombuffer(head(self._archive, member, runs), self.dtype).reshape(items, *shape)

    def values_of_first(self, items: int) -> Iterator[NDArray[Any]]:
        """Yield the values of the first few items, flat and some at a time, as ``first`` does.

        Memory stays flat also where a single item is large. Raises ArchiveError.
        """
        items = min(items, self.shape[0])
        left, rest = items * self._member.item, b""
        if self._is_at_hand(items):
            if left <= _TAKEN_MOST:
                yield self.take(np.arange(items, dtype=np.int64)).ravel()
                return
            for number in range(items):
                yield from map(np.ravel, self.parts(number))
            return
        for block in stream(self._archive, self._member):
            data = (rest + block)[:left]
            number = len(data) // self.dtype.itemsize
            yield np.frombuffer(data, self.dtype, number)
            rest = data[number * self.dtype.itemsize :]
            left -= len(data) - len(rest)
            if not left:
                return

    def parts(self, position: int) -> Iterator[NDArray[Any]]:
        """Yield an item whole, or of a large one plane by plane, as values lie together.

        Of a large picture, a plane is a row. Raises NotReadyError or ArchiveError.
        """
        only = np.array([position], np.int64)
        if self._member.item <= _TAKEN_MOST:
            yield self.take(only)[0]
            return
        axis = len(self.shape) - 2 if self._member.fortran else 0
        for place in range(self.shape[1 + axis]):
            yield self.take(only, (axis, place))[0]

    def wait(self, items: int, seconds: float) -> None:
        """Wait until that many items can be read, the work has failed, or the time is over."""
        job = self._job()
        deadline = time.monotonic() + seconds
        while job.snapshot()[1] < items and time.monotonic() < deadline:
            if job.ended.wait(_POLL_SECONDS):
                return

    def finish(self) -> None:
        """Wait until the array is whole and has passed its checksum. Raises ArchiveError."""
        job = self._job()
        job.ended.wait()
        if job.error:
            raise job.error.with_traceback(None)

    def _is_at_hand(self, items: int) -> bool:
        """Say whether so many items can be taken, or must be, without looking ahead."""
        begun = self._store.begun(self._archive, self._member)
        return (
            bool(begun and (begun.error or begun.snapshot()[1] >= items))
            or self._member.fortran
            or self._member.size <= SMALL
        )

    def _job(self) -> Job:
        return self._store.job(self._archive, self._member)


def _allow_many_open_files() -> None:
    """Raise the soft limit, which is low only for the sake of select(); each map takes a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
