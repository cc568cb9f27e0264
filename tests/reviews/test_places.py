"""Places: always room for another, and texts sort as places do."""

from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.reviews.places import after, between


def ascending(found: list[str]) -> bool:
    return all(low < high for low, high in pairwise(found))


def test_places_behind_the_last_ascend_without_end() -> None:
    found = list(islice(after(""), 100_000))
    assert ascending(found)
    assert ascending([found[-1], *islice(after(found[-1]), 10)])


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 20)), max_size=60))
def test_there_is_always_room_between_two(insertions: list[tuple[int, int]]) -> None:
    found = list(islice(after(""), 2))
    for where, number in insertions:
        at = where % len(found)
        low = found[at - 1] if at else ""
        found[at:at] = between(low, found[at], number)
    assert ascending(found)
    assert not any(place.endswith("0") for place in found)


def test_a_thousand_moves_to_one_spot_keep_places_short() -> None:
    low, high = islice(after(""), 2)
    for _ in range(1_000):
        [high] = between(low, high, 1)
    assert len(high) < 300


@given(st.integers(0, 200))
def test_many_between_two_are_as_many_as_asked_for(number: int) -> None:
    low, high = islice(after(""), 2)
    found = between(low, high, number)
    assert len(found) == number
    assert ascending([low, *found, high])
