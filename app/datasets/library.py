"""The files and folders served: what is there, what is refused and why, what has changed.

Nothing is scanned in advance. Asking looks at the folders (one listing) and at the files' size and
time; only a file that is new or changed is opened. So a new file appears, and a replaced one is
noticed, on the next request.
"""

# ruff: noqa: PTH112 (why: see files.py)

import logging
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.arrays.archive import ENDINGS, Stamp, is_current, stamp_of, unreadable
from app.arrays.store import Store
from app.datasets.dataset import Dataset
from app.datasets.files import files_in, is_id, is_npz, named_files, rank_of, require_listable
from app.datasets.opening import open_dataset
from app.datasets.query import readable
from app.errors import ArchiveError, MissingError
from app.phrases import Phrase

_log: Final = logging.getLogger(__name__)

# What may soon be over is looked at again, but not by every request anew.
_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Shelf:
    """What the library holds at one moment, both in the order of their ids.

    ``unseen`` are the names (without .npz) of files that there was no time to open.
    """

    datasets: tuple[Dataset, ...]
    refused: tuple[ArchiveError, ...]
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Known:
    """What was found in a file, and the size, times and inode it had then."""

    stamp: Stamp
    found: Dataset | ArchiveError
    looked: float


class Library:
    """The datasets found in ``paths`` (files and folders, not searched deeper).

    As long as nothing is found there, ``fallback`` is served.
    """

    def __init__(self, paths: Iterable[Path], store: Store, fallback: Path | None = None) -> None:
        self._paths = tuple(paths)
        self._fallback = fallback
        self._store = store
        self._known: dict[Path, _Known] = {}
        # Each file is opened once at a time; others do not wait for one with many labels.
        self._opening: dict[Path, threading.Lock] = {}

    def shelf(self, seconds: float = math.inf) -> Shelf:
        """Look at every file; open those that are new, at least one, and as many as time allows."""
        datasets: dict[str, Dataset] = {}
        refused: list[ArchiveError] = []
        unseen: list[str] = []
        deadline = time.monotonic() + seconds
        files = self._files()
        seen = {path: self._glance(path) for path in files}
        missing = [path for path in files if seen[path] is None]
        # Files never looked at first: those that failed for now must not keep them waiting.
        missing.sort(key=lambda path: path in self._known)
        for number, path in enumerate(missing):
            if number and time.monotonic() >= deadline:
                break
            seen[path] = self._open(path)
        for path in files:
            found, known = seen[path], self._known.get(path)
            if found is None and known and isinstance(known.found, ArchiveError):
                found = known.found  # as it was a moment ago
            if found is None:
                unseen.append(path.stem)
            elif isinstance(found, ArchiveError):
                refused.append(found)
            elif found.id in datasets:
                refused.append(same_id(path))
            else:
                datasets[found.id] = found
                refused.extend(found.refused)
        for gone in set(self._known) - set(files):
            self._known.pop(gone, None)
            self._opening.pop(gone, None)
        ordered = tuple(datasets[id_] for id_ in sorted(datasets))
        return Shelf(ordered, tuple(refused), tuple(unseen))

    def dataset(self, dataset_id: str) -> Dataset:
        """Give the dataset of that id as its file is now.

        Raises MissingError if there is no such file, ArchiveError if it can't be served.
        """
        refusal: ArchiveError | None = None
        for path in self._files_named(dataset_id):
            found = self._look(path)
            if isinstance(found, Dataset):
                return found
            refusal = refusal or found
        if refusal:
            raise refusal
        raise MissingError(
            "dataset",
            Phrase(
                "There is no dataset called “{dataset_id}” here.", dataset_id=readable(dataset_id)
            ),
        )

    def serves(self, dataset: Dataset) -> bool:
        """Say whether asking for its id would give this very dataset, without opening anything."""
        path = next(self._files_named(dataset.id), None)
        known = self._known.get(path) if path else None
        if not path or not known or known.found is not dataset:
            return False
        try:
            return self._still_holds(known, stamp_of(path.stat()))
        except OSError:
            return False

    def _files(self) -> list[Path]:
        if self._fallback:
            return files_in(self._paths) or [self._fallback]
        return named_files(self._paths)

    def _files_named(self, dataset_id: str) -> Iterator[Path]:
        """The files that may hold this dataset, looked for one by one, listing no folder.

        In the order in which they are listed: the first of two alike is the one served.
        """
        if not is_id(dataset_id):
            return
        found = False
        for rank, ending in enumerate(ENDINGS):
            for path in self._paths:
                file = path
                # By its name first: that asks no file system.
                if path.stem != dataset_id or rank_of(path) != rank or os.path.isdir(path):
                    file = path / f"{dataset_id}{ending}"
                    if not is_npz(file):
                        continue
                found = True
                yield file
        if not found and self._fallback and self._fallback.stem == dataset_id:
            yield from (path for path in self._files() if path == self._fallback)

    def _look(self, path: Path) -> Dataset | ArchiveError:
        found = self._glance(path)
        return self._open(path) if found is None else found

    def _glance(self, path: Path) -> Dataset | ArchiveError | None:
        """Give what a file was found to be, if it is still as it was then."""
        try:
            stamp = stamp_of(path.stat())
        except OSError as error:
            self._known.pop(path, None)
            return unreadable(path, error)
        known = self._known.get(path)
        return known.found if known and self._still_holds(known, stamp) else None

    def _open(self, path: Path) -> Dataset | ArchiveError:
        with self._opening.setdefault(path, threading.Lock()):
            found = self._glance(path)
            if found is not None:
                return found
            try:
                stamp = stamp_of(path.stat())
            except OSError as error:
                return unreadable(path, error)
            found = open_file(path, self._store)
            self._known[path] = _Known(stamp, found, time.monotonic())
            return found

    def _still_holds(self, known: _Known, stamp: Stamp) -> bool:
        if known.stamp != stamp:
            return False
        just_looked = time.monotonic() - known.looked < _AGAIN_SECONDS
        return just_looked or not _has_failed(known.found, self._store)


def open_file(path: Path, store: Store) -> Dataset | ArchiveError:
    """Open a file as it is served, or say why it is not."""
    try:
        path.stat()
    except OSError as error:
        return unreadable(path, error)
    if not is_id(path.stem):
        return ArchiveError(
            path,
            Phrase("has a name that can't stand in an address"),
            Phrase("give it a plain name"),
        )
    try:
        if os.path.isdir(path):
            require_listable(path)
        found = open_dataset(path, store)
    except ArchiveError as error:
        return error
    except OSError as error:
        return unreadable(path, error)
    except Exception as error:
        # A fault of ours must not take the other files down.
        _log.exception("opening %s", path)
        return ArchiveError(
            path,
            Phrase("could not be opened ({name})", name=type(error).__name__),
            Phrase("report this as a fault"),
        )
    if not is_current(found.archive):
        return ArchiveError(
            path, Phrase("is being written right now"), Phrase("reload in a moment"), passing=True
        )
    return found


def _has_failed(found: Dataset | ArchiveError, store: Store) -> bool:
    """Say whether a member turned out damaged after the dataset was opened."""
    if isinstance(found, ArchiveError):
        return found.passing
    return any(store.failure(found.archive, f"{split}_images") for split in found.splits) or any(
        refusal.passing for refusal in found.refused
    )


def same_id(path: Path) -> ArchiveError:
    """Refuse the second file of a name, which would have the first one's address."""
    return ArchiveError(
        path,
        Phrase("has the same name as a file that is served already"),
        Phrase("rename one of the two"),
    )
