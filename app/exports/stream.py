"""A file on its way out: its size, where that is known, and its bytes, block by block."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Final

# Large enough that a block's way through threads and sockets is cheap, small enough to hold many.
BLOCK: Final = 256 * 1024


@dataclass(frozen=True)
class Export:
    """A file's bytes. ``blocks`` raises ArchiveError or NotReadyError where they can't be read.

    What came out before such an error is no whole file and must not be taken for one.
    """

    blocks: Generator[bytes, None, None]
    size: int | None


@dataclass(frozen=True)
class Size:
    """A number of bytes, exact or about."""

    bytes: int
    exact: bool


def blocks(pieces: Iterable[bytes | memoryview]) -> Generator[bytes, None, None]:
    """Join small pieces, and cut large ones, to blocks of about ``BLOCK`` bytes."""
    room = bytearray()
    for piece in pieces:
        for start in range(0, len(piece), BLOCK):
            room += piece[start : start + BLOCK]
            if len(room) >= BLOCK:
                yield bytes(room)
                room.clear()
    if room:
        yield bytes(room)
