"""A reading in a browser: keys, times, ways back, other devices."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect
from running import Server

from .conftest import arrive, visit
from .studying import PHONE, invite, new_study, rows

pytestmark = pytest.mark.usefixtures("at_home")


def test_the_time_that_an_image_was_looked_at_outlasts_a_look_at_another(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Returned")
    reader = elsewhere()
    reader.clock.install()
    visit(reader, f"{invite(owner, study, 'Back')}/read/1")
    for place, minutes, key in ((1, 1, "0"), (2, 3, ""), (1, 2, "1"), (2, 4, "0")):
        arrive(reader, f"/read/{place}$")
        reader.clock.run_for(60_000 * minutes)
        if key:
            reader.keyboard.press(key)
            reader.keyboard.press("Enter")
            arrive(reader, f"/read/{place + 1}$")
        else:
            # A page that the browser keeps for Back is hidden once, and once more when it reloads.
            reader.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
            reader.keyboard.press("Backspace")
    text = owner.request.get(f"{study}/answers.csv").text()
    minutes_taken = [int(row["ms"]) // 60_000 for row in csv.DictReader(io.StringIO(text))]
    # The first image's second answer is timed anew; the second image was looked at twice.
    assert minutes_taken == [1, 2, 7]


def test_keys_that_are_turned_off_are_not_offered_to_a_reader(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    link = invite(owner, new_study(owner, private, "Off"), "Tab")
    reader = elsewhere()
    visit(reader, f"{link}/read/1")
    told = reader.locator(".answering :is(kbd, .fine)")
    expect(told.first).to_be_visible()
    reader.get_by_role("link", name="Settings").click()
    reader.locator('[name="keys"][value="off"]').check()
    reader.get_by_role("button", name="Keep these").click()
    expect(reader).to_have_url(re.compile("/read/1$"))
    for each in told.all():
        expect(each).to_be_hidden()


def test_an_answer_is_changed_and_changed_back_by_the_browsers_back(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Back and forth")
    reader = elsewhere(**PHONE)
    visit(reader, f"{invite(owner, study, 'Ward')}/read/1")
    for key in "0101":
        reader.wait_for_load_state("networkidle")
        reader.keyboard.press(key)
        reader.keyboard.press("Enter")
        expect(reader).to_have_url(re.compile("/read/2$"))
        reader.go_back()
        expect(reader).to_have_url(re.compile("/read/1$"))
    assert [new[-2] for _, new in rows(owner, study)] == [*"0101"]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_browsers_back_shows_the_answer_that_counts(
    owner: Page, elsewhere: Callable[..., Page], private: Server, *, scripts: bool
) -> None:
    study = new_study(owner, private, f"History {scripts}")
    reader = elsewhere(**PHONE, java_script_enabled=scripts)
    reader.goto(f"{invite(owner, study, 'Changed')}/read/1", wait_until="networkidle")
    for choice in (0, 1):
        reader.get_by_role("radio").nth(choice).check()
        reader.get_by_role("button", name="Save and go on").click()
        expect(reader).to_have_url(re.compile("/read/2$"))
        reader.wait_for_load_state("networkidle")
        if choice == 0:
            reader.get_by_role("link", name="Back", exact=True).click()
            expect(reader).to_have_url(re.compile("/read/1$"))
            reader.wait_for_load_state("networkidle")
    for place in (1, 2, 1):
        reader.go_back(wait_until="networkidle")
        expect(reader).to_have_url(re.compile(f"/read/{place}$"))
        if place == 1:
            expect(reader.get_by_role("radio").nth(1)).to_be_checked()


def test_the_time_and_what_was_ticked_outlast_a_closer_look(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Closer", sure="yes")
    reader = elsewhere()
    reader.clock.install()
    link = invite(owner, study, "Zoom")
    visit(reader, f"{link}/read/1")
    reader.wait_for_load_state("networkidle")
    reader.keyboard.press("1")
    reader.locator("[name=confidence][value='4']").check()
    for step in ("Zoom in", "Zoom out"):
        reader.clock.run_for(60_000)
        reader.get_by_role("link", name=step).click()
        expect(reader.locator("[name=choice]:checked")).to_have_value("1")
        expect(reader.locator("[name=confidence]:checked")).to_have_value("4")
    reader.wait_for_load_state("networkidle")
    reader.keyboard.press("Enter")
    expect(reader).to_have_url(re.compile("/read/2"))
    # What is ticked on another image and left there was no answer.
    reader.wait_for_load_state("networkidle")
    reader.keyboard.press("1")
    reader.keyboard.press("Backspace")
    expect(reader).to_have_url(re.compile("/read/1"))
    reader.wait_for_load_state("networkidle")
    visit(reader, f"{link}/read/2")
    reader.wait_for_load_state("networkidle")
    expect(reader.locator("[name=choice]:checked")).to_have_count(0)
    text = owner.request.get(f"{study}/answers.csv").text()
    (row,) = csv.DictReader(io.StringIO(text))
    assert int(row["ms"]) >= 120_000
    assert (row["new"][-2], row["confidence"]) == ("1", "4")


def test_a_change_that_was_not_saved_is_not_shown_as_the_answer_after_a_pause(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    reader = elsewhere()
    visit(reader, f"{invite(owner, new_study(owner, private, 'Unsaved'), 'Away')}/read/1")
    for choice in (0, 1):
        reader.wait_for_load_state("networkidle")
        reader.get_by_role("radio").nth(choice).check()
        if choice == 0:
            reader.get_by_role("button", name="Save and go on").click()
            arrive(reader, "/read/2$")
            reader.get_by_role("link", name="Back", exact=True).click()
            arrive(reader, "/read/1$")
    # A closer look leaves it as it is, which the button's name says.
    reader.get_by_role("link", name="Zoom in").click()
    arrive(reader, "zoom=2")
    expect(reader.get_by_role("radio").nth(1)).to_be_checked()
    reader.get_by_role("link", name="Pause").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Unsaved")
    reader.wait_for_load_state("networkidle")
    reader.go_back(wait_until="networkidle")
    expect(reader.get_by_role("radio").nth(0)).to_be_checked()


def test_what_is_ticked_while_a_page_comes_is_not_changed_by_what_was_ticked_before(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    link = invite(owner, new_study(owner, private, "Late"), "Quick")
    reader = elsewhere()
    visit(reader, f"{link}/read/1")
    reader.wait_for_load_state("networkidle")
    reader.keyboard.press("1")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    reader.route("**/read/1.png*", hold)
    reader.goto(f"{link}/read/1?zoom=2", wait_until="commit")
    reader.get_by_role("radio").nth(0).check()
    reader.wait_for_timeout(100)
    for route in held:
        route.continue_()
    reader.wait_for_load_state("networkidle")
    expect(reader.locator("[name=choice]:checked")).to_have_value("0")


def test_digits_say_how_sure_one_is_where_that_is_asked_and_answer_elsewhere(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Sure", sure="yes")
    reader = elsewhere()
    visit(reader, f"{invite(owner, study, 'Keys')}/read/1")
    reader.wait_for_load_state("networkidle")
    choice = reader.locator("[name=choice]:checked")
    sure = reader.locator("[name=confidence]:checked")
    reader.keyboard.press("1")
    chosen = choice.input_value()
    reader.keyboard.press("Enter")  # the browser leads on to what is still asked
    expect(reader.locator("[name=confidence]:focus")).to_have_count(1)
    for key, said in (("1", "1"), ("4", "4"), ("0", "4"), ("7", "4")):
        reader.keyboard.press(key)
        expect(sure).to_have_value(said)
        expect(choice).to_have_value(chosen)
    reader.keyboard.press("Enter")
    expect(reader).to_have_url(re.compile("/read/2$"))
    text = owner.request.get(f"{study}/answers.csv").text()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["confidence"] == "4"
    visit(reader, f"{reader.url.rpartition('/')[0]}/1")
    expect(choice).to_have_value(chosen)


def test_a_reading_goes_on_where_it_stopped_on_another_device(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    link = invite(owner, new_study(owner, private, "Break"), "Traveller")
    phone, desk = elsewhere(**PHONE), elsewhere()
    visit(phone, f"{link}/read")
    for place in (1, 2):
        expect(phone).to_have_url(re.compile(f"/read/{place}$"))
        phone.wait_for_load_state("networkidle")
        phone.keyboard.press("1")
        phone.keyboard.press("Enter")
    expect(phone).to_have_url(re.compile("/read/3$"))
    visit(desk, link)
    expect(desk.locator(".progress-line")).to_contain_text("2 of 7")
    desk.get_by_role("link", name="Go on").click()
    expect(desk).to_have_url(re.compile("/read/3$"))


@pytest.mark.parametrize(("width", "height"), [(640, 360), (844, 390)])
def test_on_a_phone_on_its_side_the_question_stands_beside_the_picture(
    width: int, height: int, owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    link = invite(owner, new_study(owner, private, "Sideways", sure="yes"), "On a train")
    reader = elsewhere(viewport={"width": width, "height": height}, has_touch=True, is_mobile=True)
    visit(reader, f"{link}/read/1")
    assert reader.evaluate("document.documentElement.scrollWidth") == width
    reader.get_by_role("button", name="Save and go on").scroll_into_view_if_needed()
    save, picture = (
        reader.locator(each).bounding_box() for each in (".answering .primary", ".looking img")
    )
    assert save
    assert picture
    assert picture["x"] + picture["width"] < save["x"]
    # More than half of the picture is still in sight.
    assert picture["y"] > -picture["height"] / 2
    assert picture["y"] + picture["height"] / 2 < height
