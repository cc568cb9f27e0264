"""What was flagged or noted by a link, found again by who holds it: which images, and whose."""

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.arrays.archive import read_archive
from app.datasets.opening import MEMBERS
from app.reviews import notes
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.notes import Author

from .collections.choosing import change, collect
from .conftest import Serve, Write
from .reading import page, picture, ten_to_a_row, words
from .visiting import fields_of, send, share, visitor

TOKEN = "the-token-of-the-owner"
RANDOM = np.random.default_rng(11)
EYES = RANDOM.integers(0, 256, (250, 9, 9), np.uint8)
TRAINED = RANDOM.integers(0, 256, (30, 9, 9), np.uint8)
BONES = RANDOM.integers(0, 256, (20, 12, 12), np.uint8)
LABELS = (np.arange(250) % 4 + 7_000_000).astype(np.int64)


@pytest.fixture
def owner(serve: Serve, write: Write) -> TestClient:
    eyes = write(
        "eyes.npz",
        train_images=TRAINED,
        train_labels=LABELS[:30, None],
        test_images=EYES,
        test_labels=LABELS[:, None],
    )
    bones = write("bones.npz", train_images=BONES, train_labels=LABELS[:20, None])
    browser = visitor(serve(eyes, bones, access="private", owner_token=TOKEN))
    browser.get(f"/?token={TOKEN}")
    return browser


def say(browser: TestClient, item: str, **fields: str) -> None:
    """Fill in the form of an item's page and send it."""
    answer = send(browser, item, f"{item}/notes", **{"name": "G", **fields})
    assert answer.status_code == 303


def tabs(browser: TestClient, address: str) -> dict[str, str]:
    """The tabs of a page, each with where it leads."""
    found = page(browser, address).all("a", class_="tab")
    return {words(tab): tab.get("href", "") for tab in found}


def shown(browser: TestClient, address: str) -> list[str]:
    """Where the thumbnails of a page lead."""
    sheets = page(browser, address).having("data-sheet")
    return [cell.get("href", "") for sheet in sheets for cell in sheet.iter("a")]


def steps(browser: TestClient, address: str) -> list[str]:
    """Where an image's page leads on to: back, to the one before and to the one behind."""
    html = page(browser, address)
    (back,) = html.all("a", class_="button back")
    near = [next(html.all("a", rel=rel), None) for rel in ("prev", "next")]
    return [back.get("href", ""), *("" if a is None else a.get("href", "") for a in near)]


def test_what_was_flagged_or_written_of_by_a_link_is_found_again(owner: TestClient) -> None:
    link = share(owner, "/d/eyes?split=test", may_comment="1")
    guest = visitor(owner)
    assert tabs(guest, link) == {}
    say(guest, f"{link}/7", flag="artefact")
    say(guest, f"{link}/203", flag="other", note="blurred")
    say(guest, f"{link}/3", note="a fine one")

    flagged, noted = f"{link}?noted=flagged", f"{link}?noted=notes"
    there = {"All 250": link, "Flagged 2": flagged, "With notes 2": noted}
    for address in (link, f"{link}?page=2", flagged, noted):
        assert tabs(guest, address) == there
    assert shown(guest, flagged) == [f"{link}/{n}?noted=flagged" for n in (7, 203)]
    assert shown(guest, noted) == [f"{link}/{n}?noted=notes" for n in (3, 203)]
    assert "Page 1 of 1, 2 images in all" in page(guest, flagged).text()
    (sheet,) = page(guest, noted).sheets()
    assert np.array_equal(picture(guest, sheet), ten_to_a_row(EYES[[2, 202]]))
    (current,) = [
        tab for tab in page(guest, noted).all("a", class_="tab") if tab.get("aria-current")
    ]
    assert words(current) == "With notes 2"


def test_one_goes_through_what_is_found_and_back(owner: TestClient) -> None:
    link = share(owner, "/d/eyes?split=test", may_comment="1")
    guest = visitor(owner)
    for place in (7, 110, 203):
        say(guest, f"{link}/{place}", flag="other")
    only = "noted=flagged"

    assert steps(guest, f"{link}/7?{only}") == [f"{link}?{only}", "", f"{link}/110?{only}"]
    assert steps(guest, f"{link}/110?{only}&invert=1") == [
        f"{link}?{only}&invert=1",
        f"{link}/7?{only}&invert=1",
        f"{link}/203?{only}&invert=1",
    ]
    # One that is none of them leads to those beside it.
    assert steps(guest, f"{link}/150?{only}")[1:] == [f"{link}/110?{only}", f"{link}/203?{only}"]
    assert steps(guest, f"{link}/250?{only}") == [f"{link}?{only}", f"{link}/203?{only}", ""]
    assert steps(guest, f"{link}/110") == [f"{link}?page=2", f"{link}/109", f"{link}/111"]
    assert steps(guest, f"{link}/1") == [link, "", f"{link}/2"]

    def told(address: str) -> str:
        (steps,) = page(guest, f"{link}/{address}").all("nav", aria_label="Images")
        return "".join(words(span) for span in steps.iter("span") if span.get("class") == "place")

    # Among what one goes through, in which 150 is not.
    assert [told(f"{n}?{only}") for n in (7, 110, 203, 150)] == ["1 of 3", "2 of 3", "3 of 3", ""]
    assert told("110") == "110 of 250"


def test_what_is_seen_and_said_there_stays_there(owner: TestClient) -> None:
    link = share(owner, "/d/eyes?split=test", may_comment="1")
    guest = visitor(owner)
    say(guest, f"{link}/7", flag="other")
    item = f"{link}/7?noted=flagged"
    html = guest.get(item).text

    (action,) = re.findall(r'action="([^"]+/notes[^"/]*)"', html)
    said = guest.post(unescape(action), data={**fields_of(html, action), "note": "x", "name": "G"})
    assert (said.status_code, said.headers["location"]) == (303, f"{item}#note-2")
    seen = page(guest, item).one("form", action=f"{link}/7")
    assert [field.get("value") for field in seen.iter("input") if field.get("name") == "noted"] == [
        "flagged"
    ]
    larger = [href for href in page(guest, item).links() if "zoom=" in href]
    assert larger
    assert all("noted=flagged" in href for href in larger)


def test_what_is_taken_back_is_found_no_more(owner: TestClient) -> None:
    link = share(owner, "/d/eyes?split=test", may_comment="1")
    guest = visitor(owner)
    say(guest, f"{link}/7", flag="other")
    (undo,) = re.findall(r'action="([^"]+/undo[^"]*)"', guest.get(f"{link}/7").text)
    assert send(guest, f"{link}/7", undo).status_code == 303

    assert tabs(guest, link) == {}
    gone = page(guest, f"{link}?noted=flagged")
    assert "No images match these filters." in gone.text()
    assert [words(tab) for tab in gone.all("a", class_="tab")] == [
        "All 250",
        "Flagged 0",
        "With notes 0",
    ]
    assert steps(guest, f"{link}/7?noted=flagged") == [f"{link}?noted=flagged", "", ""]


def test_nobody_finds_what_others_said(owner: TestClient) -> None:
    first, second = (share(owner, "/d/eyes?split=test", may_comment="1") for _ in range(2))
    guest, other = visitor(owner), visitor(owner)
    send(owner, "/d/eyes/test/4", "/d/eyes/test/4/notes", flag="other")
    say(guest, f"{first}/7", flag="other")

    assert tabs(other, second) == {}
    assert shown(other, f"{second}?noted=flagged") == []
    assert shown(guest, f"{first}?noted=flagged") == [f"{first}/7?noted=flagged"]


def test_a_link_that_only_shows_finds_nothing(owner: TestClient) -> None:
    link = share(owner, "/d/eyes?split=test")
    guest = visitor(owner)
    for address in ("", "/1", "/sheet.png"):
        assert guest.get(f"{link}{address}?noted=flagged").status_code == 403
    writable = share(owner, "/d/eyes?split=test", may_comment="1")
    for address in ("", "/1", "/sheet.png"):
        assert guest.get(f"{writable}{address}?noted=everything").status_code == 422
    assert guest.get(f"{writable}?noted=flagged&page=2").status_code == 404


def test_a_single_image_has_nothing_to_be_found_among(owner: TestClient) -> None:
    link = share(owner, "/d/eyes/test/3", may_comment="1")
    guest = visitor(owner)
    assert send(guest, link, f"{link}/1/notes", flag="other", name="G").status_code == 303
    assert tabs(guest, link) == {}
    assert guest.get(f"{link}?noted=notes").status_code == 200


def test_with_labels_hidden_they_are_found_in_the_order_of_the_link(owner: TestClient) -> None:
    link = share(owner, "/d/eyes", may_comment="1", hide_labels="1")
    guest = visitor(owner)
    places = (2, 41, 170, 280)
    for place in places:
        say(guest, f"{link}/{place}", flag="other")
    address = f"{link}?noted=flagged"

    assert shown(guest, address) == [f"{link}/{place}?noted=flagged" for place in places]
    sheets = [picture(guest, sheet) for sheet in page(guest, address).sheets()]
    each = np.stack([picture(guest, f"{link}/{place}.png") for place in places])
    assert len(sheets) == 1
    assert np.array_equal(sheets[0], ten_to_a_row(each))
    for told in (address, f"{link}/41?noted=flagged"):
        text = guest.get(told).text
        assert not re.search(r"\b700000\d\b|\b(test|train)\b|data-(index|split)|eyes/", text)


@pytest.mark.parametrize("fields", [{}, {"hide_labels": "1"}])
def test_in_a_collection_they_are_found_by_their_places(
    owner: TestClient, fields: dict[str, str]
) -> None:
    items = [("eyes", "test", n) for n in (7, 2, 9, 60, 61)]
    collect(owner, "/d/eyes", *items, name="Odd")
    link = share(owner, "/collections/1", may_comment="1", **fields)
    guest = visitor(owner)
    for place in (5, 2):
        say(guest, f"{link}/{place}", note="odd")
    address = f"{link}?noted=notes"

    assert shown(guest, address) == [f"{link}/{place}?noted=notes" for place in (2, 5)]
    (sheet,) = page(guest, address).sheets()
    each = np.stack([picture(guest, f"{link}/{place}.png") for place in (2, 5)])
    assert np.array_equal(picture(guest, sheet), ten_to_a_row(each))
    # What is on the page has changed since: another picture would stand under these names.
    say(guest, f"{link}/4", note="this too")
    assert guest.get(sheet).status_code == 404


def test_of_several_datasets_each_is_drawn_from_its_own(owner: TestClient) -> None:
    collect(owner, "/d/eyes", ("eyes", "test", 7), ("eyes", "test", 8), name="Odd")
    collect(owner, "/d/bones", ("bones", "train", 3), ("bones", "train", 4), to="1")
    link = share(owner, "/collections/1", may_comment="1")
    guest = visitor(owner)
    for place in (2, 4):
        say(guest, f"{link}/{place}", flag="duplicate")
    sheets = page(guest, f"{link}?noted=flagged").sheets()
    found = [picture(guest, sheet) for sheet in sheets]
    assert [each.tolist() for each in found] == [EYES[8].tolist(), BONES[4].tolist()]
    assert steps(guest, f"{link}/2?noted=flagged")[2] == f"{link}/4?noted=flagged"


def test_an_image_that_was_taken_out_of_a_collection_is_not_found_in_it(owner: TestClient) -> None:
    items = [("eyes", "test", n) for n in (7, 2, 9)]
    collect(owner, "/d/eyes", *items, name="Odd")
    link = share(owner, "/collections/1", may_comment="1")
    guest = visitor(owner)
    for place in (1, 3):
        say(guest, f"{link}/{place}", flag="other")
    assert change(owner, "/collections/1", "remove", ("eyes", "test", 7)).status_code == 303
    assert shown(guest, f"{link}?noted=flagged") == [f"{link}/2?noted=flagged"]


def test_more_than_a_page_was_flagged(owner: TestClient, tmp_path: Path) -> None:
    link = share(owner, "/d/eyes?split=test", may_comment="1")
    guest = visitor(owner)
    content = read_archive(tmp_path / "data" / "eyes.npz", MEMBERS).content
    flagged = range(1, 240, 2)
    database = Database(f"sqlite:///{tmp_path / 'reviews.sqlite'}")
    items = [Item("eyes", content, "test", index) for index in flagged]
    notes.add_many(database, items, Author("G", 1), "other")
    database.close()
    second = f"{link}?noted=flagged&page=2"

    assert shown(guest, second) == [f"{link}/{n + 1}?noted=flagged" for n in flagged[100:]]
    (sheet,) = page(guest, second).sheets()
    assert np.array_equal(picture(guest, sheet), ten_to_a_row(EYES[flagged[100:]]))
    assert steps(guest, f"{link}/{flagged[100] + 1}?noted=flagged") == [
        second,
        f"{link}/{flagged[99] + 1}?noted=flagged",
        f"{link}/{flagged[101] + 1}?noted=flagged",
    ]
    assert guest.get(f"{link}?noted=flagged&page=3").status_code == 404
