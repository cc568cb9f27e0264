"""A page's thumbnails as one picture: cells ten to a row, without gaps, exact where they fit.

Large pictures are reduced by the mean over whole blocks of pixels (a box filter). A volume stands
there by its middle slice along z, by the mean or the maximum of all slices, or by nine of them.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from app.arrays.store import Array
from app.datasets.dataset import Dataset
from app.datasets.selection import SPLITS, VIEWS, View
from app.datasets.subset import Items
from app.pictures import png
from app.pictures.window import SAMPLE, SAMPLE_BYTES, Window, levels_of, needs_window, window_for

COLUMNS: Final = 10
CELLS_MOST: Final = 100

# A cell has at most this many pixels a side; smaller pictures are enlarged towards the other.
CELL_SIDE_MOST: Final = 128
SIDE_AIM: Final = 84

_CHUNK_BYTES: Final = 4 * 1024 * 1024
# All but the middle slice read whole volumes: a hundred of this size are read in half a second.
_VOLUME_BYTES: Final = 2 * 1024 * 1024
_QUICK_BYTES: Final = 512 * 1024
# A strip holds at most this many pictures, and fewer of larger ones than this together.
_STRIP_MOST: Final = 8
_STRIP_BYTES: Final = 64 * 1024 * 1024
# A montage has this many slices each way.
_MONTAGE: Final = 3

# As long as a file is open its values stay, and every page and picture asks for their window.
_windows: Final[WeakKeyDictionary[Array, Window]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Cell:
    """``width`` × ``height`` pixels in the sheet, each the mean of a ``factor``² block.

    ``scale`` is how many CSS pixels show one pixel.
    """

    width: int
    height: int
    factor: int
    scale: int


def views_of(dataset: Dataset) -> tuple[View, ...]:
    """Give the ways in which items can be shown in a grid; for pictures there is but one."""
    size = math.prod(dataset.shape) * max(each.itemsize for each in dataset.types)
    return VIEWS if dataset.is_volume and size <= _VOLUME_BYTES else VIEWS[:1]


def is_quick(dataset: Dataset, view: View, number: int) -> bool:
    """Say whether drawing a sheet of so many items takes about a millisecond."""
    size = math.prod(plane_shape(dataset)) * max(each.itemsize for each in dataset.types)
    scattered = any(member.fortran for member in dataset.archive.members.values())
    return view == "middle" and not scattered and min(number, CELLS_MOST) * size <= _QUICK_BYTES


def cell_of(dataset: Dataset, view: View = "middle") -> Cell:
    """Decide how large this dataset's thumbnails are."""
    height, width = plane_shape(dataset)[:2]
    if view == "montage" and view in views_of(dataset):
        height, width = height * _MONTAGE, width * _MONTAGE
    side = max(height, width)
    factor = math.ceil(side / CELL_SIDE_MOST)
    return Cell(
        width=math.ceil(width / factor),
        height=math.ceil(height / factor),
        factor=factor,
        scale=max(1, SIDE_AIM // math.ceil(side / factor)),
    )


def plane_shape(dataset: Dataset) -> tuple[int, ...]:
    """Give the shape of one thumbnail's source: (H, W), (H, W, 1) or (H, W, 3)."""
    return dataset.shape[1:] if dataset.is_volume else dataset.shape


def middle_plane(dataset: Dataset) -> tuple[int, int] | None:
    """Give the plane of a volume that stands for it in a grid; None for pictures."""
    return (0, dataset.shape[0] // 2) if dataset.is_volume else None


def window_of(dataset: Dataset) -> Window | None:
    """Take the dataset's window from the first few pictures that need one.

    Raises ArchiveError.
    """
    for images in dataset.images.values():
        if images.shape[0] and needs_window(images.dtype):
            if images not in _windows:
                size = math.prod(images.shape[1:]) * images.dtype.itemsize
                most = max(1, min(SAMPLE, SAMPLE_BYTES // size))
                _windows[images] = window_for(images.values_of_first(most))
            return _windows[images]
    return None


def encode(dataset: Dataset, items: Items, window: Window | None, view: View = "middle") -> bytes:
    """Draw a sheet as ``begin`` does, all at once."""
    return begin(dataset, items, window, view)()


def begin(
    dataset: Dataset, items: Items, window: Window | None, view: View = "middle"
) -> Callable[[], bytes]:
    """Take the pixels of items, and give what makes one PNG of them, in order, in ten columns.

    There are fewer columns for fewer items. Where the dataset has no such view, middles are drawn.
    Raises NotReadyError or ArchiveError; what it gives raises nothing, and leaves others the
    interpreter.
    """
    view = view if view in views_of(dataset) else "middle"
    cell = cell_of(dataset, view)
    columns = min(COLUMNS, len(items))
    rows = math.ceil(len(items) / COLUMNS)
    colour = (3,) if dataset.channels == 3 else ()
    thumbnails = np.zeros((rows * columns, cell.height, cell.width, *colour), np.uint8)
    for start, pixels in _chunks(dataset, items, whole=view != "middle"):
        levels = levels_of(pixels, window)
        flat = _flat(levels) if view == "middle" else projected(levels, view)
        small = reduced(flat, cell.factor)
        if len(small) == len(thumbnails):
            thumbnails = np.ascontiguousarray(small)
        else:
            thumbnails[start : start + len(small)] = small
    # One value is a thumbnail's row of pixels: moved in half the time that its bytes take.
    width = math.prod(thumbnails.shape[2:])
    lines = thumbnails.reshape(-1, width).view(f"V{width}").reshape(rows, columns, cell.height)
    sheet = lines.swapaxes(1, 2).copy().view(np.uint8)
    return png.begin(sheet.reshape(rows * cell.height, columns * cell.width, *colour))


def projected(
    volumes: NDArray[np.uint8], view: Literal["mean", "max", "montage"]
) -> NDArray[np.uint8]:
    """Turn grey levels of volumes (n, D, H, W) into one picture each: (n, H, W), or larger.

    ``mean`` and ``max`` go over all slices along z. ``montage`` sets nine side by side, three to a
    row, each from the middle of one of nine equal parts of z.
    """
    number, depth, height, width = volumes.shape
    if view == "max":
        highest: NDArray[np.uint8] = volumes.max(axis=1)
        return highest
    if view == "mean":
        means: NDArray[np.float32] = volumes.mean(axis=1, dtype=np.float32)
        return np.rint(means).astype(np.uint8)
    parts = _MONTAGE * _MONTAGE
    places = (2 * np.arange(parts) + 1) * depth // (2 * parts)
    table = volumes[:, places].reshape(number, _MONTAGE, _MONTAGE, height, width)
    return table.swapaxes(2, 3).reshape(number, _MONTAGE * height, _MONTAGE * width)


def strip(dataset: Dataset, window: Window | None) -> bytes:
    """Draw the first pictures of the smallest split in one row, without unpacking the split.

    Raises ArchiveError, and ValueError for a dataset without items.
    """
    cell = cell_of(dataset)
    plane = middle_plane(dataset)
    pixels = _stripped(dataset).first(strip_length(dataset), plane[1] if plane else None)
    small = reduced(_flat(levels_of(pixels, window)), cell.factor)
    return png.encode(np.concatenate(list(small), axis=1))


def strip_length(dataset: Dataset) -> int:
    """How many pictures a strip shows."""
    if not dataset.total:
        return 0
    images = _stripped(dataset)
    size = math.prod(plane_shape(dataset)) * images.dtype.itemsize
    return min(_STRIP_MOST, images.shape[0], max(1, _STRIP_BYTES // size))


def _stripped(dataset: Dataset) -> Array:
    """Give the smallest split that holds any. Raises ValueError for a dataset without items."""
    filled = [images for images in dataset.images.values() if images.shape[0]]
    if not filled:
        raise ValueError("a dataset without items has no strip")
    return min(filled, key=lambda array: array.shape[0])


def reduced(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Take the mean of each factor × factor block of (n, H, W[, 3]); edges are repeated."""
    if factor == 1:
        return pixels
    number, height, width, *colour = pixels.shape
    tall, wide = -height % factor, -width % factor
    padded = np.pad(pixels, ((0, 0), (0, tall), (0, wide), *((0, 0),) * len(colour)), "edge")
    rows, columns = (height + tall) // factor, (width + wide) // factor
    blocks = padded.reshape(number, rows, factor, columns, factor, *colour)
    means: NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32)
    return np.rint(means).astype(np.uint8)


def _flat(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Drop a channel axis of one: (n, H, W, 1) → (n, H, W)."""
    return pixels[..., 0] if pixels.ndim == 4 and pixels.shape[3] == 1 else pixels


def _chunks(dataset: Dataset, items: Items, *, whole: bool) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield (rank of the first, pixels) of runs of one split, a few megabytes at a time.

    Of a volume the pixels are the middle slice, or the ``whole``.
    """
    plane = None if whole else middle_plane(dataset)
    shape = dataset.shape if whole else plane_shape(dataset)
    edges = np.flatnonzero(items.splits[1:] != items.splits[:-1]) + 1
    for start, stop in pairwise([0, *edges.tolist(), len(items)]):
        images = dataset.images[SPLITS[items.splits[start]]]
        size = math.prod(shape) * images.dtype.itemsize
        most = max(1, _CHUNK_BYTES // size)
        for first in range(start, stop, most):
            last = min(first + most, stop)
            yield first, images.take(items.positions[first:last], plane)
