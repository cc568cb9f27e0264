"""By hand: the keyboard alone, from the catalogue to a link."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .conftest import Watch, arrive, shown, visit
from .hands import GRID, at, look, tab_to, thumb
from .test_everyone import AXE


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
    page.keyboard.press("Space")
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
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("[?&]split=test$"))
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


def test_arrows_within_a_choice_choose_and_do_not_leave_the_image(page: Page) -> None:
    visit(page, "/d/breastmnist/test/5")
    choice = page.get_by_role("radio")
    choice.first.focus()
    page.keyboard.press("ArrowRight")
    expect(choice.nth(1)).to_be_checked()
    expect(page).to_have_url(re.compile("/test/5$"))
