"""Comparison ↔ address: each is the other's mirror."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.datasets.selection import ORDERS, SEED_MOST, SPLITS, Selection
from app.errors import LightboxError, MalformedError, MissingError
from app.web.comparison import MOST, Comparison, grid_of, read

IDS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="/\\"), min_size=1)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    order = draw(st.sampled_from(ORDERS))
    splits = draw(st.sets(st.sampled_from(SPLITS), max_size=2))
    return Selection(
        splits=tuple(split for split in SPLITS if split in splits),
        labels=tuple(sorted(draw(st.sets(st.integers(-9, 999), max_size=4)))),
        unlabelled=draw(st.booleans()),
        match=draw(st.sampled_from(["any", "all"])),
        order=order,
        seed=draw(st.integers(0, SEED_MOST)) if order == "random" else 0,
        per_page=draw(st.integers(1, 500)),
        page=draw(st.integers(1, 99)),
    )


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    grids = draw(st.lists(st.tuples(IDS, selections()), max_size=MOST))
    return Comparison(
        grids=tuple(grid_of(dataset_id, selection) for dataset_id, selection in grids),
        page=draw(st.integers(1, 10**6)),
        everything=draw(st.booleans()),
    )


def again(comparison: Comparison) -> Comparison:
    return read(urlsplit(comparison.address).query)


@given(comparisons())
def test_a_comparison_that_is_printed_and_read_is_the_same(comparison: Comparison) -> None:
    assert again(comparison) == comparison
    assert again(comparison).address == comparison.address


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(query: str) -> None:
    try:
        found = read(query)
    except LightboxError as error:
        sentence = str(error)
    else:
        sentence = "."
        assert again(found) == found
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", "/compare"),
        ("a=/d/x&b=/d/y", "/compare?a=/d/x&b=/d/y"),
        ("b=%2Fd%2Fy&a=%2Fd%2Fx", "/compare?a=/d/x&b=/d/y"),
        ("a=&b=/d/y&d=/d/z", "/compare?a=/d/y&b=/d/z"),
        ("a=/d/x&b=+/d/y+&utm=1&page=1", "/compare?a=/d/x&b=/d/y"),
        (
            "a=/d/x%3Fsplit%3Dtest%26label%3D0%26page%3D3%26per_page%3D7%26bars%3Dshare&page=2",
            "/compare?a=/d/x?split=test%26label=0&page=2",
        ),
        ("a=/d/x?seed=3%26order=random&all=1", "/compare?a=/d/x?order=random%26seed=3&all=1"),
    ],
)
def test_an_address_has_one_canonical_form(query: str, canonical: str) -> None:
    assert read(query).address == canonical


def test_an_address_of_ours_may_be_given_whole_and_no_others() -> None:
    query = "a=http://127.0.0.1:8000/d/x?label=1"
    assert read(query, "http://127.0.0.1:8000").address == "/compare?a=/d/x?label=1"
    with pytest.raises(MissingError, match="not the address of a grid"):
        read(query, "http://127.0.0.1:80")


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("a=/d/x/test/0", "a"),
        ("a=/d/x&b=/share", "b"),
        ("a=/d/x&c=nothing", "c"),
        ("a=//elsewhere/d/x", "a"),
        ("a=/d/x&b=/d/x?split=dev", "b"),
        ("a=/d/x&page=0", "page"),
    ],
)
def test_what_is_not_there_is_named(query: str, part: str) -> None:
    with pytest.raises(MissingError) as caught:
        read(query)
    assert caught.value.part == part


@pytest.mark.parametrize(
    ("query", "part"),
    [("a=/d/x?label=one", "a"), ("page=two", "page"), ("all=yes", "all"), ("a=%FF", "query")],
)
def test_what_cannot_be_read_is_named(query: str, part: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read(query)
    assert caught.value.part == part
