"""What the page about a dataset knows only when the whole file has been read."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from ..conftest import Serve, Write
from ..reading import json_of, page
from ..visiting import visitor
from .described import about, notices

PATIENCE = 20.0


def test_the_catalogue_reads_no_file_for_its_md5(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr("app.datasets.identity.md5", fail)
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    for address in ("/", "/d/made", "/d/made/test/0", "/api/datasets"):
        assert client.get(address).status_code == 200


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Reading of whole files waits until this is set."""
    go_on = threading.Event()

    def slowly(*told: Any) -> Any:
        told[-1](1)
        assert go_on.wait(PATIENCE)
        return "0" * 32

    monkeypatch.setattr("app.datasets.identity.md5", slowly)
    monkeypatch.setattr("app.web.about._PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("app.web.api._PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("app.web.croissant._PATIENCE_SECONDS", 0.05)
    yield go_on
    go_on.set()


def test_what_is_not_known_yet_is_said_and_asked_for_again(
    held: threading.Event, serve: Serve, write: Write
) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    waiting = page(client, "/d/made/about")
    assert "is being checked by its MD5" in notices(waiting)[0]
    (results,) = waiting.having("data-refresh")
    assert results.get("data-address") == "/d/made/about"
    (again,) = waiting.all("meta", http_equiv="refresh")
    assert again.get("content") == "2"
    assert json_of(client, "/api/datasets/made")["identity"]["standing"] == "checking"
    asked = client.get("/api/datasets/made/croissant")
    assert asked.status_code == 503
    assert asked.headers["retry-after"]
    held.set()
    assert "not a published file" in notices(about(client, "made"))[0]


def test_the_owner_stops_the_reading_and_begins_it_again(
    held: threading.Event, serve: Serve, write: Write
) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    browser = visitor(client)
    waiting = page(browser, "/d/made/about")
    check = waiting.one("input", name="check").get("value")
    action = waiting.one("form", method="post").get("action", "")

    stopped = browser.post(action, data={"check": check})
    held.set()

    assert (stopped.status_code, stopped.headers["location"]) == (303, "/d/made/about?read=0")
    left = page(browser, "/d/made/about?read=0")
    assert "was not checked" in notices(left)[0]
    assert not list(left.having("data-refresh"))
    assert not list(left.all("button", id="stop"))
    assert "/d/made/about" in [link.get("href") for link in left.all("a")]
    assert "not a published file" in notices(about(client, "made"))[0]
    # What is known by then is shown there too.
    assert "not a published file" in notices(page(browser, "/d/made/about?read=0"))[0]


def test_a_page_that_waits_while_the_reading_is_stopped_begins_none(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch, serve: Serve, write: Write
) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    browser = visitor(client)
    check = page(browser, "/d/made/test/0").one("input", name="check").get("value")
    begun: list[str] = []
    under_way = threading.Event()

    def slowly(*told: Any) -> tuple[()]:
        begun.append(told[1])
        under_way.set()
        assert held.wait(PATIENCE)
        return ()

    monkeypatch.setattr("app.datasets.statistics.of_split", slowly)
    monkeypatch.setattr("app.web.about._PATIENCE_SECONDS", PATIENCE)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(browser.get, "/d/made/about")
        assert under_way.wait(PATIENCE)
        stopped = browser.post("/d/made/about/stop", data={"check": check})
        held.set()
        assert (stopped.status_code, waiting.result().status_code) == (303, 200)
    browser.get("/d/made/about?read=0")
    assert begun == ["test"]


def test_without_reading_the_page_begins_none(serve: Serve, write: Write) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))

    for _again in range(2):
        told = notices(page(client, "/d/made/about?read=0"))
        assert "was not checked" in told[0]
        assert "Note: The pixels of test were not read." in told
    assert client.get("/d/made/about?read=1").status_code == 422


@pytest.mark.usefixtures("held")
def test_who_may_only_look_stops_no_reading(serve: Serve, write: Write) -> None:
    file = write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2))
    client = serve(file, access="public", owner_token="the-token-of-the-owner")

    assert not list(page(client, "/d/made/about").all("button", id="stop"))
    assert client.post("/d/made/about/stop").status_code == 403


@pytest.mark.usefixtures("held")
def test_htmx_gets_the_part_that_changes(serve: Serve, write: Write) -> None:
    client = serve(write(test_images=np.zeros((2, 8, 8), np.uint8), test_labels=np.zeros(2)))
    part = client.get("/d/made/about", headers={"HX-Request-Type": "partial"}).text
    assert part.lstrip().startswith("<title>")
    assert 'id="results"' in part
    assert "ld+json" not in part
