"""A reader's answers in a browser: none is lost, none is sent that was not meant."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect
from running import Server

from .conftest import Watch, arrive, visit
from .studying import PHONE, invite, new_study, rows

pytestmark = pytest.mark.usefixtures("at_home")


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
