"""A blinded reading: no byte that reaches a reader tells the label, the split or the index."""

import re

import pytest
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..reading import Page, page, words
from ..visiting import fields_of, send
from .invited import TOLD, begun


def test_no_byte_of_a_reading_tells_label_split_or_index(reader: tuple[TestClient, str]) -> None:
    browser, link = reader
    places = round(57 * 1.2)
    answers = [browser.get(link)]
    for place in range(1, places + 1):
        answers += [browser.get(f"{link}/read/{place}"), browser.get(f"{link}/read/{place}.png")]
    assert {answer.status_code for answer in answers} == {200}
    assert browser.get(f"{link}/read/{places + 1}").status_code == 404
    for answer in answers:
        # A tag is random digits, any of which may stand in it by chance.
        text = repr([pair for pair in answer.headers.items() if pair[0] != "etag"])
        if "html" in answer.headers["content-type"]:
            text += answer.text
        assert not re.search(TOLD, text), re.search(TOLD, text)
        # A readout of values would be another reading than that of the picture.
        assert not re.search(r'data-values="[^"]', text)


def test_pages_of_differently_labelled_images_differ_in_nothing_but_their_place(
    reader: tuple[TestClient, str],
) -> None:
    browser, link = reader

    def plain(place: int) -> str:
        html = browser.get(f"{link}/read/{place}").text
        html = re.sub(r'name="key" value="[^"]+"', "", html)
        # The day of the month is a number too.
        html = re.sub(r"Printed from[^<]+", "", html)
        return re.sub(rf"\b({place - 1}|{place}|{place + 1})\b", "N", html)

    assert len({plain(place) for place in range(20, 50)}) == 1


@pytest.mark.parametrize("part", ["1", "1.png", "1.npy", "sheet.png", "1/atlas-z.png", "x"])
def test_a_readers_link_has_none_of_the_pages_of_other_links(
    part: str, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    answer = browser.get(f"{link}/{part}")
    assert answer.status_code == 404
    assert "There is no page at this address." in answer.text
    assert f'href="{link}"' in answer.text
    assert "can be shared" not in answer.text


def test_a_repeat_looks_like_any_other_image(reader: tuple[TestClient, str]) -> None:
    browser, link = reader
    pictures = [browser.get(f"{link}/read/{place}.png") for place in range(1, 69)]
    contents = [picture.content for picture in pictures]
    assert len(set(contents)) == 57
    # The same pixels, but nothing else that is the same.
    assert len({picture.headers["etag"] for picture in pictures}) == 68


@pytest.mark.parametrize("choice", ["2", "-1", "99999999999999999999"])
def test_what_nobody_can_answer_is_not_said_to_have_been_in_practice(
    choice: str, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    answer = browser.get(f"{link}/practice/1?choice={choice}")
    assert answer.status_code == 422
    assert "There is no choice" in answer.text
    assert "You said" not in answer.text


def test_a_second_reader_of_a_name_is_refused_and_the_way_back_is_to_the_study(
    server: TestClient, reader: tuple[TestClient, str]
) -> None:
    assert reader
    refused = send(server, "/studies/1", "/studies/1/readers", name=" A ", days="30")
    assert refused.status_code == 422
    assert "has a reader called “A” already" in refused.text
    assert 'href="/studies/1"' in refused.text


def test_a_link_is_shown_with_the_name_of_the_reader_whom_it_is_for(server: TestClient) -> None:
    fields = {"title": "Reading", "question": "Is it so?", "scale": "yes-no", "seed": "5"}
    send(server, "/studies/new?of=/d/atlas", "/studies", **fields)
    first = send(server, "/studies/1", "/studies/1/readers", name=" Dr. Ann ", days="30")
    send(server, "/studies/1", "/studies/1/readers", name="Ben", days="30")
    again = send(server, "/studies/1", "/studies/1/readers/1/link", days="30")
    for answer in (first, again):
        lead = words(Page(answer.text).one("p", class_="lead"))
        assert lead == "The link of Dr. Ann to “Reading”"
        assert "Ben" not in answer.text


def test_from_what_a_study_does_not_have_the_way_back_is_to_the_study(
    serve: Serve, write: Write
) -> None:
    server, _, _ = begun(serve, write, 4, 1)
    hidden = fields_of(server.get("/studies/1").text, "/studies/1/readers")
    send(server, "/studies/1", "/studies/1/close")
    late = server.post("/studies/1/readers", data={**hidden, "name": "Late", "days": "30"})
    assert late.status_code == 410
    assert "no reader was added" in late.text
    for answer in (late, server.get("/studies/1/cases?table=pair-7&row=0&column=0")):
        assert 'href="/studies/1"' in answer.text
    assert 'href="/studies/77"' not in server.get("/studies/77/agreement").text


def test_from_a_window_that_can_not_be_there_is_one_way_back_to_the_image(
    reader: tuple[TestClient, str],
) -> None:
    browser, link = reader
    refused = page(browser, f"{link}/read/2?low=5&high=2", status=422)
    assert [a.get("href") for a in refused.all("a") if words(a) == "Back"] == [f"{link}/read/2"]
