"""Values → grey levels: which value is shown as black and which as white.

Pictures of uint8 are shown as they are, bool as black and white. All other types go through one
window for the whole dataset, so that pictures can be compared with one another.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.pictures.blocks import AT_ONCE, range_of

# Enough pictures for a window that holds, few enough to read at once.
SAMPLE: Final = 64
SAMPLE_BYTES: Final = 4 * 1024 * 1024

_WHITE: Final = 255


@dataclass(frozen=True)
class Window:
    """Values at or below ``low`` are black, at or above ``high`` white, linear between."""

    low: float
    high: float

    @property
    def part(self) -> float:
        """What values are multiplied with, where the difference of two large floats overflows."""
        return 0.5 if math.isinf(self.high - self.low) else 1.0


def needs_window(dtype: np.dtype[Any]) -> bool:
    """Say whether pictures of this type can't be shown as they are."""
    return dtype != np.uint8 and dtype != np.bool_


def window_for(sample: Iterable[NDArray[Any]]) -> Window:
    """Take the window from the least to the greatest finite value of a sample of pictures.

    Their values may come some at a time, in arrays of any shape.
    """
    low, high = range_of(sample)
    if low > high:
        return Window(0.0, 1.0)
    if high > low:
        return Window(low, high)
    # One colour. Beyond 2 to the 53rd, adding 1 changes nothing, so the next float is taken.
    step = max(1.0, math.ulp(low))
    return Window(low, low + step) if math.isfinite(low + step) else Window(low - step, low)


def levels_of(pixels: NDArray[Any], window: Window | None) -> NDArray[np.uint8]:
    """Turn pixels into uint8 grey levels or colours; without a window they are uint8 or bool.

    Where a dataset has a window, 8 bits are seen through it too: the same value is the same grey.
    """
    if window:
        return through(pixels, window)
    return pixels.astype(np.uint8) * np.uint8(_WHITE) if pixels.dtype == np.bool_ else pixels


def through(pixels: NDArray[Any], window: Window) -> NDArray[np.uint8]:
    """Turn pixels of any type, uint8 too, into grey levels; what is no number is black."""
    levels = np.empty(pixels.shape, np.uint8)
    low, high = window.low * window.part, window.high * window.part
    with np.nditer(
        [pixels, levels],
        ["external_loop", "buffered", "zerosize_ok"],
        [["readonly"], ["writeonly"]],
        [np.float64, np.uint8],
        buffersize=AT_ONCE,
    ) as both:
        for some, drawn in both:
            values = np.nan_to_num(some, nan=window.low)
            shares = (np.clip(values * window.part, low, high) - low) / (high - low)
            drawn[...] = np.rint(shares * _WHITE)
    return levels
