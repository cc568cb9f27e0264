"""Deflated members, and those in Fortran order: copying them into the cache."""

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from app.arrays.cache import Mark, open_part
from app.arrays.inflate import unpack
from app.arrays.job import Job
from app.arrays.mapping import Mapped, Source
from app.arrays.room import fits, is_lasting, make_room, require_room
from app.errors import ArchiveError


class Unpacking(Job):
    """A deflated member, or one in Fortran order: copied into the cache and mapped there."""

    _part = 0

    @property
    def done(self) -> int:
        """Array bytes unpacked."""
        return self._ready[1]

    def _file_name(self) -> str:
        return f"{self._member.name}.npy"

    def look(self) -> None:
        """Make sure that a large one finds room. Raises ArchiveError."""
        if not self._is_small and not self._cache.has(self.path):
            require_room(self._cache, self._archive, self._member.name, self._needed())

    def _adopt(self) -> bool:
        if self.ended.is_set():
            return True
        header = self._member.npy_header
        try:
            with self.path.open("rb") as file:
                whole = os.fstat(file.fileno()).st_size == self._needed()
                if whole and file.read(len(header)) == header:
                    self._take(Mapped(file, self._member))
                    self._cache.touch(self.path)
                    return True
            self.path.unlink(missing_ok=True)
        except (FileNotFoundError, NotADirectoryError):
            pass
        return False

    def _take(self, source: Source) -> None:
        self._ready = (source, self._member.nbytes)
        self.ended.set()

    def _work(self) -> None:
        try:
            super()._work()
        except (OSError, ArchiveError) as error:
            # A full disk is no reason to refuse what memory holds.
            if not self._is_small or is_lasting(error):
                raise
            self._fill_memory()

    def _make(self, lock: io.FileIO | None) -> None:
        if not fits(self._cache, self._needed()) and self._is_small:
            self._fill_memory()
            return
        make_room(self._cache, self._archive, self.path, self._needed(), self._let_go)
        with self._cache.making(self.path) as (file, part):
            self._fill(file, lambda done: self._tell(lock, Mark(done, part)))
        # Again, for two that are written at once can't evict one another.
        self._let_go(self._cache.evict(0, self.path))

    def _fill_memory(self) -> None:
        with unnamed(self._member.name) as file:
            self._fill(file, lambda _: None)

    def _fill(self, file: BinaryIO, publish: Callable[[int], None]) -> None:
        file.truncate(self._needed())
        source = Mapped(file, self._member)

        def report(done: int) -> None:
            # Whole only when the checksum has been seen; then it stays so, though it be done again.
            done = min(done, self._member.nbytes - 1)
            if not self.ended.is_set():
                self._ready = (source, done)
            publish(done)

        unpack(self._archive, self._member, file, report)
        self._take(source)

    def _follow(self, mark: Mark | None) -> None:
        source, _ = self._ready
        if mark is None:
            return
        if mark.part != self._part or source is None:
            try:
                with open_part(self.path, mark) as file:
                    source = Mapped(file, self._member)
            except OSError:
                return
            self._part = mark.part
        self._ready = (source, mark.done)


@contextlib.contextmanager
def unnamed(name: str) -> Iterator[BinaryIO]:
    """Give a file without a name, in memory where the system has such, for small things."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create(name), "w+b") as file:
            yield file
    else:
        with tempfile.TemporaryFile() as file:
            yield file
