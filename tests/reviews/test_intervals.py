"""The bootstrap, against a slow one that draws the same cases and asks scikit-learn and others."""

from collections.abc import Callable

import krippendorff
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from app.reviews import coefficients
from app.reviews.coefficients import Ints
from app.reviews.intervals import Bootstrap, Measure, Statistic

from .answering import ordinary

SOME = ordinary(4, 60, 4)


def both() -> Ints:
    pairs = SOME.answers[:2].T.astype(np.int64)
    return pairs[(pairs >= 0).all(axis=1)]


def tallies(least: int) -> Ints:
    found = np.stack([(SOME.answers == number).sum(axis=0) for number in range(4)], axis=1)
    enough: Ints = found[found.sum(axis=1) >= least]
    return enough


def measured(cases: Ints, statistic: Statistic, seed: int = 5, resamples: int = 200) -> Measure:
    return Bootstrap(seed, resamples).measure("name", cases, statistic, "not defined")


def cohen(cases: Ints) -> float:
    return float(cohen_kappa_score(*cases.T, labels=range(4)))


def quadratic(cases: Ints) -> float:
    return float(cohen_kappa_score(*cases.T, labels=range(4), weights="quadratic"))


def ordinal(cases: Ints) -> float:
    return float(
        krippendorff.alpha(
            value_counts=cases, value_domain=range(4), level_of_measurement="ordinal"
        )
    )


def nominal(cases: Ints) -> float:
    return float(
        krippendorff.alpha(
            value_counts=cases, value_domain=range(4), level_of_measurement="nominal"
        )
    )


def percent(cases: Ints) -> float:
    equal: list[bool] = [first == second for first, second in cases.tolist()]
    return sum(equal) / len(equal)


@pytest.mark.parametrize(
    ("cases", "statistic", "slow"),
    [
        (both(), coefficients.percent, percent),
        (both(), coefficients.cohen, cohen),
        (both(), coefficients.cohen_quadratic, quadratic),
        (tallies(4), coefficients.fleiss, fleiss_kappa),
        (tallies(2), coefficients.alpha_nominal, nominal),
        (tallies(2), coefficients.alpha_ordinal, ordinal),
    ],
    ids=["percent", "cohen", "quadratic", "fleiss", "nominal", "ordinal"],
)
def test_the_interval_is_that_of_a_slow_bootstrap(
    cases: Ints, statistic: Statistic, slow: Callable[[Ints], float]
) -> None:
    patterns, counts = np.unique(cases, axis=0, return_counts=True)
    weights = np.concatenate(list(Bootstrap(5, 200).draws(counts))).astype(int)
    values = [slow(np.repeat(patterns, row, axis=0)) for row in weights]
    found = measured(cases, statistic)
    assert found.estimate == pytest.approx(slow(cases))
    assert [found.low, found.high] == pytest.approx(np.percentile(values, [2.5, 97.5]).tolist())
    assert found.n == len(cases)
    assert found.note == ""


def test_drawing_patterns_is_drawing_cases() -> None:
    # Against cases drawn one by one: the same mean and spread of each pattern's number.
    counts = np.array([1, 4, 15])
    drawn = np.concatenate(list(Bootstrap(1, 20_000).draws(counts)))
    cases = np.repeat(np.arange(3), counts)
    picked = np.random.default_rng(2).choice(cases, (20_000, len(cases)))
    one_by_one = np.stack([(picked == number).sum(axis=1) for number in range(3)], axis=1)
    assert drawn.sum(axis=1).tolist() == [20] * 20_000
    np.testing.assert_allclose(drawn.mean(axis=0), one_by_one.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(one_by_one.T), atol=0.15)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    first, again = (measured(both(), coefficients.cohen, seed=7) for _ in range(2))
    assert first == again
    assert measured(both(), coefficients.cohen, seed=8) != first


@pytest.mark.parametrize("block", [1, 50, 10_000])
def test_blocks_do_not_change_the_draws(block: int) -> None:
    counts = np.array([3, 5, 1, 9])
    whole = np.concatenate(list(Bootstrap(3, 101).draws(counts)))
    pieces = list(Bootstrap(3, 101).draws(counts, block))
    assert all(piece.size <= max(block, len(counts)) for piece in pieces)
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize(
    "statistic", [coefficients.percent, coefficients.cohen, coefficients.cohen_quadratic]
)
def test_the_interval_holds_the_estimate(statistic: Statistic) -> None:
    found = measured(both(), statistic, resamples=1000)
    assert found.low is not None
    assert found.estimate is not None
    assert found.high is not None
    assert found.low < found.estimate < found.high


def test_an_undefined_measure_says_why_and_has_no_numbers() -> None:
    alike: NDArray[np.int64] = np.ones((12, 2), np.int64)
    assert measured(alike, coefficients.cohen) == Measure(
        "name", None, None, None, 12, "not defined"
    )


def test_few_cases_are_said_to_give_a_rough_interval() -> None:
    nine = both()[:9]
    assert "Fewer than 10 cases" in measured(nine, coefficients.percent).note
    assert measured(both()[:10], coefficients.percent).note == ""


def test_resamples_without_a_value_are_left_out_and_counted() -> None:
    cases = np.array([[0, 0]] * 19 + [[1, 0]])
    patterns, counts = np.unique(cases, axis=0, return_counts=True)
    weights = np.concatenate(list(Bootstrap(5, 200).draws(counts)))
    undefined = int((weights[:, 1] == 0).sum())
    found = measured(cases, coefficients.cohen)
    assert patterns[1].tolist() == [1, 0]
    assert undefined > 0
    assert f"Not defined in {undefined} of 200 resamples" in found.note
    assert found.low is not None


def test_an_interval_without_width_is_not_called_certain() -> None:
    found = measured(np.zeros((30, 2), np.int64), coefficients.percent)
    assert (found.estimate, found.low, found.high) == (1, 1, 1)
    assert "no width" in found.note


def test_a_measure_that_no_resample_has_is_given_without_interval() -> None:
    def only_for_all(weights: NDArray[np.float64], patterns: Ints) -> NDArray[np.float64]:
        del patterns
        return np.where((weights == 1).all(axis=1), 0.5, np.nan)

    found = measured(np.arange(40).reshape(20, 2), only_for_all)
    assert (found.estimate, found.low, found.high) == (0.5, None, None)
    assert "No interval" in found.note
