"""How the owner enters and leaves: tokens, cookies, sessions."""

import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from ..conftest import Serve
from ..visiting import fields_of, send, visitor
from .owning import TOKEN


def test_the_token_leaves_the_address_and_becomes_a_cookie(private: TestClient) -> None:
    browser = visitor(private)
    answer = browser.get(f"/d/made?split=test&token={TOKEN}&label=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/d/made?split=test&label=1"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in cookie
    assert browser.get("/d/made").status_code == 200


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/d/50%25%20%3Fof%3F", "/d/50%25%20%3Fof%3F"),
        ("//elsewhere.example/d", "/elsewhere.example/d"),
        ("/%2Felsewhere.example/d", "/elsewhere.example/d"),
        ("/d/%C3%A4", "/d/%C3%A4"),
    ],
)
def test_who_enters_is_led_where_the_address_says_and_to_no_other_host(
    asked: str, leads: str, private: TestClient
) -> None:
    answer = visitor(private).get(f"http://127.0.0.1{asked}?token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == leads


@pytest.mark.parametrize("query", ["find=token=3", "xtoken=3", "find=a%26token=3"])
def test_what_only_looks_like_a_token_is_none(query: str, owner: TestClient) -> None:
    assert owner.get(f"/?{query}").status_code == 200


def test_the_owner_leaves(private: TestClient, owner: TestClient) -> None:
    answer = send(owner, "/preferences", "/leave")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert answer.headers["clear-site-data"] == '"cache"'
    assert owner.get("/").status_code == 401
    assert visitor(private).get(f"/?token={TOKEN}").status_code == 303  # others come as before


def test_the_owner_who_leaves_leaves_no_name_to_the_next(owner: TestClient) -> None:
    page = "/d/made/test/0"
    assert send(owner, page, f"{page}/notes", note="Blurred", name="Dr. Vidal").status_code == 303
    assert 'value="Dr. Vidal"' in owner.get(page).text
    send(owner, "/preferences", "/leave")
    owner.get(f"/?token={TOKEN}")
    assert owner.get(page).status_code == 200
    assert 'value="Dr. Vidal"' not in owner.get(page).text


def test_who_has_not_entered_is_not_offered_to_leave(
    serve: Serve, made: Path, private: TestClient, links: dict[str, str]
) -> None:
    guest, by_token = visitor(private), visitor(private)
    by_token.headers["authorization"] = f"Bearer {TOKEN}"
    guest.get(links["link"])
    public = serve(made, access="public", owner_token=TOKEN)
    for browser in (guest, by_token, public, serve(made)):
        answer = browser.get("/preferences")
        assert answer.status_code == 200
        assert "/leave" not in answer.text


def test_a_wrong_token_is_refused_and_guessing_is_slowed(private: TestClient) -> None:
    browser = visitor(private)
    assert {browser.get(f"/?token=guess-{n}").status_code for n in range(10)} == {403}
    # By now the right one has to wait as well, and is told so, however it comes.
    bearer = {"authorization": f"Bearer {TOKEN}"}
    for address, headers in ((f"/?token={TOKEN}", {}), ("/", bearer), ("/api/datasets", bearer)):
        waiting = browser.get(address, headers=headers)
        assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "60")
        assert "wait a minute" in waiting.text
    assert browser.get("/").status_code == 401  # who gives none learns nothing new


@pytest.mark.parametrize("cookie", ["", "x", "9999999999.0.x", "9999999999.0." + "0" * 64])
def test_a_cookie_of_nobody_is_no_session(cookie: str, private: TestClient) -> None:
    browser = visitor(private)
    entered = visitor(private).get(f"/?token={TOKEN}").headers["set-cookie"]
    name = entered.partition("=")[0]
    assert browser.get("/", headers={"cookie": f"{name}={cookie}"}).status_code == 401


def test_a_session_ends_after_thirty_days(
    private: TestClient, owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name, value), *_ = owner.cookies.items()
    thirty_days = 30 * 24 * 3600
    for later, status in ((thirty_days - 60, 200), (thirty_days + 60, 401)):
        clock = SimpleNamespace(time=lambda later=later: time.time() + later)
        monkeypatch.setattr("app.web.access.time", clock)
        # A browser would not send it any more, but its copy may be.
        asked = {"cookie": f"{name}={value}"}
        assert visitor(private).get("/", headers=asked).status_code == status


def test_behind_tls_no_cookie_that_opens_goes_without_it(
    serve: Serve, made: Path, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/reviews.sqlite"
    server = serve(
        made,
        access="private",
        owner_token=TOKEN,
        database_url=database,
        base_url="https://images.example",
    )
    owner, guest = (TestClient(server.app, base_url="https://images.example") for _ in range(2))
    owner.get(f"/?token={TOKEN}", follow_redirects=False)
    form = owner.get("/share?of=/d/made").text
    fields = {**fields_of(form, "/share"), "days": "30", "passphrase": "open sesame"}
    made_link = owner.post("/share", data=fields).text
    (link,) = re.findall(r'id="made"[^>]*value="https://images.example(/s/[^"]+)"', made_link)
    assert send(guest, link, f"{link}/unlock", passphrase="open sesame").status_code == 200
    cookies = [*owner.cookies.jar, *guest.cookies.jar]
    assert len(cookies) == 4  # the session, a form's proof twice, and of the passphrase
    for cookie in cookies:
        assert cookie.secure, cookie.name
        assert cookie.has_nonstandard_attr("HttpOnly"), cookie.name
        assert cookie.get_nonstandard_attr("SameSite") == "lax", cookie.name
    (opened,) = [cookie for cookie in cookies if "link" in cookie.name]
    assert opened.path == link


def test_two_servers_on_one_machine_leave_each_others_cookies_alone(
    serve: Serve, made: Path, tmp_path: Path
) -> None:
    here, there = (
        visitor(
            serve(
                made,
                access="private",
                owner_token=token,
                database_url=f"sqlite:///{tmp_path}/{token}.sqlite",
            )
        )
        for token in ("one", "two")
    )
    here.get("/?token=one")
    (check,) = re.findall(r'name="check" value="([^"]+)"', here.get("/share?of=/d/made").text)
    # A browser sends to one port what another one of the same host has set.
    there.cookies.update(here.cookies)
    there.get("/?token=two")
    assert there.get("/share?of=/d/made").status_code == 200
    here.cookies.update(there.cookies)
    sent = here.post("/share", data={"of": "/d/made", "days": "30", "check": check})
    assert sent.status_code == 200
    assert there.get("/links").status_code == 200
    assert send(there, "/preferences", "/leave").status_code == 303
    here.cookies = there.cookies
    assert here.get("/links").status_code == 200
