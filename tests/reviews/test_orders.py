"""Orders: each item once, hidden repeats far behind, the same after every break."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reviews.orders import GAP, Place, places, practice_items, repeats_of, sample

seeds = st.integers(0, 2**62)
shares = st.floats(0, 0.5)


def firsts(order: tuple[Place, ...]) -> dict[int, int]:
    return {place.item: place.number for place in order if not place.is_repeat}


def repeated(order: tuple[Place, ...]) -> dict[int, int]:
    return {place.item: place.number for place in order if place.is_repeat}


@given(seeds, st.integers(1, 10**6), st.integers(1, 60), shares)
def test_every_item_stands_once_and_its_repeat_far_behind(
    seed: int, reader: int, size: int, share: float
) -> None:
    order = places(seed, reader, size, 0, share)
    assert [place.number for place in order] == list(range(len(order)))
    assert sorted(firsts(order)) == list(range(size))
    assert len(repeated(order)) == len(order) - size == repeats_of(size, share)
    for item, at in repeated(order).items():
        assert at - firsts(order)[item] >= min(GAP, size) >= 2


@pytest.mark.parametrize(
    ("items", "share", "number"),
    [(100, 0.2, 20), (10, 0.25, 3), (9, 0.5, 5), (1, 0.5, 0), (50, 0, 0)],
)
def test_the_share_of_repeats_is_that_of_the_items(items: int, share: float, number: int) -> None:
    assert len(repeated(places(1, 1, items, 0, share))) == number


def test_each_reader_has_an_order_of_their_own() -> None:
    orders = {places(1, reader, 30, 0, 0.2) for reader in range(50)}
    assert len(orders) == 50


def test_the_order_never_changes_from_one_version_to_the_next() -> None:
    # A reader who comes back tomorrow must find the items where they were.
    order = places(2026, 7, 200, 5, 0.1)
    written = " ".join(f"{place.item}{'r' * place.is_repeat}" for place in order)
    assert written.startswith("106 42 32 162 124 22 20 114 ")
    assert hashlib.sha256(written.encode()).hexdigest()[:16] == "7a536136e9502119"


def test_every_item_is_equally_often_first_and_equally_often_repeated() -> None:
    readers = 2_000
    first, again = np.zeros(20), np.zeros(20)
    for reader in range(readers):
        order = places(5, reader, 20, 0, 0.25)
        first[order[0].item] += 1
        again[list(repeated(order))] += 1
    # Six standard deviations of a binomial count.
    for counts, share in ((first, 1 / 20), (again, 5 / 20)):
        bound = 6 * np.sqrt(readers * share * (1 - share))
        assert np.abs(counts - readers * share).max() < bound


@given(seeds, st.integers(2, 40), st.data())
def test_items_for_practice_are_in_no_order(seed: int, size: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, size - 1))
    aside = practice_items(seed, size, number)
    assert len(set(aside)) == number
    for reader in (1, 2):
        assert set(firsts(places(seed, reader, size, number, 0.3))) == set(range(size)) - set(aside)


@given(st.lists(st.integers(-3, 9), max_size=80), st.integers(0, 12), st.integers(0, 2**62))
def test_a_sample_has_so_many_of_each_label(labels: list[int], per_label: int, seed: int) -> None:
    array = np.array(labels, np.int64)
    drawn = sample(array, per_label, seed)
    assert drawn.dtype == np.int64
    assert (np.diff(drawn) > 0).all()
    for label in set(labels):
        assert (array[drawn] == label).sum() == min(per_label, labels.count(label))
    np.testing.assert_array_equal(drawn, sample(array, per_label, seed))


def test_samples_of_many_seeds_draw_every_item_equally_often() -> None:
    labels = np.repeat(np.arange(2), 25)
    drawn = np.zeros(50)
    for seed in range(2_000):
        drawn[sample(labels, 5, seed)] += 1
    bound = 6 * np.sqrt(2_000 * 0.2 * 0.8)
    assert np.abs(drawn - 400).max() < bound
