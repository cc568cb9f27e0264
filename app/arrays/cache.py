"""The cache folder: what can be made again, one folder for each content key.

Every file here is written under another name, flushed, and renamed: under its final name it is
whole. The folder may be deleted at any time, even while it is in use: an opened file lives on.
"""

import contextlib
import fcntl
import io
import os
import shutil
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

# Changes when the files' form does, so that an older program's files are never misread.
FORM: Final = "v1"
PART: Final = ".part"
LOCK: Final = ".lock"
ROOM_LEFT: Final = 64 * 1024 * 1024

_MARK: Final = struct.Struct("<QQ")
_TOUCH_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Mark:
    """How many array bytes of which part file (its inode) are written and may be read."""

    done: int
    inode: int


class Cache:
    """The folder and its bound in bytes; safe to share between processes."""

    def __init__(self, folder: Path, bound: int) -> None:
        self.folder = folder / FORM
        self.bound = bound

    def path(self, key: str, name: str) -> Path:
        """Where the file of that name for that content stands, or will."""
        return self.folder / key / name

    def writable(self) -> bool:
        """Say whether files can be made here; the folder is created if need be."""
        probe = self.folder / f".probe-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def size(self) -> int:
        """Bytes that the cache takes on disk."""
        return sum(used for _, used, _ in self._files())

    def free(self) -> int:
        """Bytes that may still be written, some room left for others."""
        return max(0, shutil.disk_usage(self.folder).free - ROOM_LEFT)

    def touch(self, path: Path) -> None:
        """Note that a file is in use; eviction goes by this time."""
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _TOUCH_SECONDS:
                os.utime(path)

    def evict(self, wanted: int, keep: Path) -> list[Path]:
        """Make room for ``wanted`` bytes under the bound, the least recently used first.

        Gives the files removed. ``keep`` and what is being written stay.
        """
        files = sorted(self._files())
        over = sum(used for _, used, _ in files) + wanted - self.bound
        gone: list[Path] = []
        for _, used, path in files:
            if over <= 0:
                break
            if path == keep or path.name.endswith((PART, LOCK)):
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                gone.append(path)
                over -= used
        return gone

    def clean(self) -> None:
        """Remove what killed processes left half written."""
        for lock in self.folder.glob(f"*/*{LOCK}"):
            with self.lock(lock.with_name(lock.name.removesuffix(LOCK))) as held:
                if held:
                    lock.with_name(lock.name.removesuffix(LOCK) + PART).unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, path: Path) -> Iterator[io.FileIO | None]:
        """Hold the right to make ``path``, or get None if another process (or thread) has it.

        The lock is the kernel's (flock): it ends with its owner, however that ends.
        """
        name = path.with_name(path.name + LOCK)
        name.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with io.FileIO(number, "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield None
                return
            if not _is_same(file, name):
                # Its last owner removed the name between our open and our lock.
                yield None
                return
            try:
                yield file
            finally:
                name.unlink(missing_ok=True)

    @contextlib.contextmanager
    def making(self, path: Path) -> Iterator[BinaryIO]:
        """Give a new part file; when the block ends well, it is flushed and gets its name."""
        part = path.with_name(path.name + PART)
        part.unlink(missing_ok=True)
        try:
            with part.open("x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            _flush_folder(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                yield status.st_mtime, status.st_blocks * 512, path


def write_mark(lock: io.FileIO, mark: Mark) -> None:
    """Tell other processes how far the work is."""
    os.pwrite(lock.fileno(), _MARK.pack(mark.done, mark.inode), 0)


def read_mark(path: Path) -> Mark | None:
    """Read how far another process is with making ``path``; None if nobody says."""
    try:
        with path.with_name(path.name + LOCK).open("rb", buffering=0) as file:
            found = file.read(_MARK.size)
    except OSError:
        return None
    return Mark(*_MARK.unpack(found)) if len(found) == _MARK.size else None


def _is_same(file: io.FileIO, name: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), name.stat())
    except OSError:
        return False


def _flush_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
