"""The coefficients, against scikit-learn, statsmodels and krippendorff."""

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from app.reviews import coefficients
from app.reviews.coefficients import Floats, Ints

CATEGORIES = 4

Pairs = st.lists(
    st.tuples(st.integers(0, CATEGORIES - 1), st.integers(0, CATEGORIES - 1)),
    min_size=1,
    max_size=30,
)
Answers = st.lists(
    st.lists(st.integers(-1, CATEGORIES - 1), min_size=4, max_size=4), min_size=1, max_size=30
)


def once(rows: Ints) -> Floats:
    """Each row as a pattern that occurs once."""
    return np.ones((1, len(rows)))


def tallied(answers: Ints) -> Ints:
    """(cases, readers) → (cases, K)."""
    return np.stack([(answers == number).sum(axis=1) for number in range(CATEGORIES)], axis=1)


@given(Pairs)
def test_percent_agreement_is_scikit_learns_accuracy(pairs: list[tuple[int, int]]) -> None:
    rows = np.array(pairs)
    assert coefficients.percent(once(rows), rows) == pytest.approx(accuracy_score(*rows.T))


@given(Pairs)
def test_cohens_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    rows = np.array(pairs)
    unweighted = coefficients.cohen(once(rows), rows).item()
    quadratic = coefficients.cohen_quadratic(once(rows), rows).item()
    if len(np.unique(rows)) == 1:
        assert np.isnan([unweighted, quadratic]).all()
        return
    labels = list(range(CATEGORIES))
    assert unweighted == pytest.approx(cohen_kappa_score(*rows.T, labels=labels))
    assert quadratic == pytest.approx(
        cohen_kappa_score(*rows.T, labels=labels, weights="quadratic")
    )


@given(Answers)
def test_fleiss_kappa_is_statsmodels(answers: list[list[int]]) -> None:
    table = tallied(np.abs(np.array(answers)))
    found = coefficients.fleiss(once(table), table).item()
    if (table.sum(axis=0) > 0).sum() == 1:
        assert np.isnan(found)
        return
    assert found == pytest.approx(fleiss_kappa(table))


@given(Answers)
def test_krippendorffs_alpha_is_the_packages_with_answers_missing(answers: list[list[int]]) -> None:
    table = tallied(np.array(answers))
    table = table[table.sum(axis=1) >= 2]
    assume(len(table))
    nominal = coefficients.alpha_nominal(once(table), table).item()
    ordinal = coefficients.alpha_ordinal(once(table), table).item()
    if (table.sum(axis=0) > 0).sum() == 1:
        assert np.isnan([nominal, ordinal]).all()
        return
    domain = list(range(CATEGORIES))
    assert nominal == pytest.approx(
        krippendorff.alpha(value_counts=table, value_domain=domain, level_of_measurement="nominal")
    )
    assert ordinal == pytest.approx(
        krippendorff.alpha(value_counts=table, value_domain=domain, level_of_measurement="ordinal")
    )


def test_alpha_takes_raw_answers_with_gaps_as_the_package_does() -> None:
    # The example of Krippendorff 2011 with four observers and twelve units.
    gap = -1
    answers: NDArray[np.int64] = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3],
            [gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap],
        ]
    )
    table = np.stack([(answers == number).sum(axis=0) for number in range(1, 6)], axis=1)
    table = table[table.sum(axis=1) >= 2]
    assert coefficients.alpha_nominal(once(table), table) == pytest.approx(0.743, abs=5e-4)
    assert coefficients.alpha_ordinal(once(table), table) == pytest.approx(0.815, abs=5e-4)
    raw = np.where(answers == gap, np.nan, answers)
    assert coefficients.alpha_ordinal(once(table), table) == pytest.approx(
        krippendorff.alpha(raw, level_of_measurement="ordinal")
    )


@given(Pairs, st.integers(0, 99))
def test_a_pattern_with_a_weight_counts_as_that_many_cases(
    pairs: list[tuple[int, int]], seed: int
) -> None:
    rows = np.array(pairs)
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(rows)))
    weights[:, 0] += 1
    repeated = [np.repeat(rows, row, axis=0) for row in weights]
    tables = np.stack([(rows == number).sum(axis=1) for number in range(CATEGORIES)], axis=1)
    for function, patterns in (
        (coefficients.percent, rows),
        (coefficients.cohen, rows),
        (coefficients.cohen_quadratic, rows),
        (coefficients.fleiss, tables),
        (coefficients.alpha_nominal, tables),
        (coefficients.alpha_ordinal, tables),
    ):
        single = [
            function(once(cases), np.repeat(patterns, row, axis=0)).item()
            for cases, row in zip(repeated, weights, strict=True)
        ]
        found = function(weights.astype(np.float64), patterns)
        np.testing.assert_allclose(found, single, atol=1e-12)
