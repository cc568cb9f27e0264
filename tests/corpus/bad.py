"""One file for each thing that can be wrong, and words of the sentence that says so."""

import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corpus.writers import (
    data_at,
    dataset,
    entry_at,
    flip,
    header_of,
    local_at,
    npy_bytes,
    npy_header,
    patch_both,
    patch_entry,
    patch_local,
    write,
    write_arrays,
)

IMAGES: Final = "train_images"
LABELS: Final = "train_labels"
BOMB_BYTES: Final = 50_000_000


@dataclass(frozen=True)
class Bad:
    """How to write the file, and parts of the sentence: the reason, and what to do."""

    write: Callable[[Path], object]
    reason: str
    remedy: str = "fetch"
    member: str = IMAGES


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _cut(path: Path, share: float) -> None:
    write_arrays(path, dataset())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def _many_members(path: Path) -> None:
    write(path, {f"{number}.npy": b"" for number in range(1_001)})


def _large_directory(path: Path, claimed: int) -> None:
    """The end record claims a directory of so many bytes, in a (sparse) file as long."""
    write_arrays(path, dataset())
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    struct.pack_into("<I", content, end + 12, claimed)
    struct.pack_into("<I", content, end + 16, len(content))
    with path.open("wb") as file:
        file.write(content[:end])
        file.seek(len(content) + claimed)
        file.write(content[end:])


def _shifted(path: Path) -> None:
    """The end record says that the directory begins 100 bytes further on than it does."""
    content = bytearray(_whole(path))
    at = content.rindex(b"PK\x05\x06") + 16
    struct.pack_into("<I", content, at, struct.unpack_from("<I", content, at)[0] + 100)
    path.write_bytes(content)


FILES: Final[dict[str, Bad]] = {
    "cut in the middle": Bad(lambda path: _cut(path, 0.5), "zip directory", "fetch it again"),
    "cut by a byte": Bad(
        lambda path: path.write_bytes(_whole(path)[:-1]), "zip directory", "fetch it again"
    ),
    "cut to its first bytes": Bad(lambda path: _cut(path, 0.01), "zip directory"),
    "a Git LFS pointer": Bad(
        _bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 559580\n"),
        "Git LFS pointer",
        "git lfs pull",
    ),
    "a web page": Bad(_bytes(b"\n<!DOCTYPE html><html><body>404</body></html>"), "web page"),
    "a web page, plain": Bad(_bytes(b"<html><head></head></html>"), "web page"),
    "nothing at all": Bad(_bytes(b""), "is empty"),
    "one npy array": Bad(_bytes(npy_bytes(np.zeros((3, 4, 5)))), "single .npy", "numpy.savez"),
    "a pickle": Bad(_bytes(pickle.dumps({"train_images": [1]})), "not a zip archive", "savez"),
    "noise": Bad(_bytes(bytes(range(256)) * 9), "not a zip archive", "fetch"),
    "zip start, then noise": Bad(_bytes(b"PK\x03\x04" + bytes(range(256)) * 9), "zip directory"),
    "an archive of nothing": Bad(lambda path: write(path, {}), "no split", "train_images"),
    "an archive of others": Bad(
        lambda path: np.savez(path, allow_pickle=True, x=np.zeros(3), y=np.zeros(3)),
        "no split",
        "train_images",
    ),
    "too many members": Bad(_many_members, "1,001 members", "at most 1,000"),
    "a member behind the directory": Bad(
        lambda path: _patched(patch_entry, offset=2**31)(path), "damaged zip directory", "damaged"
    ),
    "a directory that says it is elsewhere": Bad(_shifted, "damaged zip directory", "damaged"),
    "a directory of 3 GB": Bad(lambda path: _large_directory(path, 3_000_000_000), "zip directory"),
}


def _whole(path: Path) -> bytes:
    return write_arrays(path, dataset()).read_bytes()


def _with(path: Path, member: str = IMAGES, *, method: int = 8, **changed: Any) -> Path:
    """The layout with one member's bytes, or array, put in another's place."""
    members = {f"{name}.npy": npy_bytes(array) for name, array in dataset().items()}
    content = changed.get("content")
    members[f"{member}.npy"] = npy_bytes(changed["array"]) if content is None else content
    return write(path, members, method=method)


def _array(array: NDArray[Any], member: str = IMAGES) -> Callable[[Path], object]:
    return lambda path: _with(path, member, array=array)


def _header(text: bytes, data: bytes = bytes(864)) -> Callable[[Path], object]:
    return lambda path: _with(path, content=text + data)


def _packed_by(method: int) -> Callable[[Path], object]:
    def write_it(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, array in dataset().items():
                packing = method if name == IMAGES else zipfile.ZIP_DEFLATED
                archive.writestr(f"{name}.npy", npy_bytes(array), packing)

    return write_it


def _flipped(method: int) -> Callable[[Path], object]:
    def write_it(path: Path) -> None:
        write_arrays(path, dataset(), method=method)
        flip(path, data_at(path.read_bytes(), f"{IMAGES}.npy") + 400)

    return write_it


def _no_deflate_stream(path: Path) -> None:
    """Its first block is of the kind that is reserved (RFC 1951, 3.2.3)."""
    write_arrays(path, dataset())
    content = path.read_bytes()
    at = data_at(content, f"{IMAGES}.npy")
    path.write_bytes(content[:at] + b"\x06" + content[at + 1 :])


def _bomb(path: Path) -> None:
    """Unpacks to 50 MB of zeros behind the few bytes that both of its headers promise."""
    honest = npy_bytes(dataset()[IMAGES])
    _with(path, content=honest + bytes(BOMB_BYTES))
    patch_both(path, f"{IMAGES}.npy", size=len(honest))


def _short(path: Path) -> None:
    """Unpacks to less than both of its headers promise."""
    honest = npy_bytes(dataset()[IMAGES])
    _with(path, content=honest[:-10])
    patch_both(path, f"{IMAGES}.npy", size=len(honest))


def _overlapping(path: Path) -> None:
    write_arrays(path, dataset(), method=0)
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, entry_at(data, f"{IMAGES}.npy") + 20)[0]
    patch_entry(path, f"{IMAGES}.npy", packed=size + 90, size=size + 90)


def _twice(path: Path) -> None:
    write_arrays(path, dataset())
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(f"{IMAGES}.npy", npy_bytes(dataset(seed=1)[IMAGES]))


def _patched(change: Callable[..., object], **fields: int) -> Callable[[Path], object]:
    def write_it(path: Path) -> None:
        write_arrays(path, dataset())
        change(path, f"{IMAGES}.npy", **fields)

    return write_it


def _foreign_local(path: Path) -> None:
    write_arrays(path, dataset())
    data = path.read_bytes()
    path.write_bytes(data.replace(b"train_images", b"train_imagez", 1))


def _name_behind_a_zero(path: Path) -> None:
    """Behind a zero byte the member's name goes on, in letters that are not ASCII."""
    members = {f"{name}.npy": npy_bytes(array) for name, array in dataset().items()}
    write(path, {f"{IMAGES}.npy!é": members.pop(f"{IMAGES}.npy"), **members})
    path.write_bytes(path.read_bytes().replace(b".npy!", b".npy\0"))


def _no_local(path: Path) -> None:
    write_arrays(path, dataset())
    flip(path, local_at(path.read_bytes(), f"{IMAGES}.npy") + 2)


def _without(name: str) -> Callable[[Path], object]:
    return lambda path: write_arrays(path, {k: v for k, v in dataset().items() if k != name})


_LABELS = dataset()[LABELS]
_PICKLED: Final = np.array([{"a": 1}] * 12, dtype=object)

MEMBERS: Final[dict[str, Bad]] = {
    "pickled objects": Bad(_array(_PICKLED), "Python objects, which are never loaded", "numbers"),
    "pickled labels": Bad(_array(_PICKLED, LABELS), "Python objects", "numbers", LABELS),
    "a bare pickle": Bad(
        lambda path: _with(path, content=pickle.dumps(dataset()[IMAGES])), "npy header", "NumPy"
    ),
    "encrypted": Bad(_patched(patch_both, flags=1), "is encrypted", "without a password"),
    "bzip2": Bad(_packed_by(zipfile.ZIP_BZIP2), "zip method 12", "savez"),
    "LZMA": Bad(_packed_by(zipfile.ZIP_LZMA), "zip method 14", "savez"),
    "unknown packing": Bad(_patched(patch_both, method=99), "zip method 99", "savez"),
    "wrong bytes, stored": Bad(_flipped(0), "fails its checksum", "damaged"),
    "wrong bytes, deflated": Bad(_flipped(8), "", "damaged"),
    "wrong checksum": Bad(_patched(patch_entry, crc=7), "fails its checksum", "damaged"),
    "fewer images than labels": Bad(
        _array(dataset()[IMAGES][:-1]), "(11, 8, 9), but train_labels has shape (12, 1)", "one row"
    ),
    "no labels beside the images": Bad(_without(LABELS), "no train_labels beside it", "both"),
    "no images beside the labels": Bad(
        _without(IMAGES), "no train_images beside it", "both", LABELS
    ),
    "a negative side": Bad(_header(header_of((-12, 8, 9))), "impossible shape", "NumPy"),
    "a side beyond any memory": Bad(
        _header(header_of((12, 2**40, 2**40))), "impossible shape", "NumPy"
    ),
    "a side of thousands of digits": Bad(
        _header(header_of("(1" + "0" * 4_000 + ", 8, 9)")), "impossible shape", "NumPy"
    ),
    "no items of an endless side": Bad(
        _header(header_of((0, 2**63, 9)), b""), "impossible shape", "NumPy"
    ),
    "a single number": Bad(_array(np.array(3)), "impossible shape", "a row for each image"),
    "more axes than any picture": Bad(
        _array(np.zeros((12,) + (1,) * 9, np.uint8)), "impossible shape", "a row for each image"
    ),
    "more promised than held": Bad(_header(header_of((13, 8, 9))), "but holds"),
    "more held than promised": Bad(_header(header_of((11, 8, 9))), "its npy header promises"),
    "a deflate bomb": Bad(_bomb, "unpacks to more than", "damaged"),
    "no deflate stream": Bad(_no_deflate_stream, "bytes that can't be inflated", "damaged"),
    "a deflate stream too short": Bad(_short, "ends after", "damaged"),
    "a claim that deflate can't hold": Bad(
        _patched(patch_both, size=2**31), "more than its", "damaged"
    ),
    "overlapping members": Bad(_overlapping, "overlaps what follows", "damaged"),
    "a member stored twice": Bad(_twice, "is there twice", "once"),
    "stored with two sizes": Bad(_patched(patch_both, method=0), "two different sizes", "damaged"),
    "two methods": Bad(_patched(patch_local, method=0), "does not match", "damaged"),
    "no header where it should begin": Bad(_no_local, "does not match", "damaged"),
    "another name in its header": Bad(_foreign_local, "does not match", "damaged"),
    "a name that goes on behind a zero byte": Bad(_name_behind_a_zero, "does not match", "damaged"),
    "no npy magic": Bad(_header(b"NOPE" + header_of((12, 8, 9))), "npy header", "NumPy"),
    "npy version 4": Bad(
        _header(b"\x93NUMPY\x04\x00" + header_of((12, 8, 9))[8:]), "version 4.0", "NumPy"
    ),
    "a header that is no literal": Bad(
        _header(npy_header("__import__('os').abort()")),
        "npy header (it is not a plain literal)",
        "NumPy",
    ),
    "a header of brackets": Bad(_header(npy_header("(" * 9_000)), "npy header", "NumPy"),
    "a header with odd keys": Bad(
        _header(npy_header("{1: 2, 'shape': (3,), None: 4}")), "npy header", "NumPy"
    ),
    "a header with unhashable keys": Bad(_header(npy_header("{[]: 1}")), "npy header", "NumPy"),
    "a header longer than NumPy takes": Bad(
        _header(npy_header("{'shape': (3,)" + " " * 20_000 + "}")), "npy header", "NumPy"
    ),
    "a header longer than is safe to read": Bad(
        _header(header_of((12, 8, 9), "|u1" + " " * 12_000)), "(Header info length (120", "NumPy"
    ),
    "a header that NumPy quotes at length": Bad(
        _header(header_of((12, 8, 9), "y" * 5_000)),
        f"(descr is not a valid dtype descriptor: '{'y' * 39}…)",  # 80 characters
        "NumPy",
    ),
    "complex numbers": Bad(
        _array(np.zeros((12, 8, 9), np.complex64)), "values of type complex64", "whole numbers"
    ),
    "dates": Bad(_array(np.zeros((12, 8, 9), "M8[s]")), "values of type datetime64", "whole"),
    "records": Bad(_array(np.zeros((12, 8, 9), "u1,u1")), "values of type", "whole numbers"),
    "records of many fields": Bad(
        _array(np.zeros((12, 1, 1), [(f"field{n}", "u1") for n in range(99)])),
        "values of type",
        "whole numbers",
    ),
    # On some machines C's long double has 8 bytes, too.
    **{
        f"floats of {double.itemsize} bytes": Bad(
            _array(np.zeros((12, 8, 9), double)), f"values of type {double}", "at most 8 bytes"
        )
        for double in [np.dtype(np.longdouble)]
        if double.itemsize > 8
    },
    "names for labels": Bad(
        _array(np.array(["benign"] * 12), LABELS), "values of type <U6", "whole numbers", LABELS
    ),
    "flat vectors for images": Bad(_array(np.zeros((12, 72), np.uint8)), "stack of pictures", "H"),
    "pictures without pixels": Bad(
        _array(np.zeros((12, 0, 9), np.uint8)), "stack of pictures", "(N, H, W)"
    ),
    "pictures of 20,000 pixels a side": Bad(
        _array(np.zeros((12, 1, 20_000), np.uint8)), "stack of pictures", "(N, H, W)"
    ),
    "halves for labels": Bad(_array(_LABELS + 0.5, LABELS), "not whole numbers", "whole", LABELS),
    "NaN for labels": Bad(_array(_LABELS * np.nan, LABELS), "not whole numbers", "whole", LABELS),
    "infinity for labels": Bad(
        _array(np.full(_LABELS.shape, np.inf), LABELS), "not whole numbers", "whole", LABELS
    ),
    "labels that JavaScript rounds": Bad(
        _array(np.full_like(_LABELS, 2**53, np.uint64), LABELS), "2 to the 53rd", "from 0", LABELS
    ),
    "labels as far below": Bad(
        _array(np.full_like(_LABELS, -(2**53), np.int64), LABELS), "2 to the 53rd", "from 0", LABELS
    ),
    "the least label there can be": Bad(
        _array(np.full_like(_LABELS, np.iinfo(np.int64).min, np.int64), LABELS),
        "2 to the 53rd",
        "from 0",
        LABELS,
    ),
    "columns that hold a 2": Bad(
        _array(np.full((12, 3), 2, np.uint8), LABELS), "other than 0 and 1", "0 and 1", LABELS
    ),
    "labels of three axes": Bad(
        _array(np.zeros((12, 2, 2), np.uint8), LABELS), "labels of shape", "one per item", LABELS
    ),
    "more columns than labels there may be": Bad(
        _array(np.zeros((12, 1_001), np.uint8), LABELS),
        "labels of shape (12, 1001)",
        "at most 1,000 columns",
        LABELS,
    ),
    "labels without columns": Bad(
        _array(np.zeros((12, 0), np.uint8), LABELS), "labels of shape", "one per item", LABELS
    ),
}
