"""Synthetic files in the shape of real ones, for measuring only. No picture here is of anything."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

PATH_COUNTS = {"train": 89_996, "val": 10_004, "test": 7_180}
BLOCK = 2_000


def patches(count: int, seed: int, side: int = 28) -> Iterator[NDArray[np.uint8]]:
    """Yield blocks of smooth colour patches with noise: they deflate about as real ones do."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, side)
    for first in range(0, count, BLOCK):
        number = min(BLOCK, count - first)
        ends = random.integers(60, 250, (2, number, 1, 1, 3))
        slope = (ramp[:, None] + ramp[None, :])[None, :, :, None] / 2
        noise = random.integers(-5, 6, (number, side, side, 3))
        yield np.clip(ends[0] * slope + ends[1] * (1 - slope) + noise, 0, 255).astype(np.uint8)


def pathmnist(path: Path) -> None:
    """Write a stand-in of PathMNIST's exact shape, deflated."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for seed, (split, count) in enumerate(PATH_COUNTS.items()):
            with archive.open(f"{split}_images.npy", "w", force_zip64=True) as member:
                _header(member, np.dtype(np.uint8), (count, 28, 28, 3))
                for block in patches(count, seed):
                    member.write(block.tobytes())
            labels = np.random.default_rng(seed).integers(0, 9, (count, 1)).astype(np.uint8)
            with archive.open(f"{split}_labels.npy", "w") as member:
                npy.write_array(member, labels)


def huge(path: Path, gigabytes: int) -> None:
    """Write a set whose deflated training member holds that many GB of repeated noise.

    The deflated block is made once and written again and again, so this takes seconds.
    """
    side = 224
    item = side * side * 3
    count = gigabytes * 10**9 // item
    block = np.random.default_rng(0).integers(0, 64, 20 * item, np.uint8).tobytes()
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    # A full flush ends on a byte and forgets the window: such pieces can be put one behind another.
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    times, rest = divmod(count * item, len(block))
    head = _packed_header((count, side, side, 3))
    tail = zlib.compressobj(1, zlib.DEFLATED, -15)
    last = tail.compress(block[:rest]) + tail.flush()
    crc = zlib.crc32(head[1])
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    crc = zlib.crc32(block[:rest], crc)
    size = len(head[1]) + count * item
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        info = zipfile.ZipInfo("train_images.npy")
        info.compress_type = zipfile.ZIP_DEFLATED
        info.CRC, info.file_size = crc, size
        info.compress_size = len(head[0]) + times * len(packed) + len(last)
        info.header_offset = 0
        out = archive.fp
        assert out
        out.write(info.FileHeader(zip64=True))
        for piece in (head[0], *(packed,) * times, last):
            out.write(piece)
        archive.filelist.append(info)
        archive.NameToInfo[info.filename] = info
        archive.start_dir = out.tell()
        labels = np.arange(count, dtype=np.uint8).reshape(-1, 1) % 4
        for split, number in (("train", count), ("val", 10), ("test", 10)):
            archive.writestr(f"{split}_labels.npy", _bytes(labels[:number]))
        for split in ("val", "test"):
            images = np.frombuffer(block, np.uint8)[: 10 * item].reshape(10, side, side, 3)
            archive.writestr(f"{split}_images.npy", _bytes(images))


def labelled(path: Path, count: int) -> None:
    """Write ``count`` one-pixel pictures with random labels, stored: for the index alone."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        labels = random.integers(0, 9, (count, 1)).astype(np.uint8)
        archive.writestr("train_labels.npy", _bytes(labels))
        archive.writestr("train_images.npy", _bytes(np.zeros((count, 1, 1), np.uint8)))


def sparse(path: Path, count: int, side: int) -> None:
    """Write a stored set of a real set's size as a sparse file: all its pixels are zero."""
    shape = (count, side, side)
    header = _header_bytes(np.dtype(np.uint8), shape)
    size = len(header) + count * side * side
    crc = _crc_of_zeros(header, count * side * side)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        info = zipfile.ZipInfo("train_images.npy")
        info.CRC, info.file_size, info.compress_size, info.header_offset = crc, size, size, 0
        out = archive.fp
        assert out
        out.write(info.FileHeader(zip64=True))
        out.write(header)
        out.seek(size - len(header) - 1, 1)
        out.write(b"\0")
        archive.filelist.append(info)
        archive.NameToInfo[info.filename] = info
        archive.start_dir = out.tell()
        labels = (np.arange(count, dtype=np.uint32) % 8).astype(np.uint8).reshape(-1, 1)
        archive.writestr("train_labels.npy", _bytes(labels))


def _crc_of_zeros(start: bytes, zeros: int) -> int:
    crc = zlib.crc32(start)
    block = bytes(1 << 24)
    while zeros:
        part = min(zeros, len(block))
        crc = zlib.crc32(block[:part] if part < len(block) else block, crc)
        zeros -= part
    return crc


def _packed_header(shape: tuple[int, ...]) -> tuple[bytes, bytes]:
    """Give the npy header deflated into stored blocks, and as it is."""
    plain = _header_bytes(np.dtype(np.uint8), shape)
    length = len(plain)
    return struct.pack("<BHH", 0, length, length ^ 0xFFFF) + plain, plain


def _header_bytes(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    parts: list[bytes] = []

    class Sink:
        write = parts.append

    _header(Sink, dtype, shape)
    return b"".join(parts)


def _header(file: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:  # noqa: ANN401
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, header)


def _bytes(array: NDArray[Any]) -> bytes:
    array = np.ascontiguousarray(array)
    return _header_bytes(array.dtype, array.shape) + array.tobytes()
