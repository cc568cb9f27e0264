"""Collections in a browser: with and without JavaScript, by mouse and keys, wide and narrow."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from running import Server

from .conftest import OWNER, enlarged, seen, shown, thumb, visit
from .test_notes import fits_and_reads

COLLECT = "/collections/add?of=/d/retinamnist?split=val"

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def open_as_owner(elsewhere: Callable[..., Page], private: Server) -> Callable[..., Page]:
    """Open a page of the server as its owner."""

    def open_page(address: str, **settings: object) -> Page:
        page = elsewhere(**settings)
        joint = "&" if "?" in address else "?"
        visit(page, f"{private.address}{address}{joint}token={OWNER}")
        return page

    return open_page


def chosen(page: Page) -> list[int]:
    """The indexes of the images whose boxes are ticked."""
    found: list[int] = page.locator("li:has(:checked) [data-index]").evaluate_all(
        "all => all.map(each => Number(each.dataset.index))"
    )
    return found


def test_without_javascript_images_are_ticked_collected_moved_and_put_back(
    open_as_owner: Callable[..., Page], images: Callable[[str, str], NDArray[np.uint8]]
) -> None:
    page = open_as_owner("/d/retinamnist?split=val", java_script_enabled=False)
    page.get_by_role("link", name="Collect", exact=True).click()
    for index in (3, 5):
        page.locator(f'[data-index="{index}"]').click()
    page.get_by_label("Into the collection").select_option("")
    page.get_by_label("Name of a new one").fill("Plain")
    page.get_by_role("button", name="Add to the collection").click()
    expect(page.locator("h1")).to_have_text("Plain")
    page.wait_for_load_state("networkidle")
    assert shown(page) == [("val", 3), ("val", 5)]
    expected = enlarged(images("retinamnist", "val")[5], 3)[30:]
    np.testing.assert_array_equal(seen(thumb(page, "val", 5))[30:], expected)
    page.emulate_media(media="print")
    expect(
        page.locator("form:visible, summary:visible, input:visible, button:visible")
    ).to_have_count(0)
    expect(thumb(page, "val", 5)).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_label(re.compile("^Choose .*val 5")).check()
    page.get_by_role("button", name="Earlier").click()
    expect(page).to_have_url(re.compile("done=move"))
    assert shown(page) == [("val", 5), ("val", 3)]
    page.get_by_role("button", name="Undo").click()
    expect(page).not_to_have_url(re.compile("done="))
    assert shown(page) == [("val", 3), ("val", 5)]
    page.locator('[data-index="3"]').click()
    expect(page.locator("h1")).to_contain_text("val 3")


def test_shift_click_ticks_all_between_and_x_the_one_in_focus(
    open_as_owner: Callable[..., Page],
) -> None:
    page = open_as_owner(COLLECT)
    page.locator('[data-index="2"]').click()
    page.locator('[data-index="6"]').click(modifiers=["Shift"])
    assert chosen(page) == [2, 3, 4, 5, 6]
    expect(page.locator("#live")).to_have_text("5 chosen")
    page.locator('[data-index="4"]').click()
    assert chosen(page) == [2, 3, 5, 6]
    page.keyboard.press("x")
    assert chosen(page) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("javascript", [True, False])
def test_enter_in_the_field_of_a_place_moves_the_image_there(
    javascript: bool, open_as_owner: Callable[..., Page]
) -> None:
    page = open_as_owner(COLLECT, java_script_enabled=javascript)
    for index in (1, 4, 7):
        page.locator(f'[data-index="{index}"]').click()
    page.get_by_label("Into the collection").select_option("")
    page.get_by_label("Name of a new one").fill("By place")
    page.get_by_role("button", name="Add to the collection").click()
    page.get_by_label(re.compile("^Choose .*val 1,")).check()
    page.get_by_label("To place").fill("3")
    page.get_by_label("To place").press("Enter")
    expect(page).to_have_url(re.compile("done=move"))
    assert shown(page) == [("val", 4), ("val", 7), ("val", 1)]


def test_who_goes_back_sees_what_is_in_it_now(open_as_owner: Callable[..., Page]) -> None:
    page = open_as_owner(COLLECT)
    for index in (1, 4):
        page.locator(f'[data-index="{index}"]').click()
    page.get_by_label("Into the collection").select_option("")
    page.get_by_label("Name of a new one").fill("Now")
    page.get_by_role("button", name="Add to the collection").click()
    page.get_by_label(re.compile("^Choose .*val 1,")).check()
    page.locator("button[value=remove]").click()
    expect(page).to_have_url(re.compile("done=remove"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("done=remove"))
    expect(page.locator("h1")).to_have_text("Now")
    assert shown(page) == [("val", 4)]


def test_on_a_narrow_screen_no_button_touches_another(
    open_as_owner: Callable[..., Page],
) -> None:
    page = open_as_owner(COLLECT, locale="de", viewport={"width": 320, "height": 640})
    page.locator('[data-index="2"]').click()
    page.locator("select[name=to]").select_option("")
    page.locator("#name").fill("Eng")
    page.locator("button[value=add]").click()
    expect(page.locator("h1")).to_have_text("Eng")
    boxes = [button.bounding_box() for button in page.locator(".change p > .button").all()]
    tops = sorted({box["y"] for box in boxes if box})
    assert len(boxes) == 3
    assert len(tops) == 2
    assert tops[1] - tops[0] >= max(box["height"] for box in boxes if box) + 4


def test_a_name_is_asked_for_only_where_it_counts(open_as_owner: Callable[..., Page]) -> None:
    page = open_as_owner(COLLECT)
    collection, name = page.get_by_label("Into the collection"), page.get_by_label("Name of a new")
    collection.select_option("")
    name.fill("Only one")
    page.locator('[data-index="2"]').click()
    page.get_by_role("button", name="Add to the collection").click()
    expect(page.locator("h1")).to_have_text("Only one")
    visit(page, page.url.partition("/collections")[0] + COLLECT)
    collection.select_option("Only one")
    expect(name).to_be_hidden()
    collection.select_option("")
    expect(name).to_be_visible()


@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_fit_and_axe_finds_nothing(
    width: int, open_as_owner: Callable[..., Page]
) -> None:
    page = open_as_owner(COLLECT)
    fits_and_reads(page, width)
    page.get_by_label("All that match").check()
    page.get_by_label("Into the collection").select_option("")
    page.get_by_label("Name of a new one").fill(f"Wide {width}")
    page.get_by_role("button", name="Add to the collection").click()
    expect(page.locator("h1")).to_have_text(f"Wide {width}")
    fits_and_reads(page, width)
    page.get_by_role("link", name="Collections").first.click()
    expect(page.locator("h1")).to_have_text("Collections")
    fits_and_reads(page, width)
