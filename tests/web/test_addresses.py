"""Every view is an address: canonical, complete, and each link on a page leads somewhere."""

from urllib.parse import urlsplit

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import Page, json_of, page, sent, words


def test_every_link_within_two_steps_of_the_catalogue_is_answered(
    serve: Serve, write: Write
) -> None:
    pixels = np.arange(30 * 64, dtype=np.uint8)
    write(
        "flat.npz",
        **{f"{split}_images": pixels.reshape(30, 8, 8) for split in ("train", "val")},
        **{f"{split}_labels": np.arange(30) % 3 for split in ("train", "val")},
    )
    folder = write(
        "deep.npz", test_images=pixels.reshape(15, 2, 8, 8), test_labels=np.arange(15) % 2
    ).parent
    client = serve(folder)
    # The smallest page size shows every kind of link with few thumbnails.
    seen, ahead = set(), ["/", "/d/flat?per_page=2&page=7", "/d/deep/test/3?label=1&z=0&zoom=2"]
    for _ in range(3):
        found: set[str] = set()
        for address in ahead:
            seen.add(address)
            answer = client.get(address)
            assert answer.status_code == 200, address
            if answer.headers["content-type"].startswith("text/html"):
                found |= Page(answer.text).links()
        ahead = sorted(found - seen)[:150]
    assert len(seen) > 100


@pytest.mark.parametrize(
    "address",
    [
        "/d/retinamnist?utm_source=x&label=1&fbclid=2",
        "/d/retinamnist?label=1&page=1&per_page=100&order=index&seed=5&zoom=2",
        "/d/retinamnist?label=1&label=1&split=&note=%3Cb%3E",
    ],
)
def test_unknown_and_needless_parameters_are_dropped_from_every_link(
    address: str, real_client: TestClient
) -> None:
    plain = page(real_client, "/d/retinamnist?label=1")
    assert page(real_client, address).links() == plain.links()


def test_parameters_stand_in_one_order_whatever_was_typed(real_client: TestClient) -> None:
    typed = "/d/retinamnist?page=2&seed=3&label=3&per_page=20&order=random&label=1&split=train"
    button = next(page(real_client, typed).having("data-copy"))
    assert button.get("data-copy") == (
        "/d/retinamnist?split=train&label=1&label=3&order=random&seed=3&per_page=20&page=2"
    )


@pytest.mark.parametrize(
    "address",
    [
        "/d/retinamnist",
        "/d/retinamnist?split=val&label=0&label=4&order=random&seed=77&per_page=20&page=2",
        "/d/breastmnist?order=label&page=3&bars=share",
    ],
)
def test_the_link_to_copy_shows_the_same_page(address: str, real_client: TestClient) -> None:
    shown = page(real_client, address)
    copied = next(shown.having("data-copy")).get("data-copy", "")
    assert copied == address
    assert page(real_client, copied).thumbs() == shown.thumbs()


def test_previous_and_next_walk_through_the_selection_one_came_from(
    real_client: TestClient,
) -> None:
    query = "label=3&order=random&seed=5&per_page=20"
    items = json_of(real_client, f"/api/datasets/retinamnist/items?{query}")["items"]
    address = items[0]["page_url"]
    for item in items:
        shown = page(real_client, address)
        assert f"{item['split']} {item['index']}" in words(shown.one("h1"))
        address = next(shown.all("a", rel="next")).get("href", "")


def test_the_first_item_has_no_previous_and_the_last_no_next(real_client: TestClient) -> None:
    answer = json_of(real_client, "/api/datasets/breastmnist/items?split=val&per_page=500")
    first, last = (page(real_client, answer["items"][place]["page_url"]) for place in (0, -1))
    assert not list(first.all("a", rel="prev"))
    assert not list(last.all("a", rel="next"))


@pytest.mark.parametrize("rank", [0, 19, 20, 45])
def test_the_way_back_leads_to_the_page_of_the_grid_that_shows_the_item(
    rank: int, real_client: TestClient
) -> None:
    query = "label=1&order=label&per_page=20"
    grid = page(real_client, f"/d/breastmnist?{query}&page={rank // 20 + 1}")
    item = page(real_client, grid.thumbs()[rank % 20].href)
    back = next(item.all("a", aria_keyshortcuts="Escape")).get("href", "")
    assert page(real_client, back).thumbs() == grid.thumbs()


def test_an_item_that_is_not_in_the_selection_says_so(real_client: TestClient) -> None:
    shown = page(real_client, "/d/breastmnist/test/0?split=val")
    assert "Not in the selection" in shown.text()


def test_a_grid_says_where_each_form_field_stands(real_client: TestClient) -> None:
    shown = page(real_client, "/d/retinamnist?split=val&label=2&bars=share&order=label")
    form = shown.one("form", id="filters")
    assert form.get("method") == "get"
    boxes = [e for e in form.iter("input") if e.get("type") == "checkbox"]
    assert [(e.get("name"), e.get("value")) for e in boxes] == [
        *(("label", str(label)) for label in range(5)),
        *(("split", split) for split in ("train", "val", "test")),
    ]
    assert {e.get("id") for e in boxes if e.get("checked") is not None} == {"split-val", "label-2"}
    asked = {tuple(each.split("=")) for each in urlsplit(sent(form)).query.split("&")}
    assert {("split", "val"), ("label", "2"), ("bars", "share"), ("order", "label")} <= asked


@pytest.mark.parametrize("seed", ["0", "4294967294", "4294967295"])
def test_shuffling_again_always_leads_to_another_seed(seed: str, real_client: TestClient) -> None:
    shown = page(real_client, f"/d/breastmnist?order=random&seed={seed}")
    again = shown.one("a", id="shuffle").get("href", "")
    assert page(real_client, again).thumbs() != shown.thumbs()
