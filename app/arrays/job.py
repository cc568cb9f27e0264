"""The work on one member: unpacked into the cache, or, where it is read in place, checked.

Whoever holds the lock on the cached file does the work; everybody else, here or in another
process, reads along up to the watermark and takes the result. What is to be done differs by kind of
member: ``unpacking.py``, ``checking.py``.
"""

import contextlib
import io
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from app.arrays.archive import Archive, is_current
from app.arrays.cache import Cache, Mark, read_mark, write_mark
from app.arrays.mapping import Source
from app.arrays.member import Member
from app.arrays.room import disk_refusal
from app.errors import ArchiveError
from app.phrases import Phrase

# Whole and checked before anything of it is shown: some 80 ms of inflating.
SMALL: Final = 32 * 1024 * 1024

_LARGE_AT_ONCE: Final = threading.Semaphore(4)
_POLL_SECONDS: Final = 0.05
_RETRY_SECONDS: Final = 3.0
_TOUCH_SECONDS: Final = 30.0

LetGo = Callable[[list[Path]], None]


def may_be_over(error: ArchiveError | None, since: float) -> bool:
    """Say whether what stopped some work may have passed, as a full disk does.

    ``since`` is when it did (``time.monotonic``): not all who ask are to try again at once.
    """
    return bool(error and error.passing and time.monotonic() - since > _RETRY_SECONDS)


class Job(ABC):
    """What is ready of a member, and why it failed if it did.

    ``ended`` is set when the member is whole and checked, or has failed; ``stored`` when the
    cached file is on disk too, so that there is nothing left to do. ``used`` is when somebody last
    looked (``time.monotonic``).
    """

    def __init__(self, cache: Cache, archive: Archive, member: Member, let_go: LetGo) -> None:
        self._cache = cache
        self._archive = archive
        self._member = member
        self._let_go = let_go
        self._ready: tuple[Source | None, int] = (None, 0)  # what can be read: array bytes of it
        self._failed_at = 0.0
        self.path = cache.path(archive.key, self._file_name())
        self.used = self._touched = time.monotonic()
        self.error: ArchiveError | None = None
        self.ended = threading.Event()
        self.stored = threading.Event()

    @property
    @abstractmethod
    def done(self) -> int:
        """Array bytes unpacked or checked."""

    def snapshot(self) -> tuple[Source | None, int]:
        """Give what items can be read from now, and how many of them."""
        source, done = self._ready
        number = self._member.shape[0]
        if source is None or done == self._member.nbytes:
            return source, number if source else 0
        return source, 0 if self._member.fortran else done // self._member.item

    def use(self) -> None:
        """Note that somebody looks, now and then on disk too, where eviction goes by it."""
        self.used = time.monotonic()
        if self.used > self._touched + _TOUCH_SECONDS:
            self._touched = self.used
            self._cache.touch(self.path)

    def may_be_retried(self) -> bool:
        """Say whether what stopped this work may have passed, as a full disk does."""
        return may_be_over(self.error, self._failed_at)

    @property
    def stopped(self) -> bool:
        """Whether the rest waits until somebody wants it."""
        return not self.ended.is_set() and self._cache.is_stopped(self.path)

    def stop(self) -> None:
        """Have large work rest, whichever process does it. Raises ArchiveError."""
        self._turn(self._cache.stop)

    def go_on(self) -> None:
        """Go on with what was stopped. Raises ArchiveError."""
        self._turn(self._cache.go_on)

    def _turn(self, turn: Callable[[Path], None]) -> None:
        if self._is_small or self.ended.is_set() or not self._cache.writable:
            return
        try:
            turn(self.path)
        except OSError as error:
            needed = self._needed()
            name = self._member.name
            raise disk_refusal(self._cache, self._archive, name, needed, error) from None

    def may_be_dropped(self) -> bool:
        """Say whether nothing is lost but a map or an open file, which are soon made again."""
        cheap = self._cache.writable or self._is_small
        return cheap and self.stored.is_set() and not self.error

    def begin(self) -> None:
        """Take what is there already, or start a thread that works on it."""
        with self._ending():
            self.look()
            if not self._adopt():
                threading.Thread(
                    target=self._run, name=f"unpack {self._member.name}", daemon=True
                ).start()
                return
        self.stored.set()

    def _run(self) -> None:
        with self._ending():
            self._work()
        self.ended.set()
        self.stored.set()

    def _work(self) -> None:
        if not self._cache.writable:
            self._make(None)
            return
        while not self._adopt():
            with self._cache.lock(self.path) as lock:
                if lock and not self._adopt():
                    with contextlib.nullcontext() if self._is_small else _LARGE_AT_ONCE:
                        self._make(lock)
            if not lock:
                self._follow(read_mark(self.path))
                time.sleep(_POLL_SECONDS)

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """Keep what goes wrong, for whoever asks; let go of what was read until then."""
        try:
            yield
        except ArchiveError as error:
            self._fail(error)
        except OSError as error:
            self._fail(
                disk_refusal(self._cache, self._archive, self._member.name, self._needed(), error)
            )
        except BaseException as error:
            self._fail(
                ArchiveError(
                    self._archive.path,
                    Phrase("could not be unpacked ({name})", name=type(error).__name__),
                    Phrase("try again, and report this if it stays so"),
                    self._member.name,
                    passing=True,
                )
            )
            raise

    def _fail(self, error: ArchiveError) -> None:
        self._failed_at = time.monotonic()
        self.error = error
        self._ready = (None, 0)
        self.ended.set()
        self.stored.set()

    def _tell(self, lock: io.FileIO | None, mark: Mark) -> None:
        """Say how far the work is, and rest while it is stopped; what is done stays readable."""
        if not lock:
            return
        write_mark(lock, mark)
        if not self._is_small and self._cache.is_stopped(self.path):
            _LARGE_AT_ONCE.release()
            while self._cache.is_stopped(self.path) and is_current(self._archive):
                time.sleep(_POLL_SECONDS)
            _LARGE_AT_ONCE.acquire()

    @property
    def _is_small(self) -> bool:
        return self._member.size <= SMALL

    def _needed(self) -> int:
        return len(self._member.npy_header) + self._member.nbytes

    @abstractmethod
    def _file_name(self) -> str:
        """The cached file's name."""

    @abstractmethod
    def look(self) -> None:
        """Look at what is there before any work. Raises ArchiveError if it can't be done."""

    @abstractmethod
    def _adopt(self) -> bool:
        """Take the finished work, if it is there and is what it should be."""

    @abstractmethod
    def _make(self, lock: io.FileIO | None) -> None:
        """Do the work, and say through the lock (where there is one) how far it is."""

    @abstractmethod
    def _follow(self, mark: Mark | None) -> None:
        """Read along with whoever does the work."""
