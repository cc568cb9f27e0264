"""Labels and images, made up."""

from typing import Any

import numpy as np

RANDOM = np.random.default_rng(20261124)


def labelled(number: int, kinds: int = 2) -> Any:
    return (np.arange(number) % kinds).astype(np.uint8).reshape(-1, 1)


def bytes_of(*shape: int) -> Any:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)
