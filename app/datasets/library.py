"""The files and folders served: what is there, what is refused and why, what has changed.

Nothing is scanned in advance. Asking looks at the folders (one listing) and at the files' size and
time; only a file that is new or changed is opened. So a new file appears, and a replaced one is
noticed, on the next request.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.arrays.archive import Stamp, is_current, stamp_of, unreadable
from app.arrays.store import Store
from app.datasets.dataset import Dataset, open_dataset
from app.datasets.selection import shown
from app.errors import ArchiveError, MissingError


@dataclass(frozen=True)
class Shelf:
    """What the library holds at one moment, both in the order of their ids."""

    datasets: tuple[Dataset, ...]
    refused: tuple[ArchiveError, ...]


@dataclass(frozen=True)
class _Known:
    """What was found in a file, and the size, time and inode it had then."""

    stamp: Stamp
    found: Dataset | ArchiveError


class Library:
    """The datasets found in ``paths`` (files and folders, not searched deeper).

    As long as nothing is found there, ``fallback`` is served.
    """

    def __init__(self, paths: Iterable[Path], store: Store, fallback: Path | None = None) -> None:
        self._paths = tuple(paths)
        self._fallback = fallback
        self._store = store
        self._known: dict[Path, _Known] = {}
        self._lock = threading.Lock()

    def shelf(self) -> Shelf:
        """Look at every file, and open the new and changed ones."""
        datasets: dict[str, Dataset] = {}
        refused: list[ArchiveError] = []
        for path in self._files():
            found = self._look(path)
            if isinstance(found, ArchiveError):
                refused.append(found)
            elif found.id in datasets:
                refused.append(_same_id(path, datasets[found.id].archive.path))
            else:
                datasets[found.id] = found
                refused.extend(found.refused)
        ordered = tuple(datasets[id_] for id_ in sorted(datasets))
        return Shelf(ordered, tuple(refused))

    def dataset(self, dataset_id: str) -> Dataset:
        """Give the dataset of that id as its file is now.

        Raises MissingError if there is no such file, ArchiveError if it can't be served.
        """
        for path in self._files_named(dataset_id):
            found = self._look(path)
            if isinstance(found, ArchiveError):
                raise found
            return found
        raise MissingError("dataset", f"There is no dataset called “{shown(dataset_id)}” here.")

    def close(self) -> None:
        """Let go of every file."""
        self._known.clear()

    def _files(self) -> list[Path]:
        return files_in(self._paths) or ([self._fallback] if self._fallback else [])

    def _files_named(self, dataset_id: str) -> list[Path]:
        """The files that may hold this dataset, found without listing any folder."""
        if not _is_id(dataset_id):
            return []
        name = f"{dataset_id}.npz"
        candidates = [
            path / name if path.is_dir() else path
            for path in self._paths
            if path.is_dir() or path.stem == dataset_id
        ]
        found = [path for path in candidates if path.is_file()]
        if not found and self._fallback and self._fallback.stem == dataset_id:
            found = [path for path in self._files() if path == self._fallback]
        return found

    def _look(self, path: Path) -> Dataset | ArchiveError:
        try:
            status = path.stat()
        except OSError as error:
            self._known.pop(path, None)
            return unreadable(path, error)
        stamp = stamp_of(status)
        known = self._known.get(path)
        if known and known.stamp == stamp and not _has_failed(known.found, self._store):
            return known.found
        with self._lock:
            known = self._known.get(path)
            if known and known.stamp == stamp and not _has_failed(known.found, self._store):
                return known.found
            found = self._open(path)
            self._known[path] = _Known(stamp, found)
            return found

    def _open(self, path: Path) -> Dataset | ArchiveError:
        if not _is_id(path.stem):
            return ArchiveError(
                path, "has a name that can't stand in an address", "give it a plain name"
            )
        try:
            found = open_dataset(path, self._store)
            if not is_current(found.archive):
                return ArchiveError(
                    path, "is being written right now", "reload in a moment", passing=True
                )
            return found
        except ArchiveError as error:
            return error


def files_in(paths: Iterable[Path]) -> list[Path]:
    """List every .npz file meant, in the order of the paths given, each folder's by name."""
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            try:
                listed = sorted(entry for entry in path.iterdir() if _is_npz(entry))
            except OSError:
                # Named as it stands, so that looking at it says what is wrong.
                listed = [path]
            files.update(dict.fromkeys(listed))
        elif path.exists():
            files[path] = None
    return list(files)


def _has_failed(found: Dataset | ArchiveError, store: Store) -> bool:
    """Say whether a member turned out damaged after the dataset was opened."""
    if isinstance(found, ArchiveError):
        return found.passing
    return any(store.failure(found.archive, f"{split}_images") for split in found.splits) or any(
        refusal.passing for refusal in found.refused
    )


def _is_npz(path: Path) -> bool:
    return path.suffix == ".npz" and not path.name.startswith(".") and path.is_file()


def _is_id(stem: str) -> bool:
    """An id is one segment of an address: no separators, no control characters, not dots only."""
    return (
        0 < len(stem) <= 200
        and stem.strip(".") != ""
        and stem.isprintable()
        and not set(stem) & set("/\\")
        and not any("\ud800" <= character <= "\udfff" for character in stem)
    )


def _same_id(path: Path, first: Path) -> ArchiveError:
    return ArchiveError(
        path, f"has the same name as {first}, which is served", "rename one of the two"
    )
