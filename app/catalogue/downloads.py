"""Downloads that run beside the server: any of its processes may begin, look at and cancel one.

What is known of one stands in a small note in the cache folder; whether it runs is told by a lock,
which ends with its process however that ends.
"""

import contextlib
import fcntl
import io
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

from app.catalogue.facts import PublishedFile
from app.catalogue.fetching import bytes_here, fetch, is_being_fetched, is_held
from app.errors import FetchError

_log: Final = logging.getLogger(__name__)

State = Literal[
    "none", "waiting", "running", "stopping", "elsewhere", "failed", "cancelled", "interrupted"
]

# One line of a network is soon full; more at once only end later.
AT_ONCE: Final = 2
_NOTE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.25
_RATE_SECONDS: Final = 10.0
# Of a note that is older than this nobody knows whether its rate still holds.
_STALE_SECONDS: Final = 5.0
_NOTE_MOST: Final = 10_000
_TRIES: Final = 20


@dataclass(frozen=True)
class Standing:
    """How far a file is. ``sentence`` says why it has failed.

    ``rate`` is in bytes per second, and None while nothing comes.

    ``none``         nothing has been begun, or all is done
    ``waiting``      it begins when one of those before it has ended
    ``stopping``     it was cancelled, and ends when the mirror answers or its patience ends
    ``elsewhere``    another program brings it into the same folder
    ``interrupted``  the server was ended meanwhile
    """

    state: State = "none"
    done: int = 0
    total: int | None = None
    rate: float | None = None
    sentence: str = ""

    @property
    def is_going_on(self) -> bool:
        """Say whether it will change by itself."""
        return self.state in ("waiting", "running", "stopping", "elsewhere")

    @property
    def seconds_left(self) -> float | None:
        """Give how long the rest takes at this rate, where both are known."""
        if not self.total or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate


class _CancelledError(Exception):
    """Somebody wants this download no more."""


class Downloads:
    """Brings published files into ``folder``. ``notes`` is a folder that all processes share."""

    def __init__(self, folder: Path, notes: Path, mirror: str | None) -> None:
        self.folder = folder
        self._notes = notes
        self._mirror = mirror

    def begin(self, file: PublishedFile) -> None:
        """Begin a download, unless it runs already. Raises FetchError if that can't be noted."""
        with contextlib.ExitStack() as if_refused:
            try:
                self._notes.mkdir(parents=True, exist_ok=True)
                lock = if_refused.enter_context(self._path(file, "run").open("ab"))
                if not _is_had(lock) or is_being_fetched(file, self.folder):
                    return
                self._path(file, "stop").unlink(missing_ok=True)
                self._note(file, Standing("waiting", bytes_here(file, self.folder), file.bytes))
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise FetchError(
                    f"{file.name} can't be fetched: {self._notes} can't be written ({why})."
                ) from None
            thread = threading.Thread(
                target=self._run, args=(file, lock), name=f"fetch {file.name}", daemon=True
            )
            thread.start()
            if_refused.pop_all()

    def cancel(self, file: PublishedFile) -> None:
        """End a download soon, in whichever process it runs; what has come is kept."""
        if is_held(self._path(file, "run")):
            with contextlib.suppress(OSError):
                self._path(file, "stop").touch()

    def look(self, file: PublishedFile) -> Standing:
        """Say how far a file is."""
        runs, note = is_held(self._path(file, "run")), self._read(file)
        here = bytes_here(file, self.folder)
        if runs and self._path(file, "stop").exists():
            return Standing("stopping", here, note.total or file.bytes)
        if runs and note.state == "running":
            return replace(note, done=max(note.done, here))
        if runs:
            return Standing("waiting", here, file.bytes)
        if is_being_fetched(file, self.folder):
            return Standing("elsewhere", here, file.bytes)
        if note.state in ("waiting", "running"):
            return Standing("interrupted", here, note.total)
        return Standing(note.state, here, note.total or file.bytes, None, note.sentence)

    def _run(self, file: PublishedFile, lock: io.BufferedWriter) -> None:
        watch = _Watch(self._path(file, "stop"), lambda standing: self._note(file, standing))
        ended = Standing()
        with lock:
            try:
                with self._one_of_few(watch):
                    fetch(file, self.folder, self._mirror, watch.report, watch.pause)
            except _CancelledError:
                ended = Standing("cancelled", watch.done, watch.total)
            except FetchError as error:
                ended = Standing("failed", watch.done, watch.total, None, str(error))
            except Exception as error:
                _log.exception("fetching %s", file.name)
                sentence = f"{file.name} could not be fetched ({type(error).__name__})."
                ended = Standing("failed", watch.done, watch.total, None, sentence)
            self._path(file, "stop").unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._note(file, ended)

    @contextlib.contextmanager
    def _one_of_few(self, watch: "_Watch") -> Iterator[None]:
        """Wait for one of the places that all processes share."""
        with contextlib.ExitStack() as stack:
            places = [
                stack.enter_context((self._notes / f"place-{n}").open("ab")) for n in range(AT_ONCE)
            ]
            while not any(_is_had(place, tries=1) for place in places):
                watch.pause(_LOOK_SECONDS)
            yield

    def _note(self, file: PublishedFile, standing: Standing) -> None:
        path = self._path(file, "json")
        if standing.state == "none":
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path(file, "new")
        new.write_text(json.dumps(asdict(standing)))
        new.replace(path)

    def _read(self, file: PublishedFile) -> Standing:
        """Read what was noted; what can't be read was not noted."""
        try:
            with self._path(file, "json").open("rb") as note:
                standing = Standing(**json.loads(note.read(_NOTE_MOST)))
                if time.time() - os.fstat(note.fileno()).st_mtime > _STALE_SECONDS:
                    standing = replace(standing, rate=None)
        except (OSError, ValueError, TypeError):
            return Standing()
        return standing if _is_sound(standing) else Standing()

    def _path(self, file: PublishedFile, kind: str) -> Path:
        return self._notes / f"{file.name}.{kind}"


class _Watch:
    """Hears how far a download is, notes it now and then, and ends it where it is to be ended."""

    def __init__(self, stop: Path, note: Callable[[Standing], None]) -> None:
        self._stop = stop
        self._note = note
        self._looked = self._noted = 0.0
        self._samples: deque[tuple[float, int]] = deque()
        self.done = 0
        self.total: int | None = None

    def report(self, done: int, total: int | None) -> None:
        """Take note of the bytes here and in all. Raises _CancelledError."""
        now = time.monotonic()
        if done < self.done:
            self._samples.clear()  # it begins anew
        self.done, self.total = done, total
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._samples.append((now, done))
            self._go_on()
        if now - self._noted >= _NOTE_SECONDS:
            self._noted = now
            with contextlib.suppress(OSError):
                self._note(Standing("running", done, total, self._rate(now)))

    def pause(self, seconds: float) -> None:
        """Wait. Raises _CancelledError."""
        until = time.monotonic() + seconds
        self._samples.clear()
        while True:
            self._go_on()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _LOOK_SECONDS))

    def _go_on(self) -> None:
        if self._stop.exists():
            raise _CancelledError

    def _rate(self, now: float) -> float | None:
        while len(self._samples) > 2 and now - self._samples[0][0] > _RATE_SECONDS:
            self._samples.popleft()
        if len(self._samples) < 2:
            return None
        (began, first), (ended, last) = self._samples[0], self._samples[-1]
        return (last - first) / (ended - began)


def _is_had(lock: io.BufferedWriter, tries: int = _TRIES) -> bool:
    """Take a lock, and say whether that was possible; who only looks holds it for a moment."""
    for left in reversed(range(tries)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                time.sleep(0.005)
        else:
            return True
    return False


def _is_sound(standing: Standing) -> bool:
    return (
        standing.state in get_args(State)
        and isinstance(standing.done, int)
        and isinstance(standing.total, int | None)
        and isinstance(standing.rate, float | int | None)
        and isinstance(standing.sentence, str)
    )
