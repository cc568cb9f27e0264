"""Stored members → a zip archive, in one pass: nothing behind is written to again.

zipfile can stream too, but then gives every member's checksum only behind it, which some readers
refuse for stored members, and keeps an object for each. Source of the format: PKWARE APPNOTE
6.3.10, sections 4.3 to 4.5.
"""

import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Final, Self

from app.exports.stream import BLOCK

# The directory stands at the end and so must be kept until then: beyond this, in an unnamed file.
_KEPT_BYTES: Final = 4 * 1024 * 1024

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR: Final = struct.Struct("<4sIQI")
_FULL: Final = 0xFFFFFFFF  # stands where the zip64 field holds the number
_FULL_COUNT: Final = 0xFFFF
_ZIP64: Final = 1
_PLAIN_VERSION, _ZIP64_VERSION = 20, 45
_UNIX: Final = 3 << 8
_READABLE: Final = 0o100644 << 16
_CHECKSUM_BEHIND: Final = 0x8
_UTF8: Final = 0x800
# 1980-01-01, the first day there is: the same items make the same file.
_TIME, _DATE = 0, 0x21


@dataclass(frozen=True)
class _Member:
    """A member as its headers name it; ``behind``: its checksum follows it."""

    name: bytes
    size: int
    crc: int
    behind: bool

    @property
    def large(self) -> bool:
        return self.size >= _FULL

    @property
    def flags(self) -> int:
        return _CHECKSUM_BEHIND * self.behind | _UTF8 * (not self.name.isascii())


class Zip:
    """An archive being written; close it, so that nothing of it is kept."""

    def __init__(self) -> None:
        # Closed by __exit__.
        self._directory = tempfile.SpooledTemporaryFile(_KEPT_BYTES)  # noqa: SIM115
        self._number = self._length = self._at = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the directory."""
        self._directory.close()

    def member(self, name: str, content: bytes) -> Iterator[bytes]:
        """Give the bytes of a member that is whole in memory."""
        yield self._begun(name, len(content), zlib.crc32(content))
        yield content

    def copied(self, name: str, file: IO[bytes]) -> Iterator[bytes]:
        """Give the bytes of a member that is whole in a file, which is read twice."""
        size = crc = 0
        for block in _read(file):
            size, crc = size + len(block), zlib.crc32(block, crc)
        yield self._begun(name, size, crc)
        yield from _read(file)

    def streamed(
        self, name: str, size: int, content: Iterable[bytes | memoryview]
    ) -> Iterator[bytes | memoryview]:
        """Give the bytes of a member of ``size`` bytes as they come; its checksum stands behind.

        Raises ValueError if they are not as many as promised.
        """
        yield _local(_Member(name.encode(), size, 0, behind=True))
        crc = done = 0
        for block in content:
            crc = zlib.crc32(block, crc)
            done += len(block)
            yield block
        if done != size:
            raise ValueError(f"{name} has {done} bytes, not {size}")
        member = _Member(name.encode(), size, crc, behind=True)
        self._enter(member)
        yield _checksum(member)

    def end(self) -> Iterator[bytes]:
        """Give what stands behind the last member: the directory."""
        yield from _read(self._directory)
        yield _end(self._number, self._length, self._at)

    def _begun(self, name: str, size: int, crc: int) -> bytes:
        member = _Member(name.encode(), size, crc, behind=False)
        self._enter(member)
        return _local(member)

    def _enter(self, member: _Member) -> None:
        entry = _entry(member, self._at)
        self._directory.write(entry)
        self._number += 1
        self._length += len(entry)
        self._at += _length(member)


def zip_size(members: Iterable[tuple[str, int]], *, streamed: bool) -> int:
    """Give the size of an archive of members of these names and sizes."""
    number = length = at = 0
    for name, size in members:
        member = _Member(name.encode(), size, 0, streamed)
        length += len(_entry(member, at))
        at += _length(member)
        number += 1
    return at + length + len(_end(number, length, at))


def _read(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK):
        yield block


def _length(member: _Member) -> int:
    behind = len(_checksum(member)) if member.behind else 0
    return len(_local(member)) + member.size + behind


def _local(member: _Member) -> bytes:
    """What stands before a member; sizes are left open where the checksum is (section 4.4.4)."""
    size = 0 if member.behind else member.size
    extra = struct.pack("<2H2Q", _ZIP64, 16, size, size) if member.large else b""
    shown = _FULL if member.large else size
    return (
        _LOCAL.pack(
            b"PK\x03\x04",
            _ZIP64_VERSION if member.large else _PLAIN_VERSION,
            member.flags,
            0,
            _TIME,
            _DATE,
            member.crc,
            shown,
            shown,
            len(member.name),
            len(extra),
        )
        + member.name
        + extra
    )


def _checksum(member: _Member) -> bytes:
    """What stands behind a member whose checksum was not known before it."""
    form = "<4sI2Q" if member.large else "<4s3I"
    return struct.pack(form, b"PK\x07\x08", member.crc, member.size, member.size)


def _entry(member: _Member, at: int) -> bytes:
    """What stands of a member in the directory."""
    wide = [member.size, member.size] * member.large + [at] * (at >= _FULL)
    extra = struct.pack(f"<2H{len(wide)}Q", _ZIP64, 8 * len(wide), *wide) if wide else b""
    version = _ZIP64_VERSION if wide else _PLAIN_VERSION
    size = min(member.size, _FULL)
    return (
        _ENTRY.pack(
            b"PK\x01\x02",
            _UNIX | version,
            version,
            member.flags,
            0,
            _TIME,
            _DATE,
            member.crc,
            size,
            size,
            len(member.name),
            len(extra),
            0,
            0,
            0,
            _READABLE,
            min(at, _FULL),
        )
        + member.name
        + extra
    )


def _end(number: int, length: int, at: int) -> bytes:
    """What stands behind a directory of ``number`` entries and ``length`` bytes at ``at``."""
    count = min(number, _FULL_COUNT)
    plain = _END.pack(b"PK\x05\x06", 0, 0, count, count, min(length, _FULL), min(at, _FULL), 0)
    if number < _FULL_COUNT and length < _FULL and at < _FULL:
        return plain
    large = _END_64.pack(
        b"PK\x06\x06",
        _END_64.size - 12,
        _UNIX | _ZIP64_VERSION,
        _ZIP64_VERSION,
        0,
        0,
        number,
        number,
        length,
        at,
    )
    return large + _LOCATOR.pack(b"PK\x06\x07", 0, at + length, 1) + plain
