"""By hand: the keyboard alone, looking closer, a finger on a phone, and no network."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Locator, Page, expect
from running import Server

from .conftest import OWNER, Watch, arrive, enlarged, seen, shown, visit
from .test_everyone import AXE

Images = Callable[[str, str], NDArray[Any]]
GRID = "/d/retinamnist?split=test&per_page=20"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def at(page: Page) -> tuple[str, int]:
    """Split and index of the image that has the focus."""
    expect(page.locator("a.thumb:focus")).to_have_count(1)
    split, index = page.evaluate(
        "(({dataset}) => [dataset.split, dataset.index])(document.activeElement)"
    )
    return split, int(index)


def thumb(page: Page, index: int) -> Locator:
    return page.locator(f'a.thumb[data-split="test"][data-index="{index}"]')


def look(page: Page) -> Locator:
    return page.locator("dialog[open]")


def tab_to(page: Page, wanted: str, most: int = 150) -> None:
    """Press Tab until what has the focus matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    pytest.fail(f"Tab did not reach {wanted}")


def test_by_keys_alone_from_the_catalogue_over_a_filter_to_an_image_back_and_a_link(
    page: Page, context: BrowserContext, elsewhere: Callable[..., Page]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, "/")
    tab_to(page, 'a[href="/d/retinamnist"]')
    page.keyboard.press("Enter")
    arrive(page, "/d/retinamnist$")
    page.keyboard.press("f")
    tab_to(page, "#split-test", 15)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"split=test$"))
    expect(page.locator("#split-test")).to_be_focused()
    page.keyboard.press("j")
    assert at(page) == ("test", 0)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    arrive(page, r"/test/1\?split=test$")
    page.keyboard.press("j")
    arrive(page, r"/test/2\?split=test$")
    page.keyboard.press("k")
    arrive(page, r"/test/1\?split=test$")
    page.keyboard.press("Escape")
    arrive(page, r"/d/retinamnist\?split=test$")
    assert at(page) == ("test", 1)
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert at(page) == ("test", 1)
    other = elsewhere()
    visit(other, page.evaluate("navigator.clipboard.readText()"))
    assert shown(other) == shown(page)


def test_without_javascript_tab_and_enter_alone_do_the_same(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(java_script_enabled=False)
    page.goto("/")

    def tab(wanted: str, most: int = 150) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.locator(f":is({wanted}):focus").count():
                return
        pytest.fail(f"Tab did not reach {wanted}")

    tab('a[href="/d/retinamnist"]')
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/d/retinamnist$"))
    tab("#split-test")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("split=test$"))
    tab('[data-index="0"]')
    # Each image is a stop of its own.
    tab('[data-index="1"]', 1)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("test 1")
    tab('a[rel="next"]')
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("test 2")
    tab("a.back")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/d/retinamnist\?split=test$"))
    tab('[name="find"]')
    page.keyboard.type("test 17")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("test 17")


def test_tab_stops_once_in_a_grid_and_arrows_move_by_rows_and_columns(page: Page) -> None:
    visit(page, GRID)
    tab_to(page, "a.thumb")
    assert at(page) == ("test", 0)
    boxes = page.locator(".cell").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().top)"
    )
    columns = boxes.count(boxes[0])
    assert 1 < columns < 20
    for key, index in (
        ("ArrowRight", 1),
        ("ArrowDown", 1 + columns),
        ("ArrowLeft", columns),
        ("ArrowUp", 0),
        ("ArrowUp", 0),
    ):
        page.keyboard.press(key)
        assert at(page) == ("test", index)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.thumb')")
    page.keyboard.press("Shift+Tab")
    assert at(page) == ("test", columns)


def test_arrows_go_on_over_the_ends_of_a_page_and_the_change_is_said(page: Page) -> None:
    visit(page, GRID)
    thumb(page, 19).focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("page=2"))
    expect(thumb(page, 20)).to_be_focused()
    expect(page.locator("#live")).to_have_text("Page 2 of 20, 20 of 400 images")
    page.keyboard.press("ArrowLeft")
    expect(thumb(page, 19)).to_be_focused()
    page.keyboard.press("n")
    expect(thumb(page, 20)).to_be_focused()
    page.keyboard.press("p")
    expect(thumb(page, 0)).to_be_focused()


def test_g_and_a_number_go_to_that_page(page: Page) -> None:
    visit(page, GRID)
    page.keyboard.press("g")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?split=test&per_page=20&page=7$"))
    expect(thumb(page, 120)).to_be_visible()
    expect(page.locator("#live")).to_have_text("Page 7 of 20, 20 of 400 images")


def test_a_page_that_is_not_there_is_said(page: Page, watch: Watch) -> None:
    watch.expected = ["404"]
    visit(page, GRID)
    page.keyboard.press("g")
    page.keyboard.type("70")
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_contain_text("There is no page 70")


def test_the_search_narrows_the_labels_and_finds_an_image(page: Page) -> None:
    visit(page, "/d/retinamnist?split=test")
    page.keyboard.press("/")
    page.keyboard.type("severe")
    expect(page.locator("#label-3")).to_be_visible()
    expect(page.locator("[data-found] li:visible")).to_have_count(1)
    # Of what is said of a label only its name counts: not the word before the number of images.
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("er")
    expect(page.locator("#label-0")).to_be_hidden()
    expect(page.locator("[data-found] li:visible")).to_have_count(4)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("test 17")
    expect(page.locator("[data-found] li:visible")).to_have_count(5)
    page.keyboard.press("Enter")
    arrive(page, r"/d/retinamnist/test/17\?split=test$")


def test_on_a_phone_f_opens_the_filters(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(**PHONE)
    visit(page, GRID)
    expect(page.locator("#split-val")).to_be_hidden()
    page.keyboard.press("f")
    expect(page.locator("#split-val")).to_be_visible()
    tab_to(page, "#label-0", 5)


def test_the_keys_are_shown_over_the_page_and_put_away(page: Page) -> None:
    visit(page, GRID)
    thumb(page, 3).focus()
    page.keyboard.press("?")
    expect(look(page)).to_contain_text("next and previous page")
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.evaluate(AXE.read_text())
    assert not page.evaluate("axe.run()")["violations"]
    page.keyboard.press("Escape")
    expect(look(page)).to_have_count(0)
    expect(thumb(page, 3)).to_be_focused()
    expect(page).to_have_url(re.compile(re.escape(GRID) + "$"))


def test_without_javascript_the_keys_are_a_page(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(java_script_enabled=False)
    page.goto("/keys")
    expect(page.locator("h1")).to_have_text("Keys")
    expect(page.locator("main")).to_contain_text("next and previous page")


def test_keys_that_are_turned_off_do_nothing(page: Page) -> None:
    visit(page, "/preferences")
    page.locator('[name="keys"][value="off"]').check()
    page.locator("main form button").click()
    visit(page, GRID)
    thumb(page, 4).focus()
    for key in ("n", "j", "k", "c", "g", "f", "/", "x", "?"):
        page.keyboard.press(key)
    assert at(page) == ("test", 4)
    expect(look(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(re.escape(GRID) + "$"))
    page.keyboard.press("ArrowRight")
    assert at(page) == ("test", 5)


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


STILL = """async () => {
  for (let before; before !== scrollY; await new Promise((over) => setTimeout(over, 100))) {
    before = scrollY;
  }
}"""


def drag(page: Page, element: Locator, by: tuple[int, int]) -> None:
    """Move a finger over an element, as the browser's own touch events."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    send = page.context.new_cdp_session(page).send
    send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for part in range(1, 6):
        point = {"x": x + by[0] * part / 5, "y": y + by[1] * part / 5}
        send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


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


def test_a_finger_turns_what_is_looked_at_closer(elsewhere: Callable[..., Page]) -> None:
    page = elsewhere(**PHONE, is_mobile=True)
    visit(page, GRID)
    thumb(page, 5).focus()
    page.keyboard.press("Space")
    expect(look(page)).to_contain_text("test 5")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    drag(page, look(page).locator("img"), (-140, 0))
    expect(look(page)).to_contain_text("test 6")


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


def test_arrows_within_a_choice_choose_and_do_not_leave_the_image(page: Page) -> None:
    visit(page, "/d/breastmnist/test/5")
    choice = page.get_by_role("radio")
    choice.first.focus()
    page.keyboard.press("ArrowRight")
    expect(choice.nth(1)).to_be_checked()
    expect(page).to_have_url(re.compile("/test/5$"))


def test_a_finger_moves_a_picture_that_is_larger_than_the_screen(
    elsewhere: Callable[..., Page],
) -> None:
    page = elsewhere(**PHONE, is_mobile=True)
    visit(page, "/d/retinamnist/test/5?zoom=4")
    drag(page, page.locator(".stage"), (-140, 0))
    expect(page).to_have_url(re.compile(r"/test/5\?zoom=4$"))
