"""Notes and flags on an item's page: said, shown, taken back, by the owner and by guests."""

import logging
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import Page, page, picture, words
from .visiting import fields_of, send, share, visitor

TOKEN = "the-token-of-the-owner"
LABELS = (np.arange(40) % 4 + 7_000_000).astype(np.int64)
ITEM = "/d/atlas/test/5"


@pytest.fixture
def made(write: Write) -> Path:
    pixels = np.random.default_rng(5).integers(0, 256, (40, 9, 9), np.uint8)
    return write("atlas.npz", test_images=pixels, test_labels=LABELS[:, None])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "reviews.sqlite"


@pytest.fixture
def owner(serve: Serve, made: Path, database: Path) -> TestClient:
    server = serve(made, access="private", owner_token=TOKEN, database_url=f"sqlite:///{database}")
    browser = visitor(server)
    browser.get(f"/?token={TOKEN}")
    return browser


def say(browser: TestClient, item: str, **fields: str) -> int:
    """Fill in the form of an item's page and send it."""
    return send(browser, item, f"{item}/notes", **fields).status_code


def check_of(browser: TestClient, address: str) -> str:
    """What a form of that page carries to show that this server sent it."""
    found: list[str] = re.findall(r'name="check"\s+value="([^"]+)"', browser.get(address).text)
    return found[0]


def said(browser: TestClient, item: str) -> list[str]:
    """What stands on an item's page, without what was taken back."""
    section = page(browser, item).one("section", id="notes")
    shown = next((each for each in section if each.tag == "ul"), None)
    return [] if shown is None else [words(row) for row in shown]


def take_back(browser: TestClient, item: str, number: int = 0) -> int:
    """Press the button of what stands at that place."""
    actions = re.findall(r'action="([^"]+/undo[^"]*)"', browser.get(item).text)
    return send(browser, item, actions[number]).status_code


def test_a_flag_and_a_note_stand_on_the_page_with_who_and_when(owner: TestClient) -> None:
    answer = send(
        owner, ITEM, f"{ITEM}/notes", flag="wrong-label", note="Two\nlines", name="Dr Who"
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{ITEM}#note-1"
    assert page(owner, ITEM).one("li", id="note-1").get("tabindex") == "-1"
    (row,) = said(owner, ITEM)
    assert re.fullmatch(
        r"Wrong label Two lines Dr Who, \d{4}-\d\d-\d\d \d\d:\d\d UTC Take back Wrong label", row
    )
    assert said(owner, "/d/atlas/test/6") == []


def test_one_comes_back_to_the_selection_one_came_from(owner: TestClient) -> None:
    item = f"{ITEM}?label=7000001&order=random&seed=3"
    html = owner.get(item).text
    (action,) = re.findall(r'action="([^"]+/notes[^"/]*)"', html)
    fields = {**fields_of(html, action), "note": "x"}
    answer = owner.post(unescape(action), data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{item}#note-1")


def test_what_is_taken_back_is_kept_as_history(owner: TestClient) -> None:
    say(owner, ITEM, note="first", name="A")
    say(owner, ITEM, flag="other", name="B")
    assert take_back(owner, ITEM, 0) == 303
    assert [row[:5] for row in said(owner, ITEM)] == ["Other"]
    history = next(page(owner, ITEM).one("section", id="notes").iter("details"))
    rows = [words(row) for row in history.iter("li")]
    assert [row.partition(",")[0] for row in rows] == ["first A", "Other B", "Taken back B"]
    assert "(taken back)" in rows[0]


def test_a_name_is_remembered_by_the_browser(owner: TestClient) -> None:
    assert page(owner, ITEM).one("input", name="name").get("value") == "Owner"
    say(owner, ITEM, note="x", name='Zoë "Z" Ω; path=/')
    assert page(owner, "/d/atlas/test/1").one("input", name="name").get("value") == (
        'Zoë "Z" Ω; path=/'
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"note": " \n"},
        {"note": "x" * 2_001},
        {"note": "x", "name": "n" * 101},
        {"flag": "nonsense", "note": "x"},
    ],
)
def test_what_is_no_note_is_refused_and_not_kept(fields: dict[str, str], owner: TestClient) -> None:
    assert say(owner, ITEM, **fields) == 422
    assert said(owner, ITEM) == []


@pytest.mark.parametrize("item", ["/d/atlas/test/40", "/d/atlas/val/0", "/d/no/test/0"])
def test_nothing_is_said_of_what_is_not_there(item: str, owner: TestClient) -> None:
    hidden = check_of(owner, ITEM)
    answer = owner.post(f"{item}/notes", data={"check": hidden, "note": "x", "name": "A"})
    assert answer.status_code == 404


@pytest.mark.parametrize("number", ["999", "x", "-1", "1" * 30, "\u0661"])
def test_a_note_that_is_not_there_can_not_be_taken_back(number: str, owner: TestClient) -> None:
    check = check_of(owner, ITEM)
    assert owner.post(f"{ITEM}/notes/{number}/undo", data={"check": check}).status_code == 404


def test_hostile_words_are_words(owner: TestClient) -> None:
    say(owner, ITEM, note='<img src=x onerror="x">\u202e\x00</li>', name="<b>\u2066")
    html = owner.get(ITEM).text
    assert Page(html)
    assert "\u202e" not in html
    assert "\u2066" not in html
    assert said(owner, ITEM)[0].startswith('<img src=x onerror="x"></li> <b>, ')


def test_a_changed_file_moves_no_note_and_the_page_says_so(owner: TestClient, made: Path) -> None:
    say(owner, ITEM, note="about the old one", name="A")
    pixels = np.zeros((40, 9, 9), np.uint8)
    np.savez_compressed(made, test_images=pixels, test_labels=LABELS[:, None])
    html = owner.get(ITEM).text
    assert "about the old one" not in html
    assert "This file has changed: 1 note is about what it held before" in html


def test_a_note_on_a_page_of_the_file_before_is_not_kept(owner: TestClient, made: Path) -> None:
    form = fields_of(owner.get(ITEM).text, f"{ITEM}/notes")
    pixels = np.zeros((40, 9, 9), np.uint8)
    np.savez_compressed(made, test_images=pixels, test_labels=LABELS[:, None])
    answer = owner.post(f"{ITEM}/notes", data={**form, "note": "about the old one", "name": "A"})
    assert answer.status_code == 410
    assert "not the image any more that you saw" in answer.text
    assert said(owner, ITEM) == []


def test_without_its_database_the_page_is_shown_and_writing_says_it_was_not_saved(
    owner: TestClient, database: Path
) -> None:
    say(owner, ITEM, note="x", name="A")
    form = fields_of(owner.get(ITEM).text, f"{ITEM}/notes")
    for file in database.parent.iterdir():
        file.unlink()
    section = words(page(owner, ITEM).one("section", id="notes"))
    assert "The database reviews.sqlite" in section
    assert page(owner, "/d/atlas").thumbs()
    answer = owner.post(f"{ITEM}/notes", data={**form, "note": "y", "name": "A"})
    assert answer.status_code == 503
    assert "The note was not saved" in answer.text


def test_looking_makes_no_database(owner: TestClient, database: Path) -> None:
    assert said(owner, ITEM) == []
    assert page(owner, "/d/atlas").thumbs()
    for asked in ("/collections", "/collections/add?of=/d/atlas", "/studies", "/links"):
        page(owner, asked)
    nothing = "/collections/1 /share?of=/collections/1 /studies/new?of=/collections/1 /studies/1"
    for asked in (*nothing.split(), "/s/nothing", "/s/nothing/1"):
        page(owner, asked, 404)
    assert not database.exists()


def test_a_visitor_of_a_public_server_sees_no_notes_and_writes_none(
    serve: Serve, made: Path, database: Path
) -> None:
    public = serve(made, access="public", owner_token=TOKEN, database_url=f"sqlite:///{database}")
    owner, anyone = visitor(public), visitor(public)
    owner.get(f"/?token={TOKEN}")
    say(owner, ITEM, flag="other", note="between us", name="A")
    html = anyone.get(ITEM).text
    assert "between us" not in html
    assert "/notes" not in html
    assert anyone.post(f"{ITEM}/notes", data={"note": "x"}).status_code == 403


def test_no_word_of_a_note_is_logged(
    owner: TestClient, caplog: pytest.LogCaptureFixture, database: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    say(owner, ITEM, note="whispered", name="Dr Whisper")
    database.unlink()
    assert say(owner, ITEM, note="whispered", name="Dr Whisper") == 503
    assert say(owner, ITEM, note="whispered" * 1_000, name="Dr Whisper") == 422
    assert "whisper" not in caplog.text.lower()


def test_a_guest_adds_notes_and_sees_those_of_the_link_only(owner: TestClient) -> None:
    say(owner, ITEM, note="the owner's own", name="A")
    first = share(owner, "/d/atlas?label=7000001", may_comment="1")
    second = share(owner, "/d/atlas?label=7000001", may_comment="1")
    guest, other = visitor(owner), visitor(owner)
    # The second item with this label is item 5.
    assert said(guest, f"{first}/2") == []
    assert say(guest, f"{first}/2", flag="poor-quality", note="blurred", name="Dr G") == 303
    (row,) = said(guest, f"{first}/2")
    assert row.startswith("Poor quality blurred Dr G, ")
    assert said(other, f"{second}/2") == []
    rows = said(owner, ITEM)
    assert rows[0].startswith("the owner's own A, ")
    assert rows[1].startswith("Poor quality blurred Dr G, by a link, ")
    assert page(guest, f"{first}/1").one("input", name="name").get("value") == "Dr G"
    # Another who has the same link sees the name, and so is told whoever is asked for it.
    assert "Dr G, " in said(visitor(owner), f"{first}/2")[0]
    assert "(shown with the note to everyone who has this link)" in guest.get(f"{first}/1").text
    assert page(other, f"{second}/1").one("input", name="name").get("value") in ("", None)


def test_a_guest_takes_back_only_what_came_by_the_link(owner: TestClient) -> None:
    say(owner, ITEM, note="the owner's own", name="A")
    link = share(owner, "/d/atlas/test/5", may_comment="1")
    guest = visitor(owner)
    assert say(guest, f"{link}/1", note="mine", name="G") == 303
    check = check_of(guest, f"{link}/1")
    stolen = guest.post(f"{link}/1/notes/1/undo", data={"check": check})
    assert stolen.status_code == 404
    assert take_back(guest, f"{link}/1") == 303
    assert [row[:5] for row in said(owner, ITEM)] == ["the o"]


def test_who_takes_back_anothers_note_and_gave_no_name_has_none_in_the_history(
    owner: TestClient,
) -> None:
    item = f"{share(owner, '/d/atlas/test/5', may_comment='1')}/1"
    say(visitor(owner), item, note="seen", name="G")
    assert take_back(visitor(owner), item) == 303
    rows = [words(row) for row in page(owner, ITEM).one("section", id="notes").iter("li")]
    assert rows[-1].startswith("Taken back –, by a link, ")


def test_a_single_shared_image_has_the_form_at_its_start(owner: TestClient) -> None:
    link = share(owner, "/d/atlas/test/5", may_comment="1")
    guest = visitor(owner)
    assert send(guest, link, f"{link}/1/notes", note="seen", name="G").status_code == 303
    assert said(guest, link)[0].startswith("seen G, ")


def test_a_guest_who_says_something_sees_the_image_as_before(owner: TestClient) -> None:
    item = f"{share(owner, '/d/atlas', may_comment='1')}/2"
    guest = visitor(owner)

    kept = send(guest, f"{item}?invert=1", f"{item}/notes?invert=1", note="seen", name="G")
    gone = send(guest, f"{item}?invert=1", f"{item}/notes/1/undo?invert=1")

    assert [answer.status_code for answer in (kept, gone)] == [303, 303]
    assert kept.headers["location"] == f"{item}?invert=1#note-1"
    assert gone.headers["location"] == f"{item}?invert=1#notes"


def test_a_guest_must_say_who_writes(owner: TestClient) -> None:
    link = share(owner, "/d/atlas/test/5", may_comment="1")
    assert say(visitor(owner), f"{link}/1", note="seen", name=" ") == 422


def test_a_link_that_only_shows_takes_no_notes(owner: TestClient) -> None:
    link, writable = share(owner, "/d/atlas"), share(owner, "/d/atlas", may_comment="1")
    guest = visitor(owner)
    assert "/notes" not in guest.get(f"{link}/1").text
    check = check_of(guest, f"{writable}/1")
    answer = guest.post(f"{link}/1/notes", data={"check": check, "note": "x", "name": "G"})
    assert answer.status_code == 403


def test_a_withdrawn_link_takes_no_notes(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", may_comment="1")
    guest = visitor(owner)
    check = check_of(guest, f"{link}/1")
    assert send(owner, "/links", "/links/1/revoke").status_code == 303
    answer = guest.post(f"{link}/1/notes", data={"check": check, "note": "x", "name": "G"})
    assert answer.status_code == 410
    assert said(owner, "/d/atlas/test/0") == []


def test_with_labels_hidden_a_note_tells_nothing(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", may_comment="1", hide_labels="1")
    guest = visitor(owner)
    assert say(guest, f"{link}/3", note="dark", name="G") == 303
    answer = guest.get(f"{link}/3")
    text = answer.text + repr(answer.headers)
    assert "dark" in text
    assert "wrong-label" not in text
    assert not re.search(r"\b700000\d\b|\btest\b|data-(index|split)|atlas/", text)
    # It has come to the image that was shown.
    shown = picture(guest, f"{link}/3.png")
    noted = [n for n in range(40) if said(owner, f"/d/atlas/test/{n}")]
    (index,) = noted
    np.testing.assert_array_equal(picture(owner, f"/d/atlas/test/{index}.png"), shown)


def test_a_flood_of_notes_is_slowed(owner: TestClient) -> None:
    link = share(owner, "/d/atlas/test/5", may_comment="1")
    guest = visitor(owner)
    form = fields_of(guest.get(f"{link}/1").text, f"{link}/1/notes")
    fields = {**form, "flag": "other", "name": "G"}
    statuses = [guest.post(f"{link}/1/notes", data=fields).status_code for _ in range(62)]
    assert set(statuses[:60]) == {303}
    assert set(statuses[60:]) == {429}


def test_a_link_with_a_passphrase_asks_for_it_before_all_else(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", may_comment="1", passphrase="open sesame")
    guest = visitor(owner)
    answer = guest.get(f"{link}/1")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}?place=1")
    assert guest.get(f"{link}/1.png").status_code == 403
    check = check_of(guest, link)
    fields = {"check": check, "note": "x", "name": "G"}
    assert guest.post(f"{link}/1/notes", data=fields).status_code == 403
