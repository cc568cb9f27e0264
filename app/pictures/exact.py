"""One item → its exact pixels: as PNG where PNG can hold them, and always as npy."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from app.arrays.mapping import Plane
from app.arrays.store import Array
from app.datasets.dataset import Dataset
from app.datasets.selection import Split
from app.datasets.statistics import SQUARED_MOST, sums_of
from app.errors import InexactError
from app.phrases import Phrase
from app.pictures import png
from app.pictures.blocks import blocks, range_of

_BYTE: Final = 255
_WORD: Final = 65_535
# Brings the largest float below what can be squared.
_TINY: Final = 2.0**-600

AXES: Final = ("z", "y", "x")


@dataclass(frozen=True)
class Statistics:
    """Least, greatest, mean and standard deviation of one channel's finite values.

    ``left_out`` values are not finite (NaN, infinity), and count for nothing here.
    """

    least: float
    greatest: float
    mean: float
    deviation: float
    left_out: int


def item_values(dataset: Dataset, split: Split, position: int, plane: Plane | None) -> NDArray[Any]:
    """Read one item in the shape that the file gives it, or one plane of a volume.

    Raises NotReadyError or ArchiveError.
    """
    values: NDArray[Any] = dataset.images[split].take(np.array([position], np.int64), plane)[0]
    return values


def item_pixels(
    dataset: Dataset, split: Split, position: int, plane: Plane | None = None
) -> NDArray[Any]:
    """Read one picture (H, W[, 3]), volume (D, H, W), or one plane of a volume.

    Raises NotReadyError or ArchiveError.
    """
    return _flat(item_values(dataset, split, position, plane))


def parts_of(dataset: Dataset, split: Split, position: int) -> Iterable[NDArray[Any]]:
    """Give the pixels of an item, to be gone through as often as need be.

    A volume's come as ``Array.parts`` gives them, when their turn comes. Raises NotReadyError or
    ArchiveError, as going through them does.
    """
    if dataset.is_volume:
        return _Parts(dataset.images[split], position)
    return [item_pixels(dataset, split, position)]


@dataclass(frozen=True)
class _Parts:
    """A volume, read anew whenever it is gone through."""

    images: Array
    position: int

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return self.images.parts(self.position)


def as_png(pixels: NDArray[Any]) -> bytes:
    """Encode (H, W), (H, W, 1) or (H, W, 3) pixels so that every value comes out again.

    Those of uint16 take 16 bits; other whole numbers 8 where this item's values allow it, else 16.
    Raises InexactError.
    """
    pixels = _flat(pixels)
    if reason := why_inexact(pixels):
        raise InexactError(reason)
    if pixels.dtype == np.bool_ and pixels.ndim == 2:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        return file.getvalue()
    if pixels.dtype.newbyteorder("=") == np.uint16 or int(pixels.max()) > _BYTE:
        return png.encode(pixels.astype(np.uint16))
    return png.encode(pixels.astype(np.uint8, copy=False))


def why_inexact(pixels: NDArray[Any]) -> Phrase | None:
    """Say why a PNG can't hold these values, or None where it can."""
    if pixels.dtype == np.bool_ or pixels.dtype == np.uint8:
        return None
    if pixels.dtype.kind in "ui" and int(pixels.min()) >= 0 and int(pixels.max()) <= _WORD:
        return None
    return Phrase(
        "A PNG can't hold these values ({dtype}) exactly; get the .npy instead.",
        dtype=pixels.dtype,
    )


def as_npy(pixels: NDArray[Any]) -> bytes:
    """Write an array as an npy file: little-endian, C order."""
    file = io.BytesIO()
    plain = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    npy.write_array(file, plain, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def statistics(parts: Iterable[NDArray[Any]], *, colour: bool) -> tuple[Statistics, ...]:
    """Describe each channel (one, or three for colour) of an item's parts, without a copy of it."""
    if colour:
        return tuple(_statistics([part[..., channel] for part in parts]) for channel in range(3))
    return (_statistics(parts),)


def _statistics(parts: Iterable[NDArray[Any]]) -> Statistics:
    least, greatest = range_of(parts)
    # The squares of very large numbers would overflow.
    scale = _TINY if max(-least, greatest) > SQUARED_MOST else 1.0
    sums = sums_of(next(iter(parts)).dtype)
    for block in chain.from_iterable(map(blocks, parts)):
        sums.add(block if scale == 1 else block * scale)
    found = sums.result()
    if found.mean is None or found.deviation is None:
        return Statistics(*(float("nan"),) * 4, found.left_out)
    return Statistics(least, greatest, found.mean / scale, found.deviation / scale, found.left_out)


def _flat(pixels: NDArray[Any]) -> NDArray[Any]:
    """Drop a channel axis of one, which no volume has as its last: (H, W, 1) → (H, W)."""
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
