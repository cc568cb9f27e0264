"""A seeded order without a shuffled array: a permutation of 0…n-1 that is computed, not stored.

A Feistel network permutes the next power of four; what falls outside 0…n-1 is sent through again
("cycle walking"), which leaves a permutation of exactly 0…n-1. Source: J. Black and P. Rogaway,
"Ciphers with Arbitrary Finite Domains", CT-RSA 2002. It scatters well; it hides nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_ROUNDS: Final = 6
_MIX_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B: Final = np.uint64(0x94D049BB133111EB)


def scatter(ranks: Ints, total: int, seed: int) -> Ints:
    """Send each rank in 0…total-1 to its place in the order of this seed (int64, same shape)."""
    return _walk(ranks, total, seed, range(_ROUNDS), backward=False)


def gather(places: Ints, total: int, seed: int) -> Ints:
    """Undo ``scatter``: give the rank of each place."""
    return _walk(places, total, seed, range(_ROUNDS - 1, -1, -1), backward=True)


def _walk(numbers: Ints, total: int, seed: int, rounds: range, *, backward: bool) -> Ints:
    half = max(1, (max(total - 1, 1).bit_length() + 1) // 2)
    keys = _mixed(np.arange(_ROUNDS, dtype=np.uint64) + (np.uint64(seed) << np.uint64(8)))
    out = numbers.astype(np.uint64)
    outside = np.ones(out.shape, np.bool_)
    while outside.any():
        out[outside] = _feistel(out[outside], half, keys, rounds, backward=backward)
        outside = out >= np.uint64(total)
    return out.astype(np.int64)


def _feistel(
    numbers: NDArray[np.uint64],
    half: int,
    keys: NDArray[np.uint64],
    rounds: range,
    *,
    backward: bool,
) -> NDArray[np.uint64]:
    bits = np.uint64(half)
    mask = np.uint64((1 << half) - 1)
    left, right = numbers >> bits, numbers & mask
    for number in rounds:
        if backward:
            left, right = right ^ (_mixed(left ^ keys[number]) & mask), left
        else:
            left, right = right, left ^ (_mixed(right ^ keys[number]) & mask)
    return (left << bits) | right


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014): every bit touches every bit."""
    with np.errstate(over="ignore"):
        mixed = (numbers + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(2**64 - 1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_A
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_B
        return mixed ^ (mixed >> np.uint64(31))
