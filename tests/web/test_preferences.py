"""What somebody chooses for their browser: kept there, on every page, and for nobody else."""

import re
from http.cookies import SimpleCookie
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .visiting import fields_of, send, share, visitor

TOKEN = "the-token-of-the-owner"
PAGE = "/preferences"


@pytest.fixture
def made(write: Write) -> Path:
    random = np.random.default_rng(1)
    return write(
        test_images=random.integers(0, 256, (12, 8, 9), np.uint8),
        test_labels=np.arange(12, dtype=np.uint8)[:, None] % 3,
    )


@pytest.fixture
def server(serve: Serve, made: Path) -> TestClient:
    return serve(made)


def root_of(html: str) -> dict[str, str]:
    """The attributes of the page's outermost element."""
    (tag,) = re.findall(r"<html([^>]*)>", html)
    return dict(re.findall(r'([\w-]+)="([^"]*)"', tag))


def checked(html: str) -> list[str]:
    """What the form shows as chosen, in its order."""
    inputs = re.findall(r"<(?:input|option)[^>]*>", html)
    chosen = [each for each in inputs if re.search(r"\s(checked|selected)\b", each)]
    return [re.findall(r'value="([^"]*)"', each)[0] for each in chosen]


def test_without_a_choice_the_system_decides(server: TestClient) -> None:
    root = root_of(server.get("/").text)
    assert (root["data-look"], root["data-keys"]) == ("auto", "on")
    assert checked(server.get(PAGE).text) == ["auto", "", "on"]


@pytest.mark.parametrize("look", ["light", "dark", "reading"])
def test_a_chosen_look_is_on_every_page_and_in_the_form(look: str, server: TestClient) -> None:
    answer = send(server, f"{PAGE}?back=/d/made", PAGE, look=look, keys="off")
    assert (answer.status_code, answer.headers["location"]) == (303, "/d/made")
    for path in ("/", "/d/made", "/d/made", "/d/made/test/0", "/nowhere"):
        root = root_of(server.get(path).text)
        assert (root["data-look"], root["data-keys"]) == (look, "off")
    assert checked(server.get(PAGE).text) == [look, "", "off"]


def test_what_one_chose_nobody_else_sees_on_a_page_that_is_kept(server: TestClient) -> None:
    other = visitor(server)
    looks = {
        "dark": root_of(server.get("/d/made", headers={"cookie": "lightbox-look=dark"}).text),
        "auto": root_of(other.get("/d/made").text),
        "light": root_of(server.get("/d/made", headers={"cookie": "lightbox-look=light"}).text),
    }
    assert {name: root["data-look"] for name, root in looks.items()} == {n: n for n in looks}
    without = root_of(other.get("/d/made", headers={"cookie": "lightbox-keys=off"}).text)
    assert (without["data-keys"], looks["auto"]["data-keys"]) == ("off", "on")


def test_a_page_says_that_it_depends_on_cookies_and_a_picture_does_not(server: TestClient) -> None:
    grid = server.get("/d/made")
    assert "Cookie" in grid.headers["vary"].split(", ")
    sheet = re.findall(r'\sdata-sheet="([^"]+)"', grid.text)[0]
    assert "cookie" not in server.get(sheet).headers.get("vary", "").lower()


def test_back_to_the_usual_leaves_no_cookie(server: TestClient) -> None:
    send(server, PAGE, PAGE, look="dark", keys="off", language="en")
    assert {n for n in server.cookies if n.startswith("lightbox-")} == {
        "lightbox-look",
        "lightbox-keys",
        "lightbox-language",
    }
    send(server, PAGE, PAGE, look="auto", keys="on", language="")
    assert not [name for name in server.cookies if name.startswith("lightbox-")]


def test_a_preference_lasts_and_goes_no_further_than_this_server(serve: Serve, made: Path) -> None:
    server = serve(made, base_url="https://images.example")
    form = server.get(PAGE, headers={"host": "images.example"})
    # The form's own ends soon: a server without a token of its own sets another at each start.
    assert "max-age=86400;" in form.headers["set-cookie"].lower()
    fields = fields_of(form.text, PAGE)
    answer = server.post(
        PAGE,
        data={**fields, "look": "dark"},
        headers={"host": "images.example", "cookie": form.headers["set-cookie"].partition(";")[0]},
    )
    cookie = SimpleCookie(answer.headers.get_list("set-cookie")[0])["lightbox-look"]
    assert cookie.value == "dark"
    assert int(cookie["max-age"]) > 300 * 24 * 3600
    assert cookie["samesite"] == "lax"
    assert cookie["secure"]


@pytest.mark.parametrize(
    "cookie",
    [
        "lightbox-look=",
        "lightbox-look=pink",
        'lightbox-look="dark"',
        "lightbox-look=dark\x00",
        "xlightbox-look=dark",
        "lightbox-look=darkdarkdarkdarkdarkdark",
        "lightbox-keys=maybe",
        "lightbox-language=../../etc",
        "lightbox-language=tlh",
    ],
)
def test_a_cookie_that_says_nothing_of_ours_counts_as_the_usual(
    cookie: str, server: TestClient
) -> None:
    root = root_of(server.get("/d/made", headers={"cookie": cookie}).text)
    assert root == root_of(server.get("/d/made").text)


@pytest.mark.parametrize(("field", "value"), [("look", "pink"), ("language", "tlh"), ("keys", "1")])
def test_a_value_that_is_not_offered_is_refused_by_name(
    field: str, value: str, server: TestClient
) -> None:
    answer = send(server, PAGE, PAGE, **{field: value})
    assert answer.status_code == 422
    assert f"<code>{field}</code>" in answer.text


@pytest.mark.parametrize(
    "back",
    [
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "https://elsewhere.example",
        "/\t/elsewhere.example",
        "javascript:alert(1)",
        "elsewhere",
        "/x\r\nx: y",
        "",
    ],
)
def test_the_way_back_never_leads_elsewhere(back: str, server: TestClient) -> None:
    answer = send(server, PAGE, PAGE, look="dark", back=back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_settings_lead_back_to_where_one_was(server: TestClient) -> None:
    here = "/d/made?split=test&label=1"
    (settings,) = re.findall(r'href="(/preferences[^"]*)"', server.get(here).text)
    assert fields_of(server.get(settings.replace("&amp;", "&")).text, PAGE)["back"] == here


def test_settings_lead_back_to_what_the_address_has_become_since(server: TestClient) -> None:
    came = {"referer": "http://127.0.0.1/d/made?label=2"}
    page = server.get(f"{PAGE}?back=/d/made", headers=came)
    assert fields_of(page.text, PAGE)["back"] == "/d/made?label=2"
    elsewhere = {"referer": "http://elsewhere.example/d/made?label=2"}
    page = server.get(f"{PAGE}?back=/d/made", headers=elsewhere)
    assert fields_of(page.text, PAGE)["back"] == "/d/made"


def test_who_holds_a_link_chooses_too_and_learns_nothing_more(serve: Serve, made: Path) -> None:
    private = serve(made, access="private", owner_token=TOKEN)
    owner, guest = visitor(private), visitor(private)
    owner.get(f"/?token={TOKEN}")
    link = share(owner, "/d/made?label=1")
    (settings,) = re.findall(r'href="(/preferences[^"]*)"', guest.get(link).text)
    shown = guest.get(settings)
    assert shown.status_code == 200
    owners = r'href="/(?:"|d/|links|studies|collections|api)'
    assert not re.findall(owners, shown.text)
    assert re.findall(owners, owner.get(settings).text.replace(link, "")) == []
    assert re.findall(owners, owner.get(PAGE).text)
    assert shown.headers["referrer-policy"] == "no-referrer"
    answer = send(guest, settings, PAGE, look="reading")
    assert answer.headers["location"] == link
    assert root_of(guest.get(link).text)["data-look"] == "reading"


def test_settings_opened_from_a_forms_answer_lead_back_into_the_link(
    serve: Serve, made: Path
) -> None:
    owner = serve(made)
    link = share(owner, "/d/made?label=1", passphrase="open sesame", may_comment="1")
    guest = visitor(owner)
    wrong = send(guest, link, f"{link}/unlock", passphrase="no")
    assert send(guest, link, f"{link}/unlock", passphrase="open sesame").status_code == 303
    empty = send(guest, f"{link}/1", f"{link}/1/notes", note="", name="G")
    for answer, status in ((wrong, 403), (empty, 422)):
        assert answer.status_code == status
        (settings,) = re.findall(r'href="(/preferences[^"]*)"', answer.text)
        assert send(guest, settings, PAGE, look="dark").headers["location"] == link


@pytest.mark.parametrize(
    "seen",
    [
        "/read/1?window=20-180&invert=1&zoom=2",
        "/practice/1?choice=0&window=20-180&zoom=2",
    ],
)
def test_settings_lead_a_reader_back_to_the_picture_as_it_was_seen(
    seen: str, serve: Serve, made: Path
) -> None:
    owner = serve(made)
    asked = {"title": "T", "question": "What?", "scale": "labels", "practice": "1", "seed": "1"}
    assert send(owner, "/studies/new?of=/d/made", "/studies", **asked).status_code == 303
    invited = send(owner, "/studies/1", "/studies/1/readers", name="Ann", days="30").text
    (link,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', invited)
    reader = visitor(owner)
    (settings,) = re.findall(r'href="(/preferences[^"]*)"', reader.get(link + seen).text)
    assert send(reader, settings, PAGE, look="dark").headers["location"] == link + seen
