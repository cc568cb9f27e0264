"""What a chat is told of an address: on public servers only, and nothing that a link hides."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import Page, page
from .visiting import send, share, visitor

OWNER = "the-token-of-the-owner"
BASE = "http://images.example"
Start = Callable[..., TestClient]


@pytest.fixture
def start(serve: Serve, write: Write, tmp_path: Path) -> Start:
    """Start a server of 30 images, of which all labels tell themselves."""
    path = write(
        "atlas.npz",
        test_images=np.random.default_rng(3).integers(0, 256, (30, 7, 7), np.uint8),
        test_labels=(np.arange(30)[:, None] % 2 + 8_800).astype(np.int64),
    )

    def served(access: str, **settings: object) -> TestClient:
        database = f"sqlite:///{tmp_path}/reviews.sqlite"
        return serve(path, access=access, owner_token=OWNER, database_url=database, **settings)

    return served


def told(shown: Page) -> dict[str, str]:
    """What the page says to a chat."""
    return {
        each.get("property", "")[3:]: each.get("content", "")
        for each in shown.all("meta")
        if each.get("property", "").startswith("og:")
    }


def owner_of(server: TestClient) -> TestClient:
    owner = visitor(server)
    owner.get(f"/?token={OWNER}")
    return owner


@pytest.mark.parametrize("address", ["/d/atlas?label=8801", "/d/atlas/test/3"])
def test_a_public_address_tells_a_title_a_line_and_a_picture_that_is_there(
    address: str, start: Start
) -> None:
    client = start("public", base_url=BASE)
    shown = page(client, address)
    card = told(shown)
    assert card["title"] == "".join(shown.one("h1").itertext()).strip()
    assert card["description"]
    assert card["image"].startswith(f"{BASE}/")
    answer = client.get(card["image"].removeprefix(BASE))
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.format == "PNG"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1"])
def test_no_name_of_a_request_gets_into_what_is_told(host: str, start: Start) -> None:
    card = told(
        Page(start("public", loopback_only=False).get("/d/atlas", headers={"host": host}).text)
    )
    assert "image" not in card
    assert host not in str(card)


@pytest.mark.parametrize("access", ["private", "open"])
def test_where_not_anybody_may_look_nothing_is_told(access: str, start: Start) -> None:
    server = start(access, base_url=BASE)
    owner = owner_of(server)
    for address in ("/", "/d/atlas", "/d/atlas/test/3"):
        assert told(page(owner, address)) == {}
    link = share(owner, "/d/atlas").partition("?")[0].removeprefix(BASE)
    for address in (link, f"{link}/2"):
        assert told(page(visitor(server), address)) == {}
    if access == "private":
        assert told(page(visitor(server), "/d/atlas", 401)) == {}


def test_a_link_on_a_public_server_tells_what_it_shows(start: Start) -> None:
    server = start("public", base_url=BASE)
    link = share(owner_of(server), "/d/atlas", title="Please look")
    guest = visitor(server)
    card = told(page(guest, link))
    assert card["title"] == "Please look"
    picture = guest.get(card["image"].removeprefix(BASE))
    assert picture.headers["content-type"] == "image/png"


def test_an_image_is_told_of_in_the_language_of_its_page(start: Start) -> None:
    server = start("public", base_url=BASE)
    link = share(owner_of(server), "/d/atlas")
    guest = visitor(server)
    guest.headers["accept-language"] = "de"
    for address in ("/d/atlas/test/3", f"{link}/3"):
        assert "Unbekannt" in told(page(guest, address))["description"]


@pytest.mark.parametrize(
    "fields", [{"hide_labels": "1"}, {"passphrase": "a long enough secret"}], ids=str
)
def test_a_link_that_hides_something_tells_that_it_is_one_and_no_more(
    fields: dict[str, str], start: Start
) -> None:
    server = start("public", base_url=BASE)
    owner = owner_of(server)
    for address in ("/d/atlas?label=8801", "/d/atlas/test/3"):
        link = share(owner, address, title="Malignant ones", **fields)
        card = told(page(visitor(server), link))
        assert card.pop("title") == "Images shared with Lightbox"
        assert set(card) == {"site_name", "type"}
    hidden = share(owner, "/d/atlas", title="Malignant ones", hide_labels="1")
    card = told(page(visitor(server), f"{hidden}/3"))
    assert card["title"] == "Images shared with Lightbox"
    assert set(card) == {"site_name", "type", "title"}


def test_a_reader_of_a_study_is_told_no_more_either(start: Start) -> None:
    server = start("public", base_url=BASE)
    owner = owner_of(server)
    fields = {"title": "Malignant ones", "question": "Is it so?", "scale": "yes-no"}
    send(owner, "/studies/new?of=/d/atlas", "/studies", **fields)
    made = Page(send(owner, "/studies/1", "/studies/1/readers", name="A", days="30").text)
    link = made.one("input", id="made").get("value", "").removeprefix(BASE)
    assert told(page(visitor(server), link))["title"] == "Images shared with Lightbox"
    assert told(page(visitor(server), f"{link}/read/1")) == {}
