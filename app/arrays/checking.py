"""Stored members, which are read where they lie: computing their checksums."""

import contextlib
import io

from app.arrays.cache import Mark
from app.arrays.inflate import verify
from app.arrays.job import Job
from app.arrays.mapping import InPlace


class Checking(Job):
    """A stored member: read where it lies, at once, while its checksum is being computed."""

    _checked = 0

    @property
    def done(self) -> int:
        """Array bytes checked."""
        return self._checked

    def _file_name(self) -> str:
        return f"{self._member.name}.ok"

    def look(self) -> None:
        """Open the archive, to read from it at once. Raises ArchiveError."""
        self._ready = (InPlace(self._archive, self._member), self._member.nbytes)

    def _adopt(self) -> bool:
        # Of this very file: one of the same content key may have been damaged since.
        with contextlib.suppress(OSError):
            if self.path.read_bytes() == repr(self._archive.stamp).encode():
                self._checked = self._member.nbytes
                self.ended.set()
        return self.ended.is_set()

    def _make(self, lock: io.FileIO | None) -> None:
        def report(done: int) -> None:
            self._checked = done
            self._tell(lock, Mark(done, 0))

        verify(self._archive, self._member, report)
        self.ended.set()
        if lock:
            self.path.write_text(repr(self._archive.stamp))

    def _work(self) -> None:
        try:
            super()._work()
        except OSError:
            # Trouble with the cache folder only means that the next start checks again.
            if not self.ended.is_set():
                self._make(None)

    def _follow(self, mark: Mark | None) -> None:
        if mark:
            self._checked = min(mark.done, self._member.nbytes)
