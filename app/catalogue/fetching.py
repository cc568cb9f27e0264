"""A published file → on disk, whole and checked, or not there at all.

It is written beside its final name, so that a cut download is taken up again, and renamed when its
MD5 is the published one.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.arrays.archive import ENDINGS
from app.catalogue.facts import PublishedFile
from app.catalogue.transfer import Report, Source, length_at, transfer
from app.errors import FetchError

PART: Final = ".part"


@dataclass(frozen=True)
class Need:
    """What getting some files takes: bytes still to come, and bytes free where they go.

    ``unknown`` names the files of which neither the catalogue nor the mirror tells the length.
    """

    bytes: int
    free: int
    unknown: tuple[str, ...]


def fetch(
    file: PublishedFile,
    folder: Path,
    base_url: str | None,
    report: Report,
    pause: Callable[[float], None] | None = None,
) -> Path:
    """Bring a file into the folder. Raises FetchError, and then leaves nothing under its name.

    ``base_url`` is another mirror, asked for ``base_url/{file name}``. ``pause`` waits between
    tries (``time.sleep`` if not given); what it or ``report`` raises ends the download. A second
    call for the same file, in any process, waits for the first and takes what that has brought.
    """
    target, part = path_of(file, folder), part_of(file, folder)
    source = Source(
        address=address_of(file, base_url),
        # Where two records differ, either of their lengths is right.
        bytes=file.bytes if len(file.md5s) == 1 else None,
        room=lambda wanted: refuse_full_disk(folder, wanted),
        pause=pause or time.sleep,
    )
    with _told(file.name, folder):
        if _is_here(file, target):  # also in a folder where nothing may be written
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(_lock_of(file, folder)):
            if not _is_here(file, target):
                _bring(file, source, part, report)
                part.rename(target)
    return target


def _is_here(file: PublishedFile, target: Path) -> bool:
    """Say whether the file is there. Raises FetchError where another one has its name."""
    if not target.exists():
        return False
    if md5_of(target) in file.md5s:
        return True
    raise FetchError(f"{target} is there already and is not the published file; move it away.")


def needed(files: Iterable[PublishedFile], folder: Path, base_url: str | None) -> Need:
    """Add up what is still to come, asking the mirror for the lengths that are not known.

    Raises FetchError where the folder can't be looked at.
    """
    wanted, unknown = 0, []
    for file in files:
        with _told(file.name, folder):
            if path_of(file, folder).exists():
                continue
        length = file.bytes or length_at(address_of(file, base_url))
        if length is None:
            unknown.append(file.name)
        else:
            wanted += max(0, length - bytes_here(file, folder))
    with _told("A file", folder):
        return Need(wanted, free_bytes(folder), tuple(unknown))


def refuse_full_disk(folder: Path, wanted: int) -> None:
    """Raise FetchError where the folder's disk has less room than is wanted (bytes)."""
    free = free_bytes(folder)
    if wanted > free:
        raise FetchError(f"{folder} has {free:,} bytes free, but {wanted:,} are needed; make room.")


def address_of(file: PublishedFile, base_url: str | None) -> str:
    """Give the address that is asked: at a mirror, else at the published record."""
    return f"{base_url.rstrip('/')}/{file.name}" if base_url else file.url


def is_being_fetched(file: PublishedFile, folder: Path) -> bool:
    """Say whether some process brings this file into the folder right now."""
    return is_held(_lock_of(file, folder))


def is_held(lock: Path) -> bool:
    """Say whether some process holds a lock; who only looks holds it for a moment."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def bytes_here(file: PublishedFile, folder: Path) -> int:
    """Give how much of a file that is not whole has come so far."""
    try:
        return part_of(file, folder).stat().st_size
    except OSError:
        return 0


def path_of(file: PublishedFile, folder: Path) -> Path:
    """Where a file is, also with capitals in its ending as it may be served, else where it goes."""
    stem = Path(file.name).stem
    paths = [folder / f"{stem}{ending}" for ending in ENDINGS]
    # Path.is_file raises where it may not look.
    return next((path for path in paths if os.path.isfile(path)), paths[0])  # noqa: PTH113


def part_of(file: PublishedFile, folder: Path) -> Path:
    """Where a file stands that is not whole yet."""
    return folder / f".{file.name}{PART}"


def md5_of(path: Path) -> str:
    """Give the MD5 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _bring(file: PublishedFile, source: Source, part: Path, report: Report) -> None:
    """Make ``part`` the published file. Raises FetchError where other bytes came."""
    left_by_another_run = part.exists()
    if file.bytes and left_by_another_run and part.stat().st_size == file.bytes:
        if md5_of(part) in file.md5s:
            return
        part.unlink()
        left_by_another_run = False
    transfer(source, part, report)
    found = md5_of(part)
    if found not in file.md5s and left_by_another_run:
        # What another run left may have been something else; then all of it has to come anew.
        part.unlink()
        transfer(source, part, report)
        found = md5_of(part)
    if found not in file.md5s:
        part.unlink(missing_ok=True)
        raise FetchError(
            f"{source.address} gave other bytes than the published {file.name} "
            f"(MD5 {found}, not {file.md5s[0]}); they were thrown away."
        )


@contextlib.contextmanager
def _told(what: str, folder: Path) -> Iterator[None]:
    """Say in a sentence what the disk refuses."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise FetchError(
            f"{what} can't be written into {folder} ({why}); {_remedy(error)}."
        ) from None


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room and run this again: it goes on where it stopped"
    return "name another folder"


def free_bytes(folder: Path) -> int:
    """Give the bytes free on the disk of a folder that need not exist yet."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def _lock_of(file: PublishedFile, folder: Path) -> Path:
    return folder / f".{file.name}.lock"


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Wait until no other process brings the same file."""
    with contextlib.ExitStack() as stack:
        while True:
            lock = stack.enter_context(path.open("ab"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Who had it before has removed the name: then it is the next one's lock that counts.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                    break
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
