"""Members → arrays that can be read now, or a little later, or never, and then why.

Small members are made ready when they are opened. Large ones are begun when somebody first looks,
and are readable up to a watermark while the rest is still being unpacked.
"""

import contextlib
import errno
import io
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from app.arrays.archive import Archive, Member
from app.arrays.cache import PART, Cache, Mark, read_mark, write_mark
from app.arrays.inflate import head, npy_header, unpack, verify
from app.arrays.mapping import InPlace, Ints, Mapped, Plane, Source
from app.errors import ArchiveError, NotReadyError

# Whole and checked before anything of it is shown: some 80 ms of inflating.
SMALL: Final = 32 * 1024 * 1024
_AT_ONCE: Final = 4
_POLL_SECONDS: Final = 0.05
_RETRY_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Progress:
    """How many of an array's bytes have been unpacked or checked."""

    done: int
    total: int
    finished: bool


class Store:
    """Opens the members of archives, each piece of work done once at a time."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.writable = cache.writable()
        self._jobs: dict[tuple[str, str], _Job] = {}
        self._lock = threading.Lock()
        self.slots = threading.Semaphore(_AT_ONCE)
        if self.writable:
            cache.clean()

    def open(self, archive: Archive, name: str) -> "Array":
        """Open a member of the archive. Raises ArchiveError for a small one that is damaged."""
        member = archive.members[name]
        if member.size <= SMALL:
            job = self.job(archive, member, threaded=False)
            job.finished.wait()
            if job.error:
                raise job.error
        return Array(self, archive, member)

    def begun(self, archive: Archive, member: Member) -> "_Job | None":
        """Give the work on a member if it has been begun."""
        return self._jobs.get((archive.key, member.name))

    def failure(self, archive: Archive, name: str) -> ArchiveError | None:
        """Say why a member turned out unreadable, if it did."""
        job = self._jobs.get((archive.key, name))
        return job.error if job else None

    def progress(self, archive: Archive, name: str) -> Progress:
        """Say how far a member is; asking begins nothing."""
        job = self._jobs.get((archive.key, name))
        total = archive.members[name].nbytes
        if job is None:
            return Progress(0, total, finished=False)
        return Progress(total if job.finished.is_set() else job.done, total, job.finished.is_set())

    def prepare(
        self, archive: Archive, name: str, report: Callable[[Progress], None] | None = None
    ) -> None:
        """Make a member ready and wait for it. Raises ArchiveError if it can't be."""
        job = self.job(archive, archive.members[name], threaded=True)
        while not job.finished.wait(0.1):
            if report:
                report(self.progress(archive, name))
        if job.error:
            raise job.error

    @contextlib.contextmanager
    def derived(
        self, archive: Archive, name: str, build: Callable[[BinaryIO], None]
    ) -> Iterator[BinaryIO]:
        """Open a small file that ``build`` writes from this archive, once for its content."""
        if not self.writable:
            with _unnamed(name) as file:
                build(file)
                file.flush()
                file.seek(0)
                yield file
            return
        path = self.cache.path(archive.key, name)
        while not path.exists():
            with self.cache.lock(path) as lock:
                if lock and not path.exists():
                    with self.cache.making(path) as file:
                        build(file)
            if not path.exists():
                time.sleep(_POLL_SECONDS)
        self.cache.touch(path)
        with path.open("rb") as file:
            yield file

    def job(self, archive: Archive, member: Member, *, threaded: bool) -> "_Job":
        """Give the work on this member, begun if it has not been."""
        place = archive.key, member.name
        job = self._jobs.get(place)
        if job is not None and not job.may_be_retried():
            job.touch()
            return job
        with self._lock:
            job = self._jobs.get(place)
            if job is not None and not job.may_be_retried():
                return job
            job = self._jobs[place] = _Job(self, archive, member)
        if threaded:
            threading.Thread(target=job.run, name=f"unpack {member.name}", daemon=True).start()
        else:
            job.run()
        return job

    def forget(self, gone: list[Path]) -> None:
        """Let go of the maps of evicted files, so that their space on disk comes free."""
        for path in gone:
            self._jobs.pop((path.parent.name, path.name.removesuffix(".npy")), None)


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

    def take(self, positions: Ints, plane: Plane | None = None) -> NDArray[Any]:
        """Copy the items at these positions: shape (n, *item), or (n, *plane) with ``plane``.

        Raises NotReadyError above what is available, ArchiveError if the file has changed or
        turned out to be damaged.
        """
        job = self._job()
        source, available = job.snapshot()
        if job.error:
            raise job.error
        last = int(positions.max()) if len(positions) else -1
        if source is None or last >= available:
            raise NotReadyError(
                f"{self._archive.path.name}: {self._member.name} is still being unpacked; "
                "try again in a moment."
            )
        return source.take(positions, plane)

    def first(self, items: int) -> NDArray[Any]:
        """Copy the first few items without beginning to unpack the rest.

        Raises ArchiveError; an array in Fortran order must be whole before any item is.
        """
        items = min(items, self.shape[0])
        job = self._store.begun(self._archive, self._member)
        if job is None and not self._member.fortran:
            found = head(self._archive, self._member, items)
            return np.frombuffer(found, self.dtype).reshape(items, *self.shape[1:])
        return self.take(np.arange(items, dtype=np.int64))

    def wait(self, items: int, seconds: float) -> None:
        """Wait until that many items can be read, the work has failed, or the time is over."""
        job = self._job()
        deadline = time.monotonic() + seconds
        while job.snapshot()[1] < items and time.monotonic() < deadline:
            if job.finished.wait(_POLL_SECONDS / 2):
                return

    def _job(self) -> "_Job":
        return self._store.job(self._archive, self._member, threaded=True)


class _Job:
    """The unpacking of one member, or, where it is read in place, its checking."""

    def __init__(self, store: Store, archive: Archive, member: Member) -> None:
        self._store = store
        self._archive = archive
        self._member = member
        self._source: tuple[Source | None, int, int] = (None, 0, 0)  # source, bytes, inode
        self._ended = 0.0
        self._checked = 0
        self.error: ArchiveError | None = None
        self.finished = threading.Event()
        name = f"{member.name}.ok" if member.in_place else f"{member.name}.npy"
        self._path = store.cache.path(archive.key, name)

    @property
    def done(self) -> int:
        """Array bytes unpacked or checked."""
        return self._checked if self._member.in_place else self._source[1]

    def snapshot(self) -> tuple[Source | None, int]:
        """Give what items can be read from now, and how many of them."""
        source, done, _ = self._source
        number = self._member.shape[0]
        if done == self._member.nbytes:
            return source, number if source else 0
        if self._member.fortran:
            return source, 0
        return source, done // (self._member.nbytes // max(1, number))

    def may_be_retried(self) -> bool:
        """Say whether what stopped this work may have passed, as a full disk does."""
        return bool(
            self.error and self.error.passing and time.monotonic() - self._ended > _RETRY_SECONDS
        )

    def touch(self) -> None:
        """Note that the cached file is in use."""
        if self.finished.is_set():
            self._store.cache.touch(self._path)

    def run(self) -> None:
        """Do the work, or wait for whoever does; afterwards ``finished`` is set."""
        try:
            with self._store.slots:
                if self._member.in_place:
                    self._verify()
                else:
                    self._unpack()
        except ArchiveError as error:
            self.error = error
        except OSError as error:
            self.error = self._disk_refusal(error)
        finally:
            self._ended = time.monotonic()
            self.finished.set()

    def _verify(self) -> None:
        source = InPlace(self._archive, self._member)
        self._source = (source, self._member.nbytes, 0)
        if self._path.exists():
            self._checked = self._member.nbytes
            return

        def report(done: int) -> None:
            self._checked = done

        verify(self._archive, self._member, report)
        if self._store.writable:
            with self._store.cache.lock(self._path) as lock:
                if lock:
                    self._path.touch()

    def _unpack(self) -> None:
        if not self._store.writable:
            self._unpack_unnamed()
            return
        while not self._adopt():
            with self._store.cache.lock(self._path) as lock:
                if lock and not self._adopt():
                    self._make(lock)
            if not lock:
                self._follow()
                time.sleep(_POLL_SECONDS)

    def _adopt(self) -> bool:
        """Take the finished file, if there is one and it is what it should be."""
        if self._source[1] == self._member.nbytes and self._source[0]:
            return True
        header = npy_header(self._member)
        try:
            with self._path.open("rb") as file:
                whole = os.fstat(file.fileno()).st_size == len(header) + self._member.nbytes
                if whole and file.read(len(header)) == header:
                    self._source = (Mapped(file, self._member), self._member.nbytes, 0)
                    self._store.cache.touch(self._path)
                    return True
            self._path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        return False

    def _make(self, lock: io.FileIO) -> None:
        cache = self._store.cache
        needed = len(npy_header(self._member)) + self._member.nbytes
        self._store.forget(cache.evict(needed, self._path))
        if cache.free() < needed:
            raise self._too_little_room()
        with cache.making(self._path) as file:
            self._fill(file, lambda done, inode: write_mark(lock, Mark(done, inode)))

    def _fill(self, file: BinaryIO, publish: Callable[[int, int], None]) -> None:
        file.truncate(len(npy_header(self._member)) + self._member.nbytes)
        source = Mapped(file, self._member)
        inode = os.fstat(file.fileno()).st_ino

        def report(done: int) -> None:
            # Whole only when the checksum has been seen.
            done = min(done, self._member.nbytes - 1)
            self._source = (source, done, inode)
            publish(done, inode)

        unpack(self._archive, self._member, file, report)
        self._source = (source, self._member.nbytes, inode)

    def _unpack_unnamed(self) -> None:
        if self._member.nbytes > SMALL:
            raise ArchiveError(
                self._archive.path,
                f"must be unpacked, but the cache folder {self._store.cache.folder} "
                "can't be written to",
                "set LIGHTBOX_CACHE_DIR to a folder that can",
                self._member.name,
            )
        with _unnamed(self._member.name) as file:
            self._fill(file, lambda _done, _inode: None)

    def _follow(self) -> None:
        """Read along in the part file of the process that is making it."""
        mark = read_mark(self._path)
        if mark is None:
            return
        source, _, inode = self._source
        if inode != mark.inode:
            try:
                with self._path.with_name(self._path.name + PART).open("rb") as file:
                    if os.fstat(file.fileno()).st_ino != mark.inode:
                        return
                    source = Mapped(file, self._member)
            except (OSError, ValueError):
                return
        self._source = (source, mark.done, mark.inode)

    def _too_little_room(self) -> ArchiveError:
        cache = self._store.cache
        needed = len(npy_header(self._member)) + self._member.nbytes
        return ArchiveError(
            self._archive.path,
            f"needs {needed:,} bytes in the cache folder {cache.folder}, "
            f"where {cache.free():,} are free",
            "make room there, or set LIGHTBOX_CACHE_DIR to a larger disk",
            self._member.name,
            passing=True,
        )

    def _disk_refusal(self, error: OSError) -> ArchiveError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return self._too_little_room()
        return ArchiveError(
            self._archive.path,
            f"can't be unpacked into {self._store.cache.folder} "
            f"({(error.strerror or 'unknown reason').lower()})",
            "check that folder, or set LIGHTBOX_CACHE_DIR to another",
            self._member.name,
            passing=True,
        )


@contextlib.contextmanager
def _unnamed(name: str) -> Iterator[BinaryIO]:
    """Give a file without a name, in memory where the system has such, for small things."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create(name), "w+b") as file:
            yield file
    else:
        with tempfile.TemporaryFile() as file:
            yield file
