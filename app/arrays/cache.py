"""The cache folder: what can be made again, one folder for each content key.

What is made is written under another name, flushed, and renamed: under its final name it is whole.
Not so the marks of what was checked or stopped, of which half is none. The folder may be deleted at
any time, even while it is in use: an opened file lives on.
"""

import contextlib
import errno
import fcntl
import io
import math
import os
import secrets
import shutil
import struct
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

# Changes when the files' form does, so that an older program's files are never misread.
FORM: Final = "v1"
# Of the disk, for others: so many bytes, or this part of a small disk.
ROOM_LEFT: Final = 64 * 1024 * 1024
ROOM_SHARE: Final = 20

# What the system says where a disk, or somebody's part of it, is full.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_PART: Final = ".part"
_LOCK: Final = ".lock"
_STOPPED: Final = ".stopped"
_MARK: Final = struct.Struct("<QQ")
_TOUCH_SECONDS: Final = 60.0
_MEASURE_SECONDS: Final = 60.0
_SPARE_SHARE: Final = 8
_BLOCK: Final = 4096
# Nobody else on this machine may look in: the files that copies are of may be ours alone.
_OURS: Final = 0o700
_TRIES: Final = 5


@dataclass(frozen=True)
class Mark:
    """How many array bytes are written and may be read, and in which part file.

    ``part`` is a random number in that file's name. Its inode would not do: the system gives the
    number of a removed file to the next one.
    """

    done: int
    part: int


class Cache:
    """The folder and its bound in bytes; safe to share between processes."""

    def __init__(self, folder: Path, bound: int) -> None:
        self.folder = folder / FORM
        self.bound = bound
        # When the folder was last measured, and what may still be written before it is again.
        self._measured = -math.inf
        self._left = 0

    @cached_property
    def writable(self) -> bool:
        """Say whether files can be made here; the folder is created if need be."""
        try:
            self.folder.mkdir(_OURS, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                return True
        except OSError:
            return False

    def path(self, key: str, name: str) -> Path:
        """Where the file of that name for that content stands, or will."""
        return self.folder / key / name

    def has(self, path: Path) -> bool:
        """Say whether that file can be found, whatever is wrong with the folder."""
        return os.path.exists(path)  # noqa: PTH110 (Path.exists raises where it may not look)

    def stop(self, path: Path) -> None:
        """Have whoever makes ``path``, in any process, rest until ``go_on``. Raises OSError."""
        stopped = _stopped(path)
        _make_folder(stopped.parent)
        stopped.touch()

    def go_on(self, path: Path) -> None:
        """Let ``path`` be made again. Raises OSError."""
        _stopped(path).unlink(missing_ok=True)

    def is_stopped(self, path: Path) -> bool:
        """Say whether the making of ``path`` was stopped."""
        return self.has(_stopped(path))

    def size(self) -> int:
        """Bytes that the cache takes on disk."""
        return sum(used for _, used, _ in self._files())

    def free(self) -> int:
        """Bytes that may still be written, some room left for others. Raises OSError."""
        try:
            self.folder.mkdir(_OURS, parents=True, exist_ok=True)
        except OSError as error:
            if error.errno in FULL:
                return 0
            raise
        disk = shutil.disk_usage(self.folder)
        return max(0, disk.free - min(ROOM_LEFT, disk.total // ROOM_SHARE))

    def touch(self, path: Path) -> None:
        """Note that a file is in use; eviction goes by this time."""
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _TOUCH_SECONDS:
                os.utime(path)

    def evict(self, wanted: int, keep: Path) -> list[Path]:
        """Make room for ``wanted`` bytes, under the bound and on the disk.

        The least recently used files go first; ``keep`` and what is being written stay. Gives
        the files removed: who maps one of them should let go, or the disk gains nothing. Raises
        OSError.
        """
        free = self.free()
        if wanted <= free and self._surely_has(wanted):
            return []
        self.clean()
        files = sorted(self._files())
        held = sum(used for _, used, _ in files)
        over = max(held + wanted - self.bound, wanted - free)
        # In a full folder the next file would measure it again: some more goes, if nothing large.
        spare = held // _SPARE_SHARE if over > 0 else 0
        gone: list[Path] = []
        for _, used, path in files:
            if over <= 0 and used > over + spare:
                break
            if path == keep or path.suffix in (_PART, _LOCK, _STOPPED):
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                gone.append(path)
                over -= used
                held -= used
                path.parent.rmdir()  # if it was the last one there
        # What other processes write meanwhile is not known, so half of the room is left to them;
        # nor what another thread was promised just now: beside a large file, the next measures too.
        self._left = (self.bound - held) // 2 - 2 * wanted
        self._measured = time.monotonic()
        return gone

    def _surely_has(self, wanted: int) -> bool:
        """Say whether so much is under the bound without measuring the folder again.

        Each of a thousand small files would measure the others.
        """
        if time.monotonic() - self._measured > _MEASURE_SECONDS:
            return False
        self._left -= -(-wanted // _BLOCK) * _BLOCK  # a file takes whole blocks
        return self._left >= 0

    def clean(self) -> None:
        """Remove what killed processes left half written."""
        for left in self._paths():
            if left.suffix not in (_PART, _LOCK):
                continue
            made = left.stem if left.suffix == _LOCK else left.stem.rpartition(".")[0]
            # Letting go of a lock removes its file.
            with contextlib.suppress(OSError), self.lock(left.with_name(made)) as held:
                if held and left.suffix == _PART:
                    left.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, path: Path) -> Iterator[io.FileIO | None]:
        """Hold the right to make ``path``, or get None if another process (or thread) has it.

        The lock is the kernel's (flock): it ends with its owner, however that ends. Raises OSError.
        """
        name = path.with_name(path.name + _LOCK)
        with io.FileIO(_opened_for_locking(name), "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            if not _is_same(file, name):
                # Its last owner removed the name between our open and our lock.
                yield None
                return
            try:
                file.truncate(0)  # the mark of an owner that was killed
                yield file
            finally:
                # Where the folder was removed meanwhile, the name may be another's by now.
                if _is_same(file, name):
                    name.unlink(missing_ok=True)

    @contextlib.contextmanager
    def making(self, path: Path) -> Iterator[tuple[BinaryIO, int]]:
        """Give a new part file and its number; flushed and renamed when the block ends well.

        Only for who holds the lock: part files that are there are those of the killed. Where the
        folder is removed meanwhile, nothing gets a name: the open file is all there is. Raises
        OSError.
        """
        for left in _listed(path.parent):
            if left.suffix == _PART and left.name.startswith(f"{path.name}."):
                left.unlink(missing_ok=True)
        number = secrets.randbits(64)
        part = _part(path, number)
        try:
            with part.open("x+b") as file:
                yield file, number
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                part.rename(path)
                _flush_folder(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield time of last use, bytes on disk (or promised to one being written), and path."""
        for path in self._paths():
            with contextlib.suppress(OSError):
                status = path.stat()
                used = status.st_size if path.suffix == _PART else status.st_blocks * 512
                yield status.st_mtime, used, path

    def _paths(self) -> Iterator[Path]:
        for folder in _listed(self.folder):
            yield from _listed(folder)


def write_mark(lock: io.FileIO, mark: Mark) -> None:
    """Tell other processes how far the work is."""
    os.pwrite(lock.fileno(), _MARK.pack(mark.done, mark.part), 0)


def read_mark(path: Path) -> Mark | None:
    """Read how far another process is with making ``path``; None if nobody says."""
    try:
        with path.with_name(path.name + _LOCK).open("rb", buffering=0) as file:
            found = file.read(_MARK.size)
    except OSError:
        return None
    return Mark(*_MARK.unpack(found)) if len(found) == _MARK.size else None


def open_part(path: Path, mark: Mark) -> BinaryIO:
    """Open the part file that this mark speaks of. Raises OSError when it is no more."""
    return _part(path, mark.part).open("rb")


def _stopped(path: Path) -> Path:
    return path.with_name(path.name + _STOPPED)


def _part(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number:016x}{_PART}")


def _make_folder(folder: Path) -> None:
    """Make the folder of one content, in the cache's own."""
    folder.parent.mkdir(_OURS, parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def _opened_for_locking(name: Path) -> int:
    for tries_left in reversed(range(_TRIES)):
        _make_folder(name.parent)
        try:
            return os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            # Somebody removed the folder just now.
            if not tries_left:
                raise
    raise AssertionError


def _is_same(file: io.FileIO, name: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), name.stat())
    except OSError:
        return False


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _flush_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
