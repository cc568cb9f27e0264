"""Tables of two answers and the cases readers are divided on, against counting by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.metrics import confusion_matrix

from app.reviews.coefficients import Ints
from app.reviews.differences import against_stored, divided, tabulate

NAMES = ("a", "b", "c", "d")

Pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30)
Tallies = st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), max_size=20)


def rows_of(listed: list[tuple[int, int]] | list[list[int]], width: int) -> Ints:
    return np.array(listed, np.int64).reshape(-1, width)


@given(Pairs)
def test_a_table_is_scikit_learns_confusion_matrix(listed: list[tuple[int, int]]) -> None:
    pairs = rows_of(listed, 2)
    table = tabulate(NAMES, np.arange(len(pairs)), pairs)
    expected = confusion_matrix(*pairs.T, labels=range(4)) if listed else np.zeros((4, 4), np.int64)
    np.testing.assert_array_equal(table.counts, expected)


@given(Pairs)
def test_a_cell_names_its_cases(listed: list[tuple[int, int]]) -> None:
    cases = 3 * np.arange(len(listed)) + 1
    table = tabulate(NAMES, cases, rows_of(listed, 2))
    assert set(table.cases) == set(listed)
    for cell, members in table.cases.items():
        assert members == tuple(3 * at + 1 for at, pair in enumerate(listed) if pair == cell)


@given(Tallies)
def test_unordered_answers_are_sorted_by_entropy(listed: list[list[int]]) -> None:
    found = divided(rows_of(listed, 4), ordinal=False)
    expected = {
        case: entropy(tally, base=2)
        for case, tally in enumerate(listed)
        if sum(count > 0 for count in tally) > 1
    }
    assert {each.case: each.amount for each in found} == pytest.approx(expected)
    keys = [(-each.amount, each.case) for each in found]
    assert keys == sorted(keys)


@given(Tallies)
def test_ordered_answers_are_sorted_by_the_distance_of_the_outermost(
    listed: list[list[int]],
) -> None:
    found = divided(rows_of(listed, 4), ordinal=True)
    used = [[category for category in range(4) if tally[category]] for tally in listed]
    expected = {case: max(at) - min(at) for case, at in enumerate(used) if len(at) > 1}
    assert {each.case: each.amount for each in found} == expected
    amounts = [each.amount for each in found]
    assert amounts == sorted(amounts, reverse=True)


def test_of_equal_distances_the_more_divided_come_first_and_the_earlier_of_equal_ones() -> None:
    listed = [[3, 0, 1, 0], [2, 0, 2, 0], [0, 1, 0, 3], [0, 2, 0, 2], [4, 0, 0, 0]]
    found = divided(rows_of(listed, 4), ordinal=True)
    assert [each.case for each in found] == [1, 3, 0, 2]


def test_readers_who_agree_against_the_stored_label_are_listed() -> None:
    listed = [
        [0, 2, 0, 0],  # both say b, stored b
        [0, 2, 0, 0],  # both say b, stored c
        [0, 1, 0, 0],  # one says b, stored c
        [1, 2, 0, 0],  # divided, stored c
        [0, 0, 0, 3],  # all say d, nothing stored
        [4, 0, 0, 0],  # all say a, stored d
        [0, 0, 0, 0],  # nobody answered, stored a
        [0, 0, 2, 0],  # both say c, stored a
    ]
    stored = np.array([1, 2, 2, 2, -1, 3, 0, 0])
    assert against_stored(rows_of(listed, 4), stored) == (1, 5, 7)
