"""Notes and flags in a browser: without JavaScript, by a guest on a phone, found in the grid."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from running import Server

from .conftest import OWNER, arrive, shown, visit
from .test_everyone import AXE

PHONE = {"viewport": {"width": 360, "height": 740}}
ITEM = "/d/retinamnist/val/7"

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def owner(elsewhere: Callable[..., Page], private: Server) -> Iterator[Page]:
    """The owner at a desk, without JavaScript."""
    page = elsewhere(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page.goto(f"{private.address}/?token={OWNER}")
    yield page
    take_all_back(page, private)


def take_all_back(page: Page, private: Server) -> None:
    page.goto(private.address + ITEM)
    buttons = page.get_by_role("button", name="Take back")
    for left in reversed(range(buttons.count())):
        buttons.first.click()
        expect(buttons).to_have_count(left)


def fits_and_reads(page: Page, width: int) -> None:
    """Nothing scrolls sideways, and axe finds nothing."""
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [each["id"] for each in found["violations"]] == []


def test_without_javascript_an_image_is_flagged_found_and_no_longer_flagged(
    owner: Page, private: Server
) -> None:
    owner.goto(private.address + ITEM)
    owner.get_by_label("Artefact").check()
    owner.get_by_label("Note (").fill("A bright ring")
    owner.get_by_label("Your name").fill("Dr Example")
    owner.get_by_role("button", name="Save").click()
    expect(owner).to_have_url(re.compile(f"{ITEM}#note-\\d+$"))
    expect(owner.locator("li:focus")).to_contain_text("A bright ring")
    owner.goto(f"{private.address}/d/retinamnist")
    owner.locator("#noted-flagged").click()
    expect(owner).to_have_url(re.compile(r"\?noted=flagged$"))
    owner.wait_for_load_state()
    assert shown(owner) == [("val", 7)]
    owner.locator("[data-index]").click()
    owner.get_by_role("button", name="Take back").click()
    expect(owner.locator("#notes")).to_be_focused()
    owner.get_by_text("History").click()
    expect(owner.locator("#notes details")).to_contain_text("Taken back")
    owner.get_by_role("link", name="Back to the grid").click()
    expect(owner.get_by_text("No images match these filters.")).to_be_visible()


def test_a_guest_on_a_phone_adds_a_note_that_the_owner_sees(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    owner.goto(private.address + ITEM)
    owner.get_by_role("link", name="Share").click()
    owner.get_by_label("May add notes").check()
    owner.get_by_role("button", name="Make the link").click()
    guest = elsewhere(**PHONE)
    visit(guest, owner.get_by_label("The link").input_value())
    guest.get_by_label("Poor quality").check()
    guest.get_by_label("Your name").fill("Dr Guest")
    guest.get_by_role("button", name="Save").click()
    expect(guest.locator("#notes")).to_contain_text("Dr Guest")
    for width in (360, 1440):
        fits_and_reads(guest, width)
    owner.goto(private.address + ITEM)
    expect(owner.locator("#notes")).to_contain_text("Dr Guest, by a link")


def test_a_guest_goes_through_what_was_flagged_by_the_link(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    owner.goto(f"{private.address}/d/retinamnist?split=val")
    owner.get_by_role("link", name="Share", exact=True).click()
    owner.get_by_label("May add notes").check()
    owner.get_by_role("button", name="Make the link").click()
    link = owner.get_by_label("The link").input_value()
    guest = elsewhere()
    for place in (8, 105):
        visit(guest, f"{link}/{place}")
        guest.get_by_label("Poor quality").check()
        guest.get_by_label("Your name").fill("Dr Guest")
        guest.get_by_role("button", name="Save").click()
        expect(guest.locator("#notes")).to_contain_text("Dr Guest")

    visit(guest, link)
    guest.get_by_role("link", name="Flagged 2").click()
    arrive(guest, r"/s/[^/]+\?noted=flagged$")
    assert shown(guest) == [("val", 7), ("val", 104)]
    expect(guest.get_by_role("link", name="Flagged 2")).to_have_attribute("aria-current", "true")
    for width in (360, 1440):
        fits_and_reads(guest, width)
    guest.locator(".thumb").first.click()
    arrive(guest, r"/8\?noted=flagged$")
    guest.keyboard.press("ArrowRight")
    arrive(guest, r"/105\?noted=flagged$")
    fits_and_reads(guest, 1440)
    guest.keyboard.press("Escape")
    arrive(guest, r"/s/[^/]+\?noted=flagged$")
    take_all_back(owner, private)
    owner.goto(f"{private.address}/d/retinamnist/val/104")
    owner.get_by_role("button", name="Take back").click()


@pytest.mark.parametrize("width", [360, 1440])
def test_the_owners_pages_fit_and_axe_finds_nothing(
    width: int, owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    owner.goto(private.address + ITEM)
    buttons = owner.get_by_role("button", name="Take back")
    for number, flag in enumerate(("Wrong label", "Other"), start=1):
        owner.get_by_label(flag).check()
        owner.get_by_role("button", name="Save").click()
        expect(buttons).to_have_count(number)
    buttons.first.click()
    expect(buttons).to_have_count(1)
    page = elsewhere()
    visit(page, f"{private.address}{ITEM}?token={OWNER}")
    page.get_by_text("History").click()
    fits_and_reads(page, width)
    visit(page, f"{private.address}/d/retinamnist?noted=flagged")
    assert shown(page) == [("val", 7)]
    fits_and_reads(page, width)


def test_keys_typed_into_a_note_go_nowhere_else(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    assert owner
    page = elsewhere()
    visit(page, f"{private.address}{ITEM}?token={OWNER}")
    page.get_by_label("Note (").press_sequentially("+-")
    page.get_by_label("Note (").press("ArrowRight")
    expect(page).to_have_url(re.compile(f"{ITEM}$"))
    expect(page.get_by_label("Note (")).to_have_value("+-")
