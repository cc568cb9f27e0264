"""Mean images and histograms of a selection on a page: what is counted, how far it is, by label."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.pictures import tallies
from app.pictures.tally import measure

from .conftest import Serve, Write
from .reading import Page, Truth, page, picture, words
from .visiting import visitor

Read = Callable[[str], Truth]
PATIENCE = 20.0
SPLITS = ("train", "val", "test")


def pixels(client: TestClient, address: str) -> Page:
    """The page, when all numbers are on it."""
    for _ in range(50):
        found = page(client, address)
        if not list(found.having("data-refresh")):
            return found
    raise AssertionError(found.text())


def cards(shown: Page) -> dict[str, Any]:
    """The parts of the page by the label they are of."""
    found = [e for e in shown.all("li") if "portrait" in (e.get("class") or "")]
    return {words(next(e for e in card if e.tag == "h2")): card for card in found}


def mean_of(card: Any) -> str:
    return str(next(e for e in card.iter() if e.tag == "img").get("src"))


def table_of(card: Any) -> list[list[str]]:
    return [[words(cell) for cell in row] for row in card.iter() if row.tag == "tr"]


def joined(truth: Truth) -> tuple[Any, Any]:
    """All images, of volumes the middle slices, and all labels."""
    images = np.concatenate([truth.images(split) for split in SPLITS])
    if images.ndim == 4 and images.shape[3] != 3:
        images = images[:, images.shape[1] // 2]
    return images, np.concatenate([truth.labels(split) for split in SPLITS])


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist", "adrenalmnist3d"])
def test_each_label_has_its_mean_image(name: str, real_client: TestClient, truth: Read) -> None:
    images, labels = joined(truth(name))
    shown = list(cards(pixels(real_client, f"/d/{name}/pixels")).values())
    wanted = [labels >= 0, *(labels == value for value in truth(name).values())]
    assert len(shown) == len(wanted)
    for card, mask in zip(shown, wanted, strict=True):
        expected = np.rint(images[mask].mean(axis=0)).astype(np.uint8)
        np.testing.assert_array_equal(picture(real_client, mean_of(card)), expected)
        assert f"{mask.sum():,} " in words(card)


def test_the_curve_stands_there_as_a_table_too(real_client: TestClient, truth: Read) -> None:
    images, labels = joined(truth("retinamnist"))
    shown = cards(pixels(real_client, "/d/retinamnist/pixels"))
    head, *rows = table_of(shown["proliferative diabetic retinopathy (4)"])
    assert head == ["Values", "red", "green", "blue"]
    assert [row[0] for row in rows] == [f"{n} – {n + 15}" for n in range(0, 256, 16)]
    mine = images[labels == 4].reshape(-1, 3)
    for channel in range(3):
        counts, _ = np.histogram(mine[:, channel], 16, (0, 256))
        assert [row[channel + 1] for row in rows] == [
            f"{100 * count / len(mine):.1f} % ({count:,})" for count in counts
        ]


def test_a_curve_is_as_high_as_the_root_of_its_share(real_client: TestClient, truth: Read) -> None:
    images, labels = joined(truth("breastmnist"))
    shown = pixels(real_client, "/d/breastmnist/pixels")
    shares = [
        np.bincount(images[mask].ravel(), minlength=256) / images[mask].size
        for mask in (labels >= 0, labels == 0, labels == 1)
    ]
    most = max(share.max() for share in shares)
    paths = [e.get("d", "") for e in shown.all("path", class_="channel-grey")]
    for path, share in zip(paths, shares, strict=True):
        tops = np.array([float(v) for v in re.findall(r"V([\d.e-]+)H", path)])
        base = float(path.split()[1].split("V")[0])
        np.testing.assert_allclose(base - tops, 72 * np.sqrt(share / most), atol=0.06)
        ends = [float(h) for h in re.findall(r"H([\d.]+)", path)]
        np.testing.assert_allclose(ends, 320 * np.arange(1, 257) / 256, atol=0.06)
    (drawing, *_) = shown.all("svg", viewBox="0 0 320 88")
    assert words(drawing).split() == ["0", "255"]


def test_the_curves_of_three_colours_stand_one_above_another(real_client: TestClient) -> None:
    shown = pixels(real_client, "/d/retinamnist/pixels")
    bases: list[float] = []
    for colour in ("red", "green", "blue"):
        path = next(shown.all("path", class_=f"channel-{colour}")).get("d", "")
        base = float(path.split()[1].split("V")[0])
        top = min(map(float, re.findall(r"V([\d.]+)", path)))
        assert top >= (bases[-1] if bases else 0)
        bases.append(base)
    assert bases == sorted(bases)


def test_the_filter_decides_what_counts(real_client: TestClient, truth: Read) -> None:
    shown = pixels(real_client, "/d/retinamnist/pixels?split=val&label=1&label=3")
    names = list(cards(shown))
    assert [name[-3:] for name in names[1:]] == ["(1)", "(3)"]
    chosen = truth("retinamnist").selected(("val",), (1, 3))
    assert f"Counted: {len(chosen)} images, all that match." in shown.text()
    expected = truth("retinamnist").cells(chosen).mean(axis=0)
    found = picture(real_client, mean_of(cards(shown)[names[0]]))
    np.testing.assert_array_equal(found, np.rint(expected).astype(np.uint8))


def test_of_volumes_it_is_said_that_the_middle_slice_counts(real_client: TestClient) -> None:
    shown = pixels(real_client, "/d/adrenalmnist3d/pixels")
    assert "Of each volume, its middle slice counts (z = 14)." in shown.text()
    assert "1,584 volumes, all that match" in shown.text()


def test_where_images_have_several_labels_it_is_said_that_each_counts(
    serve: Serve, write: Write
) -> None:
    rows = np.array([[1, 1], [0, 1], [0, 0]], np.uint8)
    images = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    client = serve(write(test_images=images, test_labels=rows))
    shown = pixels(client, "/d/made/pixels")
    assert "An image with several labels counts for each of them." in shown.text()
    found = {name: picture(client, mean_of(card)) for name, card in cards(shown).items()}
    assert list(found) == ["All together", "0", "1", "no label"]
    np.testing.assert_array_equal(found["1"], np.rint(images[:2].mean(axis=0)))
    np.testing.assert_array_equal(found["no label"], images[2])


def test_other_types_are_counted_over_the_window(serve: Serve, write: Write) -> None:
    images = np.random.default_rng(2).normal(0, 50, (60, 4, 4)).astype(np.float32)
    client = serve(write(test_images=images, test_labels=np.zeros(60, np.uint8)))
    shown = pixels(client, "/d/made/pixels")
    rows = table_of(cards(shown)["All together"])
    assert len(rows) == 17
    assert f"{images.mean():.4g}" in shown.text()


def test_values_outside_of_the_ranges_have_lines_of_their_own(serve: Serve, write: Write) -> None:
    images = np.tile(np.linspace(0, 16, 16).reshape(1, 4, 4), (600, 1, 1))
    # Behind those that the window is taken from.
    images[-1, 0] = [-1, 17, np.nan, 18]
    client = serve(write(test_images=images, test_labels=np.arange(600) // 599))
    found = cards(pixels(client, "/d/made/pixels"))
    rows = dict(table_of(found["1"])[1:])
    assert list(rows)[16:] == ["below", "above", "no number"]
    assert [rows[head] for head in ("below", "above", "no number")] == [
        "6.2 % (1)",
        "12.5 % (2)",
        "6.2 % (1)",
    ]
    counts = [int(cell.partition("(")[2].rstrip(")")) for cell in rows.values()]
    assert sum(counts) == 16
    ends = [end for head in list(rows)[:16] for end in head.split(" – ")]
    assert (float(ends[0]), float(ends[-1])) == (0, 16)
    assert len(table_of(found["0"])) == 17


def test_ranges_of_the_largest_numbers_are_named_as_they_are(serve: Serve, write: Write) -> None:
    images = 2 * np.linspace(-0.8e308, 0.8e308, 9 * 16).reshape(9, 4, 4)
    client = serve(write(test_images=images, test_labels=np.zeros(9)))
    rows = table_of(cards(pixels(client, "/d/made/pixels"))["All together"])
    ends = [float(end.replace("−", "-")) for head, _ in rows[1:] for end in head.split(" – ")]
    np.testing.assert_allclose(ends[::2], 2 * np.linspace(-0.8e308, 0.8e308, 17)[:-1], rtol=1e-3)


def test_values_that_are_not_finite_are_left_out_of_the_mean_and_counted(
    serve: Serve, write: Write
) -> None:
    images = np.random.default_rng(2).normal(100, 50, (60, 4, 4)).astype(np.float32)
    images[:50, 0], images[7, 3, 3] = np.nan, np.inf
    labels = np.arange(60) // 30
    client = serve(write(test_images=images, test_labels=labels))
    found = {name: words(card) for name, card in cards(pixels(client, "/d/made/pixels")).items()}
    for name, chosen in (("All together", images), ("0", images[:30]), ("1", images[30:])):
        mean = np.ma.masked_invalid(chosen.astype(np.float64)).mean()
        left_out = (~np.isfinite(chosen)).sum()
        assert f"{mean:.4g}; left out: {left_out} values that are not finite" in found[name]
    compared = pixels(client, "/compare?a=/d/made?label=0&b=/d/made?label=1").text()
    assert "left out: 121 values that are not finite" in compared


def test_where_no_value_is_finite_or_can_be_added_up_no_mean_is_named(
    serve: Serve, write: Write
) -> None:
    images = np.full((4, 3, 3), np.nan)
    images[2:] = 1.7e308
    client = serve(write(test_images=images, test_labels=np.arange(4) // 2))
    found = {name: words(card) for name, card in cards(pixels(client, "/d/made/pixels")).items()}
    assert "no finite value; left out: 18 values that are not finite" in found["0"]
    assert "not known, as the values are too large to be added up" in found["1"]
    assert "left out" not in found["1"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, serve: Serve, write: Write) -> TestClient:
    """A dataset of more items than are counted at once."""
    monkeypatch.setattr(tallies, "SAMPLE_ITEMS", 20)
    images = np.random.default_rng(6).integers(0, 256, (100, 5, 5), np.uint8)
    return serve(write(test_images=images, test_labels=np.arange(100) % 4 // 3))


def test_a_sample_says_so_and_leads_to_all(small: TestClient) -> None:
    shown = pixels(small, "/d/made/pixels?order=random&seed=3&page=2&per_page=7")
    assert (
        "Counted: a random sample of 20 of the 100 images that match, drawn with seed 3."
        in shown.text()
    )
    onward = next(e for e in shown.all("a", rel="nofollow"))
    assert words(onward) == "Compute all 100"
    assert onward.get("href") == "/d/made/pixels?order=random&seed=3&per_page=7&page=2&all=1"
    whole = pixels(small, onward.get("href", ""))
    assert "Counted: 100 images, all that match." in whole.text()
    kept_from_robots = [e.get("href", "") for e in whole.all("a", rel="nofollow")]
    assert not [href for href in kept_from_robots if not href.startswith("/preferences")]
    assert all("all=1" in mean_of(card) for card in cards(whole).values())


def test_a_label_that_a_sample_holds_too_few_of_says_how_many(small: TestClient) -> None:
    shown = pixels(small, "/d/made/pixels")
    numbers = [
        [int(number) for number in re.findall(r"(\d+) of (\d+) images", words(card))[0]]
        for card in cards(shown).values()
    ]
    assert [total for _, total in numbers] == [100, 75, 25]
    assert numbers[0][0] == numbers[1][0] + numbers[2][0] == 20


@pytest.fixture
def halted(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Adding up waits until the test lets it go on."""
    go_on = threading.Event()

    def waiting(dataset: Any, runs: Any, labels: Any, bins: Any, report: Any) -> Any:
        report(100 * 25 // 4)
        assert go_on.wait(PATIENCE)
        return measure(dataset, runs, labels, bins, report)

    monkeypatch.setattr(tallies, "measure", waiting)
    yield go_on
    go_on.set()


def test_until_all_is_added_up_the_page_says_how_far_it_is(
    small: TestClient, halted: threading.Event
) -> None:
    shown = page(small, "/d/made/pixels?all=1")
    assert "The pixels are being added up: 25 % is done." in shown.text()
    assert not cards(shown)
    assert "Counted" not in shown.text()
    (results,) = shown.having("data-refresh")
    assert results.get("data-address") == "/d/made/pixels?all=1"
    halted.set()
    done = pixels(small, "/d/made/pixels?all=1")
    assert len(cards(done)) == 3
    assert "Counted" in done.text()


@pytest.mark.parametrize(
    ("address", "sample"),
    [
        ("/d/made/pixels?label=0&all=1", "/d/made/pixels?label=0"),
        (
            "/compare?a=/d/made?label=0&b=/d/made?label=1&all=1",
            "/compare?a=/d/made?label=0&b=/d/made?label=1",
        ),
    ],
)
def test_the_owner_stops_what_is_being_added_up(
    address: str, sample: str, small: TestClient, halted: threading.Event
) -> None:
    browser = visitor(small)
    shown = page(browser, address)
    assert words(shown.one("button", id="stop")) == "Stop, and look at a sample"
    check = shown.one("input", name="check").get("value")
    action = shown.one("form", method="post").get("action", "")
    stopped = browser.post(action, data={"check": check})
    assert (stopped.status_code, stopped.headers["location"]) == (303, sample)
    halted.set()
    # Begun anew: by now nothing holds it up.
    assert not list(pixels(small, address).all("button", id="stop"))


@pytest.mark.usefixtures("halted")
def test_who_may_only_look_stops_nothing_and_is_led_to_a_sample(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, write: Write
) -> None:
    monkeypatch.setattr(tallies, "SAMPLE_ITEMS", 20)
    file = write(test_images=np.zeros((100, 5, 5), np.uint8), test_labels=np.zeros(100, np.uint8))
    client = serve(file, access="public", owner_token="the-token-of-the-owner")
    shown = page(client, "/d/made/pixels?all=1")
    assert not list(shown.all("button", id="stop"))
    assert "/d/made/pixels" in [link.get("href") for link in shown.all("a")]
    assert client.post("/d/made/pixels/stop?all=1").status_code == 403


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("?page=3&per_page=20&bars=share&view=mean", ""),
        ("?order=label&seed=5", ""),
        ("?seed=2&order=random", "?order=random&seed=2"),
        ("?label=1&split=test&match=all&utm=x", "?split=test&label=1&match=all"),
        # All of few are counted at once: that is no other page.
        ("?all=1&label=0", "?label=0"),
    ],
)
def test_the_address_has_one_form(typed: str, canonical: str, real_client: TestClient) -> None:
    shown = pixels(real_client, f"/d/breastmnist/pixels{typed}")
    button = next(shown.having("data-copy"))
    assert button.get("data-copy") == f"/d/breastmnist/pixels{canonical}"


def test_where_nothing_matches_the_page_says_so(real_client: TestClient) -> None:
    shown = pixels(real_client, "/d/breastmnist/pixels?label=none")
    assert "No images match these filters." in shown.text()
    assert not cards(shown)


@pytest.mark.parametrize(
    ("address", "status", "part"),
    [
        ("/d/nothing/pixels", 404, "nothing"),
        ("/d/breastmnist/pixels?label=9", 404, "no label 9"),
        ("/d/breastmnist/pixels?all=yes", 422, "all must be 1"),
        ("/d/breastmnist/mean.png?of=7", 404, "“7”"),
        ("/d/breastmnist/mean.png?of=", 404, "“”"),
        ("/d/breastmnist/mean.png?all=2", 422, "all must be 1"),
        ("/d/breastmnist/mean.png?label=1&of=0", 404, "“0”"),
        ("/d/breastmnist/mean.png?label=none", 404, "“all”"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(
    address: str, status: int, part: str, real_client: TestClient
) -> None:
    assert part in page(real_client, address, status).text()


def test_of_pictures_too_large_none_is_computed(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "_SUMS_BYTES", 100)
    client = serve(write(test_images=np.zeros((2, 9, 8), np.uint8), test_labels=np.zeros(2)))
    said = "Mean images are not computed of pictures of 8 × 9 pixels."
    assert said in page(client, "/d/made/pixels", 404).text()
    assert client.get("/d/made/mean.png").status_code == 404
    assert "/d/made/pixels" not in [e.get("href") for e in page(client, "/d/made").all("a")]


@pytest.fixture
def damaged(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose damage is found only as its pixels are read."""
    for module in ("job", "store"):
        monkeypatch.setattr(f"app.arrays.{module}.SMALL", 100)
    random = np.random.default_rng(1)
    path = write(
        train_images=random.integers(0, 256, (9, 20, 20), np.uint8),
        train_labels=np.zeros(9),
        test_images=random.integers(0, 256, (90, 20, 20), np.uint8),
        test_labels=np.zeros(90),
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x40
    path.write_bytes(data)
    return path


def test_a_damaged_file_has_no_numbers_but_a_sentence(serve: Serve, damaged: Path) -> None:
    shown = pixels(serve(damaged), "/d/made/pixels")
    assert "test_images" in shown.text()
    assert not cards(shown)
    # This is read aloud.
    assert shown.one("div", id="results").get("data-summary") == "Some numbers were not computed."


def test_what_is_wrong_with_a_file_is_said_in_the_language_of_the_page(
    serve: Serve, damaged: Path
) -> None:
    client = serve(damaged)
    client.headers["accept-language"] = "de"
    assert "test_images stimmt nicht mit ihrer Prüfsumme" in page(client, "/d/made/pixels").text()


def test_a_mean_image_is_asked_for_again_by_its_tag(real_client: TestClient) -> None:
    address = "/d/breastmnist/mean.png?of=1"
    first = real_client.get(address)
    again = real_client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
