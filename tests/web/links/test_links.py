"""What the holder of a link sees, and what no byte of it tells."""

import io
import re
import sqlite3
from contextlib import closing
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.errors import ArchiveError, LightboxError, NotReadyError, UncertainError

from ..conftest import Serve, Write
from ..reading import Page, words
from ..visiting import fields_of, send, share, visitor
from .linked import LABELS, NUMBER, PIXELS, TOKEN, TOLD, cells, picture


def test_a_link_shows_exactly_what_was_meant(owner: TestClient) -> None:
    link = share(
        owner, "/d/atlas?label=7000001", title="Look at these", message="What do you think?"
    )
    guest = visitor(owner)
    html = guest.get(link).text
    assert "Look at these" in html
    assert "What do you think?" in html
    meant = np.flatnonzero(LABELS == 7000001)
    shown = [int(n) for n in re.findall(r'data-index="(\d+)"', html)]
    assert shown == meant.tolist()
    for place in (1, 2, len(meant)):
        found = picture(guest, f"{link}/{place}.png")
        assert np.array_equal(found, PIXELS[meant[place - 1]])
    assert guest.get(f"{link}/{len(meant) + 1}").status_code == 404
    assert guest.get(f"{link}/0.png").status_code == 404


def test_the_sheet_of_a_link_holds_its_pictures_cell_by_cell(owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    guest = visitor(owner)
    for page, number in ((1, 100), (2, 50)):
        html = guest.get(f"{link}?page={page}").text
        assert len(cells(html)) == number
        (sheet,) = re.findall(r'\sdata-sheet="([^"]+)"', html)
        pixels = picture(guest, sheet.replace("&amp;", "&"))
        for n in range(number):
            row, column = divmod(n, 10)
            cell = pixels[9 * row : 9 * row + 9, 9 * column : 9 * column + 9]
            assert np.array_equal(cell, PIXELS[(page - 1) * 100 + n])


def test_an_image_is_shared_alone(owner: TestClient) -> None:
    link = share(owner, "/d/atlas/test/42")
    guest = visitor(owner)
    assert guest.get(link).status_code == 200
    assert np.array_equal(picture(guest, f"{link}/1.png"), PIXELS[42])
    assert guest.get(f"{link}/2").status_code == 404


def test_with_labels_hidden_no_byte_tells_label_split_index_or_order(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", hide_labels="1")
    guest = visitor(owner)
    seen = []
    for page in (1, 2):
        answer = guest.get(f"{link}?page={page}")
        html = answer.text
        places = re.findall(rf'href="{re.escape(link)}/(\d+)"', html)
        seen += [int(place) for place in places]
        (sheet,) = re.findall(r'\sdata-sheet="([^"]+)"', html)
        spoken = [html, repr(answer.headers), repr(guest.get(sheet).headers)]
        for place in places[:20]:
            item, png = guest.get(f"{link}/{place}"), guest.get(f"{link}/{place}.png")
            spoken += [item.text, repr(item.headers), repr(png.headers)]
        for text in spoken:
            assert not re.search(TOLD, text)
    assert seen == list(range(1, NUMBER + 1))
    # Every picture once, in an order that is not the file's.
    order = []
    for place in seen:
        found = picture(guest, f"{link}/{place}.png")
        (index,) = np.flatnonzero((found == PIXELS).all(axis=(1, 2)))
        order.append(int(index))
    assert sorted(order) == list(range(NUMBER))
    assert np.abs(np.corrcoef(order, range(NUMBER))[0, 1]) < 0.5
    assert abs(np.corrcoef(LABELS[order], range(NUMBER))[0, 1]) < 0.5


def test_two_links_to_the_same_images_have_nothing_in_common(owner: TestClient) -> None:
    first, second = (share(owner, "/d/atlas", hide_labels="1") for _ in range(2))
    guest = visitor(owner)
    pictures = [[guest.get(f"{link}/{n}.png") for n in range(1, 31)] for link in (first, second)]
    assert [p.content for p in pictures[0]] != [p.content for p in pictures[1]]
    tags = [{p.headers["etag"] for p in each} for each in pictures]
    assert not tags[0] & tags[1]


def test_who_sends_a_note_under_a_link_that_has_ended_learns_that_it_was_not_saved(
    owner: TestClient,
) -> None:
    link = share(owner, "/d/atlas/test/5", may_comment="1")
    guest = visitor(owner)
    fields = fields_of(guest.get(f"{link}/1").text, f"{link}/1/notes")
    assert send(owner, "/links", "/links/1/revoke").status_code == 303
    answer = guest.post(f"{link}/1/notes", data={**fields, "note": "blurred"})
    assert answer.status_code == 410
    assert "for a new one. Nothing was saved." in words(next(Page(answer.text).all("main")))


@pytest.mark.parametrize("token", ["x", "x" * 32, "x" * 5000, "%00", "..", "%F0%9F%98%80"])
def test_a_mistyped_link_gets_one_friendly_page(token: str, owner: TestClient) -> None:
    answer = visitor(owner).get(f"/s/{token}")
    assert answer.status_code in (404, 401, 422)
    assert "atlas" not in answer.text


def ways(html: str) -> list[str]:
    return [unescape(href) for href in re.findall(r'<a class="button"\s+href="([^"]+)"', html)]


@pytest.mark.parametrize("fields", [{}, {"hide_labels": "1"}])
@pytest.mark.parametrize(
    "part", ["/999", "/abc", "?page=9", "?window=x", "/1?window=x", "/1/notes", "/a/b/c", "/read/1"]
)
def test_a_guests_error_leads_back_to_the_images(
    part: str, fields: dict[str, str], owner: TestClient
) -> None:
    link = share(owner, "/d/atlas", **fields)
    guest = visitor(owner)
    answer = guest.get(f"{link}{part}")
    assert answer.status_code in (404, 405, 422)
    found = ways(answer.text)
    assert found.count(link) == 1
    assert set(found) <= {link, f"{link}/1"}
    assert guest.get(link).status_code == 200


def test_a_note_that_is_refused_leads_back_to_the_images(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", may_comment="1")
    answer = send(visitor(owner), f"{link}/1", f"{link}/1/notes", note="", name="G")
    assert (answer.status_code, ways(answer.text)) == (422, [link])


def test_no_error_leads_to_a_link_that_is_wrong_itself(owner: TestClient, made: Path) -> None:
    ended, changed = share(owner, "/d/atlas"), share(owner, "/d/atlas")
    send(owner, "/links", "/links/1/revoke")
    np.savez_compressed(made, test_images=PIXELS[::-1], test_labels=LABELS[:, None])
    guest = visitor(owner)
    for link in (ended, changed, "/s/mistyped"):
        for part in ("", "/1", "/999", "?page=9"):
            answer = guest.get(f"{link}{part}")
            assert answer.status_code in (404, 410)
            assert ways(answer.text) == []
    answers = [guest.get(f"/s/{n:032}/1") for n in range(50)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "60"
    assert ways(answers[-1].text) == []


@pytest.mark.parametrize(
    ("title", "expected"), [("", "atlas · Lightbox"), ("Look here", "Look here · Lightbox")]
)
def test_an_image_alone_is_named_once_and_leads_to_no_other(
    title: str, expected: str, owner: TestClient
) -> None:
    guest = visitor(owner)
    shown = Page(guest.get(share(owner, "/d/atlas/test/42", title=title)).text)
    assert words(shown.one("title")) == expected
    assert not list(shown.all("span", class_="steps item-steps"))
    assert "1 of 1" not in shown.text()
    assert "Previous" not in shown.text()


def test_an_image_among_others_has_its_place_and_its_neighbours(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", title="Look here")
    shown = Page(visitor(owner).get(f"{link}/1").text)
    assert words(shown.one("title")) == "Image 1 · Look here · Lightbox"
    assert "1 of 150" in shown.text()
    assert {link, f"{link}/2"} <= shown.links()


def test_a_link_to_a_file_that_changed_says_so(owner: TestClient, made: Path) -> None:
    link = share(owner, "/d/atlas")
    other = PIXELS.copy()
    other[0, 0, 0] ^= 1
    np.savez_compressed(made, test_images=other, test_labels=LABELS[:, None])
    answer = visitor(owner).get(link)
    assert answer.status_code == 410
    assert "changed" in answer.text


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_a_file_that_went_is_not_named_to_who_holds_a_link(
    how: str, owner: TestClient, made: Path
) -> None:
    links = [share(owner, address, hide_labels="1") for address in ("/d/atlas", "/d/atlas/test/3")]
    made.unlink()
    if how == "damaged":
        made.write_bytes(b"PK")
    for link in links:
        for path in (link, f"{link}/1", f"{link}/1.png"):
            answer = visitor(owner).get(path)
            assert answer.status_code == 410, path
            assert not re.search(r"atlas|npz|zip|dataset", answer.text), path
    listed = Page(owner.get("/links").text)
    assert len(list(listed.all("li", class_="card link-gone"))) == len(links)


def test_hostile_words_are_shown_as_words(owner: TestClient) -> None:
    title = '<script>alert(1)</script>"\u202e\x00'
    link = share(owner, "/d/atlas", title=title)
    html = visitor(owner).get(link).text
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"days": "0"}, 422),
        ({"days": "x"}, 422),
        ({"days": "99999"}, 422),
        ({"title": "x" * 201}, 422),
        ({"of": "/d/nothing"}, 404),
        ({"of": "/d/atlas?label=5"}, 404),
        ({"of": "/d/atlas/test/150"}, 404),
        ({"of": "//elsewhere.example/d/atlas"}, 404),
        ({"of": "https://elsewhere.example/d/atlas"}, 404),
        ({"of": "/links"}, 404),
    ],
)
def test_a_link_that_makes_no_sense_is_refused(
    fields: dict[str, str], status: int, owner: TestClient
) -> None:
    given = {"of": "/d/atlas", "days": "30", **fields}
    assert send(owner, "/share?of=/d/atlas", "/share", **given).status_code == status
    assert "No link has been made" in owner.get("/links").text


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ("x", "days must be a whole number, not “x”."),
        ("99999", "A link holds from 1 to 3,650 days, not 99999."),
        ("999999", "A link holds from 1 to 3,650 days, not 999999."),
        ("-3", "A link holds from 1 to 3,650 days, not -3."),
    ],
)
def test_days_that_make_no_sense_are_told_as_they_were_sent(
    days: str, told: str, owner: TestClient
) -> None:
    refused = send(owner, "/share?of=/d/atlas", "/share", of="/d/atlas", days=days)
    assert told in Page(refused.text).text()


@pytest.mark.parametrize("query", ["invert=perhaps", "smooth=perhaps"])
def test_what_can_not_be_read_is_refused_before_the_form_is_filled_in(
    query: str, owner: TestClient
) -> None:
    answer = owner.get("/share", params={"of": f"/d/atlas?{query}"})
    assert (answer.status_code, "<form" in answer.text) == (422, False)


@pytest.mark.parametrize("access", ["private", "public", "open"])
def test_pages_of_a_link_send_no_referrer_and_are_kept_by_nobody_between(
    access: str, serve: Serve, made: Path
) -> None:
    owner = visitor(serve(made, access=access, owner_token=TOKEN))
    owner.get(f"/?token={TOKEN}")
    link = share(owner, "/d/atlas")
    for path in (link, f"{link}/1", f"{link}/1.png", f"{link}/sheet.png"):
        headers = visitor(owner).get(path).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "private, no-cache"
        assert "noindex" in headers["x-robots-tag"]


@pytest.mark.parametrize("error", [ArchiveError, NotReadyError])
def test_a_damaged_file_is_not_named_to_who_holds_a_link(
    error: type[LightboxError], owner: TestClient, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = share(owner, "/d/atlas", hide_labels="1")

    def fail(*_: object) -> None:
        if error is ArchiveError:
            raise ArchiveError(made, "is damaged", "fetch it again", "test_images", passing=True)
        raise NotReadyError("atlas.npz: test_images is still being unpacked.")

    monkeypatch.setattr("app.pictures.sheet.encode", fail)
    monkeypatch.setattr("app.pictures.exact.item_pixels", fail)
    monkeypatch.setattr("app.web.studio._WAIT_SECONDS", 0.1)
    for path in (f"{link}/sheet.png", f"{link}/1.png"):
        answer = visitor(owner).get(path)
        assert answer.status_code == 503
        assert not re.search(r"atlas|test_|images is", answer.text)


def test_the_database_is_not_named_to_who_holds_a_link_or_makes_one_up(
    owner: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    link = share(owner, "/d/atlas", may_comment="1")
    guest = visitor(owner)
    note = fields_of(guest.get(f"{link}/1").text, f"{link}/1/notes")
    for file in tmp_path.glob("reviews.sqlite*"):
        file.unlink()
    asked = [guest.get(path) for path in (link, f"{link}/1", f"{link}/1.png", "/s/made-up")]
    sent = guest.post(f"{link}/1/notes", data={**note, "note": "Blurred", "name": "A"})
    for answer in (*asked, sent):
        assert answer.status_code == 503
        assert not re.search(r"database|sqlite|start Lightbox", answer.text)
    assert "nothing was saved" in sent.text
    assert "reviews.sqlite is gone" in caplog.text
    assert "reviews.sqlite is gone" in owner.get("/links").text


def test_notes_that_cannot_be_read_do_not_name_the_database_to_who_holds_a_link(
    owner: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    link = share(owner, "/d/atlas", may_comment="1")
    guest = visitor(owner)
    with closing(sqlite3.connect(tmp_path / "reviews.sqlite")) as database:
        database.execute("ALTER TABLE notes RENAME TO away")
    answer = guest.get(f"{link}/1")
    assert answer.status_code == 200
    assert "tell the person who sent you the link" in answer.text
    assert not re.search(r"database|sqlite|log says", answer.text)
    assert "the database reviews.sqlite answered with an error" in caplog.text
    assert "the server's log says more" in unescape(owner.get("/d/atlas/test/1").text)
    assert "no such table: notes" in caplog.text


def test_with_labels_hidden_the_type_of_numbers_tells_no_split(serve: Serve, write: Write) -> None:
    deep = np.random.default_rng(6).integers(0, 60_000, (6, 5, 5), np.uint16)
    flat = (deep % 256).astype(np.uint8)
    labels = np.zeros((6, 1), np.uint8)
    members = {"train_images": flat, "test_images": deep}
    path = write("mixed.npz", **members, train_labels=labels, test_labels=labels)
    owner = serve(path)
    found = []
    for hidden in ({"hide_labels": "1"}, {}):
        link = share(owner, "/d/mixed", **hidden)
        found.append(
            [np.load(io.BytesIO(owner.get(f"{link}/{n}.npy").content)) for n in range(1, 13)]
        )
    seen, open_ones = found
    assert {array.dtype for array in seen} == {np.dtype("<u2")}
    assert {array.dtype for array in open_ones} == {np.dtype("<u2"), np.dtype("u1")}
    expected = sorted(array.tolist() for array in (*flat, *deep))
    assert sorted(array.tolist() for array in seen) == expected


def test_who_holds_a_link_is_told_where_nobody_knows_what_was_saved(
    owner: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    link = share(owner, "/d/atlas", may_comment="1")
    guest = visitor(owner)
    note = fields_of(guest.get(f"{link}/1").text, f"{link}/1/notes")

    def lost(*_: object) -> None:
        raise UncertainError("The note may have been saved, or not: the database reviews was lost.")

    monkeypatch.setattr("app.reviews.notes.add", lost)
    sent = guest.post(f"{link}/1/notes", data={**note, "note": "Blurred", "name": "A"})
    assert sent.status_code == 503
    assert "may have been saved, or not" in sent.text
    assert not re.search(r"nothing was saved|database", sent.text)
    assert "the database reviews was lost" in caplog.text


def test_a_selection_of_nothing_is_not_shared(serve: Serve, write: Write) -> None:
    images = np.zeros((4, 5, 5), np.uint8)
    labels = np.array([[0], [0], [0], [1]], np.uint8)
    arrays = {"test_images": images, "test_labels": labels}
    arrays |= {"train_images": images[:3], "train_labels": labels[:3]}
    owner = serve(write(**arrays))
    nothing = "/d/made?split=train&label=1"
    told = "There are no images in this selection."
    asked = owner.get("/share", params={"of": nothing})
    assert (asked.status_code, told in asked.text) == (422, True)
    sent = send(owner, "/share?of=/d/made", "/share", of=nothing, days="30")
    assert (sent.status_code, told in sent.text) == (422, True)
    assert "No link has been made" in owner.get("/links").text
    share(owner, "/d/made?split=test&label=1")
