"""How pictures are seen: said by the address, done by the browser, carried by every link."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import cmap
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from starlette.testclient import TestClient

from app.pictures.lookup import MAPS
from app.pictures.window import Window
from app.web.display import Display, Values, parse

from .conftest import Serve, Write
from .reading import Page, page, picture, words
from .visiting import send, share, visitor

GREY, VOLUME, COLOUR = "/d/breastmnist/test/3", "/d/adrenalmnist3d/test/4", "/d/retinamnist/test/9"
EVERY_PAGE = pytest.mark.parametrize("address", [GREY, VOLUME, COLOUR, "/d/breastmnist"])
SETTING = "window=20-180&invert=1&map=viridis&smooth=1"
OWNER = "the-token-of-the-owner"


def transferred(shown: Page, pixels: NDArray[Any]) -> NDArray[Any]:
    """What SVG's discrete transfer functions on the page make of 8-bit pixels (SVG 1.1, 15.11)."""
    pixels = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1)
    channels = []
    for number, letter in enumerate("RGB"):
        function = shown.one("feFunc" + letter)
        assert function.get("type") == "discrete"
        found = np.array([float(value) for value in (function.get("tableValues") or "").split()])
        place = np.minimum((pixels[..., number] / 255 * len(found)).astype(int), len(found) - 1)
        channels.append(found[place] * 255)
    return np.stack(channels, axis=-1)


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


NUMBER = st.one_of(
    st.integers(-(10**9), 10**9).map(float),
    st.floats(-1e300, 1e300, allow_nan=False, allow_infinity=False),
)


@given(st.tuples(NUMBER, NUMBER), st.booleans(), st.sampled_from(MAPS), st.booleans())
def test_an_address_reads_as_what_it_was_printed_from(
    ends: tuple[float, float], inverted: bool, name: Any, smooth: bool
) -> None:
    values = Values(Window(0.25, 0.5))
    window = Window(min(ends), max(ends)) if ends[0] != ends[1] else None
    display = Display(window, inverted, name, smooth)
    assert parse(display.query(), values) == display
    # Nothing that an address would have to escape.
    assert re.fullmatch(r"[a-z0-9=&.-]*", display.query())


@pytest.mark.parametrize(
    ("query", "part"),
    [
        *(("low=dark", "low"), ("low=nan", "low"), ("high=1e999", "high"), ("high=1_0", "high")),
        *(("low=%D9%A3", "low"), ("low=300", "low"), ("low=5&high=5", "low")),
        *(("window=5", "window"), ("window=9-3", "window"), ("window=a-b", "window")),
        *(("window=1-2-3", "window"), ("window=1e999-2e999", "window"), ("window=-", "window")),
        *(("invert=yes", "invert"), ("smooth=2", "smooth"), ("map=jet", "map")),
    ],
)
@EVERY_PAGE
def test_what_cannot_be_is_refused_with_its_name(
    address: str, query: str, part: str, real_client: TestClient
) -> None:
    shown = page(real_client, f"{address}?{query}", 422)
    assert [words(each) for each in shown.all("code")] == [part] or part in shown.text()


@EVERY_PAGE
def test_nothing_is_seen_through_anything_unless_it_is_asked_for(
    address: str, real_client: TestClient
) -> None:
    shown = page(real_client, address)
    assert not list(shown.all("filter"))
    assert not [each for each in shown.having("class") if "displayed" in each.get("class", "")]
    usual = page(real_client, f"{address}?window=0-255&invert=0&map=grey&smooth=")
    (copied,) = (each.get("data-copy") for each in usual.having("data-copy"))
    assert copied == address


@pytest.mark.parametrize("address", [GREY, VOLUME, "/d/breastmnist"])
@pytest.mark.parametrize("query", ["window=50-200", "window=-10.5-1e3", "invert=1", "high=9"])
def test_the_window_is_numpys_and_inverting_turns_it_over(
    address: str, query: str, real_client: TestClient
) -> None:
    ends: dict[str, list[float]] = {
        "window=50-200": [50, 200],
        "window=-10.5-1e3": [-10.5, 1000],
        "high=9": [0, 9],
    }
    expected = np.rint(np.interp(np.arange(256), ends.get(query, [0, 255]), [0, 255]))
    expected = 255 - expected if query == "invert=1" else expected
    seen = transferred(page(real_client, f"{address}?{query}"), np.arange(256, dtype=np.uint8))
    assert np.abs(seen - expected[:, None]).max() < 1


@pytest.mark.parametrize("name", [each for each in MAPS if each != "grey"])
def test_false_colours_are_those_of_their_name(name: str, real_client: TestClient) -> None:
    shown = page(real_client, f"{GREY}?map={name}&window=20-180")
    shares = np.interp(np.arange(256), [20, 180], [0, 1])
    expected = np.asarray(cmap.Colormap(name)(shares))[:, :3] * 255
    seen = transferred(shown, np.arange(256, dtype=np.uint8))
    # Between two of a map's colours a library rounds its own way.
    assert np.abs(seen - expected).max() < 5


@pytest.mark.parametrize("address", [GREY, VOLUME, "/d/breastmnist"])
def test_pictures_are_sent_as_they_are_however_they_are_seen(
    address: str, real_client: TestClient
) -> None:
    def sources(query: str) -> set[str]:
        html = real_client.get(f"{address}?{query}").text
        return set(re.findall(r'(?:src|data-src|data-sheet)="([^"]+\.png[^"]*)"', html))

    assert sources("") == sources(SETTING) != set()
    plain = picture(real_client, f"{GREY}.png")
    np.testing.assert_array_equal(picture(real_client, f"{GREY}.png?{SETTING}"), plain)


def test_a_window_on_deep_values_is_drawn_from_the_values(serve: Serve, write: Write) -> None:
    pixels = np.random.default_rng(4).integers(0, 60_000, (1, 9, 9), np.uint16)
    client = serve(write(test_images=pixels, test_labels=np.zeros((1, 1), np.uint8)))
    shown = page(client, "/d/made/test/0?window=1000-1200&invert=1")
    drawn = picture(client, shown.one("img").get("src", ""))
    expected = np.rint(np.interp(pixels[0], [1000, 1200], [0, 255]))
    np.testing.assert_array_equal(drawn, expected)
    assert np.abs(transferred(shown, drawn) - (255 - expected)[..., None]).max() < 1
    assert client.get("/d/made/test/0.npy?window=1-2").content.endswith(pixels.tobytes())


@pytest.mark.parametrize("address", ["/d/made", "/d/made/test/0"])
def test_how_deep_values_are_shown_is_said_as_long_as_it_is_so(
    address: str, serve: Serve, write: Write
) -> None:
    pixels = np.array([-300, 0, 5, 700], np.int16).reshape(1, 2, 2)
    client = serve(write(test_images=pixels, test_labels=np.zeros((1, 1), np.uint8)))
    said = "Shown through a window from -300 (black) to 700 (white)"
    for query in ("", "smooth=1", "window=-300-700"):
        assert said in page(client, f"{address}?{query}").text().replace("−", "-")
    for query in ("window=-300-600", "invert=1", "map=inferno"):
        assert "Shown through" not in page(client, f"{address}?{query}").text()


def test_pictures_of_two_values_are_seen_from_0_to_1(serve: Serve, write: Write) -> None:
    pixels = np.array([0, 1, 1, 0], bool).reshape(1, 2, 2)
    client = serve(write(test_images=pixels, test_labels=np.zeros((1, 1), np.uint8)))
    plain = page(client, "/d/made/test/0?window=0-1")
    assert not list(plain.all("filter"))
    np.testing.assert_array_equal(picture(client, plain.one("img").get("src", "")), pixels[0])
    # Of a window twice as wide, the ones are in the middle.
    wide = transferred(page(client, "/d/made/test/0?window=0-2"), pixels[0] * np.uint8(255))
    np.testing.assert_allclose(wide[..., 0], pixels[0] * 127.5, atol=1)


@EVERY_PAGE
def test_every_way_on_keeps_what_one_sees_by_and_reset_takes_it_away(
    address: str, real_client: TestClient
) -> None:
    shown = page(real_client, f"{address}?label=0&{SETTING}")
    ways = [
        link
        for link in shown.links()
        if re.match(r"/d/\w+(/\w+/\d+)?(\?|$)", link) and link != address
    ]
    kept = [link for link in ways if "window=20-180" in link]
    assert {"invert": "1", "smooth": "1"}.items() <= query_of(kept[0]).items()
    (reset,) = (a.get("href") for a in shown.all("a") if words(a) == "Reset")
    assert (reset or "").replace("&page=1", "") == f"{address}?label=0"
    stray = {words(a) for a in shown.all("a") if a.get("href") in set(ways) - set(kept)}
    assert {text.partition(":")[0] for text in stray} <= {"Reset", "Fit to this image"}
    (form,) = (each for each in shown.all("form") if list(each.iter("details")))
    carried = {
        e.get("name"): e.get("value") for e in form.iter("input") if e.get("name") == "label"
    }
    assert carried == {"label": "0"}


@pytest.mark.parametrize(
    "beside",
    [
        f"/d/breastmnist/export?label=0&{SETTING}",
        f"/d/breastmnist/pixels?label=0&{SETTING}",
        f"/collections/add?of={quote(f'/d/breastmnist?label=0&{SETTING}', safe='')}",
    ],
)
def test_the_way_back_from_a_page_beside_the_grid_keeps_what_one_sees_by(
    beside: str, real_client: TestClient
) -> None:
    back = [
        link
        for link in page(real_client, beside).links()
        if urlsplit(link).path == "/d/breastmnist" and "label=0" in link
    ]
    assert back
    assert all(link.endswith(SETTING) for link in back)


def test_what_is_found_is_seen_by_the_same(real_client: TestClient) -> None:
    for typed in ("test 3", "malignant"):
        answer = real_client.get(
            f"/d/breastmnist/find?{SETTING}&find={typed}", follow_redirects=False
        )
        assert answer.status_code == 303
        assert answer.headers["location"].endswith(SETTING)


def test_colour_images_have_a_window_for_each_channel_and_no_false_colours(
    real_client: TestClient,
) -> None:
    shown = page(real_client, f"{COLOUR}?map=viridis&window=10-90")
    assert not list(shown.all("select", name="map"))
    assert "Colour images keep their own colours" in shown.text()
    (copied,) = (each.get("data-copy") for each in shown.having("data-copy"))
    assert copied == f"{COLOUR}?window=10-90"
    pixels = picture(real_client, f"{COLOUR}.png")
    expected = np.interp(pixels, [10, 90], [0, 255])
    assert np.abs(transferred(shown, pixels) - expected).max() < 1


def test_the_scale_names_the_values_at_its_ends(real_client: TestClient) -> None:
    scale = page(real_client, f"{GREY}?window=20-180&map=inferno").one("p", class_="scale")
    assert words(scale) == "20 180"
    (bar,) = (each for each in scale.iter() if each.get("role") == "img")
    assert bar.get("aria-label") == "Colour scale from 20 to 180, window 20 to 180, Inferno"
    stops = [each.get("stop-color") for each in scale.iter() if each.get("stop-color")]
    assert stops == ["rgb(20,20,20)", "rgb(180,180,180)"]


@pytest.mark.parametrize("ends", [(-1e308, 1e308), (0.0, 1e-310), (-3.0, 5.0)])
def test_a_scale_begins_at_its_grey_however_large_or_small_values_are(
    ends: tuple[float, float], serve: Serve, write: Write
) -> None:
    images = np.array([ends[0], 0.0, 0.0, ends[1]]).reshape(1, 2, 2)
    client = serve(write(test_images=images, test_labels=np.zeros(1, int)))
    window = f"low={ends[0] / 4 + ends[1] / 4 * 3!r}&high={ends[1]!r}".replace("+", "")
    scale = page(client, f"/d/made?{window}").one("p", class_="scale")
    # From three quarters of the range on, of 255 levels.
    stops = [each.get("stop-color") for each in scale.iter() if each.get("stop-color")]
    assert stops == ["rgb(191,191,191)", "rgb(255,255,255)"]


@pytest.mark.published
def test_the_range_of_the_image_itself_is_one_step_away(
    real_client: TestClient, truth: Any
) -> None:
    pixels = truth("breastmnist").images("test")[3]
    shown = page(real_client, GREY)
    (fit,) = (a for a in shown.all("a") if words(a).startswith("Fit to this image"))
    assert fit.get("href") == f"{GREY}?window={pixels.min()}-{pixels.max()}"


def test_any_number_of_displays_leaves_the_pages_of_others_as_they_are(
    real_client: TestClient,
) -> None:
    plain = real_client.get("/d/breastmnist?per_page=20").text
    for low in range(100):
        assert (
            f"window={low}-180"
            in real_client.get(f"/d/breastmnist?per_page=20&low={low}&high=180").text
        )
    assert real_client.get("/d/breastmnist?per_page=20").text == plain
    assert "window=" not in plain


@pytest.fixture
def owner(serve: Serve, write: Write, tmp_path: Path) -> TestClient:
    pixels = np.random.default_rng(5).integers(0, 256, (240, 7, 7), np.uint8)
    labels = (np.arange(240)[:, None] % 2 + 8_800).astype(np.int64)
    path = write("atlas.npz", test_images=pixels, test_labels=labels)
    return serve(path, database_url=f"sqlite:///{tmp_path}/reviews.sqlite")


@pytest.mark.parametrize("hides", ["", "1"])
def test_a_guest_gets_what_the_link_was_made_with_and_may_change_it(
    hides: str, owner: TestClient
) -> None:
    link = share(owner, f"/d/atlas?label=8801&{SETTING}", hide_labels=hides)
    address, _sign, query = link.partition("?")
    assert query == SETTING
    guest = visitor(owner)
    for at in (link, f"{address}?page=2&{SETTING}", f"{address}/3?{SETTING}"):
        shown = page(guest, at)
        assert transferred(shown, np.array([[20]], np.uint8)).max() >= 200
        stray = {
            words(a).partition(":")[0]
            for a in shown.all("a")
            if a.get("href", "").startswith("/s/") and SETTING not in a.get("href", "")
        }
        assert stray <= {"Reset", "Fit to this image"}
        if hides:
            assert not re.search(r"\b880[01]\b|\b(test|split|index)\b", guest.get(at).text)
    wrong = guest.get(f"{address}/3?low=200&high=20")
    assert wrong.status_code == 422
    assert f"{address}/3" in list(Page(wrong.text).links())


def test_a_reader_sees_by_the_same_setting_from_image_to_image(owner: TestClient) -> None:
    fields = {"title": "Reading", "question": "Is it so?", "scale": "yes-no", "practice": "3"}
    assert send(owner, "/studies/new?of=/d/atlas", "/studies", **fields).status_code == 303
    made = send(owner, "/studies/1", "/studies/1/readers", name="A", days="30").text
    (link,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    reader = visitor(owner)
    shown = page(reader, f"{link}/read/2?{SETTING}&zoom=2")
    assert transferred(shown, np.array([[20]], np.uint8)).max() >= 200
    ways = {way for way in shown.links() if way.startswith(f"{link}/read/")}
    assert {way for way in ways if SETTING not in way} == {f"{link}/read/2?zoom=2"}
    action = f"{link}/answers?{SETTING}"
    html = reader.get(f"{link}/read/2?{SETTING}").text
    check = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))
    answer = reader.post(action, data={**check, "choice": "1"})
    assert answer.headers["location"] == f"{link}/read/3?{SETTING}"
    # A pause keeps it, and the zoom; what is no setting is of no matter there.
    assert f"{link}?{SETTING}&zoom=2" in shown.links()
    onwards = page(reader, f"{link}?{SETTING}").links()
    assert {f"{link}/read?{SETTING}"} == {way for way in onwards if "/read" in way}
    assert f"{link}/read" in page(reader, f"{link}?map=jet").links()
    practising = page(reader, f"{link}/practice/1?choice=1&{SETTING}")
    assert f"{link}/practice/2?{SETTING}" in practising.links()
    assert page(reader, f"{link}/read/1?map=jet", 422).text()
