"""What only reading a whole file can tell: learned once, in the background, and asked for later.

A file of twelve gigabytes takes a while to read. Whoever asks first begins the work; whoever asks
meanwhile is told how far it is.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from app.arrays.archive import unreadable
from app.arrays.job import may_be_over
from app.arrays.store import Store
from app.datasets import identity, statistics
from app.datasets.dataset import Dataset
from app.datasets.selection import Split
from app.datasets.statistics import Channel
from app.errors import ArchiveError, TooManyError
from app.phrases import Phrase

_log: Final = logging.getLogger(__name__)

T = TypeVar("T")

# Reading holds a disk and a core: pages need some of either.
_AT_ONCE: Final = 2
_KEPT_MOST: Final = 4_000
_KEPT_BYTES: Final = 128 * 1024 * 1024
# Where anyone can think of more things to be learned, these few may wait.
_WAITING_MOST: Final = 24
_MD5: Final = "md5"


@dataclass(frozen=True)
class Learned(Generic[T]):
    """What is known by now: the ``value``, or the ``error`` that kept it from being known.

    While both are None, ``done`` of ``total`` bytes have been read, if it is ``begun``.
    """

    value: T | None
    error: ArchiveError | None
    done: int
    total: int
    begun: bool = True

    @property
    def pending(self) -> bool:
        """Say whether it is still being learned."""
        return self.begun and self.value is None and self.error is None


class _StoppedError(Exception):
    """Somebody wants it no more."""


class _Task:
    """One thing to learn of one file."""

    def __init__(self, learn: Callable[[Callable[[int], None]], Any], total: int) -> None:
        self._learn = learn
        self._failed_at = 0.0
        self.total = total
        self.done = 0
        self.value: Any = None
        self.error: ArchiveError | None = None
        self.ended = threading.Event()
        self.stopped = False

    @property
    def weight(self) -> int:
        """What keeping its value takes in memory, where that is worth counting."""
        return int(getattr(self.value, "nbytes", 0))

    def run(self, dataset: Dataset) -> None:
        """Learn it; what goes wrong is kept for whoever asks."""
        try:
            self._report(0)
            self.value = self._learn(self._report)
        except _StoppedError:
            pass
        except ArchiveError as error:
            self._fail(error)
        except OSError as error:
            self._fail(unreadable(dataset.archive.path, error))
        except Exception as error:
            _log.exception("reading %s", dataset.archive.path)
            reason = Phrase("could not be read to its end ({name})", name=type(error).__name__)
            self._fail(ArchiveError(dataset.archive.path, reason, Phrase("report this as a fault")))
        # It holds the whole dataset, with its open files, which may long be replaced by then.
        del self._learn
        self.ended.set()

    def may_be_retried(self) -> bool:
        """Say whether what stopped this may have passed, as a full disk does."""
        return may_be_over(self.error, self._failed_at)

    def _report(self, done: int) -> None:
        if self.stopped:
            raise _StoppedError
        self.done = done

    def _fail(self, error: ArchiveError) -> None:
        self._failed_at = time.monotonic()
        # What is kept must not hold the calls it came through, and the dataset with them.
        error.__cause__ = error.__context__ = None
        self.error = error.with_traceback(None)


class Surveys:
    """Reads whole files, few at once, off the event loop; what was learned stays at hand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tasks: OrderedDict[tuple[Any, ...], _Task] = OrderedDict()
        self._waiting: deque[tuple[_Task, Dataset]] = deque()
        self._working = 0
        self._lock = threading.Lock()

    def md5(self, dataset: Dataset, seconds: float = 0.0, *, begin: bool = True) -> Learned[str]:
        """Give the file's MD5, or how far it is after waiting for so many seconds."""
        archive = dataset.archive
        return self.learn(
            dataset,
            _MD5,
            archive.stamp[0],
            lambda report: identity.md5(archive, self._store, report),
            seconds,
            begin=begin,
        )

    def statistics(
        self, dataset: Dataset, split: Split, seconds: float = 0.0, *, begin: bool = True
    ) -> Learned[tuple[Channel, ...]]:
        """Give the pixel statistics of a split, or how far they are after so many seconds."""
        return self.learn(
            dataset,
            split,
            dataset.archive.members[f"{split}_images"].nbytes,
            lambda report: statistics.of_split(dataset, split, self._store, report),
            seconds,
            begin=begin,
        )

    def learn(
        self,
        dataset: Dataset,
        what: str,
        total: int,
        learn: Callable[[Callable[[int], None]], T],
        seconds: float,
        *,
        begin: bool = True,
        may_be_many: bool = False,
    ) -> Learned[T]:
        """Give what ``learn`` finds, or how far it is after so many seconds.

        ``what`` names it among all that is learned of this file, ``total`` is the number of bytes
        that it reads and reports. What is not known is begun, or begun again, only if
        told to ``begin``. Raises TooManyError where others wait, if there ``may_be_many``.
        """
        place = dataset.archive.path, dataset.archive.stamp, what
        with self._lock:
            task = self._tasks.get(place)
            if begin and (task is None or task.may_be_retried()):
                if may_be_many and len(self._waiting) >= _WAITING_MOST:
                    raise TooManyError(
                        Phrase(
                            "Too much is being computed right now; reload this page in a minute."
                        )
                    )
                task = self._tasks[place] = _Task(learn, total)
                self._begin(task, dataset)
            if task is None:
                return Learned(None, None, 0, total, begun=False)
            self._tasks.move_to_end(place)
        task.ended.wait(seconds)
        return Learned(task.value, task.error, task.done, task.total)

    def stop(self, dataset: Dataset, what: str) -> None:
        """Stop learning this, if it is under way; whoever asks again begins it anew."""
        place = dataset.archive.path, dataset.archive.stamp, what
        with self._lock:
            task = self._tasks.get(place)
            if task and not task.ended.is_set():
                task.stopped = True
                del self._tasks[place]

    def stop_reading(self, dataset: Dataset) -> None:
        """Stop what is being learned of its MD5 and its statistics."""
        for what in (_MD5, *dataset.splits):
            self.stop(dataset, what)

    def _begin(self, task: _Task, dataset: Dataset) -> None:
        self._waiting.append((task, dataset))
        if self._working < _AT_ONCE:
            self._working += 1
            threading.Thread(target=self._work, name="survey", daemon=True).start()
        ended = [place for place, task in self._tasks.items() if task.ended.is_set()]
        weight = sum(self._tasks[place].weight for place in ended)
        for place in ended:
            if len(self._tasks) <= _KEPT_MOST and weight <= _KEPT_BYTES:
                break
            weight -= self._tasks.pop(place).weight

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._working -= 1
                    return
                task, dataset = self._waiting.popleft()
            task.run(dataset)
