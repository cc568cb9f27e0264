"""In which order a reader sees the items, which of them come twice, and which are for practice.

All of it follows from the study's seed by SHA-256, so that it is the same on every machine, in
every version, and after every break.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.datasets import bijection

# A repeat stands so many places behind its first: far enough to have been forgotten.
GAP: Final = 10


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a reader's order, from 0: which item of the study stands there."""

    number: int
    item: int
    is_repeat: bool


def practice_items(seed: int, size: int, number: int) -> tuple[int, ...]:
    """Give the item numbers set aside for practice, which no reading counts."""
    return tuple(_shuffled(range(size), f"{seed}/practice")[:number])


@lru_cache(maxsize=16)
def places(
    seed: int, reader_id: int, size: int, practice: int, repeats: float
) -> tuple[Place, ...]:
    """Give a reader's order of a study of ``size`` items, of which ``practice`` are set aside.

    The share ``repeats`` of the rest comes a second time, at least GAP places later; where there
    are fewer items than that, as many places later as there are items.
    """
    aside = frozenset(practice_items(seed, size, practice))
    key = f"{seed}/reader/{reader_id}"
    items = _shuffled([item for item in range(size) if item not in aside], key)
    number = repeats_of(len(items), repeats)
    gap = min(GAP, len(items))
    # Those near the end have no room behind them. Which stand there is chance, so this is no bias.
    early = items[: max(len(items) - gap + 1, number)]
    chosen = frozenset(_shuffled(early, f"{key}/repeats")[:number])
    behind: dict[int, list[int]] = {}
    for at, item in enumerate(early):
        if item in chosen:
            # The nearest it may stand behind; of a few items, that may be behind other repeats.
            nearest = at + gap - 1
            room = max(len(items) - nearest, 1)
            behind.setdefault(nearest + _number(f"{key}/repeat/{item}") % room, []).append(item)
    order: list[tuple[int, bool]] = []
    for at, item in enumerate(items):
        order.append((item, False))
        order.extend((repeat, True) for repeat in behind.pop(at, ()))
    order.extend((repeat, True) for at in sorted(behind) for repeat in behind[at])
    return tuple(Place(at, item, is_repeat) for at, (item, is_repeat) in enumerate(order))


def repeats_of(items: int, share: float) -> int:
    """Give how many of so many items come a second time."""
    return int(items * share + 0.5) if items > 1 else 0


def sample(labels: NDArray[np.int64], per_label: int, seed: int) -> NDArray[np.int64]:
    """Draw a stratified random sample: of each label ``per_label`` items, or all where fewer.

    ``labels`` is int64 of shape (n,). Gives positions in it, int64, ascending.
    """
    drawn = [np.empty(0, np.int64)]
    for label in np.unique(labels).tolist():
        positions = np.flatnonzero(labels == label)
        ranks = np.arange(min(per_label, len(positions)), dtype=np.int64)
        key = _number(f"{seed}/sample/{label}") % 2**32
        drawn.append(positions[bijection.scatter(ranks, len(positions), key)])
    return np.sort(np.concatenate(drawn))


def _shuffled(items: "range | list[int]", key: str) -> list[int]:
    return sorted(items, key=lambda item: _number(f"{key}/{item}"))


def _number(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest())
