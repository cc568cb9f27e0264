"""One image in several sizes: each exact, all drawn equally large, each leading to its page."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from app.arrays.cache import Cache
from app.arrays.store import Array, Store
from app.datasets.library import Library
from app.datasets.selection import Selection
from app.errors import ArchiveError
from app.phrases import Phrase
from app.web.sizes import side_for, switch

from .conftest import Serve, Write
from .reading import page, picture, words
from .visiting import fields_of

RANDOM = np.random.default_rng(8)
SMALL = RANDOM.integers(0, 256, (5, 28, 28), np.uint8)
LARGE = RANDOM.integers(0, 256, (5, 64, 64), np.uint8)
LABELS = np.array([0, 1, 1, 0, 1], np.uint8)


def members(pixels: NDArray[Any], labels: NDArray[Any] = LABELS) -> dict[str, NDArray[Any]]:
    return {"test_images": pixels, "test_labels": labels[: len(pixels), None]}


@pytest.fixture
def folder(write: Write) -> Path:
    write("breastmnist.npz", **members(SMALL))
    return write("breastmnist_64.npz", **members(LARGE)).parent


@pytest.fixture
def client(serve: Serve, folder: Path) -> TestClient:
    return serve(folder)


@pytest.mark.parametrize("dataset_id", ["breastmnist", "breastmnist_64"])
def test_every_size_is_exact_and_leads_to_its_page(dataset_id: str, client: TestClient) -> None:
    shown = page(client, f"/d/{dataset_id}/test/3/sizes")
    pictures = list(shown.all("img"))
    assert [each.get("alt") for each in pictures] == [
        "BreastMNIST, test 3",
        "BreastMNIST (64 px), test 3",
    ]
    for each, expected in zip(pictures, (SMALL, LARGE), strict=True):
        np.testing.assert_array_equal(picture(client, each.get("src", "")), expected[3])
    assert {"/d/breastmnist/test/3", "/d/breastmnist_64/test/3"} <= shown.links()
    assert "/catalogue/breastmnist" in shown.links()
    assert "malignant (0)" in shown.text()
    assert [words(each) for each in shown.all("span", class_="size")] == ["28 px", "64 px"]


def test_boolean_colours_are_seen_in_every_size(serve: Serve, write: Write) -> None:
    small, large = SMALL[:, :9, :9, None] > [64, 128, 192], LARGE[..., None] > [64, 128, 192]
    write("breastmnist.npz", **members(small))
    folder = write("breastmnist_64.npz", **members(large)).parent
    server = serve(folder)
    shown = page(server, "/d/breastmnist/test/3/sizes").all("img")
    for each, expected in zip(shown, (small, large), strict=True):
        drawn = picture(server, each.get("src", ""))
        np.testing.assert_array_equal(drawn, expected[3] * np.uint8(255))


def test_all_are_drawn_equally_large_at_every_width(client: TestClient) -> None:
    shown = page(client, "/d/breastmnist/test/0/sizes")
    style = words(shown.one("style"))
    sizes = re.findall(r"\.same-(\d)-0\{--pw:([\d.]+)px;--ph:([\d.]+)px\}", style)
    assert len(sizes) == 8
    for first, second in zip(sizes[::2], sizes[1::2], strict=True):
        assert first[1:] == second[1:]
    assert ("0", "448", "448") in sizes


@pytest.mark.parametrize(
    ("room", "sides", "side"),
    [
        (560, {28, 64}, 448),
        (312, {28, 64}, 256),
        (312, {28, 128}, 256),
        (312, {28, 224}, 224),
        (416, {64, 128}, 384),
        (312, {28}, 308),
        (312, {500}, 312),
        (312, set(), 312),
    ],
)
def test_pixels_are_even_where_there_is_room(room: int, sides: set[int], side: int) -> None:
    assert side_for(room, sides) == side


def test_a_volume_is_compared_along_each_axis(serve: Serve, write: Write) -> None:
    small = RANDOM.integers(0, 256, (2, 28, 28, 28), np.uint8)
    large = RANDOM.integers(0, 256, (2, 64, 64, 64), np.uint8)
    write("adrenalmnist3d.npz", **members(small))
    client = serve(write("adrenalmnist3d_64.npz", **members(large)).parent)
    shown = page(client, "/d/adrenalmnist3d/test/1/sizes")
    sources = [each.get("src", "") for each in shown.all("img")]
    expected = [
        np.take(volumes[1], len(volumes[1]) // 2, axis=axis)
        for axis in range(3)
        for volumes in (small, large)
    ]
    assert len(sources) == 6
    for source, pixels in zip(sources, expected, strict=True):
        np.testing.assert_array_equal(picture(client, source), pixels)


def test_values_that_need_a_window_are_drawn_through_it(serve: Serve, write: Write) -> None:
    deep = LARGE.astype(np.float32) / 7
    write("breastmnist_64.npz", **members(deep))
    client = serve(write("breastmnist.npz", **members(SMALL)).parent)
    shown = page(client, "/d/breastmnist/test/0/sizes").all("img")
    small, large = (picture(client, each.get("src", "")) for each in shown)
    np.testing.assert_array_equal(small, SMALL[0])
    window = [deep.min(), deep.max()]
    expected = np.rint(np.interp(deep[0].astype(np.float64), window, [0, 255]))
    np.testing.assert_array_equal(large, expected)


def test_a_size_that_has_no_such_image_is_said(serve: Serve, write: Write) -> None:
    write("breastmnist_64.npz", **members(LARGE[:2]))
    client = serve(write("breastmnist.npz", **members(SMALL)).parent)
    shown = page(client, "/d/breastmnist/test/4/sizes")
    assert len(list(shown.all("img"))) == 1
    assert "breastmnist_64.npz has no test 4." in shown.text()


def test_sizes_that_do_not_agree_on_the_label_say_so(serve: Serve, write: Write) -> None:
    write("breastmnist_64.npz", **members(LARGE, 1 - LABELS))
    client = serve(write("breastmnist.npz", **members(SMALL)).parent)
    text = page(client, "/d/breastmnist/test/0/sizes").text()
    assert "do not agree on its label: 28 px: malignant (0); 64 px: normal, benign (1)." in text


def test_a_size_that_is_damaged_is_said_in_the_language_of_the_page(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise ArchiveError(
            Path("breastmnist_64.npz"),
            Phrase("fails its checksum (CRC-32)"),
            Phrase("fetch the file again; it is damaged"),
            "test_images",
        )

    monkeypatch.setattr("app.web.sizes._look", damaged)
    client.headers["accept-language"] = "de"
    shown = page(client, "/d/breastmnist/test/4/sizes").text()
    assert "breastmnist_64.npz: test_images stimmt nicht mit ihrer Prüfsumme" in shown


def test_a_size_that_is_still_to_come_is_not_said_to_be_missing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    available = vars(Array)["available"].fget
    monkeypatch.setattr(
        Array,
        "available",
        property(lambda array: 0 if array.shape[1] == 64 else available(array)),
    )
    shown = page(client, "/d/breastmnist/test/3/sizes")
    assert len(list(shown.all("img"))) == 1
    assert shown.one("meta", http_equiv="refresh").get("content") == "2"
    assert "No other size" not in shown.text()


def test_an_image_of_one_size_says_that_there_is_no_other(serve: Serve, write: Write) -> None:
    client = serve(write("own.npz", **members(SMALL)))
    shown = page(client, "/d/own/test/0/sizes")
    assert "No other size of this image is here." in shown.text()
    assert len(list(shown.all("img"))) == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/d/nothing/test/0/sizes", 404),
        ("/d/breastmnist/train/0/sizes", 404),
        ("/d/breastmnist/test/5/sizes", 404),
        ("/d/breastmnist/test/x/sizes", 404),
    ],
)
def test_a_wrong_address_is_said(address: str, status: int, client: TestClient) -> None:
    page(client, address, status)


def test_links_switch_between_the_sizes_that_have_the_item(folder: Path, tmp_path: Path) -> None:
    library = Library([folder], Store(Cache(tmp_path / "cache", 10**9)))
    links = switch(library, library.dataset("breastmnist_64"), "test", 2, Selection(labels=(1,)))
    assert [(link.text, link.href, link.current) for link in links] == [
        ("28 px", "/d/breastmnist/test/2?label=1", False),
        ("64 px", "/d/breastmnist_64/test/2?label=1", True),
        ("Side by side", "/d/breastmnist_64/test/2/sizes", False),
    ]
    (folder / "breastmnist.npz").unlink()
    assert switch(library, library.dataset("breastmnist_64"), "test", 2, Selection()) == ()


def test_a_size_without_a_split_of_the_filter_is_still_led_to(serve: Serve, write: Write) -> None:
    validated = {"val_images": SMALL, "val_labels": LABELS}
    write("breastmnist.npz", **members(SMALL), **validated)
    client = serve(write("breastmnist_64.npz", **members(LARGE)).parent)
    kept = "order=label"
    links = page(client, f"/d/breastmnist/test/2?split=val&split=test&{kept}").links()
    assert f"/d/breastmnist_64/test/2?{kept}" in links
    page(client, f"/d/breastmnist_64/test/2?{kept}")
    links = page(client, "/d/breastmnist/test/2?split=test").links()
    assert "/d/breastmnist_64/test/2?split=test" in links


def test_the_image_s_page_leads_to_its_other_sizes(client: TestClient) -> None:
    links = page(client, "/d/breastmnist/test/3?label=0").links()
    assert "/d/breastmnist_64/test/3?label=0" in links
    assert "/d/breastmnist/test/3/sizes" in {link.partition("?")[0] for link in links}


def test_what_was_flagged_of_one_size_is_not_looked_for_in_another(client: TestClient) -> None:
    seen = "/d/breastmnist/test/1"
    named = fields_of(client.get(seen).text, f"{seen}/notes")
    flag = {**named, "flag": "artefact", "name": "A"}
    assert client.post(f"{seen}/notes", data=flag).status_code == 303
    switched = page(client, f"{seen}?order=label&noted=flagged").one("ul", aria_label="Sizes")
    links = {words(link): link for link in switched.iter("a")}
    assert links["28 px"].get("href") == f"{seen}?noted=flagged&order=label"
    assert links["28 px"].get("aria-current") == "true"
    assert links["64 px"].get("href") == "/d/breastmnist_64/test/1?order=label"
