"""All of a study's agreement together; the numbers themselves are tested with the coefficients."""

from collections.abc import Iterator
from typing import Literal

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.metrics import cohen_kappa_score, recall_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from app.reviews.agreement import (
    COHEN,
    COHEN_QUADRATIC,
    FLEISS,
    PERCENT,
    Agreement,
    Comparison,
    Readings,
    measure_agreement,
)
from app.reviews.coefficients import Floats, Ints
from app.reviews.intervals import Bootstrap, Measure

from .answering import any_readings, ordinary, readings_of


def measured(readings: Readings, positive: int = 1) -> Agreement:
    return measure_agreement(readings, seed=1, positive=positive, resamples=50)


def named(comparison: Comparison) -> dict[str, Measure]:
    return {measure.name: measure for measure in comparison.measures}


@settings(max_examples=200)
@given(any_readings())
def test_any_readings_give_numbers_or_a_reason(readings: Readings) -> None:
    found = measured(readings)
    for measure in found.measures():
        if measure.estimate is None:
            assert (measure.low, measure.high) == (None, None)
            assert measure.note
            continue
        assert measure.n > 0
        assert np.isfinite(measure.estimate)
        if measure.low is None or measure.high is None:
            assert measure.note
        else:
            assert measure.low <= measure.high <= 1
    for table in (each.table for each in (*found.pairs, *found.with_stored, *found.with_self)):
        assert table.counts.sum() == sum(len(cases) for cases in table.cases.values())


def test_the_same_readings_and_seed_give_the_same_numbers() -> None:
    readings = ordinary(3, 40, 4)
    first = list(measure_agreement(readings, seed=4).measures())
    assert list(measure_agreement(readings, seed=4).measures()) == first
    assert list(measure_agreement(readings, seed=5).measures()) != first


def test_the_resamples_of_a_comparison_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Ints] = []
    draws = Bootstrap.draws

    def noting(bootstrap: Bootstrap, counts: Ints) -> Iterator[Floats]:
        drawn.append(counts)
        return draws(bootstrap, counts)

    monkeypatch.setattr(Bootstrap, "draws", noting)
    found = measured(ordinary(3, 40, 4))
    compared = *found.pairs, *found.with_stored, *found.with_self
    assert all(len(comparison.measures) >= 2 for comparison in compared)
    assert len(drawn) == len(compared) + len(found.together)


def test_another_reader_does_not_change_what_was_measured_of_two() -> None:
    three = ordinary(3, 40, 4)
    two = readings_of(three.answers[:2], categories=4, stored=three.stored)
    assert measured(two).pairs[0].measures == measured(three).pairs[0].measures


def test_all_pairs_and_all_readers_are_measured() -> None:
    found = measured(ordinary(3, 40, 4))
    assert [(each.first, each.second) for each in found.pairs] == [
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    ]
    assert [each.first for each in found.with_stored] == ["A", "B", "C"]
    assert [measure.name for measure in found.together] == [FLEISS, "Krippendorff's alpha, nominal"]
    assert found.with_self == ()


def test_ordered_categories_are_measured_with_and_without_weights() -> None:
    found = measured(readings_of([[0, 1, 2, 0], [0, 2, 2, 1]], ordinal=True))
    assert list(named(found.pairs[0])) == [PERCENT, COHEN_QUADRATIC, COHEN]
    assert found.together[1].name == "Krippendorff's alpha, ordinal"


def test_missing_answers_and_cannot_tell_are_left_out_and_counted_apart() -> None:
    found = measured(readings_of([[0, 1, -2, -2, 2, -1], [0, 1, 1, -2, -1, 2]]))
    (counts, _) = found.readers
    assert (counts.answered, counts.cannot_tell, counts.unanswered) == (3, 2, 1)
    percent = named(found.pairs[0])[PERCENT]
    assert (percent.estimate, percent.n) == (1, 2)
    assert found.pairs[0].table.cases == {(0, 0): (0,), (1, 1): (1,)}


def test_fleiss_takes_the_cases_that_all_answered_and_alpha_those_that_two_did() -> None:
    fleiss, alpha = measured(readings_of([[0, 1, 2, 0], [0, 1, -1, 1], [1, 1, 2, -1]])).together
    assert (fleiss.n, alpha.n) == (2, 4)


def test_a_reader_who_never_began_takes_no_case_away_from_the_others() -> None:
    answers = [[0, 1, 2, 0], [0, 1, 2, 1], [1, 1, 2, -2]]
    found = measured(readings_of([*answers, [-1] * 4]))
    assert found.together == measured(readings_of(answers)).together
    (complete, _) = aggregate_raters(np.array(answers).T[:3])
    assert found.together[0].estimate == pytest.approx(fleiss_kappa(complete))
    assert [counts.has_begun for counts in found.readers] == [True, True, True, False]
    together = measured(readings_of([*answers[:1], [-1] * 4, [-1] * 4])).together
    assert [measure.note for measure in together] == [
        "It takes three readers or more.",
        "It takes two readers or more.",
    ]


def test_a_reader_who_never_began_is_compared_with_nobody() -> None:
    never = [-1] * 4
    given, again = [[0, 1, 2, 0], never, [0, 1, 1, -2]], [[0, -1, -1, -1], never, never]
    found = measured(readings_of(given, stored=[0, 1, 2, 2], repeats=again))
    assert [(each.first, each.second) for each in found.pairs] == [("A", "C")]
    assert [each.first for each in found.with_stored] == ["A", "C"]
    assert [each.first for each in found.with_self] == ["A", "C"]
    assert named(found.with_self[0])[PERCENT].n == 1


def test_who_can_mostly_not_tell_has_begun() -> None:
    found = measured(readings_of([[0, 1, 2, 0], [0, 1, 2, 1], [1, -2, -2, -2]]))
    assert [counts.has_begun for counts in found.readers] == [True, True, True]
    assert found.together[0].n == 1


@pytest.mark.parametrize("readers", [2, 3])
@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_alpha_is_the_packages_from_two_readers_on(
    readers: int, level: Literal["nominal", "ordinal"]
) -> None:
    answers = ordinary(readers, 60, 4).answers
    _, alpha = measured(readings_of(answers, categories=4, ordinal=level == "ordinal")).together
    given = np.where(answers >= 0, answers, np.nan)
    expected = krippendorff.alpha(reliability_data=given, level_of_measurement=level)
    assert alpha.name == f"Krippendorff's alpha, {level}"
    assert alpha.estimate == pytest.approx(expected)


def test_a_repeat_is_compared_with_the_readers_own_first_answer() -> None:
    answers = [[0, 1, 2, 2, 1], [0, 0, 0, 1, 2]]
    repeats = [[0, 1, 1, -1, 1], [-1, -1, -1, -1, -1]]
    first, second = measured(readings_of(answers, repeats=repeats)).with_self
    assert named(first)[PERCENT].estimate == pytest.approx(3 / 4)
    assert named(first)[COHEN].estimate == pytest.approx(
        cohen_kappa_score([0, 1, 2, 1], [0, 1, 1, 1])
    )
    assert named(second)[COHEN] == Measure(COHEN, None, None, None, 0, "No case has both answers.")


@pytest.mark.parametrize("positive", [0, 1])
def test_sensitivity_and_specificity_are_scikit_learns_recalls(positive: int) -> None:
    readings = ordinary(2, 80, 2)
    found = measured(readings, positive)
    assert found.positive == f"grade {positive}"
    for comparison, answers in zip(found.with_stored, readings.answers, strict=True):
        told = answers >= 0
        stored, chosen = readings.stored[told], answers[told]
        for name, label in (("Sensitivity", positive), ("Specificity", 1 - positive)):
            measure = named(comparison)[f"{name} (positive: grade {positive})"]
            assert measure.estimate == pytest.approx(recall_score(stored, chosen, pos_label=label))
            assert measure.n == (stored == label).sum()


def test_sensitivity_without_a_positive_case_says_so() -> None:
    found = measured(readings_of([[0, 1, 0]], categories=2, stored=[0, 0, 0]))
    measure = named(found.with_stored[0])["Sensitivity (positive: grade 1)"]
    assert (measure.estimate, measure.n) == (None, 0)
    assert measure.note == "No answered case is stored as grade 1."


def test_more_than_two_categories_have_no_positive_one() -> None:
    found = measured(ordinary(2, 40, 3))
    assert found.positive is None
    assert list(named(found.with_stored[0])) == [PERCENT, COHEN]


def test_answers_to_another_question_are_not_held_against_the_labels() -> None:
    found = measured(readings_of([[0, 1], [0, 2]]))
    assert found.with_stored == ()
    assert found.against_stored == ()


def test_one_category_alone_leaves_kappa_undefined_and_says_why() -> None:
    found = measured(readings_of([[1] * 12] * 3))
    for measure in (named(found.pairs[0])[COHEN], *found.together):
        assert (measure.estimate, measure.low, measure.high, measure.n) == (None, None, None, 12)
        assert measure.note == "Not defined: all answers are in one category."


def test_one_reader_is_too_few_for_agreement_among_readers() -> None:
    found = measured(readings_of([[0, 1, 2]], stored=[0, 1, 1]))
    assert found.pairs == ()
    assert [measure.note for measure in found.together] == [
        "It takes three readers or more.",
        "It takes two readers or more.",
    ]
    assert named(found.with_stored[0])[PERCENT].n == 3


def test_each_measure_can_be_listed_with_whose_it_is() -> None:
    names = [(each.whose, each.name) for each in measured(ordinary(2, 40, 2)).measures()]
    assert ("A and B", "Cohen's kappa") in names
    assert ("A and the stored label", "Sensitivity (positive: grade 1)") in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "wrong",
    [
        {"answers": [[3, 0]], "categories": 3},
        {"answers": [[-3, 0]]},
        {"answers": [[0, 0]], "stored": [0]},
        {"answers": [[0, 0]], "repeats": [[0, 0, 0]]},
        {"answers": [[-1]], "categories": 0},
    ],
    ids=["beyond the categories", "below", "stored too short", "repeats too long", "no categories"],
)
def test_readings_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"categories|cases"):
        readings_of(**wrong)  # type: ignore[arg-type]


def test_a_positive_category_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        measured(ordinary(2, 10, 2), positive=2)
