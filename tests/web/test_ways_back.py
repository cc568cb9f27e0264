"""From a page of a grid, or an image, to what can be done with it, and back to that very page."""

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from starlette.testclient import TestClient

from .reading import page
from .visiting import send, share, visitor

# In the order in which an address has its parts: as a page prints it.
QUERY = "split=train&label=0&label=1&per_page=20&page=2&thumbs=large&window=20-180"
GRID = f"/d/breastmnist?{QUERY}"


def ways(client: TestClient, address: str) -> dict[str, str]:
    """The ways on from a page by their names."""
    found = page(client, address).all("a")
    return {"".join(link.itertext()).strip(): link.get("href", "") for link in found}


@pytest.mark.parametrize("address", [GRID, GRID.replace("&page=2", "")])
@pytest.mark.parametrize("way", ["Share", "Study", "Pixels", "Export", "Collect"])
def test_each_way_leads_back_to_the_page_it_began_on(
    way: str, address: str, real_client: TestClient
) -> None:
    assert address in page(real_client, ways(real_client, address)[way]).links()


@pytest.mark.parametrize("way", ["Share", "Study", "Pixels", "Export", "Collect"])
def test_each_way_leads_back_to_how_volumes_were_shown(way: str, real_client: TestClient) -> None:
    address = "/d/adrenalmnist3d?split=test&page=2&view=mean"
    assert address in page(real_client, ways(real_client, address)[way]).links()


def test_the_sums_of_all_images_lead_back_there_too(real_client: TestClient) -> None:
    there = ways(real_client, "/d/retinamnist?per_page=50&page=3")["Pixels"]
    assert there == "/d/retinamnist/pixels?per_page=50&page=3"
    shown = page(real_client, f"{there}&all=1")
    assert "/d/retinamnist?per_page=50&page=3" in shown.links()
    # What is copied says nothing but what is seen.
    (copied,) = [
        button.get("data-copy") for button in shown.all("button", class_="button copy needs-js")
    ]
    assert copied == "/d/retinamnist/pixels"


def test_a_link_just_made_leads_back_there_and_shows_all_that_match(
    real_client: TestClient,
) -> None:
    there = ways(real_client, GRID)["Share"]
    made = send(real_client, there, "/share", days="30")
    assert f'href="{GRID}"'.replace("&", "&amp;") in made.text
    (url,) = re.findall(r'id="made"[^>]*value="http://[^/]+([^"]+)"', made.text)
    link = urlsplit(unescape(url))
    assert link.query == "window=20-180"
    assert "Page 1 of" in visitor(real_client).get(f"{link.path}?{link.query}").text


@pytest.mark.parametrize("walk", ["", "split=val&order=label&", "noted=flagged&"])
def test_a_volume_is_shared_as_it_is_looked_at(walk: str, real_client: TestClient) -> None:
    address = f"/d/adrenalmnist3d/val/3?{walk}window=20-180&zoom=2&z=5&x=20"
    there = ways(real_client, address)["Share"]
    (given,) = parse_qs(urlsplit(there).query)["of"]
    assert given == address
    assert address in page(real_client, there).links()
    link = urlsplit(share(real_client, quote(address, safe="/?=&")))
    assert parse_qs(link.query) == {"window": ["20-180"], "zoom": ["2"], "z": ["5"], "x": ["20"]}
    shown = visitor(real_client).get(f"{link.path}?{link.query}")
    assert shown.status_code == 200
    values = {name: re.search(rf'name="{name}"[^>]*value="(\d+)"', shown.text) for name in "zyx"}
    assert {name: value and value[1] for name, value in values.items()} == {
        "z": "5",
        "y": "14",
        "x": "20",
    }


@pytest.mark.parametrize(
    ("of", "status", "part"),
    [
        ("/d/adrenalmnist3d/val/3?z=28", 404, "slice"),
        ("/d/adrenalmnist3d/val/3?zoom=3", 422, "zoom"),
        ("/d/adrenalmnist3d/val/3?window=9-1", 422, "window"),
    ],
)
def test_what_is_not_there_is_not_shared(
    of: str, status: int, part: str, real_client: TestClient
) -> None:
    answer = send(real_client, "/share?of=/d/adrenalmnist3d", "/share", of=of, days="30")
    assert (answer.status_code, part in answer.text) == (status, True)


@pytest.mark.parametrize("of", ["/\\evil.example/d/breastmnist", "//evil.example/d/breastmnist"])
def test_no_way_leads_to_another_server(of: str, real_client: TestClient) -> None:
    answer = real_client.get(f"/share?of={quote(of, safe='')}")
    assert answer.status_code == 404
    assert 'href="' + of not in answer.text
