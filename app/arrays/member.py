"""One array of an npz: where its bytes lie in the file, and what its headers promise.

Sources: the zip format (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4).
"""

import math
import struct
import zipfile
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from app.arrays.deflate import RAW, DeflateError, deflate
from app.arrays.npy import read_header, write_header
from app.errors import ArchiveError
from app.phrases import Amount, Phrase

# NumPy itself refuses headers above 10,000 characters; a little more for magic and padding.
HEADER_MOST: Final = 16_384
AXES_MOST: Final = 8
BYTES_MOST: Final = 2**62

# Two bits, the shortest code for a run, give 258 bytes: no deflated byte holds more (RFC 1951).
_RATIO_MOST: Final = 1032
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_ENCRYPTED: Final = 0x1
_BROKEN: Final = Phrase("fetch the file again; it is damaged")
_RESAVE: Final = Phrase("save it with NumPy")
_SHOWN_MOST: Final = 80
_ITEM_MOST: Final = 8
_Refuse = Callable[[str, str], ArchiveError]


@dataclass(frozen=True)
class Member:
    """One array of the archive. Sizes and offsets are in bytes.

    ``data_at`` is where its (packed) bytes begin in the file; unpacked, ``size`` bytes come out:
    ``header`` bytes of npy header, and the array.
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
    def item(self) -> int:
        """Bytes of one item, also where there is none."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def npy_header(self) -> bytes:
        """The header that stands before the array in a file of its own."""
        return write_header(self.dtype, self.shape, fortran=self.fortran)

    @property
    def in_place(self) -> bool:
        """Say whether items can be read from the archive itself, each as one run of bytes."""
        return not self.deflated and not self.fortran


def read_member(path: Path, file: BinaryIO, entry: zipfile.ZipInfo, edges: list[int]) -> Member:
    """Read the headers of a directory's entry. ``edges``: where members begin, and the directory.

    Raises ArchiveError.
    """
    name = entry.filename.removesuffix(".npy")

    def refuse(reason: str, remedy: str = _BROKEN) -> ArchiveError:
        return ArchiveError(path, reason, remedy, name)

    _refuse_odd_packing(entry, refuse)
    deflated = entry.compress_type == zipfile.ZIP_DEFLATED
    data_at = _data_offset(file, entry)
    if data_at is None:
        raise refuse(Phrase("has a header that does not match the zip directory"))
    # Members lie one behind another; one that reaches into the next is damaged or an attack.
    # Sizes are the directory's: NumPy streams members, and then the local header has none
    # (0, or 0xFFFFFFFF with zip64), see numpy.lib._npyio_impl.zipfile_factory.
    if data_at + entry.compress_size > edges[bisect_right(edges, entry.header_offset)]:
        raise refuse(Phrase("overlaps what follows it in the file"))
    try:
        start = _first_bytes(file, data_at, entry.compress_size, deflated=deflated)
        header, shape, fortran, dtype = read_header(start)
    except DeflateError:
        raise refuse(Phrase("holds bytes that can't be inflated")) from None
    except ValueError as error:
        raise refuse(
            Phrase("has no valid npy header ({error})", error=_short(str(error))), _RESAVE
        ) from None
    _refuse_odd_array(shape, dtype, refuse)
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
        fortran=fortran,
    )
    promised = header + member.nbytes
    if promised > member.size:
        raise refuse(
            Phrase(
                "promises {promised} bytes in its npy header, but holds {size}",
                promised=Amount(promised),
                size=Amount(member.size),
            )
        )
    if promised < member.size:
        raise refuse(
            Phrase(
                "holds {size} bytes, but its npy header promises {promised}",
                size=Amount(member.size),
                promised=Amount(promised),
            )
        )
    return member


def _refuse_odd_packing(entry: zipfile.ZipInfo, refuse: _Refuse) -> None:
    packed, size = entry.compress_size, entry.file_size
    if entry.flag_bits & _ENCRYPTED:
        raise refuse(Phrase("is encrypted"), Phrase("store it without a password"))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refuse(
            Phrase("is packed by zip method {compress_type}", compress_type=entry.compress_type),
            Phrase("save it with numpy.savez or numpy.savez_compressed"),
        )
    if entry.compress_type == zipfile.ZIP_STORED and packed != size:
        raise refuse(Phrase("is stored, but with two different sizes"), _BROKEN)
    if size > _RATIO_MOST * packed:
        raise refuse(
            Phrase(
                "claims {size} bytes, more than its {packed} packed bytes can hold",
                size=Amount(size),
                packed=Amount(packed),
            ),
            _BROKEN,
        )


def _data_offset(file: BinaryIO, entry: zipfile.ZipInfo) -> int | None:
    """Find where the member's bytes begin; None if its local header is not its own.

    Only the local header knows its own length: its extra field may differ from the directory's.
    """
    file.seek(entry.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size:
        return None
    signature, _, _, method, *_, name_length, extra_length = _LOCAL.unpack(head)
    # The names we look for are plain ASCII, however either header says it is encoded.
    own: bytes = entry.orig_filename.encode("ascii", "replace")
    if file.read(name_length) != own:
        return None
    if signature != b"PK\x03\x04" or method != entry.compress_type:
        return None
    return int(entry.header_offset + _LOCAL.size + name_length + extra_length)


def _first_bytes(file: BinaryIO, data_at: int, packed: int, *, deflated: bool) -> bytes:
    file.seek(data_at)
    start = file.read(min(packed, HEADER_MOST))
    if not deflated:
        return start
    return deflate.decompressobj(RAW).decompress(start, HEADER_MOST)


def _refuse_odd_array(shape: tuple[int, ...], dtype: np.dtype[Any], refuse: _Refuse) -> None:
    if dtype.hasobject:
        raise refuse(
            Phrase("holds Python objects, which are never loaded"),
            Phrase("save it as plain numbers"),
        )
    if dtype.kind not in "buif" or dtype.itemsize > _ITEM_MOST:
        raise refuse(
            Phrase("holds values of type {dtype}", dtype=_short(str(dtype))),
            Phrase("save it as whole numbers or floats of at most {bytes} bytes", bytes=_ITEM_MOST),
        )
    sides = math.prod(max(side, 1) for side in shape)
    has_rows = 0 < len(shape) <= AXES_MOST
    if not has_rows or min(shape) < 0 or sides * dtype.itemsize > BYTES_MOST:
        raise refuse(
            Phrase("has the impossible shape {shape}", shape=_short(str(shape))),
            _RESAVE if has_rows else Phrase("save it as an array with a row for each image"),
        )


def _short(text: str) -> str:
    """What a hostile header holds may be long, and NumPy quotes it over several lines."""
    first = text.partition("\n")[0]
    return first if len(first) <= _SHOWN_MOST else first[: _SHOWN_MOST - 1] + "…"
