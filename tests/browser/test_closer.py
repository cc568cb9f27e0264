"""Looking closer: an image over the grid, by keys, pointer and a finger; and for guests."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from running import Server

from .conftest import OWNER, Watch, enlarged, seen, visit
from .hands import GRID, PHONE, drag, look, thumb
from .test_everyone import AXE

Images = Callable[[str, str], NDArray[Any]]


def test_space_looks_closer_arrows_go_on_and_escape_leads_back(page: Page, images: Images) -> None:
    visit(page, GRID)
    thumb(page, 18).focus()
    page.keyboard.press("Space")
    expect(look(page)).to_contain_text("test 18")
    expect(page).to_have_url(re.compile(r"/test/18\?split=test&per_page=20$"))
    for index in (19, 20):
        page.keyboard.press("ArrowRight")
        expect(look(page)).to_contain_text(f"test {index}")
    page.keyboard.press("k")
    expect(look(page)).to_contain_text("test 19")
    picture = look(page).locator("img")
    page.wait_for_load_state("networkidle")
    box = picture.bounding_box()
    assert box
    scale = int(box["width"] / 28)
    assert (box["width"], box["height"]) == (28 * scale, 28 * scale)
    expected = enlarged(images("retinamnist", "test")[19], scale)
    np.testing.assert_array_equal(seen(picture), expected)
    page.evaluate(AXE.read_text())
    assert not page.evaluate("axe.run()")["violations"]
    page.keyboard.press("Escape")
    expect(look(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(re.escape(GRID) + "$"))
    expect(thumb(page, 19)).to_be_focused()


def test_back_closes_and_forward_opens_what_was_looked_at(page: Page) -> None:
    visit(page, GRID)
    page.evaluate("window.kept = true")
    thumb(page, 5).focus()
    page.keyboard.press("Space")
    expect(look(page)).to_contain_text("test 5")
    page.go_back()
    expect(look(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(re.escape(GRID) + "$"))
    expect(thumb(page, 5)).to_be_focused()
    page.go_forward()
    expect(look(page)).to_contain_text("test 5")
    assert page.evaluate("window.kept")


def test_a_reload_or_a_shared_address_gives_the_same_image(
    page: Page, elsewhere: Callable[..., Page]
) -> None:
    visit(page, GRID)
    thumb(page, 5).focus()
    page.keyboard.press("Space")
    expect(look(page)).to_contain_text("test 5")
    other = elsewhere()
    visit(other, page.url)
    expect(other.locator("h1")).to_have_text("RetinaMNIST · test 5")
    page.reload(wait_until="networkidle")
    expect(page.locator("h1")).to_have_text("RetinaMNIST · test 5")
    page.go_back()
    expect(page.locator("h1")).to_have_text("RetinaMNIST · test · 400 images")
    expect(thumb(page, 5)).to_be_visible()


def test_a_pointer_finds_a_button_to_look_closer_and_closes_beside_it(page: Page) -> None:
    visit(page, GRID)
    thumb(page, 7).hover()
    page.get_by_role("link", name="Look closer").click()
    expect(look(page)).to_contain_text("test 7")
    page.mouse.click(3, 3)
    expect(look(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(re.escape(GRID) + "$"))


def test_a_volume_is_looked_at_by_its_middle_slice(page: Page, images: Images) -> None:
    visit(page, "/d/adrenalmnist3d?split=test")
    thumb(page, 4).focus()
    page.keyboard.press("Space")
    picture = look(page).locator("img")
    expect(picture).to_be_visible()
    page.wait_for_load_state("networkidle")
    box = picture.bounding_box()
    assert box
    expected = enlarged(images("adrenalmnist3d", "test")[4][14], int(box["width"] / 28))
    np.testing.assert_array_equal(seen(picture), expected)
    look(page).get_by_role("link", name="Open the whole page").click()
    expect(page.locator(".stage")).to_have_count(3)


@pytest.fixture
def guest(elsewhere: Callable[..., Page], private: Server, watch: Watch) -> Page:
    """A blinded link to the fifth grade of RetinaMNIST's test images, opened by who got it."""
    watch.address = private.address
    owner = elsewhere()
    visit(owner, f"{private.address}/?token={OWNER}")
    visit(owner, f"{private.address}/share?of=/d/retinamnist?split=test%26label=4")
    owner.get_by_label("Hide labels").check()
    owner.get_by_role("button", name="Make the link").click()
    page = elsewhere()
    visit(page, owner.get_by_label("The link").input_value())
    return page


def test_a_guest_looks_closer_and_is_told_no_label_split_or_index(guest: Page) -> None:
    link = guest.url
    guest.keyboard.press("j")
    guest.keyboard.press("ArrowRight")
    guest.keyboard.press("Space")
    for number in (2, 3):
        expect(look(guest)).to_contain_text(f"Image {number}")
        expect(look(guest).locator("img")).to_be_visible()
        assert not re.search(r"\b(test|train|val)\b|proliferative", look(guest).inner_html())
        expect(guest).to_have_url(re.compile(rf"/s/[^/]+/{number}$"))
        guest.keyboard.press("ArrowRight")
    guest.keyboard.press("Escape")
    expect(look(guest)).to_have_count(0)
    expect(guest).to_have_url(link)


def test_a_finger_turns_what_is_looked_at_closer(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(**PHONE, is_mobile=True)
    visit(page, GRID)
    thumb(page, 5).focus()
    page.keyboard.press("Space")
    expect(look(page)).to_contain_text("test 5")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    drag(page, look(page).locator("img"), (-140, 0))
    expect(look(page)).to_contain_text("test 6")
