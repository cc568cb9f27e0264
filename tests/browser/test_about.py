"""The card of a dataset in a browser: copied, read without JavaScript, renewed while it is made."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from running import Server

from app.catalogue.facts import facts_for

from .conftest import Watch, visit
from .test_everyone import AXE


@pytest.mark.parametrize("form", ["APA", "BibTeX", "RIS"])
def test_a_citation_is_copied_whole(form: str, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, "/d/breastmnist/about")
    page.get_by_role("button", name=f"Copy {form}").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    facts = facts_for("breastmnist")
    assert facts
    texts = {"APA": facts.citation, "BibTeX": facts.bibtex, "RIS": facts.ris}
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split() == texts[form].split()


def test_without_javascript_every_citation_is_there_as_text(
    elsewhere: Callable[..., Page],
) -> None:
    page = elsewhere(java_script_enabled=False)
    page.goto("/d/breastmnist/about")
    expect(page.get_by_role("button", name="Copy BibTeX")).to_be_hidden()
    page.get_by_text("As BibTeX").click()
    expect(page.get_by_text("@article{aldhabyani2020")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download RIS").click()
    assert download.value.suggested_filename == "breastmnist.ris"


def test_one_gets_to_the_images_and_the_keyboard_reaches_every_table(page: Page) -> None:
    visit(page, "/d/retinamnist/about")
    tables = page.locator(".scroll")
    for place in range(tables.count()):
        table = tables.nth(place)
        if table.is_visible():
            table.focus()
            expect(table).to_be_focused()
    page.get_by_role("link", name="Look at the images").click()
    expect(page).to_have_url(re.compile(r"/d/retinamnist$"))


def test_on_paper_stands_what_to_cite_and_nothing_lies_on_anything_else(page: Page) -> None:
    visit(page, "/d/retinamnist/about")
    page.emulate_media(media="print")
    expect(page.get_by_text("Patterns, 3(6), 100512").first).to_be_visible()
    expect(page.get_by_role("heading", name="For programs")).to_be_hidden()
    # Chromium cuts a grid or a flex box between two sheets so that its lines overlap.
    for part in (".dossier", ".dossier > section", ".sources", ".colophon", ".colophon p"):
        shown = page.locator(f"{part}:visible").evaluate_all(
            "all => [...new Set(all.map((each) => getComputedStyle(each).display))]"
        )
        assert shown == ["block"], part


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("/d/breastmnist/test/0", "#notes-title"),
        ("/compare?a=/d/breastmnist&b=/d/retinamnist", "#change"),
        ("/compare?a=/d/breastmnist&b=/d/retinamnist", "#more"),
        ("/", ".search"),
    ],
)
def test_on_paper_stands_no_form_and_no_heading_over_nothing(
    address: str, part: str, page: Page
) -> None:
    visit(page, address)
    expect(page.locator(part)).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(part)).to_be_hidden()


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of a synthetic file in ChestMNIST's form."""
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("chest")
    arrays = {}
    for split, count in (("train", 60), ("val", 10), ("test", 20)):
        arrays[f"{split}_images"] = random.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{split}_labels"] = (random.random((count, 14)) < 0.1).astype(np.uint8)
    np.savez_compressed(folder / "chestmnist.npz", allow_pickle=False, **arrays)
    with Server(folder, LIGHTBOX_CACHE_DIR=str(folder / "cache")) as running:
        yield running.address


@pytest.mark.parametrize("width", [360, 1440])
def test_a_table_of_fourteen_labels_fits_or_scrolls_within_itself(
    width: int, chest: str, page: Page, watch: Watch
) -> None:
    watch.address = chest
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, f"{chest}/d/chestmnist/about")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    table = page.locator("table.tall")
    expect(table).to_contain_text("pneumothorax (7)")
    scrolls = table.evaluate(
        "each => each.parentElement.scrollWidth > each.parentElement.clientWidth"
    )
    assert scrolls == (width == 360)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert not [violation["id"] for violation in found["violations"]]
