"""What the holder of a link sees, and what no byte of it tells."""

import io
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.errors import ArchiveError, LightboxError, NotReadyError
from app.reviews import links
from app.reviews.database import Database

from .conftest import Serve, Write
from .reading import Page, words
from .visiting import fields_of, send, share, visitor

# What would tell: a label, the split, where an item stands. Names of HTML attributes do not.
TOLD = (
    r"\b700000[012]\b|\btest\b|data-(index|split)|histogram|(?<!aria-)(?<!<)(?<!</)label(?!ledby)"
)

TOKEN = "the-token-of-the-owner"
NUMBER = 150
PIXELS = np.random.default_rng(5).integers(0, 256, (NUMBER, 9, 9), np.uint8)
LABELS = (np.arange(NUMBER) % 3 + 7_000_000).astype(np.int64)


@pytest.fixture
def made(write: Write) -> Path:
    return write("atlas.npz", test_images=PIXELS, test_labels=LABELS[:, None])


@pytest.fixture
def owner(serve: Serve, made: Path, tmp_path: Path) -> TestClient:
    server = serve(
        made,
        access="private",
        owner_token=TOKEN,
        database_url=f"sqlite:///{tmp_path}/reviews.sqlite",
    )
    browser = visitor(server)
    browser.get(f"/?token={TOKEN}")
    return browser


def cells(html: str) -> list[str]:
    return re.findall(r'<li class="cell">.*?</li>', html, re.DOTALL)


def picture(browser: TestClient, address: str) -> np.ndarray:
    answer = browser.get(address)
    assert answer.status_code == 200
    return np.asarray(Image.open(io.BytesIO(answer.content)))


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


def test_a_withdrawn_link_shows_nothing_more(owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    guest = visitor(owner)
    tag = guest.get(f"{link}/1.png").headers["etag"]
    assert guest.get(f"{link}/1.png", headers={"if-none-match": tag}).status_code == 304
    assert send(owner, "/links", "/links/1/revoke").status_code == 303
    for path in (link, f"{link}/1", f"{link}/1.png", f"{link}/sheet.png"):
        answer = guest.get(path, headers={"if-none-match": tag})
        assert answer.status_code == 410
        assert "atlas" not in answer.text
    assert "withdrawn" in owner.get("/links").text.lower()
    # The sentence says what has ended; a part of an address is named beside it elsewhere.
    assert [words(code) for code in Page(guest.get(link).text).all("code")] == []
    assert guest.get(link, headers={"accept": "application/json"}).json()["part"] == "link"


def test_a_link_that_was_withdrawn_by_mistake_opens_again_as_long_as_its_time_runs(
    owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = share(owner, "/d/atlas", days="1")
    guest = visitor(owner)
    assert send(owner, "/links", "/links/1/revoke").status_code == 303
    assert guest.get(link).status_code == 410
    (button,) = Page(owner.get("/links").text).all("button", class_="button")
    assert words(button) == "Open again Without a title, atlas"
    assert send(owner, "/links", "/links/1/reopen").status_code == 303
    assert guest.get(link).status_code == 200
    send(owner, "/links", "/links/1/revoke")
    later = datetime.now(UTC) + timedelta(days=1, seconds=1)
    monkeypatch.setattr(Database, "now", lambda _: later)
    assert list(Page(owner.get("/links").text).all("button", class_="button")) == []


@pytest.mark.parametrize("change", ["revoke", "reopen"])
def test_where_the_way_back_is_refused_no_link_is_changed(change: str, owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    if change == "reopen":
        send(owner, "/links", "/links/1/revoke")
    before = visitor(owner).get(link).status_code
    form = fields_of(owner.get("/links").text, f"/links/1/{change}")
    assert owner.post(f"/links/1/{change}?page=x", data=form).status_code == 422
    assert visitor(owner).get(link).status_code == before == (410 if change == "reopen" else 200)


@pytest.mark.parametrize("number", ["2", "1.0", "%D9%A1"])  # the last is an Arabic 1
def test_a_number_that_no_link_has_withdraws_none(number: str, owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    form = fields_of(owner.get("/links").text, "/links/1/revoke")
    assert owner.post(f"/links/{number}/revoke", data=form).status_code == 404
    assert visitor(owner).get(link).status_code == 200


def test_an_expired_link_says_so(owner: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    link = share(owner, "/d/atlas", days="1")
    later = datetime.now(UTC) + timedelta(days=1, seconds=1)
    monkeypatch.setattr(Database, "now", lambda _: later)
    answer = visitor(owner).get(link)
    assert answer.status_code == 410
    assert "expired" in answer.text
    assert "Nothing was saved" not in answer.text


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
    assert ways(answers[-1].text) == []


def test_ten_thousand_guesses_are_slowed_while_the_right_link_opens(owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    guest = visitor(owner)
    found = [guest.get(f"/s/{n:032}").status_code for n in range(50)]
    assert found[:10] == [404] * 10
    assert found[-1] == 429
    assert guest.get(link).status_code == 200


def test_a_passphrase_is_asked_for_once_and_guessing_is_slowed(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="crème brûlée", title="Ward round")
    guest = visitor(owner)
    assert "data-sheet" not in guest.get(link).text
    assert guest.get(f"{link}/1.png").status_code != 200
    wrong = send(guest, link, f"{link}/unlock", passphrase="creme brulee")
    assert wrong.status_code == 403
    assert send(guest, link, f"{link}/unlock", passphrase="crème brûlée").status_code == 303
    assert "data-sheet" in guest.get(link).text
    assert guest.get(f"{link}/1.png").status_code == 200
    other = visitor(owner)
    for _ in range(5):
        send(other, link, f"{link}/unlock", passphrase="guess")
    asked = other.get(f"{link}/3?window=20-180").headers["location"]
    action = f"{link}/unlock?{urlsplit(asked).query}"
    hidden = fields_of(other.get(asked).text, escape(action))
    late = other.post(action, data={**hidden, "passphrase": "crème brûlée"})
    assert late.status_code == 429
    # A minute later it leads to the image that was asked for.
    assert f'href="{escape(asked)}"' in late.text


def test_the_passphrase_of_one_link_opens_no_other(owner: TestClient) -> None:
    first, second = (share(owner, "/d/atlas", passphrase="crème brûlée") for _ in range(2))
    guest = visitor(owner)
    send(guest, first, f"{first}/unlock", passphrase="crème brûlée")
    ((name, proof),) = [pair for pair in guest.cookies.items() if "link" in pair[0]]
    cookies = "; ".join(f"{name[:-1]}{number}={proof}" for number in range(1, 10))
    for link, status in ((first, 200), (second, 403)):
        answer = visitor(owner).get(f"{link}/1.png", headers={"cookie": cookies})
        assert answer.status_code == status


def test_a_whole_ward_behind_one_address_may_enter(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="crème brûlée")
    for _ in range(8):  # more than there are wrong tries in a minute
        entered = send(visitor(owner), link, f"{link}/unlock", passphrase="crème brûlée")
        assert entered.status_code == 303


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


def unlocked(guest: TestClient, asking: str, phrase: str) -> str:
    """Say the passphrase in the form that a page holds; give where one lands."""
    (action,) = re.findall(r'action="([^"]+)"', asking)
    (check,) = re.findall(r'name="check"\s+value="([^"]+)"', asking)
    given = {"check": check, "passphrase": phrase}
    answer = guest.post(unescape(action), data=given)
    if answer.status_code == 403:
        return unlocked(guest, answer.text, "open sesame")
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.mark.parametrize("phrase", ["open sesame", "wrong at first"])
@pytest.mark.parametrize(
    "wanted", ["", "?window=20-200", "/5", "/5?window=20-200&zoom=2", "/5?place=7", "?page=2"]
)
def test_a_passphrase_leads_to_what_was_asked_for(
    wanted: str, phrase: str, owner: TestClient
) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    answer = guest.get(f"{link}{wanted}")
    if answer.status_code == 303:
        answer = guest.get(answer.headers["location"])
    landed = unlocked(guest, answer.text, phrase)
    assert landed == f"{link}{wanted.replace('?place=7', '')}"
    assert guest.get(landed).status_code == 200
    # The page that asked for it, once more.
    again = guest.get(f"{link}?place=5&zoom=2")
    assert (again.status_code, again.headers["location"]) == (303, f"{link}/5?zoom=2")


@pytest.mark.parametrize(
    "place",
    ["//elsewhere.example", "https://elsewhere.example/", "../links", "5/../../links", "read", "x"],
)
def test_a_passphrase_leads_nowhere_but_to_its_own_link(place: str, owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    asking = guest.get(link, params={"place": place, "zoom": "2\r\nSet-Cookie: a=b"}).text
    landed = unlocked(guest, asking, "open sesame")
    assert landed == f"{link}?zoom=2%0D%0ASet-Cookie%3A+a%3Db"


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


@pytest.mark.parametrize("kept_as", ["grid", "image", "collection"])
def test_the_list_says_of_a_changed_file_what_guests_are_told(
    kept_as: str, owner: TestClient, made: Path
) -> None:
    addresses = {"grid": "/d/atlas?label=7000001", "image": "/d/atlas/test/3"}
    if kept_as == "collection":
        add = "/collections/add"
        answer = send(owner, f"{add}?of=/d/atlas", add, which="all", name="All of them")
        addresses["collection"] = answer.headers["location"].partition("?")[0]
    link = share(owner, addresses[kept_as])
    assert "Open; made" in owner.get("/links").text
    np.savez_compressed(made, test_images=255 - PIXELS, test_labels=LABELS[:, None])
    told = words(Page(visitor(owner).get(link).text).one("p", class_="lead"))
    assert "has changed" in told
    assert told in words(Page(owner.get("/links").text).one("li", class_="card link-gone"))


def test_the_list_does_not_settle_what_a_link_made_elsewhere_shows(
    owner: TestClient, made: Path, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path}/reviews.sqlite")
    token, _link = links.make(database, "grid", "/d/atlas", dataset="atlas")
    assert "Open; made" in owner.get("/links").text
    np.savez_compressed(made, test_images=PIXELS[:9], test_labels=LABELS[:9, None])
    assert "9 images in all" in visitor(owner).get(f"/s/{token}").text


def test_openings_by_people_are_counted_previews_are_not(owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    guest = visitor(owner)
    for program in (
        "WhatsApp/2.23",
        "TelegramBot (like TwitterBot)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    ):
        guest.get(link, headers={"user-agent": program})
    guest.get(link, headers={"sec-purpose": "prefetch;prerender"})
    assert "never opened" in owner.get("/links").text
    guest.get(link)
    for phone in ("CUBOT X30", "M bot 60 Build/NRD90M"):
        guest.get(link, headers={"user-agent": f"Mozilla/5.0 (Linux; Android 9; {phone}) Chrome/1"})
    assert "opened 3 times" in owner.get("/links").text


def test_who_goes_on_from_page_to_page_has_opened_the_link_once(owner: TestClient) -> None:
    link = share(owner, "/d/atlas")
    guest = visitor(owner)
    guest.get(link, headers={"sec-fetch-site": "cross-site"})
    for onward in (f"{link}?page=2", f"{link}?invert=1", link):
        guest.get(onward, headers={"sec-fetch-site": "same-origin"})
    assert "opened once" in owner.get("/links").text


def test_who_has_said_the_passphrase_has_opened_the_link(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="blue heron")
    guest = visitor(owner)
    guest.get(link, headers={"sec-fetch-site": "none"})
    send(guest, link, f"{link}/unlock", passphrase="blue heron")
    assert "never opened" in owner.get("/links").text
    # From the page that asked for it.
    guest.get(link, headers={"sec-fetch-site": "same-origin"})
    assert "opened once" in owner.get("/links").text


def test_an_image_that_a_form_asks_for_otherwise_is_counted_once(owner: TestClient) -> None:
    link = share(owner, "/d/atlas/test/3")
    led = visitor(owner).get(f"{link}?low=0&high=90", follow_redirects=True)
    assert (str(led.url.path), led.url.query) == (link, b"window=0-90")
    assert "opened once" in owner.get("/links").text


def test_the_list_says_in_words_what_each_link_shows(owner: TestClient) -> None:
    share(owner, "/d/atlas?split=test&label=7000001&label=7000002")
    share(owner, "/d/atlas/test/3")
    found = {link.get("href"): words(link) for link in Page(owner.get("/links").text).all("a")}
    grid = "/d/atlas?split=test&label=7000001&label=7000002"
    assert found[grid] == "atlas · test · 7000001 or 7000002"
    assert found["/d/atlas/test/3"] == "atlas, test 3"


def rows(owner: TestClient) -> list[tuple[str, str | None]]:
    """What each row of the list says that its link leads to, and where that leads."""
    listed = Page(owner.get("/links").text).all("li", class_="card link-gone")
    found = [next(row.iter("p")) for row in listed]
    return [(words(p), next((a.get("href") for a in p.iter("a")), None)) for p in found]


def test_the_list_leads_to_nothing_that_is_not_here_any_more(serve: Serve, made: Path) -> None:
    owner = serve(made.parent)
    add, grid, image = "/collections/add", "/d/atlas?label=7000001", "/d/atlas/test/149"
    send(owner, f"{add}?of=/d/atlas", add, which="all", name="All of them")
    for address in (image, "/collections/1", grid):
        share(owner, address)
    assert rows(owner) == []
    send(owner, "/collections/1", "/collections/1/delete")
    np.savez_compressed(made, test_images=PIXELS[:9], test_labels=np.zeros((9, 1), np.int64))
    # There is nothing to say but where the links led.
    gone = [(grid, None), ("/collections/1", None), (image, None)]
    assert rows(owner) == gone
    made.unlink()
    assert rows(owner) == gone
    assert {owner.get(address).status_code for address, _none in gone} == {404}


def test_the_list_leads_to_the_page_that_says_why_a_file_can_not_be_read(
    owner: TestClient, made: Path
) -> None:
    share(owner, "/d/atlas?split=test")
    share(owner, "/d/atlas/test/3")
    led = [("/d/atlas/test/3",) * 2, ("/d/atlas?split=test",) * 2]
    made.write_bytes(b"PK")
    assert rows(owner) == led
    assert all("atlas.npz has no whole zip" in owner.get(to).text for to, _same in led)
    # And of a split alone, the rest of the file being served.
    one, other = LABELS[:, None], LABELS[1:, None]
    np.savez_compressed(
        made, train_images=PIXELS, train_labels=one, test_images=PIXELS, test_labels=other
    )
    assert rows(owner) == led
    assert all("but test_labels has shape (149, 1)" in owner.get(to).text for to, _same in led)


def test_what_is_not_seen_tells_the_buttons_that_withdraw_links_apart(owner: TestClient) -> None:
    share(owner, "/d/atlas?split=test", title="Ward 3")
    share(owner, "/d/atlas/test/2")
    names = [
        words(button) for button in Page(owner.get("/links").text).all("button", class_="button")
    ]
    assert names == ["Withdraw Without a title, atlas, test 2", "Withdraw Ward 3, atlas · test"]


@pytest.mark.parametrize("place", ["/links", "/studies"])
def test_an_empty_list_leads_to_what_makes_it_longer(place: str, owner: TestClient) -> None:
    (way,) = Page(owner.get(place).text).one("main").findall(".//a")
    assert way.get("href") == "/"


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


READING = ("read", "read/1", "practice/1", "read/1.png", "practice/1.png")


def test_a_link_with_a_passphrase_has_no_reading_and_no_fault(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    for part in READING:
        assert guest.get(f"{link}/{part}").status_code == 403
    (check,) = re.findall(r'name="check"\s+value="([^"]+)"', guest.get(link).text)
    fields = {"check": check, "place": "1", "choice": "0", "key": "k" * 12, "ms": "5"}
    assert guest.post(f"{link}/answers", data=fields).status_code == 403


def test_asking_at_once_gives_no_more_guesses(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="open sesame")
    guest = visitor(owner)
    (check,) = re.findall(r'name="check"\s+value="([^"]+)"', guest.get(link).text)

    def guess(number: int) -> int:
        fields = {"check": check, "passphrase": f"guess {number}"}
        return guest.post(f"{link}/unlock", data=fields).status_code

    with ThreadPoolExecutor(24) as pool:
        statuses = list(pool.map(guess, range(24)))
    assert statuses.count(403) == 5
    assert statuses.count(429) == 19


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
