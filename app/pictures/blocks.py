"""Values of large items, some at a time: all at once, in 64 bits, they would fill the memory."""

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

AT_ONCE: Final = 2**16


def blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield all values (n,), some at a time, in the order of the memory; each until the next."""
    with np.nditer(
        values, ["external_loop", "buffered", "zerosize_ok"], order="K", buffersize=AT_ONCE
    ) as found:
        yield from found


def range_of(parts: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """Give the least and the greatest finite value; where there is none, the greater one first."""
    least, greatest = math.inf, -math.inf
    for part in parts:
        for values in [part] if part.dtype.kind != "f" else map(_finite, blocks(part)):
            if values.size:
                least, greatest = (
                    min(least, float(values.min())),
                    max(greatest, float(values.max())),
                )
    return least, greatest


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = values[np.isfinite(values)]
    return found
