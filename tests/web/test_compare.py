"""Selections side by side: images in step, shares on one scale, means and how they differ."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.pictures import tallies
from app.pictures.means import diverging

from .conftest import Serve, Write
from .reading import Page, Truth, page, picture, ten_to_a_row, words

Read = Callable[[str], Truth]
SPLITS = ("train", "val", "test")
PER_PAGE = 24
LABELS = "/compare?a=/d/breastmnist?label=0&b=/d/breastmnist?label=1"


def compared(client: TestClient, address: str) -> Page:
    """The page, when all numbers are on it."""
    for _ in range(50):
        found = page(client, address)
        if not list(found.having("data-refresh")):
            return found
    raise AssertionError(found.text())


def sides(shown: Page, what: str) -> dict[str, Any]:
    """The columns of ``Images`` or ``Mean`` by their letter."""
    found = {}
    for section in shown.all("section"):
        said = section.get("aria-label", "")
        if said.startswith(f"{what} of "):
            found[said[-1]] = section
    return found


def thumbs(side: Any) -> list[tuple[str, int]]:
    return [
        (e.get("data-split"), int(e.get("data-index")))
        for e in side.iter()
        if e.get("data-split") is not None
    ]


def pictures(side: Any) -> list[Any]:
    return [element for element in side.iter() if element.tag == "img"]


@pytest.mark.parametrize("number", [1, 2, 9])
def test_all_grids_are_on_the_same_page(number: int, real_client: TestClient, truth: Read) -> None:
    shown = compared(real_client, f"{LABELS}&page={number}")
    known = truth("breastmnist")
    for letter, label in (("A", 0), ("B", 1)):
        side = sides(shown, "Images")[letter]
        expected = known.selected(labels=(label,))[(number - 1) * PER_PAGE : number * PER_PAGE]
        assert thumbs(side) == expected
        (tile,) = [e for e in side.iter() if e.get("data-sheet")]
        cells = ten_to_a_row(known.cells(expected))
        np.testing.assert_array_equal(picture(real_client, tile.get("data-sheet")), cells)


@pytest.mark.published
def test_a_shorter_selection_says_that_it_has_ended(real_client: TestClient) -> None:
    shown = compared(real_client, f"{LABELS}&page=24")
    assert not thumbs(sides(shown, "Images")["A"])
    assert "No more: its last page is 9." in words(sides(shown, "Images")["A"])
    assert len(thumbs(sides(shown, "Images")["B"])) == 570 - 23 * PER_PAGE


def test_one_pager_leads_on_in_all_of_them(real_client: TestClient) -> None:
    shown = compared(real_client, LABELS)
    onward = {link.get("href") for link in shown.all("a", rel="next")}
    assert onward == {
        "/compare?a=/d/breastmnist?label=0&b=/d/breastmnist?label=1&page=2",
    }


def test_datasets_of_other_sizes_keep_their_own_cells(real_client: TestClient) -> None:
    shown = compared(real_client, "/compare?a=/d/breastmnist&b=/d/retinamnist&c=/d/adrenalmnist3d")
    (style,) = [words(e) for e in shown.all("style")]
    columns = sides(shown, "Images")
    assert list(columns) == ["A", "B", "C"]
    for side in columns.values():
        (grid,) = [e for e in side.iter() if e.get("data-cell-width")]
        width, height = grid.get("data-cell-width"), grid.get("data-cell-height")
        rule = f'.grid[data-cell-width="{width}"][data-cell-height="{height}"]'
        assert f"{rule}{{--w:{width}px;--h:{height}px;" in style


# Labels


def test_shares_are_of_each_selection_and_on_one_scale(
    real_client: TestClient, truth: Read
) -> None:
    shown = compared(
        real_client, "/compare?a=/d/retinamnist?split=train&b=/d/retinamnist?split=test"
    )
    known = truth("retinamnist")
    bars = [a for a in shown.all("a") if a.get("class") == "bar-link"]
    widths: dict[str, list[float]] = {"A": [], "B": []}
    shares: dict[str, list[float]] = {"A": [], "B": []}
    for bar in bars:
        rect = next(e for e in bar if "split-" in (e.get("class") or ""))
        letter = (rect.get("class") or "")[-1]
        split = {"A": "train", "B": "test"}[letter]
        label = len(widths[letter])
        number = int((known.labels(split) == label).sum())
        share = number / len(known.labels(split))
        assert f"{letter} {100 * share:.1f} % · {number:,}" in words(bar)
        assert bar.get("href") == f"/d/retinamnist?split={split}&label={label}"
        widths[letter].append(float(rect.get("width", "")))
        shares[letter].append(share)
    assert [len(each) for each in widths.values()] == [5, 5]  # one for each grade
    joined = np.array(widths["A"] + widths["B"]), np.array(shares["A"] + shares["B"])
    np.testing.assert_allclose(joined[0] / joined[0].max(), joined[1] / joined[1].max(), atol=1e-3)


def test_labels_of_other_names_stand_apart(real_client: TestClient) -> None:
    shown = compared(real_client, "/compare?a=/d/breastmnist&b=/d/adrenalmnist3d")
    rows = [[words(cell) for cell in row] for row in shown.one("table").iter("tr")]
    assert rows[0] == ["Label", "A", "B"]
    assert [row[0][-3:] for row in rows[1:]] == ["(0)", "(1)", "(0)", "(1)"]
    assert [row[2] for row in rows[1:3]] == ["–", "–"]
    assert [row[1] for row in rows[3:]] == ["–", "–"]


# Means


def mean(truth: Truth, labels: tuple[int, ...], splits: tuple[str, ...] = ()) -> Any:
    cells = truth.cells(truth.selected(splits, labels))
    return cells.astype(np.float64).mean(axis=0)


def test_each_mean_is_that_of_its_selection(real_client: TestClient, truth: Read) -> None:
    columns = sides(compared(real_client, LABELS), "Mean")
    for letter, label in (("A", 0), ("B", 1)):
        expected = np.rint(mean(truth("breastmnist"), (label,))).astype(np.uint8)
        found = picture(real_client, pictures(columns[letter])[0].get("src"))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.published
def test_a_difference_is_drawn_with_its_sign(real_client: TestClient, truth: Read) -> None:
    columns = sides(compared(real_client, LABELS), "Mean")
    assert len(pictures(columns["A"])) == 1
    _, drawn = pictures(columns["B"])
    difference = mean(truth("breastmnist"), (1,)) - mean(truth("breastmnist"), (0,))
    expected = diverging(difference, float(np.abs(difference).max()))
    np.testing.assert_array_equal(picture(real_client, drawn.get("src")), expected)
    least, most, average = difference.min(), difference.max(), difference.mean()
    said = words(columns["B"]).replace("−", "-")
    assert f"B - A: from {least:.4g} to +{most:.4g}, mean +{average:.4g}" in said


def test_all_differences_share_one_scale_with_a_legend(
    real_client: TestClient, truth: Read
) -> None:
    address = "/compare?a=/d/retinamnist?label=0&b=/d/retinamnist?label=1&c=/d/retinamnist?label=4"
    shown = compared(real_client, address)
    means = [mean(truth("retinamnist"), (label,)) for label in (0, 1, 4)]
    apart = [each - means[0] for each in means[1:]]
    most = max(float(np.abs(each).max()) for each in apart)
    legend = next(e for e in shown.all("svg") if "Colours" in (e.get("aria-label") or ""))
    assert f"+{most:.4g}" in words(legend)
    for letter, difference in zip("BC", apart, strict=True):
        _, *drawn = pictures(sides(shown, "Mean")[letter])
        assert len(drawn) == 3
        for channel, each in enumerate(drawn):
            expected = diverging(difference[..., channel], most)
            np.testing.assert_array_equal(picture(real_client, each.get("src")), expected)


def test_of_volumes_the_middle_slices_are_compared(real_client: TestClient, truth: Read) -> None:
    shown = compared(
        real_client, "/compare?a=/d/adrenalmnist3d?label=0&b=/d/adrenalmnist3d?label=1"
    )
    assert "Of each volume, its middle slice counts (z = 14)." in shown.text()
    found = picture(real_client, pictures(sides(shown, "Mean")["B"])[0].get("src"))
    expected = np.rint(mean(truth("adrenalmnist3d"), (1,))).astype(np.uint8)
    np.testing.assert_array_equal(found, expected)


def test_pictures_of_another_kind_have_no_difference_and_it_is_said_why(
    serve: Serve, write: Write
) -> None:
    labels = np.zeros(4, np.uint8)
    whole = np.arange(4 * 36, dtype=np.uint8)
    write("small.npz", test_images=whole.reshape(4, 6, 6), test_labels=labels)
    write("wide.npz", test_images=whole.reshape(4, 4, 9), test_labels=labels)
    folder = write(
        "reals.npz", test_images=whole.reshape(4, 6, 6).astype(np.float32), test_labels=labels
    ).parent
    client = serve(folder)
    address = "/compare?a=/d/small&b=/d/wide&c=/d/reals&d=/d/small?label=none"
    columns = sides(compared(client, address), "Mean")
    reasons = {
        "B": "the first has 6 × 6 pixels, grey, this 4 × 9 pixels, grey",
        "C": "the values of the two are of different types",
        "D": "one of the two has no images",
    }
    for letter, reason in reasons.items():
        assert f"No difference is drawn: {reason}." in words(columns[letter])
        answer = client.get(f"/compare/difference.png?{address[9:]}&of={letter.lower()}")
        assert answer.status_code == 404
        assert reason in answer.text


def test_a_large_selection_is_sampled_and_says_so_and_leads_to_all(
    real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "SAMPLE_ITEMS", 30)
    shown = compared(real_client, "/compare?a=/d/breastmnist&b=/d/breastmnist?split=val")
    said = "a random sample of 30 of the 780 images that match, drawn with seed 0"
    assert said in words(sides(shown, "Mean")["A"])
    onward = next(shown.all("a", rel="nofollow")).get("href", "")
    assert onward == "/compare?a=/d/breastmnist&b=/d/breastmnist?split=val&all=1"
    whole = compared(real_client, onward)
    assert "Counted: 780 images, all that match." in whole.text()


# Choosing


def links(shown: Page, group: str) -> dict[str, str]:
    (section,) = [s for s in shown.all("section") if s.get("aria-label") == group]
    return {words(e): e.get("href", "") for e in section.iter() if e.tag == "a"}


def test_with_one_selection_the_page_offers_what_to_put_beside_it(real_client: TestClient) -> None:
    shown = page(real_client, "/compare?a=/d/breastmnist?split=test%26label=0")
    here = "/compare?a=/d/breastmnist?split=test%26label=0&b="
    assert links(shown, "Other splits") == {
        "train": f"{here}/d/breastmnist?split=train%26label=0",
        "val": f"{here}/d/breastmnist?split=val%26label=0",
        "all splits": f"{here}/d/breastmnist?label=0",
    }
    labels = links(shown, "Other labels")
    assert labels.pop("all labels") == f"{here}/d/breastmnist?split=test"
    assert list(labels.values()) == [f"{here}/d/breastmnist?split=test%26label=1"]
    assert links(shown, "Other datasets") == {
        "AdrenalMNIST3D": f"{here}/d/adrenalmnist3d",
        "RetinaMNIST": f"{here}/d/retinamnist",
    }


def test_with_none_it_offers_the_datasets_here(real_client: TestClient) -> None:
    offered = links(page(real_client, "/compare"), "Datasets here")
    assert offered["RetinaMNIST"] == "/compare?a=/d/retinamnist"


def test_each_selection_can_be_left_out(real_client: TestClient) -> None:
    address = "/compare?a=/d/breastmnist&b=/d/retinamnist&c=/d/adrenalmnist3d"
    shown = compared(real_client, address)
    ways = {words(e): e.get("href") for e in shown.all("a") if "out" in words(e)}
    assert ways == {
        "Leave A out": "/compare?a=/d/retinamnist&b=/d/adrenalmnist3d",
        "Leave B out": "/compare?a=/d/breastmnist&b=/d/adrenalmnist3d",
        "Leave C out": "/compare?a=/d/breastmnist&b=/d/retinamnist",
    }


def test_four_are_compared_and_no_more_are_offered(real_client: TestClient) -> None:
    four = "&".join(f"{letter}=/d/breastmnist" for letter in "abcd")
    shown = compared(real_client, f"/compare?{four}")
    assert list(sides(shown, "Images")) == ["A", "B", "C", "D"]
    assert "Put beside" not in shown.text()


def test_the_form_holds_the_addresses_and_sends_them(real_client: TestClient) -> None:
    form = compared(real_client, LABELS).one("form", id="selections")
    assert (form.get("method"), form.get("action")) == ("get", "/compare")
    fields = {e.get("name", ""): e.get("value", "") for e in form.iter("input")}
    assert fields == {
        "a": "/d/breastmnist?label=0",
        "b": "/d/breastmnist?label=1",
        "c": "",
        "d": "",
    }
    answer = real_client.get("/compare", params=fields)
    assert re.search(r"Compare 2 selections", answer.text)


def test_the_address_to_copy_is_canonical_and_shows_the_same(real_client: TestClient) -> None:
    typed = "/compare?d=/d/breastmnist%3Flabel%3D1%26page%3D4&a=http://127.0.0.1/d/breastmnist&x=1"
    shown = compared(real_client, typed)
    copied = next(shown.having("data-copy")).get("data-copy", "")
    assert copied == "/compare?a=/d/breastmnist&b=/d/breastmnist?label=1"
    assert compared(real_client, copied).text() == shown.text()


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/compare?a=/d/nothing&b=/d/breastmnist", 404, "“nothing”"),
        ("/compare?a=/d/breastmnist?label=7&b=/d/breastmnist", 404, "no label 7"),
        ("/compare?a=/d/breastmnist/test/0", 404, "a is not the address of a grid"),
        pytest.param(f"{LABELS}&page=25", 404, "has 24 pages", marks=pytest.mark.published),
        (f"{LABELS}&page=x", 422, "whole number"),
        ("/compare/difference.png?a=/d/breastmnist&b=/d/breastmnist&of=c", 404, "“c”"),
        ("/compare/difference.png?a=/d/breastmnist&b=/d/breastmnist&of=a", 404, "“a”"),
        (
            "/compare/difference.png?a=/d/breastmnist&b=/d/breastmnist&of=b&channel=1",
            404,
            "no channel 1",
        ),
        ("/compare/difference.png?of=b", 404, "“b”"),
        ("/compare/difference.png?of=b&channel=red", 422, "channel"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(
    address: str, status: int, said: str, real_client: TestClient
) -> None:
    assert said in page(real_client, address, status).text()


@pytest.mark.parametrize("wrong", ["split=foo", "page=0", "per_page=x", "noted=flagged", "label=7"])
def test_where_one_grid_is_wrong_the_others_are_led_back_to(
    wrong: str, real_client: TestClient
) -> None:
    rest = "a=/d/breastmnist&c=/d/breastmnist?label=1"
    shown = Page(real_client.get(f"/compare?{rest}&b=/d/breastmnist?{wrong}").text)
    (back,) = (link for link in shown.all("a") if words(link) == "Back to the comparison")
    assert parse_qsl(urlsplit(back.get("href", "")).query) == parse_qsl(rest)


def test_pictures_too_large_for_means_are_still_compared_otherwise(
    real_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "_SUMS_BYTES", 100)
    shown = compared(real_client, LABELS)
    assert "A: Mean images are not computed of pictures of 28 × 28 pixels." in shown.text()
    assert len(thumbs(sides(shown, "Images")["B"])) == PER_PAGE
    assert not pictures(sides(shown, "Mean")["B"])
    assert shown.one("div", id="results").get("data-summary") == "Some numbers were not computed."
