"""How large thumbnails are drawn, and tabs for splits: the same images, pictures and page."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from starlette.testclient import TestClient

from .conftest import Serve, Write

GRID = "/d/retinamnist"
SIZES = ("small", "medium", "large", "fit")


def asked(size: str, rest: str = "") -> str:
    """A grid's address with thumbnails of this size."""
    return f"{GRID}?{rest}{'&' * bool(rest)}thumbs={size}"


def sheets(html: str) -> list[str]:
    return re.findall(r'\sdata-sheet="([^"]*)"', html)


def links(html: str, within: str) -> dict[str, str]:
    """Where the links of a list lead, by the ends of their ids."""
    (part,) = re.findall(rf'<(?:ul|nav) class="{within}.*?</ul>', html, re.DOTALL)
    return {
        name: unescape(href)
        for name, href in re.findall(r'<a id="[a-z]+-(\w+)"[^>]*?href="([^"]*)"', part, re.DOTALL)
    }


def current(html: str, within: str) -> list[str]:
    (part,) = re.findall(rf'<(?:ul|nav) class="{within}.*?</ul>', html, re.DOTALL)
    return re.findall(r'<a id="[a-z]+-(\w+)"[^>]*?aria-current="true"', part, re.DOTALL)


def width(html: str) -> int:
    return int(re.findall(r'data-cell-width="(\d+)"', html)[0])


def test_larger_thumbnails_are_of_the_same_pictures(real_client: TestClient) -> None:
    drawn = {size: real_client.get(asked(size, "split=test")).text for size in SIZES}
    assert len({tuple(sheets(html)) for html in drawn.values()}) == 1
    assert width(drawn["small"]) < width(drawn["medium"]) < width(drawn["large"])
    # A pixel of the file is a square of whole pixels on the screen.
    assert {width(html) % 28 for html in drawn.values()} == {0}


@pytest.mark.parametrize("shape", [(32, 48), (100, 4), (50, 1), (1, 50), (90, 57), (64, 64)])
@pytest.mark.parametrize("size", SIZES)
def test_thumbnails_of_any_shape_keep_it(
    size: str, shape: tuple[int, int], serve: Serve, write: Write
) -> None:
    images = np.zeros((30, *shape), np.uint8)
    client = serve(write(test_images=images, test_labels=np.arange(30) % 2))
    (drawn,) = re.findall(
        r"\.grid\{--w:([\d.]+)px;--h:([\d.]+)px;", client.get(f"/d/made?thumbs={size}").text
    )
    width, height = map(float, drawn)
    # A sheet of ten rows is laid behind each of them by its width: rows must not drift apart.
    assert height / width == pytest.approx(shape[0] / shape[1], rel=1e-4)


def test_the_usual_size_is_left_out_of_the_address(real_client: TestClient) -> None:
    shown = real_client.get(asked("medium", "label=1")).text
    assert re.findall(r'data-address="([^"]*)"', shown) == [f"{GRID}?label=1"]
    assert "thumbs=medium" not in shown


@pytest.mark.parametrize("rest", ["", "page=2", "split=train&label=0&order=random&seed=3&page=3"])
def test_another_size_is_of_the_same_page(rest: str, real_client: TestClient) -> None:
    usual = parse_qs(rest)
    # Twice, and in turns: what pages share is kept by size as well.
    for size in (*SIZES, *SIZES):
        html = real_client.get(asked(size, rest)).text
        found = links(html, "switch thumbs")
        queries = [parse_qs(urlsplit(href).query) for href in found.values()]
        assert [query.pop("thumbs", ["medium"]) for query in queries] == [[each] for each in SIZES]
        assert all(query == usual for query in queries)
        assert current(html, "switch thumbs") == [str(SIZES.index(size) + 1)]


def test_an_image_leads_back_to_thumbnails_of_the_same_size(real_client: TestClient) -> None:
    html = real_client.get(f"{GRID}/train/3?thumbs=large").text
    assert re.findall(r'class="button back"\s+href="([^"]*)"', html) == [f"{GRID}?thumbs=large"]


def test_the_api_and_exports_know_nothing_of_thumbnails(real_client: TestClient) -> None:
    html = real_client.get(f"{GRID}/export?thumbs=large").text
    exported = re.findall(r'href="([^"]*/export\.[^"]*)"', html)
    assert exported == [f"{GRID}/export.{form}" for form in ("csv", "parquet", "zip", "npz")]
    items = "/api/datasets/retinamnist/items"
    plain, sized = (real_client.get(f"{items}{query}").json() for query in ("", "?thumbs=large"))
    assert [item["image_url"] for item in plain["items"]] == [
        item["image_url"] for item in sized["items"]
    ]


def test_tabs_count_what_the_filters_leave_of_each_split(real_client: TestClient) -> None:
    html = real_client.get(f"{GRID}?label=1&split=val").text
    (part,) = re.findall(r'<nav class="tabs".*?</nav>', html, re.DOTALL)
    counts = [int(number) for number in re.findall(r'class="count">(\d+)<', part)]
    histogram = real_client.get("/api/datasets/retinamnist/histogram").json()["splits"]
    of_label = [histogram[split]["1"] for split in ("train", "val", "test")]
    assert counts == [sum(of_label), *of_label]
    assert current(html, "tabs") == ["val"]
    assert links(html, "tabs") == {
        "all": f"{GRID}?label=1",
        **{split: f"{GRID}?split={split}&label=1" for split in ("train", "val", "test")},
    }
