"""Where answers differ: tables of two answers, the cases readers are divided on, and the odd label.

``tallies`` (cases, K) int64 says how many readers chose each category for a case.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.reviews.coefficients import Ints


@dataclass(frozen=True)
class Table:
    """Two answers to the same cases: ``counts`` (K, K) int64, by first (row) and second answer.

    ``cases`` has the case numbers, ascending, of every cell that is not empty.
    """

    categories: tuple[str, ...]
    counts: Ints
    cases: dict[tuple[int, int], tuple[int, ...]]


@dataclass(frozen=True)
class Disagreement:
    """A case on which readers differ.

    ``amount`` is the distance of the outermost answers in categories where these are ordered, else
    the entropy of the answers in bits.
    """

    case: int
    amount: float


def tabulate(categories: tuple[str, ...], cases: Ints, pairs: Ints) -> Table:
    """Sort ``cases`` (n,), ascending, by their answers ``pairs`` (n, 2), category numbers."""
    counts = np.zeros((len(categories), len(categories)), np.int64)
    cells: dict[tuple[int, int], tuple[int, ...]] = {}
    found, which = np.unique(pairs, axis=0, return_inverse=True)
    order = np.argsort(which, kind="stable")
    numbers = np.split(cases[order], np.cumsum(np.bincount(which, minlength=len(found)))[:-1])
    for (row, column), members in zip(found.tolist(), numbers, strict=False):
        counts[row, column] = len(members)
        cells[row, column] = tuple(members.tolist())
    return Table(categories, counts, cells)


def divided(tallies: Ints, *, ordinal: bool) -> tuple[Disagreement, ...]:
    """List the cases with differing answers, the largest disagreement first.

    Equal amounts are sorted by entropy, largest first, then by case number.
    """
    cases = np.flatnonzero((tallies > 0).sum(axis=1) > 1)
    chosen = tallies[cases]
    # Sorted, so that the same split of opinions has the same entropy to the last bit.
    shares = np.sort(chosen, axis=1) / chosen.sum(axis=1, keepdims=True)
    logarithms = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy = -(shares * logarithms).sum(axis=1)
    if ordinal:
        used = chosen > 0
        last = used.shape[1] - 1 - used[:, ::-1].argmax(axis=1)
        amount = (last - used.argmax(axis=1)).astype(np.float64)
    else:
        amount = entropy
    order = np.lexsort((cases, -entropy, -amount))
    return tuple(
        Disagreement(case, size)
        for case, size in zip(cases[order].tolist(), amount[order].tolist(), strict=True)
    )


def against_stored(tallies: Ints, stored: NDArray[np.integer]) -> tuple[int, ...]:
    """List the cases whose readers, at least two, all agree on another label than the stored.

    ``stored`` (cases,) is negative where no label is stored.
    """
    agreed = ((tallies > 0).sum(axis=1) == 1) & (tallies.sum(axis=1) >= 2) & (stored >= 0)
    cases = np.flatnonzero(agreed)
    return tuple(cases[tallies[cases].argmax(axis=1) != stored[cases]].tolist())
