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


@pytest.mark.parametrize(("number", "axis"), [(0, "z"), (1, "y"), (2, "x")])
def test_a_slider_moves_through_the_volume_and_the_address_follows(
    number: int, axis: str, page: Page, images: Images
) -> None:
    visit(page, "/d/adrenalmnist3d/test/4?label=1")
    volume = images("adrenalmnist3d", "test")[4]
    slider = page.locator(f"#slice-{axis}")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(rf"label=1&.*{axis}=17"))
    expected = np.take(volume, 17, axis=number)
    expect(picture(page, number)).to_have_attribute("src", re.compile("slice=17"))
    scale = scale_of(picture(page, number), expected)
    np.testing.assert_array_equal(seen(picture(page, number)), enlarged(expected, scale))


def test_the_address_of_a_slice_shows_it_again(
    page: Page, images: Images, elsewhere: Callable[..., Page]
) -> None:
    visit(page, "/d/adrenalmnist3d/test/4")
    page.locator("#slice-y").fill("5")
    page.locator("#slice-x").fill("22")
    expect(page).to_have_url(re.compile("y=5&x=22"))
    other = elsewhere()
    visit(other, page.url)
    volume = images("adrenalmnist3d", "test")[4]
    for place, expected in ((1, volume[:, 5]), (2, volume[:, :, 22])):
        scale = scale_of(picture(other, place), expected)
        np.testing.assert_array_equal(seen(picture(other, place)), enlarged(expected, scale))


def test_the_readout_follows_the_slice(page: Page, images: Images) -> None:
    visit(page, "/d/adrenalmnist3d/test/4")
    page.locator("#slice-z").fill("10")
    expect(picture(page)).to_have_attribute("src", re.compile("slice=10"))
    plane = images("adrenalmnist3d", "test")[4][10]
    row, column = (int(place) for place in np.unravel_index(plane.argmax(), plane.shape))
    point_at(page, picture(page), row, column, scale_of(picture(page), plane))
    expect(page.locator("[data-readout]")).to_have_text(
        f"row {row}, column {column}: {plane[row, column]}"
    )


def test_the_png_to_download_is_the_slice_that_is_shown(page: Page) -> None:
    visit(page, "/d/adrenalmnist3d/test/4")
    page.locator("#slice-z").fill("6")
    expect(page).to_have_url(re.compile("z=6"))
    download = page.get_by_role("link", name="Exact PNG")
    expect(download).to_have_attribute("href", re.compile(r"axis=z&slice=6$"))


def test_the_next_volume_is_shown_at_the_same_slice(page: Page) -> None:
    visit(page, "/d/adrenalmnist3d/test/4")
    page.locator("#slice-z").fill("6")
    arrive(page, "z=6")
    page.get_by_role("link", name="Next").click()
    arrive(page, r"/test/5\?z=6")


def test_zooming_keeps_the_slice(page: Page) -> None:
    visit(page, "/d/adrenalmnist3d/test/4")
    page.locator("#slice-y").fill("6")
    arrive(page, "y=6")
    page.get_by_role("link", name="Zoom in").click()
    arrive(page, "zoom=2")
    expect(picture(page, 1)).to_have_attribute("src", re.compile("slice=6"))


def test_the_keyboard_alone_leads_to_an_image_on_and_back(page: Page) -> None:
    visit(page, "/d/retinamnist?label=3&per_page=20&page=2")
    on_thumb = "document.activeElement?.dataset.index !== undefined"
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(on_thumb):
            break
    assert page.evaluate(on_thumb)
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Tab")
    second = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Shift+Tab")
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
