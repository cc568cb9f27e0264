"""All slices of a volume along one axis as one picture: left to right, then down, without gaps."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.pictures import png

# Decoded, one of this side takes 64 MB of a browser's memory; larger volumes come slice by slice.
SIDE_MOST: Final = 4096


@dataclass(frozen=True)
class Layout:
    """``columns`` × ``rows`` cells of ``width`` × ``height`` pixels; slice k is the k-th cell."""

    columns: int
    rows: int
    width: int
    height: int


def layout_of(shape: tuple[int, ...], axis: int) -> Layout | None:
    """Arrange the slices of a (D, H, W) volume, about as wide as high; None where they don't fit.

    64 slices of 64 × 64 pixels are 512 × 512.
    """
    height, width = (side for number, side in enumerate(shape) if number != axis)
    square = math.ceil(math.sqrt(shape[axis] * height / width))
    columns = max(1, min(shape[axis], square, SIDE_MOST // width))
    rows = math.ceil(shape[axis] / columns)
    fits = columns * width <= SIDE_MOST and rows * height <= SIDE_MOST
    return Layout(columns, rows, width, height) if fits else None


def encode(volume: NDArray[Any], axis: int, layout: Layout) -> bytes:
    """Draw a (D, H, W) volume of uint8 as a PNG; cells behind the last slice are black."""
    slices = np.moveaxis(volume, axis, 0)
    cells = np.zeros((layout.rows * layout.columns, layout.height, layout.width), np.uint8)
    cells[: len(slices)] = slices
    table = cells.reshape(layout.rows, layout.columns, layout.height, layout.width)
    picture = table.swapaxes(1, 2)
    return png.encode(picture.reshape(layout.rows * layout.height, layout.columns * layout.width))
