"""What becomes of a reader's answers."""

import re
from html import escape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..reading import Page, page, words
from ..visiting import fields_of, send, visitor
from .invited import begun


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"choice": "0"}, 303),
        ({"choice": "cannot"}, 303),
        ({"choice": ""}, 422),
        ({"choice": "2"}, 422),
        ({"choice": "-3"}, 422),
        ({"choice": "0", "place": "69"}, 404),
        ({"choice": "0", "place": "x"}, 422),
        ({"choice": "0", "key": "x"}, 422),
        ({"choice": "0", "confidence": "3"}, 422),
        ({"choice": "0", "ms": "-5"}, 303),
        ({"choice": "0", "ms": "1" * 40}, 303),
    ],
)
def test_an_answer_that_cannot_be_is_refused(
    fields: dict[str, str], status: int, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    assert send(browser, f"{link}/read/1", f"{link}/answers", **fields).status_code == status


def test_a_double_click_is_one_answer(server: TestClient, reader: tuple[TestClient, str]) -> None:
    browser, link = reader
    for _ in range(2):
        given = {"choice": "1", "key": "the-same-key"}
        assert send(browser, f"{link}/read/1", f"{link}/answers", **given).status_code == 303
    rows = server.get("/studies/1/answers.csv").text.splitlines()
    assert len(rows) == 2


def test_two_tabs_leave_two_rows_of_which_the_later_counts(
    server: TestClient, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    for choice in "01":
        send(browser, f"{link}/read/1", f"{link}/answers", choice=choice)
    rows = server.get("/studies/1/answers.csv").text.splitlines()
    assert len(rows) == 3
    html = browser.get(f"{link}/read/1").text
    assert re.search(r'value="1"[^>]*checked', html)


def test_an_answer_sent_once_more_by_an_older_page_counts(
    server: TestClient, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    older, newer = (fields_of(browser.get(f"{link}/read/1").text, f"{link}/answers") for _ in "ab")
    # Without JavaScript, Back brings the first page again, with what was chosen there.
    for form, choice in ((older, "0"), (newer, "1"), (older, "0"), (older, "0")):
        sent = browser.post(f"{link}/answers", data={**form, "choice": choice})
        assert sent.status_code == 303
    answered = server.get("/studies/1/protocol.json").json()["readers"][0]["answers"]
    assert [(each["old"], each["new"]) for each in answered] == [(None, 0), (0, 1), (1, 0)]


def test_an_answer_that_a_program_sends_again_takes_no_later_one_away(
    server: TestClient, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    headers = {"accept": "application/json"}
    # What was kept, but not acknowledged, comes again from a browser that was offline.
    for key, choice in (("the-first-key", "0"), ("the-other-key", "1"), ("the-first-key", "0")):
        given = {"place": "1", "key": key, "choice": choice}
        assert browser.post(f"{link}/answers", data=given, headers=headers).status_code == 200
    answered = server.get("/studies/1/protocol.json").json()["readers"][0]["answers"]
    assert [(each["old"], each["new"]) for each in answered] == [(None, 0), (0, 1)]


def test_pages_of_what_changes_are_asked_for_again(
    server: TestClient, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    assert send(server, "/collections", "/collections", name="Rings").status_code == 303
    lists = "/links", "/studies", "/studies/1", "/collections", "/collections/1"
    pages = [(server, each) for each in lists] + [(browser, link), (browser, f"{link}/read/1")]
    for who, address in pages:
        assert who.get(address).headers["cache-control"] == "no-store", address
        assert page(who, address).one("main").get("data-anew") == "", address
    for who, address in ((server, "/"), (browser, f"{link}/practice/1")):
        assert page(who, address).one("main").get("data-anew") is None, address


def test_a_closed_study_takes_no_more(server: TestClient, reader: tuple[TestClient, str]) -> None:
    browser, link = reader
    form = fields_of(browser.get(f"{link}/read/1").text, f"{link}/answers")
    listed = "its study takes no more answers"
    assert listed not in page(server, "/links").text()
    assert send(server, "/studies/1", "/studies/1/close").status_code == 303
    assert listed in page(server, "/links").text()
    answer = browser.post(f"{link}/answers", data={**form, "choice": "1"})
    assert answer.status_code == 410
    assert "takes no more answers. Nothing was saved." in answer.text


@pytest.mark.parametrize("answered", [0, 1, 4])
def test_a_closed_study_thanks_for_what_was_answered_and_shows_no_form(
    answered: int, serve: Serve, write: Write
) -> None:
    server, browser, link = begun(serve, write, 4, answered)
    send(server, "/studies/1", "/studies/1/close")
    shown = page(browser, link)
    assert ("saved" in shown.text()) == ("Thank you" in shown.text()) == bool(answered)
    assert ("closed" in shown.text()) == (answered < 4)
    leads_in = [href for href in shown.links() if "/read" in href]
    assert leads_in == ([f"{link}/read/1"] if answered else [])
    for place in (1, 4):
        answer = browser.get(f"{link}/read/{place}")
        if place <= answered:
            assert "You said: no." in answer.text
            shown = page(browser, f"{link}/read/{place}")
            assert not list(shown.all("input", type="radio"))
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, link)


def test_a_closed_study_shows_how_sure_one_was(serve: Serve, write: Write) -> None:
    server, browser, link = begun(serve, write, 2, 0, confidence="1")
    send(browser, f"{link}/read/2", f"{link}/answers", choice="0", confidence="4")
    send(server, "/studies/1", "/studies/1/close")
    said = words(page(browser, f"{link}/read/2").one("p", class_="notice"))
    assert said == "You said: yes. How sure you were: 4 of 5."


def test_an_answer_without_the_confidence_that_is_asked_is_refused(
    serve: Serve, write: Write
) -> None:
    _server, browser, link = begun(serve, write, 2, 0, confidence="1")
    form = fields_of(browser.get(f"{link}/read/1").text, f"{link}/answers")
    answer = browser.post(f"{link}/answers", data={**form, "choice": "0"})
    assert answer.status_code == 422
    assert "1 to 5" in answer.text
    assert "0 of 2 answered" in page(browser, link).text()


@pytest.mark.parametrize(("answered", "word"), [(0, "Begin"), (1, "Go on")])
def test_whoever_has_begun_goes_on(answered: int, word: str, serve: Serve, write: Write) -> None:
    # So many that one of them is less than one in a hundred.
    _server, browser, link = begun(serve, write, 156, answered)
    shown = page(browser, link)
    assert f"{answered} of 156 answered" in shown.text()
    assert words(shown.one("a", href=f"{link}/read")) == word


def test_when_the_database_is_gone_browsing_goes_on_and_writing_says_it_was_not_saved(
    server: TestClient, reader: tuple[TestClient, str], tmp_path: Path
) -> None:
    browser, link = reader
    for file in tmp_path.glob("reviews.sqlite*"):
        file.unlink()
    assert server.get("/d/atlas").status_code == 200
    assert server.get("/d/atlas/test/1").status_code == 200
    fields = {"place": "1", "choice": "1", "key": "some-long-key", "ms": "5"}
    answer = browser.post(f"{link}/answers", data=fields)
    assert answer.status_code == 503
    page = server.get("/share?of=/d/atlas").text
    (check,) = re.findall(r'name="check" value="([^"]+)"', page)
    made = server.post("/share", data={"of": "/d/atlas", "days": "30", "check": check})
    assert made.status_code == 503
    assert "was not saved" in made.text


def test_an_answer_is_taken_from_a_page_that_was_open_when_the_server_was_started_again(
    reader: tuple[TestClient, str], serve: Serve, tmp_path: Path
) -> None:
    browser, link = reader
    form = fields_of(browser.get(f"{link}/read/1").text, f"{link}/answers")
    database = f"sqlite:///{tmp_path}/reviews.sqlite"
    again = serve(tmp_path / "atlas.npz", database_url=database, owner_token="another")
    answer = visitor(again).post(f"{link}/answers", data={**form, "choice": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}/read/2")
    assert len(again.get("/studies/1/answers.csv").text.splitlines()) == 2


def test_what_is_kept_is_said_to_be_kept_whatever_has_become_of_its_image(
    server: TestClient, reader: tuple[TestClient, str], tmp_path: Path
) -> None:
    browser, link = reader
    action = f"{link}/answers?invert=1"
    form = fields_of(browser.get(f"{link}/read/1?invert=1").text, action)
    (tmp_path / "data" / "atlas.npz").unlink()
    answer = browser.post(action, data={**form, "choice": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}/read/2")
    assert len(server.get("/studies/1/answers.csv").text.splitlines()) == 2


def test_the_next_image_is_seen_as_this_one(reader: tuple[TestClient, str]) -> None:
    browser, link = reader
    seen = "invert=1&zoom=2"
    first = browser.get(f"{link}/read/1?{seen}").text
    form = fields_of(first, escape(f"{link}/answers?{seen}"))
    answer = browser.post(f"{link}/answers?{seen}", data={**form, "choice": "1"})
    assert answer.headers["location"] == f"{link}/read/2?{seen}"
    second = Page(browser.get(answer.headers["location"]).text)
    assert "Zoom 2×" in second.text()
    # And so it is after Back, after a pause, and behind what was practised on.
    assert {f"{link}/read/1?{seen}", f"{link}?{seen}"} <= second.links()
    assert f"{link}/read?{seen}" in Page(browser.get(f"{link}?{seen}").text).links()
    assert browser.get(f"{link}/read?{seen}").headers["location"] == f"{link}/read/2?{seen}"
    practised = Page(browser.get(f"{link}/practice/1?{seen}&choice=1").text)
    assert f"{link}/practice/2?{seen}" in practised.links()


def test_an_answer_sent_by_a_page_of_another_site_is_refused(
    reader: tuple[TestClient, str],
) -> None:
    browser, link = reader
    form = fields_of(browser.get(f"{link}/read/1").text, f"{link}/answers")
    foreign = {"origin": "https://elsewhere.example"}
    answer = browser.post(f"{link}/answers", data={**form, "choice": "1"}, headers=foreign)
    assert answer.status_code == 403


def test_one_goes_from_answer_to_answer_of_a_closed_study(
    server: TestClient, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    for place in (2, 5, 6):
        send(browser, f"{link}/read/{place}", f"{link}/answers", choice="1")
    send(server, "/studies/1", "/studies/1/close")
    walked, at = [], f"{link}/read/2"
    while at != link:
        walked.append(at.rpartition("/")[2])
        shown = page(browser, at)
        (at,) = [a.get("href", "") for a in shown.all("a") if words(a) == "Next"]
    assert walked == ["2", "5", "6"]
    assert f"{link}/read/2" in page(browser, link).links()
