"""Finding a published set, getting it, and comparing its sizes, in a browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mirror import Mirror, at_work
from playwright.sync_api import Page, expect
from running import Server

from app.catalogue.facts import facts_for

from .conftest import Pixels, Watch, enlarged, seen, visit
from .test_everyone import AXE

HERE = "/catalogue/breastmnist"


def breaks(page: Page) -> list[str]:
    """What axe finds."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [violation["id"] for violation in found["violations"]]


def test_a_choice_filters_at_once_and_back_undoes_it(page: Page) -> None:
    visit(page, "/")
    page.get_by_label("Modality").focus()
    page.get_by_label("Modality").select_option("Chest CT")
    expect(page).to_have_url(re.compile(r"/\?modality=Chest\+CT$"))
    expect(page.locator(".found")).to_have_text("2 found: 0 here, 2 not here yet.")
    expect(page.get_by_label("Modality")).to_be_focused()
    page.get_by_label("Search", exact=True).fill("fracture")
    page.get_by_label("Search", exact=True).press("Enter")
    expect(page).to_have_url(re.compile(r"/\?q=fracture&modality=Chest\+CT$"))
    expect(page.locator(".found")).to_have_text("1 found: 0 here, 1 not here yet.")
    expect(page.locator("#live")).to_have_text("1 found: 0 here, 1 not here yet.")
    page.go_back()
    expect(page.locator(".found")).to_have_text("2 found: 0 here, 2 not here yet.")
    expect(page.get_by_label("Search", exact=True)).to_have_value("")
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".found")).to_contain_text("18 datasets")


def test_of_choices_in_quick_succession_none_is_lost(page: Page) -> None:
    visit(page, "/")
    for label, value in (("Task", "multi-class"), ("2D or 3D", "2"), ("Task", "binary-class")):
        page.get_by_label(label).select_option(value)
    expect(page).to_have_url(re.compile(r"/\?task=binary-class&dimensions=2$"))
    expect(page.get_by_label("2D or 3D")).to_have_value("2")


def test_without_javascript_the_search_is_sent_by_its_button(
    elsewhere: Callable[..., Page],
) -> None:
    page = elsewhere(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("2D or 3D").select_option("3")
    page.get_by_label("On this machine").select_option("no")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".found")).to_have_text("5 found: 0 here, 5 not here yet.")
    page.get_by_role("link", name="OrganMNIST3D").click()
    expect(page.locator("h1")).to_have_text("OrganMNIST3D")
    expect(page.get_by_text("lightbox get organmnist3d --size 64")).to_be_visible()
    expect(page.get_by_role("button", name="Copy command")).to_have_count(0)


def test_a_command_is_copied_whole(page: Page, data_folder: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, "/catalogue/organmnist3d")
    page.get_by_role("button", name="Copy command for 64 px").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"lightbox get organmnist3d --size 64 --to {data_folder.resolve()}"


@pytest.fixture
def mirror(real: Callable[[str], Path]) -> Iterator[Mirror]:
    """A mirror of the genuine breastmnist.npz, which stops half way until it is told to go on."""
    body = real("breastmnist").read_bytes()
    facts = facts_for("breastmnist")
    assert facts
    if len(body) != facts.files[0].bytes:
        pytest.skip("a stand-in has other bytes than the published file")
    with at_work(Mirror(body)) as state:
        state.stall_at = [300_000]
        yield state


@pytest.fixture
def fresh(mirror: Mirror, tmp_path: Path, watch: Watch) -> Iterator[Server]:
    """A server that has no data yet."""
    with Server(
        LIGHTBOX_DATA_DIR=str(tmp_path / "data"),
        LIGHTBOX_CACHE_DIR=str(tmp_path / "cache"),
        LIGHTBOX_MIRROR=mirror.address,
    ) as running:
        watch.address = running.address
        yield running


def test_a_button_fetches_a_set_and_the_page_leads_to_its_images(
    fresh: Server, mirror: Mirror, page: Page
) -> None:
    visit(page, fresh.address + HERE)
    page.get_by_role("button", name="Fetch 28 px").click()
    progress = page.get_by_role("progressbar")
    expect(progress).to_have_attribute("value", "300000")
    expect(page.get_by_text("300 kB of 560 kB")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not breaks(page)
    page.reload()
    expect(progress).to_have_attribute("value", "300000")
    # The focus on a button does not keep the page from going on.
    page.get_by_role("button", name="Cancel 28 px").focus()
    mirror.going_on.set()
    page.get_by_role("link", name="Look at the images").click()
    expect(page.locator("[data-split]")).to_have_count(100)


def test_without_javascript_a_set_is_fetched_too(
    fresh: Server, mirror: Mirror, elsewhere: Callable[..., Page]
) -> None:
    page = elsewhere(java_script_enabled=False)
    page.goto(fresh.address + HERE)
    page.get_by_role("button", name="Fetch 28 px").click()
    expect(page.get_by_text("300 kB of 560 kB")).to_be_visible()
    mirror.going_on.set()
    expect(page.get_by_role("link", name="Look at the images")).to_be_visible()


def test_a_failure_is_told_on_the_page(fresh: Server, mirror: Mirror, page: Page) -> None:
    mirror.kind = "text/html"
    visit(page, fresh.address + HERE)
    page.get_by_role("button", name="Fetch 28 px").click()
    expect(page.get_by_text("is a web page, not the file")).to_be_visible()
    expect(page.get_by_role("button", name="Fetch 28 px")).to_be_visible()
    assert not breaks(page)


@pytest.fixture
def two_sizes(tmp_path: Path, watch: Watch) -> Iterator[tuple[str, Pixels, Pixels]]:
    """The address of a server of two synthetic sizes, and their pictures."""
    random = np.random.default_rng(0)
    pictures = []
    for stem, side in (("breastmnist", 28), ("breastmnist_64", 64)):
        pixels = random.integers(0, 256, (3, side, side), np.uint8)
        labels = np.zeros((3, 1), np.uint8)
        np.savez(tmp_path / f"{stem}.npz", test_images=pixels, test_labels=labels)
        pictures.append(pixels)
    with Server(tmp_path, LIGHTBOX_CACHE_DIR=str(tmp_path / "cache")) as running:
        watch.address = running.address
        yield running.address, pictures[0], pictures[1]


@pytest.mark.parametrize("width", [360, 1440])
def test_two_sizes_stand_side_by_side_equally_large_and_exact(
    width: int, two_sizes: tuple[str, Pixels, Pixels], page: Page
) -> None:
    address, small, large = two_sizes
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, f"{address}/d/breastmnist/test/1/sizes")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [page.locator("img").nth(place).bounding_box() for place in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert (boxes[0]["width"], boxes[0]["height"]) == (boxes[1]["width"], boxes[1]["height"])
    if width == 1440:
        assert boxes[0]["y"] == boxes[1]["y"]
        np.testing.assert_array_equal(seen(page.locator("img").nth(0)), enlarged(small[1], 16))
        np.testing.assert_array_equal(seen(page.locator("img").nth(1)), enlarged(large[1], 7))
    assert not breaks(page)
    page.get_by_role("link", name="64 px").click()
    expect(page).to_have_url(re.compile(r"/d/breastmnist_64/test/1$"))
