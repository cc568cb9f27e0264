"""A study whose file is gone, replaced or damaged."""

import re
from pathlib import Path

import numpy as np
import pytest
from corpus.writers import flip
from starlette.testclient import TestClient

from ..conftest import Serve, Write
from ..reading import page, words
from ..visiting import send, visitor
from .invited import LABELS, PIXELS, TOLD, invited


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
