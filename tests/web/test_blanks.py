"""Pages that share their HTML: each is what it would be alone, whatever was drawn before it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.datasets.dataset import Dataset
from app.datasets.selection import Selection
from app.web import grid_page
from app.web.blanks import ANY_PAGE, Blank, blank

from .conftest import Serve, Write
from .reading import Page, page, words

PAGES = [
    f"/d/made?{query}"
    for query in (
        *("page=1", "page=2", "page=3", "page=7", "page=13"),
        *("label=1&page=2", "label=1&page=3", "thumbs=fit&page=2", "order=random&seed=4&page=2"),
        *("low=9&high=200&page=1", "low=9&high=200&page=2", "split=val&page=1"),
    )
]
COPY = "button copy needs-js"
WAYS: dict[str, dict[str, str]] = {
    "as it is": {},
    "dark": {"Cookie": "lightbox-look=dark; lightbox-keys=off"},
    "German": {"Accept-Language": "de"},
    "for htmx": {"HX-Request": "true", "HX-Request-Type": "partial"},
}


def made(write: Write, name: str = "made.npz") -> Path:
    random = np.random.default_rng(5)
    labels = random.integers(0, 3, (260, 1), np.uint8)
    return write(
        name,
        train_images=random.integers(0, 256, (260, 4, 4), np.uint8),
        train_labels=labels,
        val_images=random.integers(0, 256, (30, 4, 4), np.uint8),
        val_labels=labels[:30],
    )


def texts(client: TestClient, order: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Ask for pages of twenty in this order, and give their HTML."""
    found = {}
    for address, way in order:
        answer = client.get(f"{address}&per_page=20", headers=WAYS[way])
        assert answer.status_code == 200, address
        found[address, way] = answer.text
    return found


def test_a_page_does_not_depend_on_what_was_drawn_before(serve: Serve, write: Write) -> None:
    day = datetime.now(UTC).date()
    file = made(write)
    order = [(address, way) for address in PAGES for way in WAYS]
    one, other = texts(serve(file), order), texts(serve(file), order[::-1])
    if datetime.now(UTC).date() != day:
        pytest.skip("pages tell the day, which has just ended")
    assert one == other
    assert len(set(one.values())) == len(order)
    assert not any(str(ANY_PAGE) in text for text in one.values())


def test_each_page_has_its_own_images_and_leads_back_to_itself(serve: Serve, write: Write) -> None:
    client = serve(made(write))
    for number in (1, 2, 7, 13):
        shown = page(client, f"/d/made?per_page=20&page={number}")
        copied = {each.attrib["data-copy"] for each in shown.all("button", class_=COPY)}
        there = {"per_page": ["20"], **({"page": [str(number)]} if number > 1 else {})}
        assert [parse_qs(urlsplit(each).query) for each in copied] == [there]
        indexes = [int(each.attrib["data-index"]) for each in shown.all("a", class_="thumb")]
        assert indexes == list(range(20 * (number - 1), 20 * number))
        summary = shown.one("p", class_="summary").text
        assert summary == f"Page {number} of 15, 20 of 290 images"


def test_pages_are_drawn_whole_only_once_beside_the_first(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(made(write))
    drawn: list[int] = []

    def counted(dataset: Dataset, selection: Selection, *rest: Any, **more: Any) -> grid_page.Grid:
        drawn.append(selection.page)
        return build(dataset, selection, *rest, **more)

    build = grid_page.build
    monkeypatch.setattr(grid_page, "build", counted)
    for number in (1, 2, 7, 5, 8, 15, 6):
        page(client, f"/d/made?order=random&seed=4&per_page=20&page={number}")
    assert drawn == [1, 2]


def test_each_page_leads_to_those_near_it_and_to_both_ends(serve: Serve, write: Write) -> None:
    client = serve(made(write))
    gaps = {1: "1 2 3 … 15", 4: "1 2 3 4 5 6 … 15", 5: "1 2 3 4 5 6 7 … 15"}
    gaps |= {6: "1 … 4 5 6 7 8 … 15", 7: "1 … 5 6 7 8 9 … 15", 10: "1 … 8 9 10 11 12 … 15"}
    gaps |= {11: "1 … 9 10 11 12 13 14 15", 15: "1 … 13 14 15"}
    for number, expected in gaps.items():
        shown = page(client, f"/d/made?order=random&seed=4&per_page=20&page={number}")
        ways_on = shown.one("nav", class_="pager")
        steps = shown.one("nav", class_="steps")
        (listed,) = ways_on.iter("ol")
        assert words(listed).replace("Page ", "") == expected
        places = {"First": 1, "Previous": number - 1, "Next": number + 1, "Last": 15}
        for link in (*ways_on.iter("a"), *steps.iter("a")):
            word = words(link).replace("Page ", "").removesuffix(" page")
            asked = parse_qs(urlsplit(link.attrib["href"]).query)
            assert int(asked.get("page", ["1"])[0]) == int(places.get(word, word))
            assert (asked["order"], asked["seed"]) == (["random"], ["4"])
            assert (link.get("aria-current") == "page") == (word == str(number))
        (field,) = (each for each in steps.iter("input") if each.get("name") == "page")
        assert field.attrib["placeholder"] == str(number)


@pytest.mark.parametrize(("language", "mark"), [("en", ","), ("de", ".")])
def test_numbers_of_pages_in_the_thousands_are_written_as_others_are(
    language: str, mark: str, serve: Serve, write: Write
) -> None:
    pixels = np.zeros((2_600, 1, 1), np.uint8)
    client = serve(write("made.npz", train_images=pixels, train_labels=pixels[:, 0]))
    for number in (6, 1_001, 2_595):
        address = f"/d/made?per_page=1&page={number}"
        shown = Page(client.get(address, headers={"Accept-Language": language}).text)
        (listed,) = shown.one("nav", class_="pager").iter("ol")
        numbers = [words(link).split()[-1] for link in listed.iter("a")]
        expected = [1, *range(number - 2, number + 3), 2_600]
        assert numbers == [f"{each:,}".replace(",", mark) for each in expected]


def test_what_others_write_is_no_blank(serve: Serve, write: Write) -> None:
    name = f"{10**30}-page-summary-"
    client = serve(made(write, f"{name}.npz"))
    for number in (1, 2):
        assert name in client.get(f"/d/{name}?per_page=20&page={number}").text


def test_blanks_are_filled_by_name_and_number() -> None:
    html = f'<p>\n  <a href="?page={ANY_PAGE}">{blank("summary")}</a>{blank("cells")}\n</p>'
    filled = Blank(html).filled(7, {"summary": "Größe", "cells": f"<b>{ANY_PAGE}</b>"})
    # What goes into a blank is not looked at once more.
    expected = f'<p>\n<a href="?page=7">Größe</a><b>{ANY_PAGE}</b>\n</p>'
    assert filled == expected.encode()
