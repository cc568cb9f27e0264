"""What is in an npz: which members, which of them are refused, and what names its content.

Only the directory and headers are read here, a few kilobytes at any size of file. Everything here
is taken from the file as it was at one ``stamp``.
"""

import errno
import hashlib
import io
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import BinaryIO, Final

from app.arrays.member import Member, read_member
from app.errors import ArchiveError, plain
from app.phrases import Amount, Phrase

# ".npz", then the same with capitals.
ENDINGS: Final = tuple(f".{''.join(letters)}" for letters in product("nN", "pP", "zZ"))

MEMBERS_MOST: Final = 1_000
# zipfile reads the directory whole, at the length that the file claims; ours have some 400 bytes.
DIRECTORY_MOST: Final = 1024 * 1024

# What stays so until somebody does something about it.
_LASTING: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
)

Stamp = tuple[int, int, int, int]


@dataclass(frozen=True)
class Archive:
    """An npz file as it was at ``stamp`` (size, mtime and ctime in ns, inode).

    ``key`` names its content: file size, mtime and the directory's names, sizes and CRCs.
    ``content`` names it too, without what a copy loses: for records that outlive this server.
    ``ignored`` are members that nobody asked for.
    """

    path: Path
    stamp: Stamp
    key: str
    content: str
    members: Mapping[str, Member]
    refused: Mapping[str, ArchiveError]
    ignored: tuple[str, ...]


def stamp_of(status: os.stat_result) -> Stamp:
    """What changes when a file is written to or replaced, even where its mtime is set back."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def is_current(archive: Archive) -> bool:
    """Say whether the file at the archive's path is still the one that was read."""
    try:
        return stamp_of(archive.path.stat()) == archive.stamp
    except OSError:
        return False


def read_archive(path: Path, wanted: frozenset[str]) -> Archive:
    """Read the directory of an npz and the npy headers of the ``wanted`` members.

    Raises ArchiveError when the file is no archive at all; a single bad member is put in
    ``refused`` and leaves the others alone.
    """
    members: dict[str, Member] = {}
    refused: dict[str, ArchiveError] = {}
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            # Opening a pipe would wait for its other end.
            raise ArchiveError(
                path, Phrase("is not a file"), Phrase("name a .npz file or a folder of them")
            )
        with _Careful(io.FileIO(path)) as file:
            stamp = stamp_of(os.fstat(file.fileno()))
            _refuse_other_kinds(path, file)
            entries, end = _directory(path, file)
            edges = sorted([entry.header_offset for entry in entries] + [end])
            twice = _repeated(entries)
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                if name not in wanted:
                    continue
                if name in twice:
                    refused[name] = ArchiveError(
                        path, Phrase("is there twice"), Phrase("store it once"), name
                    )
                    continue
                try:
                    members[name] = read_member(path, file, entry, edges)
                except ArchiveError as error:
                    refused[name] = error
    except OSError as error:
        raise unreadable(path, error) from None
    names = {entry.filename for entry in entries}
    ignored = tuple(
        sorted(plain(name) for name in names if name.removesuffix(".npy") not in wanted)
    )
    content = _content(
        [entry for entry in entries if entry.filename.removesuffix(".npy") in wanted]
    )
    return Archive(path, stamp, _key(stamp, entries), content, members, refused, ignored)


def unreadable(path: Path, error: OSError, member: str | None = None) -> ArchiveError:
    """Turn what the system says of a file into a refusal."""
    why = (error.strerror or "unknown reason").lower()
    return ArchiveError(
        path,
        Phrase("can't be read ({why})", why=why),
        Phrase("check that it is there and may be read"),
        member,
        passing=member is not None or error.errno not in _LASTING,
    )


def _refuse_other_kinds(path: Path, file: BinaryIO) -> None:
    """Name the usual mistakes: what a download or a checkout leaves in place of the file."""
    start = file.read(1024)
    file.seek(0)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise ArchiveError(path, Phrase("is empty"), Phrase("fetch it again"))
    if text.startswith(b"version https://git-lfs"):
        raise ArchiveError(
            path,
            Phrase("is a Git LFS pointer, not the data itself"),
            Phrase("fetch the data with git lfs pull"),
        )
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise ArchiveError(
            path,
            Phrase("is a web page, not an archive"),
            Phrase("fetch it again from an address of the file"),
        )
    if start.startswith(b"\x93NUMPY"):
        raise ArchiveError(
            path,
            Phrase("is a single .npy array"),
            Phrase("save images and labels with numpy.savez"),
        )
    if not start.startswith(b"PK"):
        raise ArchiveError(
            path,
            Phrase("is not a zip archive"),
            Phrase("save it with numpy.savez, or fetch it again"),
        )


class _Careful(io.BufferedReader):
    """A file that is not read in a piece as large as the file itself asks for."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY_MOST:
            raise _TooLargeError
        return super().read(size)


class _TooLargeError(Exception):
    """The file claims a directory of a size that no npz has."""


def _directory(path: Path, file: BinaryIO) -> tuple[list[zipfile.ZipInfo], int]:
    """Read the central directory; give its entries and where it begins."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries, end = archive.infolist(), archive.start_dir
    except OSError:
        raise
    except _TooLargeError:
        raise ArchiveError(
            path,
            Phrase("has a zip directory that is damaged, or far too large"),
            Phrase("fetch it again, or save it with numpy.savez"),
        ) from None
    except Exception:
        # zipfile lets struct, unicode and value errors of a damaged directory through.
        raise ArchiveError(
            path,
            Phrase("has no whole zip directory at its end"),
            Phrase("fetch it again; it was cut short"),
        ) from None
    if len(entries) > MEMBERS_MOST:
        raise ArchiveError(
            path,
            Phrase("holds {entries} members", entries=Amount(len(entries))),
            Phrase(
                "store at most {members_most}; a MedMNIST file has six",
                members_most=Amount(MEMBERS_MOST),
            ),
        )
    if not all(0 <= entry.header_offset < end for entry in entries):
        raise ArchiveError(
            path,
            Phrase("has a damaged zip directory"),
            Phrase("fetch the file again; it is damaged"),
        )
    return entries, end


def _repeated(entries: list[zipfile.ZipInfo]) -> set[str]:
    counts = Counter(entry.filename.removesuffix(".npy") for entry in entries)
    return {name for name, count in counts.items() if count > 1}


def _key(stamp: Stamp, entries: list[zipfile.ZipInfo]) -> str:
    size, mtime, *_ = stamp
    digest = hashlib.sha256(repr((size, mtime)).encode())
    for entry in entries:
        facts = entry.filename, entry.header_offset, entry.file_size, entry.CRC
        digest.update(repr(facts).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:24]


def _content(entries: list[zipfile.ZipInfo]) -> str:
    facts = sorted((entry.filename, entry.file_size, entry.CRC) for entry in entries)
    return hashlib.sha256(repr(facts).encode("utf-8", "backslashreplace")).hexdigest()[:24]
