"""One item → its exact pixels: as PNG where PNG can hold them, and always as npy."""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from app.arrays.mapping import Plane
from app.datasets.dataset import Dataset
from app.datasets.selection import Split
from app.errors import InexactError
from app.phrases import Phrase
from app.pictures import png

_BYTE: Final = 255
_WORD: Final = 65_535
_TINY: Final = 2.0**-520

AXES: Final = ("z", "y", "x")


@dataclass(frozen=True)
class Statistics:
    """Least, greatest, mean and standard deviation of one channel's finite values."""

    least: float
    greatest: float
    mean: float
    deviation: float


def item_pixels(
    dataset: Dataset, split: Split, position: int, plane: Plane | None = None
) -> NDArray[Any]:
    """Read one picture (H, W[, 3]), volume (D, H, W), or one plane of a volume.

    Raises NotReadyError or ArchiveError.
    """
    pixels = dataset.images[split].take(np.array([position], np.int64), plane)[0]
    flat: NDArray[Any] = pixels[..., 0] if _has_one_channel(pixels, dataset, plane) else pixels
    return flat


def as_png(pixels: NDArray[Any]) -> bytes:
    """Encode (H, W) or (H, W, 3) pixels so that every value comes out again.

    Whole numbers take 8 bits where this item's values allow it, else 16. Raises InexactError.
    """
    if pixels.dtype == np.bool_:
        if pixels.ndim == 2:
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            return file.getvalue()
        return png.encode(pixels.astype(np.uint8))
    if pixels.dtype == np.uint8:
        return png.encode(pixels)
    if pixels.dtype.kind in "ui" and int(pixels.min()) >= 0 and int(pixels.max()) <= _WORD:
        if pixels.dtype == np.uint16 or int(pixels.max()) > _BYTE:
            return png.encode(pixels.astype(np.uint16))
        return png.encode(pixels.astype(np.uint8))
    raise InexactError(
        Phrase(
            "A PNG can't hold these values ({dtype}) exactly; get the .npy instead.",
            dtype=pixels.dtype,
        )
    )


def as_npy(pixels: NDArray[Any]) -> bytes:
    """Write an array as an npy file: little-endian, C order."""
    file = io.BytesIO()
    plain = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    npy.write_array(file, plain, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def statistics(pixels: NDArray[Any], *, colour: bool) -> tuple[Statistics, ...]:
    """Describe each channel (one, or three for colour)."""
    channels = [pixels[..., channel] for channel in range(3)] if colour else [pixels]
    return tuple(_statistics(channel.astype(np.float64)) for channel in channels)


def _statistics(values: NDArray[np.float64]) -> Statistics:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Statistics(*(float("nan"),) * 4)
    # The squares of very large numbers would overflow.
    part = _TINY if np.abs(finite).max() > 1 / _TINY else 1.0
    small = finite * part
    return Statistics(
        float(finite.min()),
        float(finite.max()),
        float(small.mean()) / part,
        float(small.std()) / part,
    )


def _has_one_channel(pixels: NDArray[Any], dataset: Dataset, plane: Plane | None) -> bool:
    return not dataset.is_volume and plane is None and pixels.ndim == 3 and pixels.shape[2] == 1
