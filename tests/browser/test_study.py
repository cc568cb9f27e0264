"""A whole study: its maker, two readers on a phone, one without JavaScript, to the agreement."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from running import Server

from .conftest import OWNER, Watch, arrive, visit
from .test_everyone import AXE
from .test_styles import larger_letters

PHONE = {"viewport": {"width": 360, "height": 740}}
IMAGES, REPEATED = 6, 1


@pytest.fixture(autouse=True)
def at_home(watch: Watch, private: Server) -> None:
    """Here all pages are the private server's."""
    watch.address = private.address


@pytest.fixture
def owner(elsewhere: Callable[..., Page], private: Server) -> Page:
    page = elsewhere()
    visit(page, f"{private.address}/?token={OWNER}")
    expect(page).not_to_have_url(re.compile("token"))
    return page


def new_study(owner: Page, private: Server, title: str, **design: str) -> str:
    """Make a study of three images of each label of BreastMNIST's val; give its address."""
    visit(owner, f"{private.address}/d/breastmnist?split=val")
    owner.get_by_role("link", name="Study", exact=True).click()
    owner.get_by_label("Title").fill(title)
    owner.get_by_label("Images of each label").fill("3")
    owner.get_by_label("Images shown twice").select_option(design.get("repeats", "20"))
    owner.get_by_label("Images set aside").fill(design.get("practice", "0"))
    if "sure" in design:
        owner.get_by_label("Ask how sure the reader is").check()
    owner.get_by_role("button", name="Make the study").click()
    expect(owner.locator("h1")).to_have_text(title)
    return owner.url


def invite(owner: Page, study: str, name: str) -> str:
    visit(owner, study)
    owner.get_by_label("Name of the new reader").fill(name)
    owner.get_by_role("button", name="Add the reader").click()
    return owner.get_by_label("The link").input_value()


def axe(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


def fits(page: Page) -> bool:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width <= 360


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


def test_an_answer_that_the_server_has_not_confirmed_is_kept_and_sent_again(
    owner: Page, elsewhere: Callable[..., Page], private: Server, watch: Watch
) -> None:
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    link = invite(owner, new_study(owner, private, "Flaky"), "Ward")
    reader = elsewhere(**PHONE)
    visit(reader, f"{link}/read/1")
    reader.context.set_offline(True)
    reader.keyboard.press("1")
    reader.keyboard.press("Enter")
    expect(reader.locator("[data-saving]")).to_contain_text("Saving…")
    expect(reader).to_have_url(re.compile("/read/1$"))
    reader.context.set_offline(False)
    expect(reader).to_have_url(re.compile("/read/2$"))
    visit(reader, f"{link}/read/1")
    expect(reader.get_by_role("radio").nth(1)).to_be_checked()


def test_what_is_typed_while_the_next_image_comes_changes_no_answer(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    study = new_study(owner, private, "Hasty")
    reader = elsewhere()
    visit(reader, f"{invite(owner, study, 'Hasty')}/read/1")
    held: list[Route] = []
    reader.route("**/read/2", lambda route: held.append(route))
    for key in "01":
        reader.keyboard.press(key)
        reader.keyboard.press("Enter")
        while not held:
            reader.wait_for_timeout(50)
    reader.wait_for_timeout(500)  # in which another answer would arrive
    held.pop().continue_()
    expect(reader).to_have_url(re.compile("/read/2$"))
    assert rows(owner, study) == [("0", "malignant (0)")]


def test_a_change_of_mind_while_the_network_is_gone_counts(
    owner: Page, elsewhere: Callable[..., Page], private: Server, watch: Watch
) -> None:
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    study = new_study(owner, private, "Changed offline")
    reader = elsewhere(**PHONE)
    visit(reader, f"{invite(owner, study, 'Ward')}/read/1")
    reader.context.set_offline(True)
    for key in ("0", "0", "1", "1"):  # each twice, as by a finger that trembles
        reader.keyboard.press(key)
        reader.keyboard.press("Enter")
    expect(reader.locator("[data-saving]")).to_contain_text("trying again")
    reader.context.set_offline(False)
    arrive(reader, "/read/2$")
    assert [new[-2] for _, new in rows(owner, study)] == ["0", "1"]
    visit(reader, reader.url.replace("/read/2", "/read/1"))
    expect(reader.get_by_role("radio").nth(1)).to_be_checked()


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


def test_where_an_answer_can_not_be_kept_by_the_browser_it_is_sent_as_without_scripts(
    owner: Page, elsewhere: Callable[..., Page], private: Server, watch: Watch
) -> None:
    watch.expected.append("QuotaExceededError")
    study = new_study(owner, private, "Full")
    reader = elsewhere()
    visit(reader, f"{invite(owner, study, 'Ward')}/read/1")
    full = "() => { throw new DOMException('', 'QuotaExceededError') }"
    reader.evaluate(f"() => {{ Storage.prototype.setItem = {full} }}")
    reader.keyboard.press("1")
    reader.keyboard.press("Enter")
    arrive(reader, "/read/2$")
    assert rows(owner, study) == [("0", "normal, benign (1)")]


def test_an_answer_that_waits_is_kept_while_another_is_confirmed(
    owner: Page, elsewhere: Callable[..., Page], private: Server, watch: Watch
) -> None:
    watch.expected.append("ERR_")
    study = new_study(owner, private, "Two wait")
    link = invite(owner, study, "Ward")
    reader = elsewhere(**PHONE)
    visit(reader, f"{link}/read/1")
    reader.context.set_offline(True)
    reader.keyboard.press("0")
    reader.keyboard.press("Enter")
    expect(reader.locator("[data-saving]")).to_contain_text("trying again")
    held: list[Route] = []
    # The network is slow first, then it is gone, then it is back.
    ways = [held.append, Route.abort, Route.continue_]
    reader.route("**/answers*", lambda route: ways[0](route))
    reader.context.set_offline(False)
    reader.goto(f"{link}/read/2")
    expect(reader.locator("[data-saving]")).to_contain_text("Saving…")
    reader.get_by_role("radio").nth(1).check()
    reader.get_by_role("button", name="Save and go on").click()
    ways.pop(0)
    held[-1].continue_()
    expect(reader.locator("[data-saving]")).to_contain_text("trying again")
    assert rows(owner, study) == [("0", "malignant (0)")]
    ways.pop(0)
    # Whatever picture it is seen through, the next page sends it.
    visit(reader, f"{link}/read/1?invert=1")
    expect(reader.locator("[data-saving]")).to_have_text("Saved")
    assert rows(owner, study) == [("0", "malignant (0)"), ("1", "normal, benign (1)")]


def test_an_answer_that_waits_is_sent_by_the_start_page_and_counted(
    owner: Page, elsewhere: Callable[..., Page], private: Server, watch: Watch
) -> None:
    watch.expected.append("ERR_")
    study = new_study(owner, private, "Pause")
    link = invite(owner, study, "Tired")
    reader = elsewhere(**PHONE)
    visit(reader, f"{link}/read/1")
    ways: list[Callable[[Route], object]] = [Route.abort, Route.continue_]
    reader.route("**/answers*", lambda route: ways[0](route))
    reader.get_by_role("radio").nth(1).check()
    reader.get_by_role("button", name="Save and go on").click()
    expect(reader.locator("[data-saving]")).to_contain_text("trying again")
    reader.get_by_role("link", name="Pause").click()
    expect(reader.locator("[data-saving]")).to_contain_text("Saving…")
    assert rows(owner, study) == []
    ways.pop(0)
    expect(reader.locator(".progress-line")).to_contain_text("1 of")
    assert rows(owner, study) == [("0", "normal, benign (1)")]


def test_the_start_page_leaves_alone_what_was_begun(
    owner: Page, elsewhere: Callable[..., Page], private: Server
) -> None:
    link = invite(owner, new_study(owner, private, "Break"), "Back")
    reader = elsewhere()
    visit(reader, f"{link}/read/1")
    reader.get_by_role("radio").nth(1).check()
    reader.get_by_role("link", name="Pause").click()
    reader.wait_for_load_state("networkidle")
    reader.get_by_role("link", name="Begin").click()
    expect(reader.get_by_role("radio").nth(1)).to_be_checked()


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


def test_an_answer_that_a_closed_study_does_not_take_any_more_is_said_to_be_lost(
    owner: Page, elsewhere: Callable[..., Page], private: Server, watch: Watch
) -> None:
    watch.expected += ["ERR_INTERNET_DISCONNECTED", "410"]
    study = new_study(owner, private, "Closing")
    link = invite(owner, study, "Late")
    reader = elsewhere(**PHONE)
    visit(reader, f"{link}/read/1")
    reader.wait_for_load_state("networkidle")
    reader.keyboard.press("1")
    reader.keyboard.press("Enter")
    expect(reader).to_have_url(re.compile("/read/2$"))
    reader.wait_for_load_state("networkidle")
    reader.context.set_offline(True)
    reader.keyboard.press("1")
    reader.keyboard.press("Enter")
    expect(reader.locator("[data-saving]")).to_contain_text("trying again")
    visit(owner, study)
    owner.get_by_text("Close the study").click()
    owner.get_by_role("button", name="Close it for ever").click()
    expect(owner.locator("main")).to_contain_text("no more answers are taken")
    reader.context.set_offline(False)
    visit(reader, f"{link}/read/2")
    expect(reader).to_have_url(link)
    expect(reader.locator("[data-saving]")).to_have_text(
        "This study is closed and takes no more answers. Nothing was saved."
    )
    reader.get_by_role("link", name="Look at my answers").click()
    expect(reader.locator(".notice")).to_contain_text("You said: normal, benign (1).")
    reader.wait_for_load_state("networkidle")
    expect(reader.locator("[data-saving]")).to_have_text("")
    assert len(rows(owner, study)) == 1


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


def rows(owner: Page, study: str) -> list[tuple[str, str]]:
    """The answers that the server has, each with its place."""
    text = owner.request.get(f"{study}/answers.csv").text()
    return [(row["place"], row["new"]) for row in csv.DictReader(io.StringIO(text))]


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
