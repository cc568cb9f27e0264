"""Pages for everyone: without JavaScript, on a narrow screen, in the dark, with a screen reader."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from running import Server

from .conftest import OWNER, ROOT, Watch, enlarged, seen, shown, thumb, visit

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

PAGES = {
    "catalogue": "/",
    "catalogue, searched": "/?q=ct&dimensions=3",
    "published": "/catalogue/organmnist3d",
    "published, here": "/catalogue/breastmnist",
    "sizes": "/d/breastmnist/test/3/sizes",
    "sizes of a volume": "/d/adrenalmnist3d/test/4/sizes",
    "grid": "/d/retinamnist?split=test&label=4&label=2",
    "shuffled": "/d/breastmnist?order=random&seed=3&per_page=20&page=3",
    "item": "/d/retinamnist/test/9?label=0",
    "zoomed": "/d/breastmnist/val/3?zoom=8",
    "volume": "/d/adrenalmnist3d/test/4",
    "montage": "/d/adrenalmnist3d?split=val&per_page=20&view=montage",
    "volume, inverted": "/d/adrenalmnist3d/test/4?zoom=2&z=9&high=128&invert=1",
    "item, in false colours": "/d/breastmnist/test/3?window=20-180&map=viridis",
    "grid, inverted": "/d/retinamnist?split=val&per_page=20&invert=1&smooth=1",
    "about": "/d/retinamnist/about",
    "about, binary": "/d/breastmnist/about",
    "pixels": "/d/retinamnist/pixels?split=val",
    "pixels, volumes": "/d/adrenalmnist3d/pixels",
    "compare": "/compare?a=/d/retinamnist?split=val&b=/d/retinamnist?label=4&c=/d/breastmnist",
    "compare, one": "/compare?a=/d/retinamnist?split=val",
    "export": "/d/breastmnist/export?split=test&label=0",
    "keys": "/keys",
    "preferences": "/preferences",
    "share": "/share?of=/d/retinamnist?split=test",
    "links": "/links",
    "studies": "/studies",
    "study, new": "/studies/new?of=/d/retinamnist?split=test",
    "collections": "/collections",
    "collect": "/collections/add?of=/d/breastmnist?split=val",
    "problem": "/d/nothing",
    "api": "/api/docs",
    "style guide": "/styleguide",
}
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
WIDTHS = (360, 768, 1440)
# Another look changes colours only: what is asked of it in the second place.
LOOKS = {
    "light": "{resultTypes: ['violations']}",
    "dark": "{resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block']}",
    "reading": "{resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block']}",
}
# What moves by itself while a page loads: cumulative layout shift (web.dev/articles/cls).
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.shifts.push(each.value);
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def plain(elsewhere: Callable[..., Page]) -> Page:
    """A browser without JavaScript."""
    return elsewhere(java_script_enabled=False)


def test_without_javascript_one_gets_from_the_catalogue_to_an_image_on_and_back(
    plain: Page, images: Callable[[str, str], NDArray[Any]]
) -> None:
    plain.goto("/")
    plain.get_by_role("link", name="RetinaMNIST").first.click()
    expect(plain).to_have_url(re.compile(r"/d/retinamnist$"))
    plain.locator("#split-val").click()
    plain.get_by_role("button", name="Apply").click()
    expect(plain).to_have_url(re.compile(r"[?&]split=val$"))
    plain.locator("#page-next").click()
    expect(plain).to_have_url(re.compile(r"\?split=val&page=2$"))
    expected = enlarged(images("retinamnist", "val")[119], 3)
    np.testing.assert_array_equal(seen(thumb(plain, "val", 119)), expected)
    plain.locator('[data-index="118"]').click()
    expect(plain.locator("h1")).to_contain_text("val 118")
    plain.get_by_role("link", name="Next").click()
    expect(plain.locator("h1")).to_contain_text("val 119")
    plain.get_by_role("link", name="Back to the grid").click()
    expect(plain).to_have_url(re.compile(r"\?split=val&page=2$"))
    plain.get_by_role("link", name="All datasets").first.click()
    expect(plain.locator("h1")).to_be_visible()


def test_without_javascript_the_form_is_sent_by_its_button(plain: Page) -> None:
    plain.goto("/d/breastmnist?label=1")
    plain.get_by_label("Order", exact=True).select_option("random")
    plain.get_by_label("Images per page").select_option("20")
    plain.get_by_role("button", name="Apply").click()
    expect(plain).to_have_url(re.compile("order=random"))
    assert len(shown(plain)) == 20
    expect(plain.locator("h1")).to_contain_text("(1)")


def test_without_javascript_nothing_is_offered_that_needs_it(plain: Page) -> None:
    for address in ("/d/retinamnist", "/d/adrenalmnist3d/test/4"):
        plain.goto(address)
        for name in ("Copy link", "Play"):
            expect(plain.get_by_role("button", name=name)).to_have_count(0)


# Dots that stand on another line than what is before them, with the text they are in.
DOTS = """() => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const found = [];
  const range = document.createRange();
  const at = (node, place) => {
    range.setStart(node, place);
    range.setEnd(node, place + 1);
    return range.getBoundingClientRect();
  };
  let before;
  for (let node; (node = walker.nextNode()); ) {
    [...node.data].forEach((letter, place) => {
      if (!letter.trim()) return;
      const box = at(node, place);
      if (letter === "·" && before && box.top >= before.bottom) found.push(node.data);
      if (box.width) before = box;
    });
  }
  return found;
}"""


@pytest.mark.parametrize("name", ["grid", "published", "about", "sizes", "item"])
def test_where_a_line_wraps_no_separator_begins_the_next(name: str, page: Page) -> None:
    visit(page, PAGES[name])
    for width in range(300, 440, 10):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(DOTS) == [], width
        for crumb in page.locator(".crumbs li").all():
            whole, text = crumb.bounding_box(), crumb.locator("> *").bounding_box()
            assert whole
            assert text
            assert text["x"] == whole["x"]


@pytest.mark.parametrize("width", [960, 1440])
def test_a_long_breadcrumb_leaves_the_menu_its_place(width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, PAGES["item"])
    page.evaluate("document.querySelector('.crumbs span').textContent = 'A long name '.repeat(20)")
    boxes = page.evaluate(
        "[...document.querySelector('.masthead').children].map((each) => {"
        "const { left, right, top, bottom } = each.getBoundingClientRect();"
        "return [left, right, (top + bottom) / 2]; })"
    )
    name, crumbs, menu = boxes
    assert name[2] == pytest.approx(menu[2], abs=1)
    assert name[1] <= crumbs[0] < crumbs[1] <= menu[0]


@pytest.mark.parametrize("width", [360, 700, 1440])
def test_tab_goes_through_the_head_of_a_page_as_it_is_seen(width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, "/d/retinamnist/test/9")
    stops: list[tuple[int, int]] = []
    while True:
        page.keyboard.press("Tab")
        stop = page.locator(".masthead a:focus")
        if stop.count():
            box = stop.bounding_box()
            assert box
            stops.append((round(box["y"] + box["height"] / 2), round(box["x"])))
        elif stops:
            break
    # The name, the menu's three, and two of the breadcrumb: row by row, each from the left.
    assert len(stops) == 6
    assert stops == sorted(stops)


def test_without_javascript_a_selection_is_saved_under_a_name_that_says_what_it_is(
    plain: Page, images: Callable[[str, str], NDArray[Any]]
) -> None:
    plain.goto(PAGES["export"])
    with plain.expect_download() as saving:
        plain.get_by_role("link", name="Download .npz").click()
    assert saving.value.suggested_filename == "breastmnist_test_label-0.npz"
    with np.load(saving.value.path()) as arrays:
        np.testing.assert_array_equal(arrays["test_images"][0], images("breastmnist", "test")[0])


def test_at_360_pixels_filters_are_behind_a_button(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    visit(page, "/d/retinamnist")
    expect(page.locator("#split-test")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    # Who can't see that something opened over the page is led into it.
    expect(page.get_by_role("heading", name="Filters")).to_be_focused()
    page.locator("#split-test").click()
    expect(page.locator("h1")).to_contain_text("test")
    expect(page.locator("#split-test")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#split-test")).to_be_hidden()
    expect(page.get_by_role("button", name="Filters")).to_be_focused()
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#split-test")).to_be_hidden()
    assert {split for split, _ in shown(page)} == {"test"}


def test_at_360_pixels_thumbnails_are_still_exact(
    page: Page, images: Callable[[str, str], NDArray[Any]]
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    visit(page, "/d/retinamnist")
    expected = enlarged(images("retinamnist", "train")[50], 3)
    np.testing.assert_array_equal(seen(thumb(page, "train", 50)), expected)


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_pages_are_as_dark_as_the_system(scheme: Any, is_dark: bool, page: Page) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(page, "/d/breastmnist")
    corner = seen(page.locator(".masthead"))[0, -1]
    assert (corner.mean() < 96) == is_dark


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize(
    ("name", "alike"),
    [("compare", "/compare"), ("sizes", "/d/breastmnist/test/4/sizes"), ("grid", "/d/breastmnist")],
)
def test_nothing_moves_while_a_page_drips_through_a_slow_line(
    name: str, alike: str, width: int, page: Page
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, alike)  # whose styles are the same, so that the first parts are seen at once
    # A compressed page is read in one piece, and shown so.
    page.set_extra_http_headers({"Accept-Encoding": "identity"})
    line = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": 4e4, "uploadThroughput": 4e4}
    line.send("Network.emulateNetworkConditions", slow)
    page.add_init_script(SHIFTS)
    page.goto(PAGES[name], wait_until="domcontentloaded")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
    assert page.evaluate("window.shifts") == []


@EVERY_PAGE
def test_nothing_moves_while_a_page_comes_nor_scrolls_sideways_and_axe_finds_nothing_in_any_look(
    name: str, page: Page, watch: Watch
) -> None:
    watch.expected = ["404"] if name == "problem" else []
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(SHIFTS)
    told = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        visit(page, PAGES[name])
        moved = page.evaluate("window.shifts")
        assert sum(moved) == 0, (width, moved)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate(AXE.read_text())
        for look, asked in LOOKS.items():
            page.evaluate("look => { document.documentElement.dataset.look = look }", look)
            found = page.evaluate(f"axe.run(document, {asked})")
            assert found["passes"]
            told += [
                f"{width}, {look}, {violation['id']}: {node['target']} {node['failureSummary']}"
                for violation in found["violations"]
                for node in violation["nodes"]
            ]
    assert not told


def test_visitors_of_a_public_server_are_shown_no_way_that_ends_at_its_owners_door(
    page: Page, data_folder: Path, tmp_path: Path, watch: Watch
) -> None:
    places = {
        "LIGHTBOX_CACHE_DIR": str(tmp_path / "cache"),
        "LIGHTBOX_DATABASE_URL": f"sqlite:///{tmp_path}/reviews.sqlite",
        "LIGHTBOX_OWNER_TOKEN": OWNER,
    }
    with Server(data_folder, "--public", **places) as public:
        watch.address = public.address
        watch.expected = ["401"]  # by which the way in asks for the token
        for address in ("/", "/d/retinamnist?split=test", "/d/retinamnist/test/3"):
            visit(page, public.address + address)
            links = page.locator("a:visible")
            ways = {str(href) for href in links.evaluate_all("all => all.map(each => each.href)")}
            assert len(ways) > 5
            for way in ways:
                if way.startswith(f"{public.address}/"):
                    assert page.request.get(way).status == 200, way
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("link", name="Enter as the owner").click()
        page.get_by_label("token").fill(OWNER)
        page.get_by_role("button", name="Enter").click()
        visit(page, f"{public.address}/d/retinamnist?split=test")
        expect(page.get_by_role("link", name="Share", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Collections")).to_be_visible()
