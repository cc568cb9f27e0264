"""Looking through a data set: filters, pages, Back, and links that show the same elsewhere."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Page, Route, expect
from running import Server

from .conftest import Watch, enlarged, seen, shown, thumb, visit

Images = Callable[[str, str], NDArray[Any]]


def mark(page: Page) -> None:
    """Leave a mark that a full load would wipe out."""
    page.evaluate("window.kept = true")


def is_same_document(page: Page) -> bool:
    return bool(page.evaluate("window.kept === true"))


@pytest.mark.parametrize("name", ["retinamnist", "breastmnist"])
def test_thumbnails_are_the_pixels_of_the_file_three_times_as_large(
    name: str, page: Page, images: Images
) -> None:
    visit(page, f"/d/{name}")
    for index in (0, 11, 99):
        expected = enlarged(images(name, "train")[index], 3)
        np.testing.assert_array_equal(seen(thumb(page, "train", index)), expected)


def test_thumbnails_swapped_in_are_the_pixels_of_the_file(page: Page, images: Images) -> None:
    visit(page, "/d/retinamnist")
    mark(page)
    page.locator("#page-next").click()
    expect(thumb(page, "train", 199)).to_be_visible()
    for index in (100, 199):
        expected = enlarged(images("retinamnist", "train")[index], 3)
        np.testing.assert_array_equal(seen(thumb(page, "train", index)), expected)
    assert is_same_document(page)


def test_a_volume_is_shown_by_its_middle_slice(page: Page, images: Images) -> None:
    visit(page, "/d/adrenalmnist3d?split=val")
    expected = enlarged(images("adrenalmnist3d", "val")[7][14], 3)
    np.testing.assert_array_equal(seen(thumb(page, "val", 7)), expected)


def test_a_filter_is_followed_without_loading_the_page_again(page: Page) -> None:
    visit(page, "/d/retinamnist")
    mark(page)
    page.locator("#split-test").click()
    expect(page.locator("h1")).to_contain_text("test")
    expect(page).to_have_url(re.compile(r"/d/retinamnist\?split=test$"))
    page.locator("#label-4").click()
    expect(page).to_have_url(re.compile(r"/d/retinamnist\?split=test&label=4$"))
    expect(page.locator("h1")).to_contain_text("4")
    assert {split for split, _ in shown(page)} == {"test"}
    assert is_same_document(page)


@pytest.mark.parametrize("by", ["pointer", "key"])
def test_a_box_that_is_pressed_when_an_answer_comes_is_ticked(page: Page, by: str) -> None:
    visit(page, "/d/retinamnist")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/d/retinamnist?*", hold, times=1)
    with page.expect_request("**/d/retinamnist?*"):
        page.locator("#label-1").click(no_wait_after=True)
    box = page.locator("#label-3")
    if by == "pointer":
        box.hover()
        page.mouse.down()
    else:
        box.focus()
        page.keyboard.down(" ")
    with page.expect_event("requestfinished"):
        held[0].continue_()
    # Longer than it takes to put an answer in place, shorter than any press is waited for.
    page.wait_for_timeout(300)
    if by == "pointer":
        page.mouse.up()
    else:
        page.keyboard.up(" ")
    expect(page).to_have_url(re.compile(r"/d/retinamnist\?label=1&label=3$"))
    assert ticked(page) == ["label-1", "label-3"]


def test_of_boxes_that_are_ticked_in_quick_succession_none_is_lost(page: Page) -> None:
    visit(page, "/d/retinamnist")
    for box in ("#label-1", "#label-3", "#label-4", "#split-val", "#label-4"):
        page.locator(box).click(no_wait_after=True)
    expect(page).to_have_url(re.compile(r"/d/retinamnist\?split=val&label=1&label=3$"))
    expect(page.locator("h1")).to_contain_text("val")
    assert ticked(page) == ["label-1", "label-3", "split-val"]


def test_boxes_say_what_is_seen_also_after_going_back(page: Page) -> None:
    visit(page, "/d/retinamnist?label=2")
    page.locator("#split-test").click()
    expect(page).to_have_url(re.compile("split=test&label=2$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"retinamnist\?label=2$"))
    expect(page.locator("#split-test")).not_to_be_checked()
    assert ticked(page) == ["label-2"]


def ticked(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "#filters input:checked", "(boxes) => boxes.map((box) => box.id)"
    )
    return found


def test_the_title_of_the_window_says_what_is_seen(page: Page) -> None:
    visit(page, "/d/breastmnist")
    page.locator("#label-0").click()
    expect(page).to_have_title(re.compile("malignant"))


def test_a_filter_is_taken_away_by_its_chip(page: Page) -> None:
    visit(page, "/d/retinamnist?split=test&label=4")
    page.locator(".chip", has_text="test").click()
    expect(page).to_have_url(re.compile(r"/d/retinamnist\?label=4$"))


def test_pages_go_forth_and_back(page: Page) -> None:
    visit(page, "/d/retinamnist")
    page.locator("#page-next").click()
    expect(page).to_have_url(re.compile(r"\?page=2$"))
    expect(thumb(page, "train", 100)).to_be_visible()
    page.locator("#page-previous").click()
    expect(page).to_have_url(re.compile(r"/d/retinamnist$"))
    expect(thumb(page, "train", 0)).to_be_visible()


def test_back_and_forward_restore_results_with_their_pictures(page: Page, images: Images) -> None:
    visit(page, "/d/retinamnist")
    page.locator("#split-val").click()
    expect(page).to_have_url(re.compile("split=val"))
    page.locator("#page-next").click()
    expect(page).to_have_url(re.compile("page=2"))
    page.go_back()
    expect(thumb(page, "val", 0)).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?split=val$"))
    expected = enlarged(images("retinamnist", "val")[0], 3)
    np.testing.assert_array_equal(seen(thumb(page, "val", 0)), expected)
    page.go_back()
    expect(thumb(page, "train", 0)).to_be_visible()
    expected = enlarged(images("retinamnist", "train")[0], 3)
    np.testing.assert_array_equal(seen(thumb(page, "train", 0)), expected)
    page.go_forward()
    expect(thumb(page, "val", 0)).to_be_visible()
    page.go_forward()
    expect(thumb(page, "val", 100)).to_be_visible()
    expected = enlarged(images("retinamnist", "val")[100], 3)
    np.testing.assert_array_equal(seen(thumb(page, "val", 100)), expected)


def test_back_from_an_image_shows_the_grid_one_came_from(page: Page) -> None:
    visit(page, "/d/retinamnist")
    page.locator("#label-2").click()
    expect(page.locator("h1")).to_contain_text("(2)")
    before = shown(page)
    page.locator("[data-split]").nth(5).click()
    expect(page.locator(".stage")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?label=2$"))
    expect(page.locator("[data-split]").first).to_be_visible()
    assert shown(page) == before


def test_a_copied_link_shows_the_same_elsewhere(
    page: Page, context: BrowserContext, elsewhere: Callable[..., Page]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, "/d/retinamnist?order=random&seed=12")
    page.locator("#split-train").click()
    expect(page.locator("h1")).to_contain_text("train")
    page.locator("#page-next").click()
    expect(page.locator(".summary")).to_contain_text("Page 2 of")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    other = elsewhere()
    visit(other, copied)
    assert shown(other) == shown(page)
    assert other.url == page.url


def test_the_form_sends_itself_when_something_is_chosen(page: Page) -> None:
    visit(page, "/d/breastmnist?label=1")
    mark(page)
    page.get_by_label("Images per page").select_option("20")
    expect(page).to_have_url(re.compile(r"\?label=1&.*per_page=20$"))
    page.get_by_label("Order", exact=True).select_option("random")
    expect(page).to_have_url(re.compile(r"\?label=1&order=random.*&per_page=20$"))
    expect(page.locator("[data-split]")).to_have_count(20)
    assert is_same_document(page)


def test_shuffling_again_shows_another_order(page: Page) -> None:
    visit(page, "/d/breastmnist?order=random")
    before = shown(page)
    page.locator("#shuffle").click()
    expect(page.get_by_label("Seed (sets the random order)")).to_have_value("1")
    assert shown(page) != before


def test_a_bar_of_the_histogram_filters_by_keyboard(page: Page) -> None:
    visit(page, "/d/breastmnist")
    bar = page.locator("a.bar-link").nth(4)
    target = bar.get_attribute("href")
    assert target
    bar.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(target) + "$"))


def test_a_change_is_said_aloud(page: Page) -> None:
    visit(page, "/d/breastmnist")
    page.locator("#label-0").click()
    expect(page.locator("h1")).to_contain_text("malignant")
    said = page.locator(".summary").inner_text()
    expect(page.get_by_role("status")).to_have_text(said)


@pytest.fixture
def shrinking(tmp_path: Path) -> Callable[[int], Path]:
    """A file that can be written again with another number of items."""

    def write(number: int) -> Path:
        # At once: what the page asks for meanwhile, by itself, would be refused for the moment.
        whole = tmp_path / "whole" / "shrinking.npz"
        whole.parent.mkdir(exist_ok=True)
        np.savez(
            whole,
            test_images=np.full((number, 8, 8), number % 256, np.uint8),
            test_labels=np.arange(number) % 2,
        )
        return whole.replace(tmp_path / "shrinking.npz")

    return write


def test_a_page_that_has_vanished_is_swapped_in_as_a_readable_error(
    page: Page, shrinking: Callable[[int], Path], tmp_path: Path, watch: Watch
) -> None:
    # What the page fetches ahead while its file is replaced is refused for the moment.
    watch.expected = ["404", "503"]
    with Server(shrinking(250), LIGHTBOX_CACHE_DIR=str(tmp_path / "cache")) as server:
        watch.address = server.address
        visit(page, f"{server.address}/d/shrinking?page=2")
        mark(page)
        shrinking(5)
        page.locator("#page-next").click()
        expect(page.locator("h1")).to_have_text("Not found")
        expect(page.locator("#results")).to_contain_text("There is no page 3")
        page.get_by_role("link", name="Back to this dataset").click()
        expect(page.locator("[data-split]")).to_have_count(5)


def test_on_a_phone_what_takes_a_filter_away_is_in_sight(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    visit(page, "/d/retinamnist?split=test&label=2")
    crosses = page.locator(".chip .cross")
    expect(crosses).to_have_count(2)
    for cross in crosses.all():
        expect(cross).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("link", name="Clear all")).to_be_in_viewport(ratio=1)


def test_narrow_images_have_room_for_their_label_and_for_a_finger(
    page: Page, tmp_path: Path, watch: Watch
) -> None:
    images = np.zeros((12, 100, 4), np.uint8)
    np.savez(tmp_path / "narrow.npz", test_images=images, test_labels=np.arange(12) % 2)
    with Server(tmp_path, LIGHTBOX_CACHE_DIR=str(tmp_path / "cache")) as server:
        watch.address = server.address
        page.set_viewport_size({"width": 360, "height": 740})
        for thumbs in ("small", "fit"):
            visit(page, f"{server.address}/d/narrow?thumbs={thumbs}")
            assert page.evaluate(
                "[...document.querySelectorAll('.caption')].every("
                "c => c.scrollWidth <= c.clientWidth)"
            )
        visit(page, f"{server.address}/collections/add?of=/d/narrow")
        boxes = [box.bounding_box() for box in page.locator(".grid input").all()]
        places = sorted((box["y"], box["x"], box["width"]) for box in boxes if box)
        assert len(places) == len(images)
        # None lies upon another; 24 px from one to the next is what WCAG 2.2 asks for (2.5.8).
        for (y, x, width), (below, beside, _) in pairwise(places):
            assert below > y or beside - x >= max(width, 24)


def test_a_server_that_has_gone_is_said_and_nothing_is_lost(
    page: Page, shrinking: Callable[[int], Path], tmp_path: Path, watch: Watch
) -> None:
    watch.expected = ["ERR_CONNECTION_REFUSED", "Failed to fetch"]
    with Server(shrinking(250), LIGHTBOX_CACHE_DIR=str(tmp_path / "cache")) as server:
        watch.address = server.address
        visit(page, f"{server.address}/d/shrinking")
        server.end()
        page.locator("#page-next").click()
        expect(page.get_by_text("The server did not answer").first).to_be_visible()
        expect(page.locator("[data-split]")).to_have_count(100)


def test_selections_side_by_side_stay_in_step_whatever_is_said_above_one(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    visit(page, "/compare?a=/d/adrenalmnist3d?view=max&b=/d/breastmnist")
    expect(page.locator(".in-step").first.get_by_text("along z")).to_be_visible()
    sides = page.locator(".in-step").evaluate_all("""all => all.map((side) => {
      const thumbs = [...side.querySelectorAll(".pixels")].map((e) => e.getBoundingClientRect());
      const out = [...side.querySelectorAll("a.button")].at(-1).getBoundingClientRect();
      return [thumbs[0].top, out.top - thumbs.at(-1).bottom];
    })""")
    (first, under_first), (second, under_second) = sides
    assert first == second
    assert min(under_first, under_second) >= 0
