"""Mean images and their differences → PNG. Knows no labels."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.pictures import png
from app.pictures.tally import BITS, Bins
from app.pictures.window import Window, levels_of

Reals = NDArray[np.float64]

_WHITE: Final = 255
# From less to more: dark blue over white to dark red, told apart by colour-blind eyes as well.
_SCALE: Final = ((8, 48, 107), (66, 133, 190), (247, 247, 247), (214, 96, 77), (103, 0, 31))
# Where there is no number: no colour of the scale.
_NOTHING: Final = (120, 120, 120)


def mean_png(mean: Reals, bins: Bins, window: Window | None) -> bytes:
    """Draw a mean image (H, W, C) as its pictures are shown: through their window, if any.

    Each mean is rounded to the nearest of 256 levels; where there is none it is black.
    """
    if window:
        levels = levels_of(mean, window)
    else:
        white = _WHITE if bins == BITS else 1
        levels = np.rint(np.clip(np.nan_to_num(mean) * white, 0, _WHITE)).astype(np.uint8)
    return png.encode(levels[..., 0] if levels.shape[2] == 1 else levels)


def difference_png(difference: Reals, most: float) -> bytes:
    """Draw a difference (H, W) on the diverging scale from -``most`` to ``most``."""
    return png.encode(diverging(difference, most))


def diverging(values: Reals, most: float) -> NDArray[np.uint8]:
    """Give the colours (*shape, 3) of values from -``most`` (blue) over 0 (white) to ``most``."""
    shares = np.clip(np.nan_to_num(values) / most if most else np.zeros_like(values), -1, 1)
    stops = np.linspace(-1, 1, len(_SCALE))
    channels = [np.interp(shares, stops, [colour[c] for colour in _SCALE]) for c in range(3)]
    colours = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    colours[np.isnan(values)] = _NOTHING
    return colours
