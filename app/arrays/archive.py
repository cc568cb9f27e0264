"""What is in an npz: its members, where their bytes lie, and what their npy headers promise.

Only directories and headers are read here, a few kilobytes at any size of file. Sources: the zip
format (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4) and NumPy's NEP 1 for npy.
"""

import hashlib
import io
import math
import os
import struct
import zipfile
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy

from app.arrays.deflate import RAW, DeflateError, deflate
from app.errors import ArchiveError

MEMBERS_MOST: Final = 1_000
# NumPy itself refuses headers above 10,000 characters; a little more for magic and padding.
HEADER_MOST: Final = 16_384
AXES_MOST: Final = 8

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_ENCRYPTED: Final = 0x1
_BROKEN: Final = "fetch the file again; it is damaged"

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Member:
    """One array of the archive. Sizes and offsets are in bytes.

    ``data_at`` is where its (packed) bytes begin in the file; unpacked, ``size`` bytes come out,
    of which the first ``header`` are the npy header.
    """

    name: str
    data_at: int
    deflated: bool
    packed: int
    size: int
    crc: int
    header: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool

    @property
    def nbytes(self) -> int:
        """Bytes of the array alone."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def in_place(self) -> bool:
        """Say whether items can be read from the archive itself, each as one run of bytes."""
        return not self.deflated and not self.fortran


@dataclass(frozen=True)
class Archive:
    """An npz file as it was at ``stamp`` (size, mtime in ns, inode).

    ``key`` names its content: file size, mtime and the directory's names, sizes and CRCs.
    ``ignored`` are members that nobody asked for.
    """

    path: Path
    stamp: Stamp
    key: str
    members: Mapping[str, Member]
    refused: Mapping[str, ArchiveError]
    ignored: tuple[str, ...]


def stamp_of(status: os.stat_result) -> Stamp:
    """What changes when a file is written to or replaced."""
    return status.st_size, status.st_mtime_ns, status.st_ino


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
        with path.open("rb") as file:
            stamp = stamp_of(os.fstat(file.fileno()))
            _refuse_other_kinds(path, file)
            entries, end = _directory(path, file)
            edges = sorted([entry.header_offset for entry in entries] + [end])
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                if name not in wanted or name == entry.filename:
                    continue
                try:
                    if name in members or name in refused:
                        raise ArchiveError(path, "is there twice", "store it once", name)
                    members[name] = _member(path, file, entry, edges)
                except ArchiveError as error:
                    members.pop(name, None)
                    refused[name] = error
    except OSError as error:
        raise unreadable(path, error) from None
    known = {f"{name}.npy" for name in (*members, *refused)}
    ignored = tuple(sorted({entry.filename for entry in entries} - known))
    return Archive(path, stamp, _key(stamp, entries), members, refused, ignored)


def unreadable(path: Path, error: OSError, member: str | None = None) -> ArchiveError:
    """Turn what the system says of a file into a refusal."""
    why = (error.strerror or "unknown reason").lower()
    return ArchiveError(
        path, f"can't be read ({why})", "check that it is there and may be read", member
    )


def _refuse_other_kinds(path: Path, file: BinaryIO) -> None:
    """Name the usual mistakes: what a download or a checkout leaves in place of the file."""
    start = file.read(1024)
    file.seek(0)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise ArchiveError(path, "is empty", "fetch it again")
    if text.startswith(b"version https://git-lfs"):
        raise ArchiveError(
            path, "is a Git LFS pointer, not the data itself", "fetch the data with git lfs pull"
        )
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise ArchiveError(
            path, "is a web page, not an archive", "fetch it again from an address of the file"
        )
    if start.startswith(b"\x93NUMPY"):
        raise ArchiveError(
            path, "is a single .npy array", "save images and labels with numpy.savez"
        )
    if not start.startswith(b"PK"):
        raise ArchiveError(
            path, "is not a zip archive", "save it with numpy.savez, or fetch it again"
        )


def _directory(path: Path, file: BinaryIO) -> tuple[list[zipfile.ZipInfo], int]:
    """Read the central directory; give its entries and where it begins."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries, end = archive.infolist(), archive.start_dir
    except OSError:
        raise
    except Exception:
        # zipfile lets struct, unicode and value errors of a damaged directory through.
        raise ArchiveError(
            path, "has no whole zip directory at its end", "fetch it again; it was cut short"
        ) from None
    if len(entries) > MEMBERS_MOST:
        raise ArchiveError(
            path,
            f"holds {len(entries):,} members",
            f"store at most {MEMBERS_MOST:,}; a MedMNIST file has six",
        )
    if not all(0 <= entry.header_offset < end for entry in entries):
        raise ArchiveError(path, "has a damaged zip directory", _BROKEN)
    return entries, end


def _member(path: Path, file: BinaryIO, entry: zipfile.ZipInfo, edges: list[int]) -> Member:
    name = entry.filename.removesuffix(".npy")

    def refuse(reason: str, remedy: str = _BROKEN) -> ArchiveError:
        return ArchiveError(path, reason, remedy, name)

    if entry.flag_bits & _ENCRYPTED:
        raise refuse("is encrypted", "store it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refuse(
            f"is packed by zip method {entry.compress_type}",
            "save it with numpy.savez or numpy.savez_compressed",
        )
    deflated = entry.compress_type == zipfile.ZIP_DEFLATED
    data_at = _data_offset(file, entry)
    if data_at is None:
        raise refuse("has a header that does not match the zip directory")
    # Members lie one behind another; one that reaches into the next is damaged or an attack.
    # Sizes are the directory's: NumPy streams members, and then the local header has none
    # (0, or 0xFFFFFFFF with zip64), see numpy.lib._npyio_impl.zipfile_factory.
    if data_at + entry.compress_size > edges[bisect_right(edges, entry.header_offset)]:
        raise refuse("overlaps what follows it in the file")
    if not deflated and entry.compress_size != entry.file_size:
        raise refuse("is stored, but with two different sizes")
    start = _first_bytes(file, data_at, entry.compress_size, deflated=deflated)
    try:
        header, shape, fortran, dtype = _npy_header(start)
    except ValueError as error:
        raise refuse(f"has no valid npy header ({_plain(error)})", "save it with NumPy") from None
    if dtype.hasobject:
        raise refuse("holds Python objects, which are never loaded", "save it as plain numbers")
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise refuse(f"holds values of type {dtype}", "save it as whole numbers or floats")
    if not 0 < len(shape) <= AXES_MOST or any(side < 0 for side in shape):
        raise refuse(f"has the impossible shape {shape}", "save it with NumPy")
    member = Member(
        name=name,
        data_at=data_at,
        deflated=deflated,
        packed=entry.compress_size,
        size=entry.file_size,
        crc=entry.CRC,
        header=header,
        shape=shape,
        dtype=dtype,
        fortran=fortran and len(shape) > 1,
    )
    if header + member.nbytes > entry.file_size:
        raise refuse(
            f"promises {header + member.nbytes:,} bytes in its npy header, "
            f"but holds {entry.file_size:,}"
        )
    return member


def _data_offset(file: BinaryIO, entry: zipfile.ZipInfo) -> int | None:
    """Find where the member's bytes begin; None if its local header is not its own.

    Only the local header knows its own length: its extra field may differ from the directory's.
    """
    file.seek(entry.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size:
        return None
    signature, _, _, method, *_, name_length, extra_length = _LOCAL.unpack(head)
    name = file.read(name_length)
    # orig_filename is the name as the directory has it, before zipfile cuts it at a NUL.
    own = {entry.orig_filename.encode(code, "replace") for code in ("ascii", "utf-8", "cp437")}
    if signature != b"PK\x03\x04" or method != entry.compress_type or name not in own:
        return None
    return entry.header_offset + _LOCAL.size + name_length + extra_length


def _first_bytes(file: BinaryIO, data_at: int, packed: int, *, deflated: bool) -> bytes:
    file.seek(data_at)
    start = file.read(min(packed, HEADER_MOST))
    if not deflated:
        return start
    try:
        return deflate.decompressobj(RAW).decompress(start, HEADER_MOST)
    except DeflateError:
        return b""


def _npy_header(start: bytes) -> tuple[int, tuple[int, ...], bool, np.dtype[Any]]:
    """Parse an npy header: its length in bytes, shape, Fortran order, dtype.

    Raises ValueError. Version 3 differs from 2 in the header's encoding only, for field names,
    which no array of numbers has.
    """
    file = io.BytesIO(start)
    version = npy.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(file)
    elif version in ((2, 0), (3, 0)):
        shape, fortran, dtype = npy.read_array_header_2_0(file)
    else:
        raise ValueError(f"unknown version {version[0]}.{version[1]}")
    return file.tell(), tuple(int(side) for side in shape), bool(fortran), dtype


def _plain(error: ValueError) -> str:
    """NumPy's message may quote the hostile header at length, over several lines."""
    first = str(error).splitlines()[0] if str(error) else "unreadable"
    return first if len(first) <= 80 else first[:79] + "…"


def _key(stamp: Stamp, entries: list[zipfile.ZipInfo]) -> str:
    digest = hashlib.sha256(repr(stamp[:2]).encode())
    for entry in entries:
        facts = entry.filename, entry.header_offset, entry.file_size, entry.CRC
        digest.update(repr(facts).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:24]
