"""What people set up around a page: forced colours, more contrast, less motion, larger letters."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from lengthy import LENGTH, name_of
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from running import Server

from .conftest import ROOT, Watch, enlarged, seen, shown, thumb, visit
from .test_everyone import AXE, LOOKS, PAGES

CATALOGUE, GRID, ITEM, VOLUME = (PAGES[name] for name in ("catalogue", "grid", "item", "volume"))
SIZES, GUIDE, SHARE = PAGES["sizes"], PAGES["style guide"], "/share?of=/d/breastmnist"

CURRENT = "[aria-current]"
# What the browser has computed of each element that a selector finds.
COMPUTED = """([selector, name, part]) =>
  [...document.querySelectorAll(selector)].map((each) => getComputedStyle(each, part)[name])"""

# What moves, or would if it were changed: elements and what is drawn before and behind them.
MOVING = """() => [...document.querySelectorAll("*")].flatMap((each) =>
  ["", "::before", "::after"].filter((part) => {
    const { animationName, transitionDuration } = getComputedStyle(each, part);
    return animationName !== "none" || /[1-9]/.test(transitionDuration);
  }).map((part) => `${each.className}${part}`))"""

# Pictures that are larger than what shows them.
CUT = """() => [...document.querySelectorAll(".stage, .alike li")].filter(
  (each) => each.scrollWidth > each.clientWidth).map((each) => each.innerHTML)"""

# All that one can press or fill in, by the boxes that its lines take: what can't be brought into
# view or lies under something else, and what lies on one another.
CONTROLS = """() => {
  const within = document.querySelector(":popover-open") ?? document;
  const all = [...within.querySelectorAll("a, button, input, select, summary, textarea")].filter(
    (each) => each.checkVisibility() && !each.matches(".skip, .peek, [type=hidden]"));
  const said = (each) => each.outerHTML.slice(0, 150);
  const hidden = all.filter((each) => {
    each.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const [box] = each.getClientRects();
    const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return !(each.contains(at) || at?.contains(each) || at?.closest("label")?.contains(each));
  });
  scrollTo(0, 0);
  // What scrolls shows of its parts what is within its own box.
  const cut = ({ parentElement: up }, box) => {
    if (!up) return box;
    const at = up.getBoundingClientRect();
    const [left, top] = [Math.max(box.left, at.left), Math.max(box.top, at.top)];
    const [right, bottom] = [Math.min(box.right, at.right), Math.min(box.bottom, at.bottom)];
    const cuts = getComputedStyle(up).overflow !== "visible" && up !== document.documentElement;
    return cut(up, cuts ? { left, top, right, bottom } : box);
  };
  const boxes = all.flatMap((each) => [...each.getClientRects()].map((b) => [each, cut(each, b)]));
  const lying = boxes.flatMap(([one, a], place) => boxes.slice(place + 1).filter(([other, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1 &&
    !one.contains(other) && !other.contains(one)).map(([other]) => [said(one), said(other)]));
  return [all.length, hidden.map(said), lying];
}"""


# The guide shows other looks than the page's, too.
EDGES = ":is(.card, .button:not(.off), select):not(.look *)"


def computed(page: Page, selector: str, name: str, part: str = "") -> list[str]:
    found: list[str] = page.evaluate(COMPUTED, [selector, name, part])
    assert found, selector
    return found


def contrast(one: str, other: str) -> float:
    """The ratio of two computed colours, as WCAG 2.2 defines it."""
    shares = np.array([re.findall(r"[\d.]+", colour)[:3] for colour in (one, other)], float) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    low, high = np.sort(linear @ [0.2126, 0.7152, 0.0722])
    return float((high + 0.05) / (low + 0.05))


def to_ground(page: Page, selector: str, name: str, part: str = "") -> float:
    """The least contrast to the page's ground of what a selector finds."""
    (ground,) = computed(page, "body", "backgroundColor")
    return min(contrast(colour, ground) for colour in computed(page, selector, name, part))


def prefer(page: Page, look: str, base_url: str) -> None:
    page.context.add_cookies([{"name": "lightbox-look", "value": look, "url": base_url}])


def axe(page: Page, options: str) -> list[str]:
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate(f"axe.run(document, {options})")
    assert found["passes"]
    return [f"{e['id']}: {node['html']}" for e in found["violations"] for node in e["nodes"]]


# A look chosen for the page must not get in the way of the system's colours.
@pytest.mark.parametrize(("scheme", "look"), [("dark", "light"), ("light", "reading")])
def test_where_colours_are_forced_what_is_chosen_is_told_and_pictures_keep_theirs(
    scheme: Literal["dark", "light"],
    look: str,
    page: Page,
    base_url: str,
    images: Callable[[str, str], NDArray[Any]],
) -> None:
    page.emulate_media(forced_colors="active", color_scheme=scheme)
    prefer(page, look, base_url)
    visit(page, GRID)
    for each, chosen in ((".tab", CURRENT), (".switch a", CURRENT), (".value", ":has(:checked)")):
        assert set(computed(page, f"{each}{chosen}", "outlineStyle")) == {"solid"}
        assert set(computed(page, f"{each}:not({chosen})", "outlineStyle")) == {"none"}
    assert to_ground(page, ".hue, .tick:checked", "backgroundColor") >= 3
    assert to_ground(page, ".marked", "backgroundColor", "::before") >= 3
    assert to_ground(page, ".chip", "borderTopColor") >= 3
    assert to_ground(page, ".cross, .arrow", "color") >= 3
    split, index = shown(page)[0]
    side = enlarged(images("retinamnist", split)[index], 3)
    np.testing.assert_array_equal(seen(thumb(page, split, index)), side)
    page.keyboard.press("j")
    assert computed(page, ".thumb:focus", "outlineWidth") == ["3px"]
    assert to_ground(page, ".thumb:focus", "outlineColor") >= 3
    visit(page, ITEM)
    picture = seen(page.locator("img.picture"))
    scale = len(picture) // 28
    np.testing.assert_array_equal(picture, enlarged(images("retinamnist", "test")[9], scale))
    visit(page, CATALOGUE)
    assert to_ground(page, ".card", "borderTopColor") >= 3
    assert set(computed(page, ".strip img", "forcedColorAdjust")) == {"none"}
    visit(page, GUIDE)
    assert to_ground(page, ".hue", "backgroundColor") >= 3
    assert to_ground(page, ".pick:has(:checked) .pixels", "outlineColor") >= 3
    ticked, others = (
        set(computed(page, f".pick{which} .pixels", "outlineStyle"))
        for which in (":has(:checked)", ":not(:has(:checked))")
    )
    assert (ticked, others) == ({"solid"}, {"none"})


@pytest.mark.parametrize("address", [CATALOGUE, GRID, ITEM, GUIDE])
def test_who_asks_for_more_contrast_gets_seven_to_one_and_edges_that_are_seen(
    address: str, page: Page
) -> None:
    page.emulate_media(contrast="more")
    visit(page, address)
    for look in LOOKS:
        page.evaluate("look => { document.documentElement.dataset.look = look }", look)
        assert axe(page, "{runOnly: ['color-contrast-enhanced']}") == []
        assert to_ground(page, EDGES, "borderTopColor") >= 3


def test_where_less_motion_is_asked_for_nothing_moves(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    visit(page, GRID)
    # As while an answer is on its way.
    page.evaluate("() => document.querySelector('.grid').classList.add('htmx-request')")
    assert {name.split()[-1] for name in page.evaluate(MOVING)} >= {"sheet", "bar::after"}
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == []
    for address in (VOLUME, GUIDE):
        visit(page, address)
        assert page.evaluate(MOVING) == []


@pytest.mark.parametrize("look", ["light", "dark", "reading"])
def test_a_button_can_be_read_while_it_is_pointed_at(look: str, page: Page, base_url: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    prefer(page, look, base_url)
    visit(page, "/preferences")
    for name in ("Keep these", "Back"):
        page.locator("main .button", has_text=name).hover()
        assert axe(page, "{runOnly: ['color-contrast']}") == []


def test_a_field_that_can_not_be_taken_is_marked_by_more_than_a_colour(page: Page) -> None:
    visit(page, ITEM)
    name = page.get_by_label("Your name")
    expect(name).to_have_css("border-left-width", "1px")
    name.fill("")
    page.get_by_role("button", name="Save").click()
    expect(name).to_have_css("border-left-width", "4px")


@pytest.mark.parametrize("address", [CATALOGUE, GRID, ITEM, VOLUME, SIZES, SHARE, GUIDE])
def test_at_200_and_400_percent_all_is_there_and_nothing_lies_on_anything_else(
    address: str, page: Page
) -> None:
    # A window of 1280 × 1024, as WCAG 2.2 measures it (success criterion 1.4.10).
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 640, "height": 512})
    visit(page, address)
    for width, height in ((640, 512), (320, 256)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT) == []
        number, hidden, lying = page.evaluate(CONTROLS)
        assert number > 5
        assert (hidden, lying) == ([], [])
    if address == GRID:
        page.get_by_role("button", name="Filters").click()
        number, hidden, lying = page.evaluate(CONTROLS)
        assert number > 10
        assert (hidden, lying) == ([], [])


def larger_letters(page: Page) -> None:
    """Let all letters be twice as large, as a phone's own settings make them."""
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})


@pytest.mark.parametrize("address", [CATALOGUE, GRID, ITEM, VOLUME, SIZES, SHARE])
def test_with_letters_twice_as_large_on_a_phone_nothing_scrolls_sideways(
    address: str, page: Page
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    larger_letters(page)
    visit(page, address)
    assert computed(page, "html", "fontSize") == ["32px"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.fixture(scope="module")
def lengthy(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose labels have names of 150 characters."""
    folder = tmp_path_factory.mktemp("server")
    program = (sys.executable, ROOT / "tests" / "lengthy.py")
    with Server(data_folder, program=program, LIGHTBOX_CACHE_DIR=str(folder)) as running:
        yield running


@pytest.mark.parametrize("width", [360, 1440])
def test_500_images_with_names_of_150_characters_have_their_room(
    width: int,
    lengthy: Server,
    page: Page,
    watch: Watch,
    real: Callable[[str], Path],
) -> None:
    watch.address = lengthy.address
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, f"{lengthy.address}/d/retinamnist?label=0&label=2&per_page=500")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    _number, hidden, lying = page.evaluate(CONTROLS)
    assert (hidden, lying) == ([], [])
    assert axe(page, "{resultTypes: ['violations']}") == []
    # What a screen reader is told.
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    told = {
        node["name"]["value"]
        for node in tree["nodes"]
        if node.get("role", {}).get("value") == "link"
    }
    with np.load(real("retinamnist")) as file:
        labels = {split: file[f"{split}_labels"][:, 0] for split in ("train", "val", "test")}
    names = {
        f"{split} {index}, {name_of(labels[split][index])} ({labels[split][index]})"
        for split, index in shown(page)
    }
    assert len(names) == 500
    assert all(len(name) > LENGTH for name in names)
    assert names <= told
