"""Paths that are named → the .npz files meant, and what of them can stand in an address."""

# ruff: noqa: PTH110, PTH112, PTH113, PTH114, PTH116, PTH208
# os.path's questions answer no where pathlib's raise: under a folder that may not be entered, or
# that was unmounted.

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from app.arrays.archive import ENDINGS


def files_in(paths: Iterable[Path]) -> list[Path]:
    """List every .npz file meant, in the order of the paths given, each folder's by name.

    Those with capitals in their ending come last, so that looking for the usual ones costs one look
    into each folder.
    """
    files: dict[Path, Path] = {}  # what is named twice, in whatever way, is one
    for path in paths:
        folder = path if os.path.isdir(path) else path.parent
        if folder is path:
            try:
                require_listable(path)
                listed = sorted(entry for entry in path.iterdir() if is_npz(entry))
            except OSError:
                # Named as it stands, so that looking at it says what is wrong.
                listed = [path]
        else:
            listed = [path] if os.path.exists(path) else []
        if listed:
            where = folder.resolve()
            for file in listed:
                files.setdefault(where / file.name, file)
    return sorted(files.values(), key=rank_of)


def named_files(paths: Iterable[Path]) -> list[Path]:
    """List every .npz file meant, and the paths that are not there, to be told so."""
    paths = tuple(paths)
    return files_in(paths) + [path for path in paths if not os.path.exists(path)]


def passed_over(paths: Iterable[Path]) -> int:
    """Count what lies in the folders meant and is not listed: hidden, or no .npz file."""
    paths = tuple(paths)
    entries: set[Path] = set()
    for path in paths:
        if os.path.isdir(path):
            with suppress(OSError):  # is told of as a file would be
                entries.update(path.resolve().iterdir())
    return len(entries - {file.parent.resolve() / file.name for file in files_in(paths)})


def is_npz(path: Path) -> bool:
    """Say whether this is a file to be served, by its name: it is there, and not hidden."""
    if path.suffix not in ENDINGS or path.name.startswith("."):
        return False
    # A link that leads nowhere is meant to be a file, and is told of as one.
    return os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path))


def rank_of(path: Path) -> int:
    """Say which of a folder's files of one name goes first, by how its ending is written."""
    return ENDINGS.index(path.suffix) if path.suffix in ENDINGS else 0


def require_listable(folder: Path) -> None:
    """Raise OSError for a folder that can't be listed, or not be entered."""
    os.listdir(folder)
    os.stat(f"{folder}/.")


def is_id(stem: str) -> bool:
    """An id is one segment of an address: no separators, no control characters, not dots only."""
    return (
        0 < len(stem) <= 200
        and stem.strip(".") != ""
        and stem.isprintable()
        and not set(stem) & set("/\\")
        and not any("\ud800" <= character <= "\udfff" for character in stem)
    )
