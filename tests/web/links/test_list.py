"""The owner's list of links: what each shows, how often it was opened, and its end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.reviews import links
from app.reviews.database import Database

from ..conftest import Serve
from ..reading import Page, words
from ..visiting import fields_of, send, share, visitor
from .linked import LABELS, PIXELS


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
    guest.head(link)  # is it still there?
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


def test_who_has_said_the_passphrase_has_opened_the_link_once(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="blue heron")
    guest = visitor(owner)
    guest.get(link, headers={"sec-fetch-site": "none"})
    assert "never opened" in owner.get("/links").text
    guest.headers["sec-fetch-site"] = "same-origin"
    send(guest, link, f"{link}/unlock", passphrase="blue crane")
    assert "never opened" in owner.get("/links").text
    send(guest, link, f"{link}/unlock", passphrase="blue heron")
    for onward in (link, f"{link}?page=2", f"{link}?invert=1"):
        guest.get(onward)
    assert "opened once" in owner.get("/links").text


def test_so_it_is_where_no_browser_tells_where_one_comes_from(owner: TestClient) -> None:
    link = share(owner, "/d/atlas", passphrase="blue heron")
    guest = visitor(owner)
    send(guest, link, f"{link}/unlock", passphrase="blue heron")
    assert "never opened" in owner.get("/links").text
    guest.get(link)
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
