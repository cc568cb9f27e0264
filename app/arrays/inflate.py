"""One member → its bytes, streamed with fixed buffers and checked against length and CRC.

Nothing here is larger than a buffer, whatever the member's size.
"""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final

from app.arrays.archive import Archive, stamp_of, unreadable
from app.arrays.deflate import RAW, DeflateError, deflate
from app.arrays.member import Member
from app.errors import ArchiveError
from app.phrases import Amount, Phrase

# Large enough that Python's share of the work vanishes, small enough for the L2 cache. What a call
# does not consume is copied for the next: with 256 KB of input that took a fifth of the time.
READ: Final = 128 * 1024
WRITE: Final = 1024 * 1024

Report = Callable[[int], None]


def stream(archive: Archive, member: Member) -> Iterator[bytes]:
    """Yield the array's bytes (without the npy header) in blocks of at most ``WRITE`` bytes.

    Raises ArchiveError where the bytes are not what the directory promises; the CRC can only be
    known behind the last block, so nothing is certain until the iterator has ended.
    """
    left = member.header
    wanted = member.nbytes
    for block in _checked(archive, member):
        part = block[left : left + wanted]
        left = max(0, left - len(block))
        wanted -= len(part)
        if part:
            yield part


def head(archive: Archive, member: Member, runs: Sequence[tuple[int, int]]) -> bytearray:
    """Give some of the array's bytes, unchecked: from … up to, in ascending runs.

    Nothing behind the last of them is read. Raises ArchiveError as ``stream`` does.
    """
    found = bytearray()
    at = 0
    for block in stream(archive, member):
        for start, stop in runs:
            found += block[max(0, start - at) : max(0, stop - at)]
        at += len(block)
        if at >= runs[-1][1]:
            break
    return found


def unpack(archive: Archive, member: Member, file: BinaryIO, report: Report) -> None:
    """Write the member to ``file`` as an npy file of its own; report the array bytes written."""
    file.write(member.npy_header)
    done = 0
    for block in stream(archive, member):
        file.write(block)
        # Readers of the same file see only what has left our buffer.
        file.flush()
        done += len(block)
        report(done)


def verify(archive: Archive, member: Member, report: Report) -> None:
    """Read the member to its end and check it; report the array bytes read."""
    done = 0
    for block in stream(archive, member):
        done += len(block)
        report(done)


def _checked(archive: Archive, member: Member) -> Iterator[bytes]:
    crc = size = 0
    try:
        with archive.path.open("rb", buffering=0) as file:
            file.seek(member.data_at)
            for block in _blocks(file, archive, member):
                # Before anybody sees it: these may be another file's bytes by now.
                _require_unchanged(file, archive, member)
                crc = deflate.crc32(block, crc)
                size += len(block)
                if size > member.size:
                    raise _damaged(
                        archive,
                        member,
                        Phrase(
                            "unpacks to more than the {size} bytes it claims",
                            size=Amount(member.size),
                        ),
                    )
                yield block
            _require_unchanged(file, archive, member)
    except OSError as error:
        raise unreadable(archive.path, error, member.name) from None
    if size != member.size:
        raise _damaged(
            archive,
            member,
            Phrase(
                "ends after {size} of the {total} bytes it promises",
                size=Amount(size),
                total=Amount(member.size),
            ),
        )
    if crc != member.crc:
        raise _damaged(archive, member, Phrase("fails its checksum (CRC-32)"))


def _blocks(file: io.FileIO, archive: Archive, member: Member) -> Iterator[bytes]:
    if not member.deflated:
        yield from _stored(file, member)
        return
    try:
        yield from _inflated(file, member)
    except DeflateError:
        _require_unchanged(file, archive, member)
        raise _damaged(archive, member, Phrase("holds bytes that can't be inflated")) from None


def changed(archive: Archive, member: Member) -> ArchiveError:
    """Say that the file was written to, replaced or removed while it was being read."""
    return ArchiveError(
        archive.path,
        Phrase("was changed while it was being read"),
        Phrase("reload the page"),
        member.name,
        passing=True,
    )


def _require_unchanged(file: io.FileIO, archive: Archive, member: Member) -> None:
    if stamp_of(os.fstat(file.fileno())) != archive.stamp:
        raise changed(archive, member)


def _stored(file: io.FileIO, member: Member) -> Iterator[bytes]:
    left = member.packed
    while left and (block := file.read(min(READ, left))):
        left -= len(block)
        yield block


def _inflated(file: io.FileIO, member: Member) -> Iterator[bytes]:
    inflater = deflate.decompressobj(RAW)
    for packed in _stored(file, member):
        waiting = packed
        while waiting and not inflater.eof:
            block = inflater.decompress(waiting, WRITE)
            waiting = inflater.unconsumed_tail
            if block:
                yield block
        if inflater.eof:
            return
    # What the library still holds back comes in pieces too: a bomb must not come out at once.
    while not inflater.eof and (block := inflater.decompress(b"", WRITE)):
        yield block


def _damaged(archive: Archive, member: Member, reason: str) -> ArchiveError:
    return ArchiveError(
        archive.path, reason, Phrase("fetch the file again; it is damaged"), member.name
    )
