"""One item → its exact pixels: as PNG where PNG can hold them, and always as npy."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from app.arrays.mapping import Plane
from app.datasets.dataset import Dataset
from app.datasets.selection import Split
from app.datasets.statistics import SQUARED_MOST, sums_of
from app.errors import InexactError
from app.phrases import Phrase
from app.pictures import png

_BYTE: Final = 255
_WORD: Final = 65_535
# Brings the largest float below what can be squared.
_TINY: Final = 2.0**-600
# Values that are added up at once: a volume's, all at once in 64 bits, would fill the memory.
_AT_ONCE: Final = 2**16

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


def statistics(pixels: NDArray[Any], *, colour: bool) -> tuple[Statistics, ...]:
    """Describe each channel (one, or three for colour), without a copy of it."""
    channels = [pixels[..., channel] for channel in range(3)] if colour else [pixels]
    return tuple(_statistics(channel) for channel in channels)


def _statistics(values: NDArray[Any]) -> Statistics:
    least, greatest = _range(values)
    # The squares of very large numbers would overflow.
    part = _TINY if max(-least, greatest) > SQUARED_MOST else 1.0
    sums = sums_of(values.dtype)
    for block in _blocks(values):
        sums.add(block if part == 1 else block * part)
    found = sums.result()
    if found.mean is None or found.deviation is None:
        return Statistics(*(float("nan"),) * 4, found.left_out)
    return Statistics(least, greatest, found.mean / part, found.deviation / part, found.left_out)


def _range(values: NDArray[Any]) -> tuple[float, float]:
    """Give the least and the greatest finite value; where there is none, the greater one first."""
    if values.dtype.kind != "f":
        return float(values.min()), float(values.max())
    least, greatest = math.inf, -math.inf
    for block in _blocks(values):
        finite = block[np.isfinite(block)]
        if finite.size:
            least, greatest = min(least, float(finite.min())), max(greatest, float(finite.max()))
    return least, greatest


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield all values (n,), some at a time, in the order of the memory; each until the next."""
    with np.nditer(
        values, ["external_loop", "buffered", "zerosize_ok"], order="K", buffersize=_AT_ONCE
    ) as blocks:
        yield from blocks


def _flat(pixels: NDArray[Any]) -> NDArray[Any]:
    """Drop a channel axis of one, which no volume has as its last: (H, W, 1) → (H, W)."""
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
