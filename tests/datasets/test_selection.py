"""Selection ↔ address: each is the other's mirror."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.datasets.query import (
    PARAMETERS_MOST,
    QUERY_MOST,
    number_in_path,
    page_in,
    readable,
    require_readable,
)
from app.datasets.selection import ORDERS, PER_PAGE_MOST, SEED_MOST, SPLITS, VIEWS, Selection, parse
from app.errors import LightboxError, MalformedError, MissingError

LABEL = st.integers(-(2**53), 2**53)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    order = draw(st.sampled_from(ORDERS))
    splits = draw(st.sets(st.sampled_from(SPLITS), max_size=2))
    return Selection(
        splits=tuple(split for split in SPLITS if split in splits),
        labels=tuple(sorted(draw(st.sets(LABEL, max_size=10)))),
        unlabelled=draw(st.booleans()),
        match=draw(st.sampled_from(["any", "all", "none"])),
        noted=draw(st.sampled_from([None, "flagged", "notes"])),
        order=order,
        seed=draw(st.integers(0, SEED_MOST)) if order == "random" else 0,
        per_page=draw(st.integers(1, PER_PAGE_MOST)),
        page=draw(st.integers(1, 10**9)),
        bars=draw(st.sampled_from(["count", "share"])),
        thumbs=draw(st.sampled_from(["small", "medium", "large", "fit"])),
        view=draw(st.sampled_from(VIEWS)),
    )


@given(selections())
def test_a_selection_that_is_printed_and_read_is_the_same(selection: Selection) -> None:
    assert parse(selection.query()) == selection


@given(selections(), st.randoms(use_true_random=False))
def test_the_order_of_parameters_does_not_matter(selection: Selection, random: object) -> None:
    pairs = parse_qsl(selection.query())
    random.shuffle(pairs)  # type: ignore[attr-defined]
    assert parse(urlencode(pairs)) == selection


@given(selections())
def test_the_canonical_address_stays_what_it_is(selection: Selection) -> None:
    assert parse(selection.query()).query() == selection.query()


def assert_read_or_refused(query: str) -> None:
    try:
        selection = parse(query)
    except LightboxError as error:
        sentence = str(error)
    else:
        sentence = "."
        assert parse(selection.query()) == selection
    assert sentence.endswith(".")


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(query: str) -> None:
    assert_read_or_refused(query)


NAMES = st.sampled_from(
    ["split", "label", "order", "seed", "page", "per_page", "bars", "view", "match", "noted", "x"]
)


@given(st.lists(st.tuples(NAMES, st.text(max_size=20))))
def test_any_values_are_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    assert_read_or_refused(urlencode(pairs))


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", ""),
        ("split=test&split=train", "split=train&split=test"),
        ("split=test&split=test", "split=test"),
        ("split=val&split=test&split=train", ""),
        ("label=3&label=-1&label=3&label=10", "label=-1&label=3&label=10"),
        ("page=1&per_page=100&order=index&seed=0", ""),
        ("page=007", "page=7"),
        ("order=label&seed=5", "order=label"),
        ("order=random&seed=0", "order=random"),
        ("order=index&order=random", "order=random"),
        ("split=&label=&page=", ""),
        ("utm_source=mail&page=2&split%5B%5D=test", "page=2"),
        ("label=%33", "label=3"),
        ("match=any&label=none&label=3", "label=3&label=none"),
        ("match=all&label=none&label=none", "label=none&match=all"),
    ],
)
def test_an_address_has_one_canonical_form(query: str, canonical: str) -> None:
    assert parse(query).query() == canonical


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("label=three", "label"),
        ("label=1.5", "label"),
        ("label=%C2%B2", "label"),
        ("page=one", "page"),
        ("page=1e3", "page"),
        ("per_page=0", "per_page"),
        ("per_page=501", "per_page"),
        ("order=backward", "order"),
        ("order=random&seed=-1", "seed"),
        (f"order=random&seed={SEED_MOST + 1}", "seed"),
        ("bars=pie", "bars"),
        ("thumbs=huge", "thumbs"),
        ("view=side", "view"),
        ("match=some", "match"),
        ("label=None", "label"),
        ("label=%FF", "query"),
        ("x" * (QUERY_MOST + 1), "query"),
        ("&".join(["split=test"] * (PARAMETERS_MOST + 1)), "query"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(query: str, part: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(query)
    assert caught.value.part == part


@pytest.mark.parametrize("query", ["x" * (QUERY_MOST + 1), "&" * PARAMETERS_MOST, "%FF"])
def test_what_no_page_can_read_is_refused_on_pages_without_parameters(query: str) -> None:
    for read in (require_readable, page_in, parse):
        with pytest.raises(MalformedError) as caught:
            read(query)
        assert caught.value.part == "query"


@pytest.mark.parametrize(
    "query",
    ["", "x=1", "label=three", "%33", "&" * (PARAMETERS_MOST - 1), "x" * QUERY_MOST],
)
def test_what_a_page_does_not_read_is_not_refused_there(query: str) -> None:
    require_readable(query)


def test_the_page_alone_is_read_whatever_else_stands_there() -> None:
    assert page_in("label=three&page=2&page=7&split=dev") == 7
    assert page_in("label=three") == 1


@pytest.mark.parametrize(
    ("query", "part"), [("split=dev", "split"), ("page=0", "page"), ("page=-3", "page")]
)
def test_what_no_dataset_has_is_missing(query: str, part: str) -> None:
    with pytest.raises(MissingError) as caught:
        parse(query)
    assert caught.value.part == part


@pytest.mark.parametrize("name", ["split", "label", "order"])
def test_a_hostile_value_is_quoted_in_short(name: str) -> None:
    with pytest.raises(LightboxError) as caught:
        parse(f"{name}=" + "%00a" * 500)
    assert len(str(caught.value)) < 120
    assert str(caught.value).isprintable()


def test_a_value_of_forty_characters_is_quoted_whole() -> None:
    assert readable("a" * 40) == "a" * 40
    assert readable("a" * 41) == "a" * 39 + "…"


@pytest.mark.parametrize(
    ("value", "number"),
    [("7", 7), ("0", 0), ("9" * 30, 10**30 - 1), ("x", -1), ("1.5", -1), ("", -1)],
)
def test_what_is_no_number_in_a_path_is_one_that_nothing_has(value: str, number: int) -> None:
    assert number_in_path(value) == number


def test_what_is_taken_out_of_the_filter_leaves_the_rest_on_the_first_page() -> None:
    selection = parse("split=train&split=test&label=1&label=3&label=none&page=4")
    assert selection.without_split("train") == parse("split=test&label=1&label=3&label=none")
    assert selection.without_label(3) == parse("split=train&split=test&label=1&label=none")
    assert selection.without_unlabelled() == parse("split=train&split=test&label=1&label=3")


def test_toggling_what_was_said_twice_changes_nothing_but_the_page() -> None:
    selection = Selection(splits=("test",), labels=(1, 3), page=4)
    assert selection.toggle_noted("flagged").toggle_noted("flagged") == selection.on_page(1)
    assert selection.toggle_noted("notes").query() == "split=test&label=1&label=3&noted=notes"


def test_no_split_means_all_of_them() -> None:
    assert [split for split in SPLITS if parse("").wants_split(split)] == list(SPLITS)
    assert [split for split in SPLITS if parse("split=val").wants_split(split)] == ["val"]


def test_without_its_filters_a_selection_begins_on_its_first_page() -> None:
    selection = parse("split=val&label=1&label=none&noted=notes&order=label&page=4")
    assert selection.without_labels() == parse("split=val&noted=notes&order=label")
    assert selection.without_filters() == parse("order=label")


def test_a_number_beyond_all_is_the_one_that_was_sent() -> None:
    assert parse(f"label={'9' * 30}").labels == (10**30 - 1,)
    assert parse(f"label=-{'9' * 30}").labels == (1 - 10**30,)
    assert parse(f"page={'9' * 30}").page == 10**30 - 1


def test_all_three_splits_are_no_filter() -> None:
    assert parse("split=test&split=train&split=val").splits == ()


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ("", [0, 1, 2]),
        ("label=1", [1]),
        ("label=none", []),
        ("label=1&label=none", [1]),
        ("label=1&match=all", [0, 1, 2]),
        ("label=none&match=all", []),
        ("match=all", [0, 1, 2]),
        ("label=1&label=none&match=all", [1]),
        ("label=1&match=none", [0, 2]),
        ("label=1&label=none&match=none", [0, 2]),
        ("label=none&match=none", [0, 1, 2]),  # all that carry some label
        ("match=none", [0, 1, 2]),
    ],
)
def test_a_label_is_counted_unless_it_is_filtered_out(query: str, counted: list[int]) -> None:
    assert [label for label in range(3) if parse(query).counts_label(label)] == counted
