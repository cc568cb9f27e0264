"""The seeded order is a permutation, and can be undone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.datasets.bijection import gather, scatter

ORDER_42 = [134, 277, 31, 460, 997, 212, 871, 955]
SEEDS = st.integers(0, 2**32 - 1)


@given(total=st.integers(1, 3_000), seed=SEEDS)
def test_every_place_is_taken_once(total: int, seed: int) -> None:
    places = scatter(np.arange(total), total, seed)
    assert sorted(places.tolist()) == list(range(total))


@given(total=st.integers(1, 2**40), seed=SEEDS, data=st.data())
def test_the_rank_of_a_place_is_found_again(total: int, seed: int, data: st.DataObject) -> None:
    ranks = np.array(data.draw(st.lists(st.integers(0, total - 1), max_size=50)), np.int64)
    places = scatter(ranks, total, seed)
    assert ((places >= 0) & (places < total)).all()
    np.testing.assert_array_equal(gather(places, total, seed), ranks)


def test_nothing_has_no_order() -> None:
    assert len(scatter(np.arange(0), 0, 1)) == 0


@pytest.mark.parametrize("total", [1_000, 1_024, 1_025])
def test_places_are_spread_evenly(total: int) -> None:
    """The mean place of the first tenth, over many seeds, is the middle."""
    tenth = np.arange(total // 10)
    means = [scatter(tenth, total, seed).mean() / total for seed in range(200)]
    assert abs(np.mean(means) - 0.5) < 0.01


def test_an_order_stays_what_it_was() -> None:
    """Addresses with a seed are sent around and must mean the same tomorrow."""
    assert scatter(np.arange(8), 1_000, 42).tolist() == ORDER_42
