"""How pictures are seen: the pixels on the screen are what NumPy makes of those of the file."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import cmap
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import arrive, enlarged, seen, thumb, visit

Images = Callable[[str, str], NDArray[Any]]
ITEM = "/d/breastmnist/test/3"


def windowed(pixels: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    found: NDArray[Any] = np.interp(pixels, [low, high], [0, 255])
    return found


def coloured(pixels: NDArray[Any], name: str) -> NDArray[Any]:
    found: NDArray[Any] = np.asarray(cmap.Colormap(name)(pixels / 255))[..., :3] * 255
    return found


def assert_seen(shown: NDArray[Any], expected: NDArray[Any], most: float = 1) -> None:
    """The screen shows these pixels, each as a square, up to so many levels of 255."""
    large = enlarged(expected, shown.shape[0] // expected.shape[0])
    assert shown.shape == large.shape
    assert np.abs(shown.astype(float) - large).max() <= most


@pytest.mark.parametrize("name", ["viridis", "inferno", "cividis"])
def test_an_image_is_seen_in_the_colours_of_a_map(name: str, page: Page, images: Images) -> None:
    visit(page, f"{ITEM}?map={name}")
    expected = coloured(images("breastmnist", "test")[3], name)
    # A map is kept to a level of 255, cividis to two, and each is rounded once.
    assert_seen(seen(page.locator("img.picture")), expected, 2.5)


def test_an_image_is_seen_through_a_window_and_inverted(page: Page, images: Images) -> None:
    visit(page, f"{ITEM}?window=20-180&invert=1")
    expected = 255 - windowed(images("breastmnist", "test")[3], 20, 180)
    assert_seen(seen(page.locator("img.picture")), expected)


def test_each_channel_of_a_colour_image_has_the_window(page: Page, images: Images) -> None:
    visit(page, "/d/retinamnist/test/9?window=10-90")
    assert_seen(
        seen(page.locator("img.picture")), windowed(images("retinamnist", "test")[9], 10, 90)
    )


def test_thumbnails_are_seen_so_page_after_page(page: Page, images: Images) -> None:
    visit(page, "/d/breastmnist?split=train&window=20-180&map=inferno")
    pixels = images("breastmnist", "train")
    for index in (0, 57):
        expected = coloured(windowed(pixels[index], 20, 180), "inferno")
        # Between two of a map's colours a library rounds its own way.
        assert_seen(seen(thumb(page, "train", index)), expected, 5)
    page.locator("#page-next").click()
    arrive(page, r"\?split=train&page=2&window=20-180&map=inferno$")
    expected = coloured(windowed(pixels[100], 20, 180), "inferno")
    assert_seen(seen(thumb(page, "train", 100)), expected, 5)
    caption = page.locator(".caption").first
    assert caption.evaluate("each => getComputedStyle(each).filter") == "none"
    page.locator("#display-reset").click()
    arrive(page, r"\?split=train&page=2$")
    assert_seen(seen(thumb(page, "train", 100)), pixels[100], 0)


def test_a_closer_look_is_seen_as_its_grid_is(page: Page, images: Images) -> None:
    visit(page, "/d/breastmnist?split=val&window=20-180&invert=1")
    page.locator('[data-split="val"][data-index="5"]').focus()
    page.keyboard.press("Space")
    closer = page.locator("dialog[open] .closer img")
    expect(closer).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert_seen(seen(closer), 255 - windowed(images("breastmnist", "val")[5], 20, 180))


@pytest.mark.published
def test_the_form_sets_it_and_the_numbers_below_stay_those_of_the_file(
    page: Page, images: Images
) -> None:
    pixels = images("breastmnist", "test")[3]
    visit(page, f"{ITEM}?label=1")
    page.get_by_text("Display").click()
    page.get_by_label("White from").fill("100")
    page.get_by_label("False colours").select_option("viridis")
    page.get_by_role("button", name="Apply").click()
    arrive(page, "label=1.*window=0-100&map=viridis$")
    assert_seen(seen(page.locator("img.picture")), coloured(windowed(pixels, 0, 100), "viridis"), 5)
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-readout]")).to_have_text(
        re.compile(rf"row 0, column \d: ({pixels[0, 0]}|{pixels[0, 1]})$")
    )
    page.locator(".stage").evaluate("each => each.blur()")
    page.get_by_role("link", name="Next").click()
    arrive(page, r"/test/4\?label=1&window=0-100&map=viridis$")
    page.get_by_role("link", name="Back to the grid").click()
    arrive(page, r"/d/breastmnist\?label=1&page=5&window=0-100&map=viridis$")


def test_the_grids_form_works_without_javascript(
    elsewhere: Callable[..., Page], images: Images
) -> None:
    plain = elsewhere(java_script_enabled=False)
    plain.goto("/d/breastmnist?split=val&per_page=20")
    plain.get_by_text("Display").click()
    plain.get_by_label("Invert").check()
    plain.get_by_role("button", name="Apply").last.click()
    expect(plain).to_have_url(re.compile("split=val&per_page=20.*invert=1"))
    assert_seen(seen(thumb(plain, "val", 7)), 255 - images("breastmnist", "val")[7])


def test_smooth_is_for_who_asks_and_shows_nothing_of_a_neighbour(
    page: Page, images: Images
) -> None:
    pixels = images("breastmnist", "test")[3]
    visit(page, f"{ITEM}?smooth=1")
    smooth = seen(page.locator("img.picture"))
    side = len(smooth) // 28
    middle = smooth[side // 2 :: side, side // 2 :: side, 0].astype(float)
    assert np.abs(middle - pixels).mean() < 16
    assert len(np.unique(smooth)) > len(np.unique(pixels))
    visit(page, "/d/breastmnist?split=test&smooth=1")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    edge = seen(thumb(page, "test", 3))[0]
    assert {tuple(each) for each in edge.tolist()} == {
        tuple(int(part) for part in re.findall(r"\d+", ground)[:3])
    }


def test_the_scale_runs_through_the_colours_of_the_map(page: Page) -> None:
    visit(page, f"{ITEM}?window=20-180&map=viridis")
    bar = seen(page.locator(".scale svg"))
    row = bar[len(bar) // 2, 2:-2].astype(float)
    shares = np.linspace(0, 255, len(row))
    # Of 160 grey levels, drawn over more pixels than that.
    assert np.abs(row - coloured(shares, "viridis")).max() <= 12


def test_at_two_pixels_for_one_the_pixels_are_the_same(
    elsewhere: Callable[..., Page], images: Images
) -> None:
    fine = elsewhere(device_scale_factor=2, viewport={"width": 1280, "height": 1200})
    visit(fine, f"{ITEM}?window=20-180")
    box = fine.locator("img.picture").bounding_box()
    assert box
    with Image.open(BytesIO(fine.screenshot(scale="device"))) as image:
        window = np.asarray(image.convert("RGB"))
    side = round(box["width"] * 2) // 28
    top, left = round(box["y"] * 2), round(box["x"] * 2)
    # The middle of each square.
    middles = window[top + side // 2 :: side, left + side // 2 :: side][:28, :28]
    expected = windowed(images("breastmnist", "test")[3], 20, 180)
    assert len(middles) == 28
    assert np.abs(middles.astype(float) - expected[..., None]).max() <= 1


def test_a_long_value_is_seen_whole_in_its_field(page: Page) -> None:
    visit(page, f"{ITEM}?window=0.00123456-179.12345678")
    fields = page.locator('.tone [type="number"]')
    expect(fields).to_have_count(2)
    for field in fields.all():
        # A field of numbers does not scroll; one of text says how wide the same text is.
        assert field.evaluate(
            """field => {
              const padding = getComputedStyle(field);
              const text = document.createElement("canvas").getContext("2d");
              text.font = padding.font;
              const room = field.clientWidth
                - parseFloat(padding.paddingLeft) - parseFloat(padding.paddingRight);
              return text.measureText(field.value).width <= room + 0.5;
            }"""
        )
