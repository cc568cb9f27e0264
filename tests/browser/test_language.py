"""Pages in other languages: a German browser, a choice of one's own, and from right to left."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from invented import TAG
from playwright.sync_api import Page, expect
from running import Server

from .conftest import ROOT, Watch, visit
from .test_everyone import PAGES

LANGUAGE = "lightbox-language"


@pytest.fixture
def german(elsewhere: Callable[..., Page]) -> Page:
    """A browser of somebody in Germany."""
    return elsewhere(locale="de-DE", permissions=["clipboard-read", "clipboard-write"])


def test_a_german_browser_gets_german_pages_and_its_scripts_speak_german(german: Page) -> None:
    visit(german, "/d/retinamnist")
    expect(german.locator("html")).to_have_attribute("lang", "de")
    expect(german.locator("h1")).to_have_text("RetinaMNIST · 1.600 Bilder")
    german.get_by_role("button", name="Link kopieren").click()
    expect(german.get_by_role("button", name="Link kopiert")).to_be_visible()
    german.locator("#split-val").click()
    expect(german.locator("h1")).to_have_text("RetinaMNIST · val · 120 Bilder")
    german.locator(".thumb").first.click()
    expect(german.get_by_role("heading", name="Über dieses Bild")).to_be_visible()
    german.get_by_role("application").focus()  # once the script that answers to keys is there
    german.keyboard.press("ArrowRight")
    expect(german.locator("[data-readout]")).to_have_text(re.compile(r"^Zeile 0, Spalte \d: "))
    german.keyboard.press("Escape")
    german.keyboard.press("Escape")
    expect(german.locator("h1")).to_have_text("RetinaMNIST · val · 120 Bilder")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_language_is_chosen_for_this_browser_alone(
    scripts: bool, elsewhere: Callable[..., Page]
) -> None:
    page = elsewhere(locale="en-GB", java_script_enabled=scripts)
    visit(page, "/d/breastmnist")
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Language").select_option(label="Deutsch")
    page.get_by_role("button", name="Keep these").click()
    expect(page.locator("h1")).to_have_text("BreastMNIST · 780 Bilder")
    page.get_by_role("link", name="Einstellungen").click()
    page.get_by_label("Sprache").select_option(value="")
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.locator("h1")).to_have_text("BreastMNIST · 780 images")


@pytest.fixture(scope="module")
def mirrored(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that knows a language that runs from right to left, longer than English."""
    folder = tmp_path_factory.mktemp("server")
    program = (sys.executable, ROOT / "tests" / "invented.py")
    with Server(data_folder, program=program, LIGHTBOX_CACHE_DIR=str(folder)) as running:
        yield running


@pytest.mark.parametrize("name", PAGES)
def test_from_right_to_left_nothing_scrolls_sideways(
    name: str, mirrored: Server, elsewhere: Callable[..., Page], watch: Watch
) -> None:
    watch.address = mirrored.address
    watch.expected = ["404"] if name == "problem" else []
    page = elsewhere()
    page.context.add_cookies([{"name": LANGUAGE, "value": TAG, "url": mirrored.address}])
    visit(page, mirrored.address + PAGES[name])
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    for width in 360, 1440:
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        first, last = page.locator(".home").bounding_box(), page.locator("h1").bounding_box()
        assert first
        assert last
        # What comes first stands on the right.
        assert first["x"] + first["width"] > width / 2
        assert last["x"] + last["width"] > width / 2


def test_a_text_that_runs_the_other_way_begins_where_the_page_does_and_is_cut_at_its_end(
    mirrored: Server, elsewhere: Callable[..., Page], watch: Watch
) -> None:
    watch.address = mirrored.address
    page = elsewhere()
    page.context.add_cookies([{"name": LANGUAGE, "value": TAG, "url": mirrored.address}])
    visit(page, f"{mirrored.address}/styleguide")
    message, text = page.locator(".message p").evaluate(
        """(paragraph) => {
          const range = document.createRange();
          range.selectNodeContents(paragraph);
          return [paragraph, range].map((each) => each.getBoundingClientRect().right);
        }"""
    )
    assert abs(message - text) < 1
    cut = page.locator(".chip[title] .name")
    assert cut.evaluate("(name) => name.scrollWidth > name.clientWidth")
    expect(cut).to_have_css("direction", "ltr")
