"""A finger on a phone, and no network."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .conftest import Watch, arrive, shown, visit
from .hands import GRID, PHONE, STILL, drag, tab_to, thumb
from .test_everyone import AXE


def test_on_a_phone_f_opens_the_filters(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(**PHONE)
    visit(page, GRID)
    expect(page.locator("#split-val")).to_be_hidden()
    page.keyboard.press("f")
    expect(page.locator("#split-val")).to_be_visible()
    tab_to(page, "#label-0", 5)


def test_a_choice_leaves_the_others_where_a_finger_is_over_them(
    elsewhere: Callable[..., Page],
) -> None:
    page = elsewhere(**PHONE, is_mobile=True, reduced_motion="reduce")
    visit(page, "/d/retinamnist")
    page.locator("#to-rail").tap()
    chosen = page.locator("#label-2")
    before = chosen.bounding_box()
    chosen.tap()
    expect(page.locator("#label-clear")).to_be_visible()
    after = chosen.bounding_box()
    assert before
    assert after
    assert after["y"] == pytest.approx(before["y"], abs=1)


def test_a_finger_turns_from_image_to_image(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(**PHONE, is_mobile=True)
    visit(page, "/d/retinamnist/test/5?split=test")
    picture = page.locator(".stage img")
    drag(page, picture, (-140, 10))
    arrive(page, r"/test/6\?split=test$")
    drag(page, picture, (140, 10))
    arrive(page, r"/test/5\?split=test$")
    # Up and down is scrolling.
    drag(page, picture, (-60, -200))
    expect(page).to_have_url(re.compile(r"/test/5\?split=test$"))
    # While it still scrolls, Chromium warns of how Playwright sees to it that a tap meets the link.
    page.evaluate(STILL)
    page.get_by_role("link", name="Next").tap()
    arrive(page, r"/test/6\?split=test$")


def test_nothing_keeps_two_fingers_from_zooming(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(**PHONE, is_mobile=True)
    visit(page, "/d/retinamnist/test/5")
    send = page.context.new_cdp_session(page).send
    send("Input.synthesizePinchGesture", {"x": 180, "y": 400, "scaleFactor": 3})
    page.wait_for_function("visualViewport.scale > 1.5")
    # Zoomed, a finger moves over the picture and does not leave it.
    drag(page, page.locator(".stage img"), (-100, 0))
    expect(page).to_have_url(re.compile("/test/5$"))


@pytest.mark.parametrize("address", ["/", GRID, "/d/retinamnist/test/5", "/keys"])
def test_what_a_finger_presses_is_large_enough(
    address: str, elsewhere: Callable[..., Page]
) -> None:
    page = elsewhere(**PHONE, is_mobile=True)
    visit(page, address)
    small = page.locator(":is(a.button, button, select, input, summary):visible").evaluate_all(
        """all => all.map(each => [each.outerHTML.slice(0, 80), each.closest("label") ?? each])
             .map(([html, each]) => [html, each.getBoundingClientRect()])
             .filter(([, box]) => box.width > 1 && (box.height < 44 || box.width < 44))
             .map(([html, box]) => `${box.width} × ${box.height}: ${html}`)"""
    )
    assert not small


@pytest.mark.parametrize("address", [GRID, "/d/breastmnist/about", "/catalogue/organmnist3d"])
def test_a_finger_hits_one_link_and_not_its_neighbour(
    address: str, elsewhere: Callable[..., Page]
) -> None:
    # In German words are longer, and the footer takes several lines.
    page = elsewhere(**PHONE, is_mobile=True, locale="de-DE")
    visit(page, address)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {runOnly: ['target-size']})")
    assert found["passes"]
    assert [node["html"] for each in found["violations"] for node in each["nodes"]] == []


def test_a_network_that_has_gone_is_said_until_it_is_back(
    page: Page, context: BrowserContext, watch: Watch
) -> None:
    watch.expected = ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
    visit(page, GRID)
    context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("You are offline")
    page.locator("#page-next").click()
    expect(page.get_by_role("alert")).to_contain_text("You are offline")
    assert len(shown(page)) == 20
    context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator("#page-next").click()
    expect(thumb(page, 20)).to_be_visible()


def test_over_plain_http_a_link_is_copied_all_the_same(page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, GRID)
    # As in a browser that does not trust the address; what was copied is read by the test only.
    page.evaluate("window.board = navigator.clipboard")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("board.readText()") == page.url


def test_a_finger_moves_a_picture_that_is_larger_than_the_screen(
    elsewhere: Callable[..., Page],
) -> None:
    page = elsewhere(**PHONE, is_mobile=True)
    visit(page, "/d/retinamnist/test/5?zoom=4")
    drag(page, page.locator(".stage"), (-140, 0))
    expect(page).to_have_url(re.compile(r"/test/5\?zoom=4$"))
