"""Ways to write an npz, by NumPy and the zipfile module alone, and to change its headers."""

import io
import shutil
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

# Field → offset and struct format, in a directory entry and in a local header (APPNOTE 4.3).
_DIRECTORY: Final = {
    "flags": (8, "<H"),
    "method": (10, "<H"),
    "crc": (16, "<I"),
    "packed": (20, "<I"),
    "size": (24, "<I"),
    "name_length": (28, "<H"),
    "offset": (42, "<I"),
}
_LOCAL: Final = {
    "flags": (6, "<H"),
    "method": (8, "<H"),
    "crc": (14, "<I"),
    "packed": (18, "<I"),
    "size": (22, "<I"),
    "name_length": (26, "<H"),
    "extra_length": (28, "<H"),
}
_DIRECTORY_NAME_AT: Final = 46
_LOCAL_NAME_AT: Final = 30


class Unseekable(io.RawIOBase):
    """What a pipe is to a writer: zip headers written to it can't be filled in afterwards."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return int(self._file.write(data))

    def close(self) -> None:
        self._file.close()
        super().close()


def npy_bytes(array: NDArray[Any], version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    npy.write_array(file, array, version=version, allow_pickle=True)
    return file.getvalue()


def npy_header(text: str, version: int = 1) -> bytes:
    """An npy header that says anything at all."""
    body = text.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(body))
    return b"\x93NUMPY" + bytes([version, 0]) + length + body


def header_of(shape: object, descr: str = "|u1", fortran: object = False) -> bytes:
    return npy_header(f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}")


def write(
    path: Path,
    members: Mapping[str, bytes],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    level: int | None = None,
    zip64: bool = False,
    streamed: bool = False,
) -> Path:
    """Write these members under these very names. ``streamed``: headers without sizes."""
    target: Any = Unseekable(path) if streamed else path
    with zipfile.ZipFile(target, "w", method, allowZip64=True, compresslevel=level) as archive:
        for name, content in members.items():
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(content)
    if streamed:
        target.close()
    return path


def write_arrays(
    path: Path, arrays: Arrays, *, version: tuple[int, int] = (1, 0), **options: Any
) -> Path:
    members = {f"{name}.npy": npy_bytes(array, version) for name, array in arrays.items()}
    return write(path, members, **options)


def entry_at(data: bytes, name: str) -> int:
    """Where the directory's entry of that member begins."""
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        (length,) = struct.unpack_from("<H", data, at + _DIRECTORY["name_length"][0])
        if data[at + _DIRECTORY_NAME_AT :][:length] == name.encode():
            return at
        at = data.find(b"PK\x01\x02", at + 4)
    raise AssertionError(name)


def local_at(data: bytes, name: str) -> int:
    """Where the member's local header begins."""
    offset = entry_at(data, name) + _DIRECTORY["offset"][0]
    return int.from_bytes(data[offset : offset + 4], "little")


def data_at(data: bytes, name: str) -> int:
    """Where the member's packed bytes begin."""
    at = local_at(data, name)
    name_length, extra_length = struct.unpack_from("<HH", data, at + _LOCAL["name_length"][0])
    return at + _LOCAL_NAME_AT + int(name_length) + int(extra_length)


def patch_entry(path: Path, name: str, **fields: int) -> Path:
    """Change what the directory says of a member (``train_images.npy``)."""
    data = bytearray(path.read_bytes())
    for field, value in fields.items():
        offset, form = _DIRECTORY[field]
        struct.pack_into(form, data, entry_at(bytes(data), name) + offset, value)
    path.write_bytes(data)
    return path


def patch_local(path: Path, name: str, **fields: int) -> Path:
    """Change what the member's own header says."""
    data = bytearray(path.read_bytes())
    for field, value in fields.items():
        offset, form = _LOCAL[field]
        struct.pack_into(form, data, local_at(bytes(data), name) + offset, value)
    path.write_bytes(data)
    return path


def patch_both(path: Path, name: str, **fields: int) -> Path:
    return patch_local(patch_entry(path, name, **fields), name, **fields)


def flip(path: Path, at: int, bits: int = 0xFF) -> Path:
    """Change one byte of the file."""
    data = bytearray(path.read_bytes())
    data[at] ^= bits
    path.write_bytes(data)
    return path


def dataset(
    *, counts: tuple[int, int, int] = (12, 5, 7), item: tuple[int, ...] = (8, 9), seed: int = 0
) -> dict[str, NDArray[Any]]:
    """Six small arrays in MedMNIST's layout."""
    random = np.random.default_rng(seed)
    arrays: dict[str, NDArray[Any]] = {}
    for split, count in zip(("train", "val", "test"), counts, strict=True):
        arrays[f"{split}_images"] = random.integers(0, 256, (count, *item), np.uint8)
        arrays[f"{split}_labels"] = (np.arange(count) % 3).astype(np.uint8)[:, None]
    return arrays


def remove_folder(folder: Path) -> None:
    """Remove it as a user does, who does not mind that somebody is still working there."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
