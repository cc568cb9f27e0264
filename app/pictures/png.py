"""Pixels → PNG, exactly. Written for speed: rows are filtered by NumPy and deflated by ISA-L.

Follows the PNG specification, third edition (W3C, 2025): IHDR, IDAT, IEND, and filter type 1 (Sub:
minus the pixel to the left).
"""

import struct
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GREY: Final = 0
_RGB: Final = 2
_SUB: Final = 1
_AT_ONCE_MOST: Final = 1024 * 1024
_LEAST_ROOM: Final = 1024
_ZLIB_HEADER: Final = b"\x78\x01"
_LAST_BLOCK: Final = b"\x03\x00"  # an empty one (RFC 1951, section 3.2.6)


def encode(pixels: NDArray[Any], level: int = 1) -> bytes:
    """Encode (H, W) or (H, W, 3) pixels of uint8 or uint16 without loss, as ``begin`` does."""
    return begin(pixels, level)()


def begin(pixels: NDArray[Any], level: int = 1) -> Callable[[], bytes]:
    """Filter pixels, and give what deflates them: nearly all of that leaves others the interpreter.

    ``level`` is ISA-L's, 0 (fastest) to 3 (smallest). It does not promise to deflate the same
    pixels to the same bytes every time; what they decode to is the same.
    """
    height, width = pixels.shape[:2]
    colour = pixels.ndim == 3
    depth = 8 * pixels.dtype.itemsize
    rows = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder(">")).view(np.uint8)
    rows = rows.reshape(height, -1)
    step = (3 if colour else 1) * pixels.dtype.itemsize
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _SUB
    filtered[:, 1 : 1 + step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=filtered[:, 1 + step :])
    header = struct.pack(">IIBBBBB", width, height, depth, _RGB if colour else _GREY, 0, 0, 0)

    def finish() -> bytes:
        parts = (
            *_chunk(b"IHDR", header),
            *_chunk(b"IDAT", *_deflated(filtered, level)),
            *_chunk(b"IEND"),
        )
        return b"".join((SIGNATURE, *parts))

    return finish


def _deflated(rows: NDArray[np.uint8], level: int) -> tuple[bytes, ...]:
    """Deflate as zlib does (RFC 1950), what is small in one go; gives the parts of it.

    The public way asks for the interpreter back each time it needs more room to write to: five
    times for a page's sheet, while that page is sent. Twice as much is room enough for anything:
    no code has more than 15 bits.
    """
    at_once = getattr(isal_zlib, "_ParallelCompress", None)  # not promised to be there
    if at_once is None or rows.nbytes > _AT_ONCE_MOST:
        return (isal_zlib.compress(rows, level),)
    blocks, _crc = at_once(2 * rows.nbytes + _LEAST_ROOM, level).compress_and_crc(rows, b"")
    return _ZLIB_HEADER, blocks, _LAST_BLOCK, struct.pack(">I", isal_zlib.adler32(rows))


def _chunk(kind: bytes, *data: bytes) -> tuple[bytes, ...]:
    """Give the parts of a chunk, uncopied; ``data`` are those of what it holds."""
    checksum = isal_zlib.crc32(kind)
    for part in data:
        checksum = isal_zlib.crc32(part, checksum)
    return struct.pack(">I", sum(map(len, data))), kind, *data, struct.pack(">I", checksum)
