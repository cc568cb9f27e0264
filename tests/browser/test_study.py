"""A whole study: its maker, two readers on a phone, one without JavaScript, to the agreement."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from running import Server

from .conftest import OWNER, Watch, visit
from .studying import PHONE, axe, fits, invite, new_study
from .test_styles import larger_letters

IMAGES, REPEATED = 6, 1

pytestmark = pytest.mark.usefixtures("at_home")


def test_a_study_from_its_making_to_the_agreement_of_two_readers(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Two readers")
    keys, plain = (invite(owner, study, name) for name in ("Keys", "Plain"))

    first = elsewhere(**PHONE)
    visit(first, keys)
    assert not axe(first)
    assert fits(first)
    first.get_by_role("link", name="Begin").click()
    for place in range(1, IMAGES + REPEATED + 1):
        expect(first).to_have_url(re.compile(f"/read/{place}$"))
        first.wait_for_load_state("networkidle")
        if place == 2:
            assert not axe(first)
            assert fits(first)
            assert "data-split" not in first.content()
            first.keyboard.press("1")  # chosen, not saved
            first.keyboard.press("Backspace")
            expect(first).to_have_url(re.compile("/read/1$"))
            expect(first.get_by_role("radio").first).to_be_checked()
            visit(first, f"{keys}/read")
            expect(first).to_have_url(re.compile("/read/2$"))
        first.keyboard.press("0" if place % 3 else "u")
        first.keyboard.press("Enter")
    expect(first.locator(".lead")).to_contain_text("Thank you, Keys")

    second = elsewhere(**PHONE, java_script_enabled=False)
    second.goto(plain)
    second.get_by_role("link", name="Begin").click()
    for place in range(1, IMAGES + REPEATED + 1):
        second.get_by_role("radio").nth(place % 2).check()
        second.get_by_role("button", name="Save and go on").click()
    expect(second.locator(".lead")).to_contain_text("Thank you, Plain")

    text = owner.request.get(f"{study}/answers.csv").text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 2 * (IMAGES + REPEATED)
    given: dict[str, dict[str, str]] = {"Keys": {}, "Plain": {}}
    for row in rows:
        if row["repeat"] in ("0", "False", "false", "no"):
            given[row["reader"]][row["item"]] = row["new"]
    both = [
        (given["Keys"][item], given["Plain"][item])
        for item in given["Keys"]
        if "cannot tell" not in (given["Keys"][item], given["Plain"][item])
    ]
    assert len(both) >= 3
    equal = sum(one == other for one, other in both) / len(both)
    visit(owner, f"{study}/agreement")
    pair = owner.locator("#pair-0")
    row_of = pair.locator("tr", has_text="Percent agreement").locator("td")
    expect(row_of.nth(0)).to_have_text(f"{100 * equal:.1f} %")
    expect(row_of.nth(2)).to_have_text(str(len(both)))
    expect(owner.locator(".methods")).to_contain_text("2 readers")
    assert not axe(owner)
    # In BreastMNIST, label 0 is the finding.
    for asked, positive in (("", "malignant"), ("?positive=1", "normal, benign")):
        visit(owner, f"{study}/agreement{asked}")
        expect(owner.locator("main")).to_contain_text(f"Sensitivity (positive: {positive}")
        drawn = owner.get_by_role("link", name="SVG").first.get_attribute("href")
        svg = owner.request.get(f"{private.address}{drawn}").text()
        assert f"Sensitivity (positive: {positive[:6]}" in svg  # long names are cut there
    owner.emulate_media(media="print")
    for words in ("The table as a plot:", "All measures as a plot:", "Sensitivity is about"):
        expect(owner.get_by_text(words).first).to_be_hidden()
    # As the pairs of many readers are.
    pair.evaluate("details => details.removeAttribute('open')")
    expect(pair.locator(".confusion")).to_be_visible()
    visit(owner, study)
    expect(owner.locator("input:visible, select:visible, summary:visible")).to_have_count(0)
    expect(owner.get_by_role("heading", name="Plain")).to_be_visible()
    owner.emulate_media(media="screen")
    visit(owner, f"{study}/agreement?positive=1")
    pair.locator(".confusion a").first.click()
    expect(owner.locator(".case").first).to_be_visible()
    # An n that the edge of a phone cuts off is another number.
    german = elsewhere(**PHONE, locale="de")
    visit(german, f"{private.address}/?token={OWNER}")
    visit(german, f"{study}/agreement")
    expect(german.locator(".measures").first).to_contain_text("95-%-Intervall")
    beyond = "tables => tables.map((each) => each.scrollWidth - each.parentElement.clientWidth)"
    assert max(german.locator(".measures").evaluate_all(beyond)) <= 0


def test_words_without_end_fit_on_a_phone(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    visit(owner, f"{private.address}/d/breastmnist?split=val")
    owner.get_by_role("link", name="Study", exact=True).click()
    owner.get_by_label("Question").fill("W" * 90)
    owner.get_by_role("radio", name="My own, one a line").check()
    owner.get_by_label("My own answers").fill("\n".join("W" * 90 + each for each in "AB"))
    owner.get_by_label("Images set aside").fill("1")
    owner.get_by_role("button", name="Make the study").click()
    owner.wait_for_url(re.compile(r"/studies/\d+$"))
    study = owner.url
    link, other = (invite(owner, study, "M" * 90 + each) for each in "AB")
    reader = elsewhere(**PHONE)
    for address in (link, f"{link}/practice/1", f"{link}/read/1", other):
        visit(reader, address)
        assert fits(reader), address
    owner.set_viewport_size({"width": 360, "height": 740})
    for address in (study, f"{study}/agreement"):
        visit(owner, address)
        assert fits(owner), address


def test_a_study_has_its_room_on_a_phone_with_letters_twice_as_large(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Large letters", sure="1")
    link = invite(owner, study, "A reader")
    reader = elsewhere(**PHONE)
    for page in (reader, owner):
        larger_letters(page)
    visit(reader, f"{link}/read/1")
    assert fits(reader)
    # Not letter by letter under one another.
    pause = reader.get_by_role("link", name="Pause").bounding_box()
    assert pause
    assert pause["width"] > pause["height"]
    reader.locator(".option").first.click()
    reader.get_by_label("5", exact=True).check()
    reader.get_by_role("button", name="Save and go on").click()
    expect(reader).to_have_url(re.compile("/read/2$"))
    owner.set_viewport_size({"width": 360, "height": 740})
    for address in (study, f"{study}/agreement"):
        visit(owner, address)
        assert fits(owner)


def test_practice_says_what_the_data_set_says_and_keeps_nothing(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Practised", practice="1")
    reader = elsewhere(**PHONE)
    visit(reader, invite(owner, study, "New"))
    reader.get_by_role("link", name="Practise first").click()
    reader.wait_for_load_state("networkidle")
    # By the keys of the reading.
    reader.keyboard.press("0")
    reader.keyboard.press("Enter")
    expect(reader.locator(".notice")).to_contain_text("You said: malignant (0). The dataset says:")
    reader.wait_for_load_state("networkidle")
    reader.keyboard.press("Enter")
    expect(reader).to_have_url(re.compile("/read/1$"))
    assert "New" not in owner.request.get(f"{study}/answers.csv").text()


@pytest.mark.parametrize("labels", ["shown", "hidden"])
def test_a_shared_grid_on_a_phone(
    labels: str, owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    visit(owner, f"{private.address}/d/retinamnist?split=test&label=4")
    owner.get_by_role("link", name="Share", exact=True).click()
    owner.get_by_label("Title").fill("Five of these")
    if labels == "hidden":
        owner.get_by_label("Hide labels").check()
    owner.get_by_role("button", name="Make the link").click()
    assert not axe(owner)
    link = owner.get_by_label("The link").input_value()
    guest = elsewhere(**PHONE)
    visit(guest, link)
    expect(guest.locator("h1")).to_have_text("Five of these")
    assert not axe(guest)
    assert fits(guest)
    guest.locator(".thumb").nth(1).click()
    expect(guest.locator("h1")).to_have_text("Image 2")
    assert not axe(guest)
    assert fits(guest)
    for key, heading in (("ArrowRight", "Image 3"), ("Escape", "Five of these")):
        # Keys work when the page has loaded.
        guest.wait_for_load_state("networkidle")
        guest.keyboard.press(key)
        expect(guest.locator("h1")).to_have_text(heading)


def test_a_study_that_cannot_be_made_is_still_filled_in(
    owner: Page, private: Server, watch: Watch
) -> None:
    visit(owner, f"{private.address}/studies/new?of=/d/breastmnist?split=val")
    owner.get_by_label("Title").fill("Once more")
    owner.get_by_label("Images set aside").fill("51")
    make = owner.get_by_role("button", name="Make the study")
    make.click()
    expect(owner.locator("h1")).to_have_text("A reader study")  # the browser itself said why
    owner.get_by_label("Images set aside").fill("0")
    owner.get_by_role("radio", name="My own, one a line").check()
    owner.get_by_label("My own answers").fill("only one")
    watch.expected.append("422")
    make.click()
    expect(owner.locator("main")).to_contain_text("from 2 to 50 choices")
    owner.go_back()
    expect(owner.get_by_label("Title")).to_have_value("Once more")
    expect(owner.get_by_label("My own answers")).to_have_value("only one")


def test_answers_of_ones_own_are_asked_for_only_where_they_count(
    owner: Page, private: Server
) -> None:
    visit(owner, f"{private.address}/studies/new?of=/d/breastmnist?split=val")
    field = owner.locator("textarea")
    expect(field).to_be_hidden()
    owner.get_by_role("radio", name="My own, one a line").check()
    expect(field).to_be_visible()
    owner.get_by_role("radio", name="Yes or no").check()
    expect(field).to_be_hidden()
