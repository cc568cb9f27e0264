"""Coefficients of agreement, for many weightings of the same cases at once.

``weights`` (R, P) float64 says in each of R samples how often each of P patterns of answers occurs;
``patterns`` (P, F) int64 are the distinct answers to a case, in one of two forms:

``pairs``    (P, 2)  two answers to the same case, as category numbers
``tallies``  (P, K)  how many readers chose each of K categories

Each function gives R values, float64, NaN where the coefficient is not defined. All are built from
whole numbers, so that "no disagreement at all" is exactly that.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def percent(weights: Floats, pairs: Ints) -> Floats:
    """Share of cases with two equal answers, from 0 to 1."""
    agreed: Floats = weights @ _equal(pairs) / weights.sum(axis=1)
    return agreed


def cohen(weights: Floats, pairs: Ints) -> Floats:
    """Cohen's kappa (Cohen 1960, Educational and Psychological Measurement 20:37–46).

    1 − observed / expected disagreement, the latter from both readers' own shares of categories;
    not defined where both used one and the same category throughout.
    """
    first, second = pairs.T
    total = weights.sum(axis=1)
    categories = np.intersect1d(first, second)
    of_first, of_second = (
        weights @ (answers[:, None] == categories).astype(np.float64) for answers in pairs.T
    )
    by_chance = (of_first * of_second).sum(axis=1)
    return _beyond_chance(total * (weights @ (1 - _equal(pairs))), total**2 - by_chance)


def cohen_quadratic(weights: Floats, pairs: Ints) -> Floats:
    """Cohen's kappa weighted by the squared distance of category numbers.

    Cohen 1968, Psychological Bulletin 70:213–220. The mean squared distance of two independent
    answers follows from their first two moments, so that no table is needed.
    """
    first, second = pairs.astype(np.float64).T
    total = weights.sum(axis=1)
    squares = weights @ (first**2 + second**2)
    expected = total * squares - 2 * (weights @ first) * (weights @ second)
    return _beyond_chance(total * (weights @ (first - second) ** 2), expected)


def fleiss(weights: Floats, tallies: Ints) -> Floats:
    """Fleiss' kappa (Fleiss 1971, Psychological Bulletin 76:378–382).

    Every row of ``tallies`` has the same sum, the number of readers, at least 2; not defined where
    all answers are in one category.
    """
    totals = weights @ tallies
    answers = totals.sum(axis=1)
    return _beyond_chance(answers * _differing(weights, tallies), _differing_by_chance(totals))


def alpha_nominal(weights: Floats, tallies: Ints) -> Floats:
    """Krippendorff's alpha for unordered categories, with answers missing.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". Every row of
    ``tallies`` sums to at least 2; not defined where all answers are in one category.
    """
    totals = weights @ tallies
    answers = totals.sum(axis=1)
    observed = (answers - 1) * _differing(weights, tallies)
    return _beyond_chance(observed, _differing_by_chance(totals))


def alpha_ordinal(weights: Floats, tallies: Ints) -> Floats:
    """Krippendorff's alpha for ordered categories, with answers missing.

    Krippendorff 2011, with the metric for ordinal data: two categories are as far apart as there
    are answers from the middle of one to the middle of the other, so by their mean ranks.
    """
    totals = weights @ tallies
    answers = totals.sum(axis=1)
    # Ranks from the mean rank, so that the answers' ranks sum to zero.
    ranks = np.cumsum(totals, axis=1) - (totals + answers[:, None]) / 2
    each = tallies.sum(axis=1)
    distances = each * (ranks**2 @ tallies.T) - (ranks @ tallies.T) ** 2
    observed = (answers - 1) * (weights * (distances / (each - 1))).sum(axis=1)
    return _beyond_chance(observed, answers * (totals * ranks**2).sum(axis=1))


def _equal(pairs: Ints) -> Floats:
    equal: Floats = (pairs[:, 0] == pairs[:, 1]).astype(np.float64)
    return equal


def _differing(weights: Floats, tallies: Ints) -> Floats:
    """Pairs of differing answers to a case, over its answers but one, summed over the cases."""
    each = tallies.sum(axis=1)
    found: Floats = weights @ ((each**2 - (tallies**2).sum(axis=1)) / (each - 1))
    return found


def _differing_by_chance(totals: Floats) -> Floats:
    """Pairs of differing answers among all, whatever the case."""
    pairs: Floats = totals.sum(axis=1) ** 2 - (totals**2).sum(axis=1)
    return pairs


def _beyond_chance(observed: Floats, expected: Floats) -> Floats:
    """1 − observed / expected disagreement; NaN where none is expected."""
    ratio = np.full_like(expected, np.nan)
    np.divide(observed, expected, out=ratio, where=expected > 0)
    coefficient: Floats = 1 - ratio
    return coefficient
