"""Looking at one image: its exact pixels, zoom, readout, slices, and the way on and back."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from .conftest import arrive, enlarged, seen, visit

Images = Callable[[str, str], NDArray[Any]]

FLAT = pytest.mark.parametrize(
    ("name", "split", "index"), [("retinamnist", "test", 9), ("breastmnist", "val", 3)]
)


def picture(page: Page, place: int = 0) -> Locator:
    return page.locator(".stage img").nth(place)


def scale_of(element: Locator, pixels: NDArray[Any]) -> int:
    """How many CSS pixels show one pixel: a whole number, the same both ways."""
    box = element.bounding_box()
    assert box
    scale = box["width"] / pixels.shape[1]
    assert scale == box["height"] / pixels.shape[0]
    assert scale == int(scale)
    return int(scale)


@pytest.mark.parametrize(
    ("name", "split", "index"), [("retinamnist", "test", 9), ("breastmnist", "val", 3)]
)
def test_the_picture_is_drawn_pixel_by_pixel_at_a_whole_scale(
    name: str, split: str, index: int, page: Page, images: Images
) -> None:
    visit(page, f"/d/{name}/{split}/{index}")
    pixels = images(name, split)[index]
    scale = scale_of(picture(page), pixels)
    assert scale > 3
    np.testing.assert_array_equal(seen(picture(page)), enlarged(pixels, scale))


def test_a_phone_on_its_side_shows_all_of_a_picture(page: Page, images: Images) -> None:
    page.set_viewport_size({"width": 740, "height": 360})
    visit(page, "/d/retinamnist/test/9")
    pixels = images("retinamnist", "test")[9]
    assert 200 < scale_of(picture(page), pixels) * len(pixels) <= 360


def test_zoom_by_button_and_by_key_doubles_the_picture(page: Page, images: Images) -> None:
    visit(page, "/d/retinamnist/test/9?label=0")
    pixels = images("retinamnist", "test")[9]
    plain = scale_of(picture(page), pixels)
    page.get_by_role("link", name="Zoom in").click()
    arrive(page, "zoom=2")
    assert scale_of(picture(page), pixels) == 2 * plain
    page.keyboard.press("+")
    arrive(page, "zoom=4")
    assert scale_of(picture(page), pixels) == 4 * plain
    page.keyboard.press("-")
    arrive(page, "zoom=2")
    assert "label=0" in page.url


def point_at(page: Page, element: Locator, row: int, column: int, scale: int) -> None:
    box = element.bounding_box()
    assert box
    page.mouse.move(
        box["x"] + (column + 0.5) * scale,
        box["y"] + (row + 0.5) * scale,
    )


@pytest.mark.parametrize(
    ("name", "split", "index"), [("retinamnist", "test", 9), ("breastmnist", "val", 3)]
)
def test_the_readout_gives_the_numbers_of_the_file(
    name: str, split: str, index: int, page: Page, images: Images
) -> None:
    page.set_viewport_size({"width": 1280, "height": 1000})
    visit(page, f"/d/{name}/{split}/{index}")
    pixels = images(name, split)[index]
    scale = scale_of(picture(page), pixels)
    for row, column in ((0, 0), (3, 20), (27, 27), (14, 5)):
        point_at(page, picture(page), row, column, scale)
        numbers = ", ".join(str(value) for value in np.atleast_1d(pixels[row, column]))
        expect(page.locator("[data-readout]")).to_have_text(
            f"row {row}, column {column}: {numbers}"
        )


def test_the_readout_is_moved_by_keys(page: Page, images: Images) -> None:
    visit(page, "/d/breastmnist/val/3")
    pixels = images("breastmnist", "val")[3]
    page.locator(".stage").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    text = page.locator("[data-readout]")
    expect(text).to_contain_text("row 2")
    found = re.fullmatch(r"row (\d+), column (\d+): (\d+)", text.inner_text())
    assert found
    row, column, value = map(int, found.groups())
    assert pixels[row, column] == value
    assert "/val/3" in page.url


def test_a_phone_is_told_of_touching_not_of_keys_and_a_touch_reads_a_pixel(
    elsewhere: Callable[..., Page], images: Images
) -> None:
    page = elsewhere(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    visit(page, "/d/retinamnist/test/9")
    text = page.locator("[data-readout]")
    expect(text.locator(":visible")).to_have_text("Touch the picture to read its pixels.")
    picture(page).tap()
    expect(text).to_contain_text("row 14")
    found = re.fullmatch(r"row (\d+), column (\d+): (\d+, \d+, \d+)", text.inner_text())
    assert found
    row, column = map(int, found.groups()[:2])
    told = ", ".join(str(value) for value in images("retinamnist", "test")[9][row, column])
    assert found[3] == told
    visit(page, "/d/adrenalmnist3d/test/4")
    expect(page.get_by_text("Touch a plane to move the crosshair.")).to_be_visible()
    expect(page.get_by_text("arrow keys")).to_be_hidden()


def test_the_keyboard_alone_leads_to_an_image_on_and_back(page: Page) -> None:
    visit(page, "/d/retinamnist?label=3&per_page=20&page=2")
    on_thumb = "document.activeElement?.dataset.index !== undefined"
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(on_thumb):
            break
    assert page.evaluate(on_thumb)
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    arrive(page, re.escape(first) + "$")
    page.keyboard.press("ArrowRight")
    arrive(page, re.escape(second) + "$")
    page.keyboard.press("ArrowLeft")
    arrive(page, re.escape(first) + "$")
    page.keyboard.press("Escape")
    arrive(page, r"\?label=3&per_page=20&page=2$")


def test_focus_is_seen(page: Page) -> None:
    visit(page, "/d/breastmnist")
    page.locator("[data-split]").first.focus()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
