"""A blinded reading: no byte that reaches a reader tells the label, the split or the index."""

import re
from html import escape
from pathlib import Path

import numpy as np
import pytest
from corpus.writers import flip
from starlette.testclient import TestClient

from .conftest import Serve, Write
from .reading import Page, page, words
from .visiting import fields_of, send, visitor

NUMBER = 60
PIXELS = np.random.default_rng(8).integers(0, 256, (NUMBER, 7, 7), np.uint8)
LABELS = (np.arange(NUMBER) % 2 + 8_800).astype(np.int64)
TOLD = r"\b880[01]\b|\b(train|val|test)\b|data-(index|split)|(?<!aria-)label(?!ledby|>| class)"


@pytest.fixture
def server(serve: Serve, write: Write, tmp_path: Path) -> TestClient:
    path = write("atlas.npz", test_images=PIXELS, test_labels=LABELS[:, None])
    return serve(path, database_url=f"sqlite:///{tmp_path}/reviews.sqlite")


@pytest.fixture
def reader(server: TestClient) -> tuple[TestClient, str]:
    fields = {"title": "Reading", "question": "Is it so?", "scale": "yes-no", "repeats": "20"}
    made = send(server, "/studies/new?of=/d/atlas", "/studies", **fields, practice="3", seed="5")
    assert made.status_code == 303
    return visitor(server), invited(server)


def invited(server: TestClient, name: str = "A") -> str:
    """Add a reader to the study; give the path of their link."""
    made = send(server, "/studies/1", "/studies/1/readers", name=name, days="30").text
    (path,) = re.findall(r'id="made"[^>]*value="http://[^/]+(/s/[^"]+)"', made)
    return str(path)


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


def test_a_closed_study_takes_no_more(server: TestClient, reader: tuple[TestClient, str]) -> None:
    browser, link = reader
    form = fields_of(browser.get(f"{link}/read/1").text, f"{link}/answers")
    assert send(server, "/studies/1", "/studies/1/close").status_code == 303
    answer = browser.post(f"{link}/answers", data={**form, "choice": "1"})
    assert answer.status_code == 410
    assert "takes no more answers. Nothing was saved." in answer.text


def begun(
    serve: Serve, write: Write, number: int, answered: int, **more: str
) -> tuple[TestClient, TestClient, str]:
    """A server with a study of so many images, and its reader, who has answered the first."""
    labels = np.resize(LABELS, (number, 1))
    pixels = np.zeros((number, 4, 4), np.uint8)
    server = serve(write("few.npz", test_images=pixels, test_labels=labels))
    fields = {"title": "Reading", "question": "Is it so?", "scale": "yes-no", **more}
    send(server, "/studies/new?of=/d/few", "/studies", **fields)
    link, browser = invited(server), visitor(server)
    for place in range(1, answered + 1):
        send(browser, f"{link}/read/{place}", f"{link}/answers", choice="1")
    return server, browser, link


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


@pytest.mark.parametrize("choice", ["2", "-1", "99999999999999999999"])
def test_what_nobody_can_answer_is_not_said_to_have_been_in_practice(
    choice: str, reader: tuple[TestClient, str]
) -> None:
    browser, link = reader
    answer = browser.get(f"{link}/practice/1?choice={choice}")
    assert answer.status_code == 422
    assert "There is no choice" in answer.text
    assert "You said" not in answer.text


@pytest.mark.parametrize("how", ["replaced", "gone"])
def test_a_study_shows_no_image_of_another_file_under_its_name(
    how: str, reader: tuple[TestClient, str], write: Write
) -> None:
    browser, link = reader
    assert browser.get(f"{link}/read/1").status_code == 200
    other = write("atlas.npz", test_images=255 - PIXELS, test_labels=LABELS[:, None])
    if how == "gone":
        other.unlink()
    for shown in ("read/1", "read/1.png", "practice/1", "practice/1.png"):
        answer = browser.get(f"{link}/{shown}")
        assert answer.status_code == 410, shown
        assert not re.search(rf"{TOLD}|atlas", answer.text), shown


@pytest.mark.parametrize("how", ["replaced", "damaged", "gone"])
def test_who_made_and_who_reads_a_study_without_its_file_is_told_before_it_begins(
    how: str, server: TestClient, reader: tuple[TestClient, str], tmp_path: Path
) -> None:
    browser, link = reader
    assert "Open; made" in page(server, "/links").text()
    file = tmp_path / "data" / "atlas.npz"
    file.unlink()
    if how == "replaced":
        np.savez_compressed(file, test_images=255 - PIXELS, test_labels=LABELS[:, None])
    elif how == "damaged":
        file.write_bytes(b"PK")
    told = words(page(browser, f"{link}/read/1", status=410).one("p", class_="lead"))
    listed = words(page(server, "/links").one("li", class_="card link-gone"))
    assert f"Shows nothing, guests are told: “{told}”" in listed
    assert not list(page(server, "/links").all("li", class_="card link-open"))
    start = page(browser, link)
    assert words(start.one("li", class_="notice notice-warning")) == f"Warning: {told}"
    assert not [href for href in start.links() if href.startswith(f"{link}/")]


def reading_of_two_splits(serve: Serve, write: Write) -> tuple[Path, TestClient, str]:
    """A file of nine images and four, three of them to practise on; its server; a reader's link."""
    path = write(
        train_images=PIXELS[:9],
        train_labels=LABELS[:9, None],
        test_images=PIXELS[:4],
        test_labels=LABELS[:4, None],
    )
    server = serve(path)
    fields = {"title": "R", "question": "Q?", "scale": "yes-no", "practice": "3", "seed": "3"}
    send(server, "/studies/new?of=/d/made", "/studies", **fields)
    return path, server, invited(server)


def test_a_split_that_is_damaged_under_a_reading_is_named_to_no_reader(
    serve: Serve, write: Write
) -> None:
    path, server, link = reading_of_two_splits(serve, write)
    browser = visitor(server)
    flip(path, path.read_bytes().index(b"train_images.npy") + 200)
    answers = [browser.get(f"{link}/read/{place}") for place in range(1, 11)]
    answers += [browser.get(f"{link}/practice/{place}") for place in range(1, 4)]
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [410] * 9
    for answer in answers:
        drawn = browser.get(f"{answer.url.path}.png")
        assert drawn.status_code == answer.status_code
        assert not re.search(TOLD, answer.text)


def test_a_reader_goes_on_with_the_images_that_are_left_and_the_owner_is_told_which_are_not(
    serve: Serve, write: Write
) -> None:
    path, server, link = reading_of_two_splits(serve, write)
    browser = visitor(server)
    assert "be shown" not in browser.get(link).text + server.get("/studies/1").text
    flip(path, path.read_bytes().index(b"train_images.npy") + 200)
    protocol = server.get("/studies/1/protocol.json").json()
    splits = {item["number"]: item["split"] for item in protocol["items"]}
    order = [each["item"] for each in protocol["readers"][0]["order"]]
    left = [place for place, item in enumerate(order, start=1) if splits[item] == "test"]
    assert 1 < len(left) < left[-1]
    assert "Open; made" in page(server, "/links").text()
    told = f"{10 - len(left)} images can't be shown and are left out"
    start = page(browser, link)
    assert told in start.text()
    (at,) = [a.get("href", "") for a in start.all("a") if words(a) == "Practise first"]
    practised = 0
    while "/practice/" in at:
        practised += 1
        action = page(browser, f"{at}?choice=1").one("a", class_="button primary")
        at = action.get("href", "")
    aside = [item["split"] for item in protocol["items"] if item["practice"]]
    assert 0 < practised == aside.count("test") < len(aside)
    assert at == f"{link}/read"
    walked, at = [], browser.get(f"{link}/read").headers["location"]
    while at != link:
        walked.append(int(at.rpartition("/")[2]))
        shown = page(browser, at)
        assert told in shown.text()
        back = [a.get("href") for a in shown.all("a") if words(a) == "Back"]
        assert back == [f"{link}/read/{place}" for place in walked[-2:-1]]
        answer = send(browser, at, f"{link}/answers", choice="1")
        at = answer.headers["location"]
        if at == f"{link}/read":
            at = browser.get(at).headers["location"]
    assert walked == left
    end = page(browser, link)
    assert "Thank you, A." in end.text()
    assert f"{link}/read/{left[0]}" in end.links()
    (warned,) = page(server, "/studies/1").all("li", class_="notice notice-warning")
    assert words(warned) == (
        "Warning: 9 images can't be shown, and readers go on with the others: "
        + ", ".join(f"train {n}" for n in range(9))
        + ". The dataset's page says why."
    )


def test_where_no_image_is_left_a_reader_is_sent_to_none_nor_told_that_all_are_answered(
    serve: Serve, write: Write
) -> None:
    splits = {
        f"{split}_{kind}": values[:4]
        for split in ("train", "test")
        for kind, values in (("images", PIXELS), ("labels", LABELS[:, None]))
    }
    path = write(**splits)
    server = serve(path)
    fields = {"title": "R", "question": "Q?", "scale": "yes-no", "practice": "1"}
    send(server, "/studies/new?of=/d/made?split=train", "/studies", **fields)
    first, second = invited(server), invited(server, "B")
    send(visitor(server), f"{first}/read/2", f"{first}/answers", choice="1")
    flip(path, path.read_bytes().index(b"train_images.npy") + 200)
    start = page(visitor(server), second)
    assert "3 images can't be shown and are left out" in start.text()
    assert not [link for link in start.links() if link.startswith(f"{second}/")]
    owned = page(server, "/studies/1").text()
    assert "4 images can't be shown, and no others are left to read: train 0, train 1" in owned
    assert "go on with the others" not in owned
    told = words(page(visitor(server), f"{second}/read/1", status=410).one("p", class_="lead"))
    listed = [words(li) for li in page(server, "/links").all("li", class_="card link-gone")]
    assert [f"guests are told: “{told}”" in each for each in listed] == [True, True]
    send(server, "/studies/1", "/studies/1/close")
    closed = page(visitor(server), first).text()
    assert "This reading is closed. Thank you; what you answered is saved." in closed
    assert "All images are answered" not in closed


def test_an_answer_sent_by_a_page_of_another_site_is_refused(
    reader: tuple[TestClient, str],
) -> None:
    browser, link = reader
    form = fields_of(browser.get(f"{link}/read/1").text, f"{link}/answers")
    foreign = {"origin": "https://elsewhere.example"}
    answer = browser.post(f"{link}/answers", data={**form, "choice": "1"}, headers=foreign)
    assert answer.status_code == 403


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


def test_from_a_window_that_can_not_be_there_is_one_way_back_to_the_image(
    reader: tuple[TestClient, str],
) -> None:
    browser, link = reader
    refused = page(browser, f"{link}/read/2?low=5&high=2", status=422)
    assert [a.get("href") for a in refused.all("a") if words(a) == "Back"] == [f"{link}/read/2"]
