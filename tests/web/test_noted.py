"""The grid of what was flagged or noted: which images, counted how, for whom, and never stale."""

import csv
import io
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.engine.default import DefaultDialect
from starlette.testclient import TestClient

from app.arrays.archive import read_archive
from app.datasets.opening import MEMBERS
from app.datasets.selection import Split
from app.reviews import notes
from app.reviews.database import Database
from app.reviews.items import Item
from app.reviews.notes import Author, Flag

from .conftest import Serve, Write
from .reading import json_of, page, picture, ten_to_a_row, words
from .visiting import visitor

TOKEN = "the-token-of-the-owner"
NUMBER = 240
PIXELS = np.random.default_rng(5).integers(0, 256, (NUMBER, 9, 9), np.uint8)
LABELS = (np.arange(NUMBER) % 4).astype(np.uint8)
FLAGGED = [3, 5, 7, 100, 239]


class Colleague:
    """Says things of images in another process of the same server."""

    def __init__(self, made: Path, database: Database) -> None:
        self._database = database
        self._content = read_archive(made, MEMBERS).content

    def says(
        self, index: int, flag: Flag | None = None, text: str = "", split: Split = "test"
    ) -> int:
        item = Item("atlas", self._content, split, index)
        return notes.add(self._database, item, Author("A"), flag, text).id

    def takes_back(self, note: int) -> None:
        notes.undo(self._database, note, Author("A"))


@pytest.fixture
def made(write: Write) -> Path:
    return write(
        "atlas.npz",
        train_images=PIXELS[:40],
        train_labels=LABELS[:40, None],
        test_images=PIXELS,
        test_labels=LABELS[:, None],
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/kept.sqlite"


@pytest.fixture
def colleague(made: Path, url: str) -> Iterator[Colleague]:
    with closing(Database(url)) as database:
        yield Colleague(made, database)


@pytest.fixture
def client(serve: Serve, made: Path, url: str) -> TestClient:
    """An open server: whoever asks is its owner."""
    return serve(made, database_url=url)


@pytest.fixture
def flagged(client: TestClient, colleague: Colleague) -> TestClient:
    """The same, where five test images are flagged, and one train image has a note."""
    for index in reversed(FLAGGED):
        colleague.says(index, "artefact")
    colleague.says(2, text="a word", split="train")
    return client


def shown(client: TestClient, address: str) -> list[tuple[str, int]]:
    return [(thumb.split, thumb.index) for thumb in page(client, address).thumbs()]


def facet(client: TestClient, address: str) -> dict[str, str]:
    """What the Review filter says: a count for each kind."""
    found = {}
    for kind in ("flagged", "notes"):
        for link in page(client, address).all("a", id=f"noted-{kind}"):
            (count,) = re.findall(r"number: (\d+)", words(link))
            found[kind] = count
    return found


def test_the_grid_shows_exactly_what_was_flagged_or_has_notes(flagged: TestClient) -> None:
    expected = [("test", index) for index in FLAGGED]
    assert shown(flagged, "/d/atlas?noted=flagged") == expected
    assert shown(flagged, "/d/atlas?noted=notes") == [("train", 2)]
    assert shown(flagged, "/d/atlas?noted=flagged&label=3") == [
        ("test", index) for index in FLAGGED if index % 4 == 3
    ]
    assert shown(flagged, "/d/atlas?noted=flagged&split=train") == []
    by_label = sorted(FLAGGED, key=lambda index: (index % 4, index))
    assert shown(flagged, "/d/atlas?noted=flagged&order=label") == [("test", i) for i in by_label]


def test_pages_sheets_and_neighbours_are_those_of_the_filter(flagged: TestClient) -> None:
    address = "/d/atlas?noted=flagged&per_page=2&page=2"
    assert shown(flagged, address) == [("test", 7), ("test", 100)]
    (sheet,) = page(flagged, address).sheets()
    assert np.array_equal(picture(flagged, sheet), ten_to_a_row(PIXELS[[7, 100]]))
    item = page(flagged, page(flagged, address).thumbs()[0].href)
    assert "3 of 5" in item.text()
    assert item.one("a", rel="next").get("href") == "/d/atlas/test/100?noted=flagged&per_page=2"
    assert item.one("a", rel="prev").get("href") == "/d/atlas/test/5?noted=flagged&per_page=2"


def test_an_image_whose_flag_was_taken_back_leads_on_from_where_it_stood(
    client: TestClient, colleague: Colleague
) -> None:
    said = {index: colleague.says(index, "other") for index in FLAGGED}
    query = "noted=flagged&per_page=2"
    for index, (previous, following) in {7: (5, 100), 239: (100, None), 3: (None, 5)}.items():
        colleague.takes_back(said[index])
        shown = page(client, f"/d/atlas/test/{index}?{query}")
        for way, there in (("prev", previous), ("next", following)):
            led = [link.get("href") for link in shown.all("a", rel=way)]
            assert led == ([f"/d/atlas/test/{there}?{query}"] if there is not None else [])
        assert "Not in the selection" in shown.text()
    (back,) = (link.get("href", "") for link in shown.all("a", aria_keyshortcuts="Escape"))
    assert [thumb.index for thumb in page(client, back).thumbs()] == [5, 100]
    # In an order by label, or at random, where it stood is not known any more.
    shown = page(client, f"/d/atlas/test/7?{query}&order=random")
    assert not [*shown.all("a", rel="prev"), *shown.all("a", rel="next")]


def test_the_filter_counts_under_the_other_filters_and_is_shown_only_if_it_has_any(
    client: TestClient, colleague: Colleague
) -> None:
    assert facet(client, "/d/atlas") == {}
    note = colleague.says(3, "other", "said twice")
    colleague.says(3, "artefact")
    colleague.says(8, text="a word")
    assert facet(client, "/d/atlas") == {"flagged": "1", "notes": "2"}
    assert facet(client, "/d/atlas?label=0") == {"flagged": "0", "notes": "1"}
    colleague.takes_back(note)
    assert facet(client, "/d/atlas") == {"flagged": "1", "notes": "1"}


def test_the_page_says_which_filter_is_on_and_takes_it_away(flagged: TestClient) -> None:
    found = page(flagged, "/d/atlas?noted=flagged&label=3")
    assert "flagged" in words(found.one("h1"))
    # Every form on the page carries it along.
    carried = [e.get("value") for e in found.all("input", type="hidden", name="noted")]
    assert set(carried) == {"flagged"}
    chips = {link.get("href") for link in found.all("a", class_="chip")}
    assert chips == {"/d/atlas?label=3", "/d/atlas?noted=flagged"}
    assert found.one("a", id="noted-flagged").get("href") == "/d/atlas?label=3"
    assert found.one("a", class_="clear").get("href") == "/d/atlas"


def test_histogram_and_items_of_the_api_are_those_of_the_filter(flagged: TestClient) -> None:
    items = json_of(flagged, "/api/datasets/atlas/items?noted=flagged")
    assert [item["index"] for item in items["items"]] == FLAGGED
    assert items["total"] == len(FLAGGED)
    histogram = json_of(flagged, "/api/datasets/atlas/histogram?noted=flagged&split=test")
    counts = np.bincount(np.array(FLAGGED) % 4, minlength=4).tolist()
    assert histogram["splits"]["test"] == dict(zip("0123", counts, strict=True))


@pytest.mark.parametrize(
    ("query", "number"),
    [("", 7), ("noted=flagged", 3), ("noted=flagged&split=train", 1), ("label=none", 1)],
)
def test_all_that_is_offered_of_a_selection_can_be_had(
    query: str, number: int, flagged: TestClient
) -> None:
    offered = page(flagged, f"/d/atlas?{query}").one("div", id="ways").iter()
    ways = [each.get("href", "") for each in offered if each.get("href")]
    assert len(ways) == number
    assert {flagged.get(way).status_code for way in ways} == {200}


def test_an_export_holds_what_the_filter_shows(flagged: TestClient) -> None:
    answer = flagged.get("/d/atlas/export.csv?noted=flagged")
    assert "atlas_flagged.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["split"], int(row["index"])) for row in rows] == [("test", i) for i in FLAGGED]
    arrays = np.load(io.BytesIO(flagged.get("/d/atlas/export.npz?noted=flagged").content))
    np.testing.assert_array_equal(arrays["test_images"], PIXELS[FLAGGED], strict=True)
    assert flagged.get("/d/atlas/export.csv?noted=flagged&split=train").status_code == 404


def test_what_another_process_says_is_on_the_next_page_at_once(
    client: TestClient, colleague: Colleague
) -> None:
    plain, noted = "/d/atlas?split=test", "/d/atlas?noted=flagged"
    for address in (plain, noted):
        # Twice, so that it would be kept.
        assert facet(client, address).get("flagged", "0") == "0"
        assert facet(client, address).get("flagged", "0") == "0"
    for number, index in enumerate(FLAGGED, start=1):
        note = colleague.says(index, "artefact")
        assert facet(client, plain)["flagged"] == f"{number}"
        assert len(shown(client, noted)) == number
    colleague.takes_back(note)
    assert facet(client, plain)["flagged"] == "4"
    assert len(shown(client, noted)) == 4


def test_what_a_slow_disk_takes_long_to_write_is_on_the_next_page(
    client: TestClient, colleague: Colleague, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log then has the time at which writing began, when no page showed it yet."""
    log, long_ago = tmp_path / "kept.sqlite-wal", 10**18
    for index in FLAGGED:
        colleague.says(index, "artefact")
    with closing(sqlite3.connect(tmp_path / "kept.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")  # what follows overwrites the log
    for written in (tmp_path / "kept.sqlite", log):
        os.utime(written, ns=(long_ago, long_ago))
    size = log.stat().st_size
    assert facet(client, "/d/atlas")["flagged"] == "5"
    commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit

    def slowly(dialect: DefaultDialect, connection: Any) -> None:
        commit(dialect, connection)
        os.utime(log, ns=(long_ago, long_ago))

    monkeypatch.setattr(DefaultDialect, "do_commit", slowly)
    colleague.says(8, "artefact")
    assert log.stat().st_size == size
    assert facet(client, "/d/atlas")["flagged"] == "6"


def test_a_sheet_never_shows_other_images_than_its_page(
    client: TestClient, colleague: Colleague
) -> None:
    colleague.says(5, "other")
    (before,) = page(client, "/d/atlas?noted=flagged").sheets()
    assert np.array_equal(picture(client, before), ten_to_a_row(PIXELS[[5]]))
    colleague.says(4, "other")
    (after,) = page(client, "/d/atlas?noted=flagged").sheets()
    assert client.get(before).status_code == 404
    assert np.array_equal(picture(client, after), ten_to_a_row(PIXELS[[4, 5]]))


def test_a_page_without_notes_is_answered_from_memory(
    client: TestClient, colleague: Colleague
) -> None:
    def kept() -> float:
        found = re.findall(r"^lightbox\w*kept\w* (\S+)$", client.get("/metrics").text, re.MULTILINE)
        return float(found[0]) if found else 0.0

    client.get("/d/atlas")
    before = kept()
    client.get("/d/atlas")
    assert kept() == before + 1
    colleague.says(5, "other")
    client.get("/d/atlas")
    assert kept() == before + 1


def test_a_visitor_of_a_public_server_learns_nothing_of_it(
    serve: Serve, made: Path, url: str, colleague: Colleague
) -> None:
    public = serve(made, access="public", owner_token=TOKEN, database_url=url)
    owner, anyone = visitor(public), visitor(public)
    owner.get(f"/?token={TOKEN}")
    colleague.says(5, "other")
    for _ in range(2):
        assert facet(owner, "/d/atlas") == {"flagged": "1", "notes": "0"}
        assert facet(anyone, "/d/atlas") == {}
    (sheet,) = page(owner, "/d/atlas?noted=flagged").sheets()
    assert owner.get(sheet).headers["cache-control"] == "no-cache"
    for address in (
        "/d/atlas?noted=flagged",
        "/d/atlas/test/5?noted=flagged",
        "/d/atlas/export?noted=flagged",
        "/d/atlas/export.csv?noted=flagged",
        "/api/datasets/atlas/items?noted=flagged",
        "/api/datasets/atlas/histogram?noted=notes",
        sheet,
    ):
        assert owner.get(address).status_code == 200
        assert anyone.get(address).status_code == 403
    assert anyone.get("/api/datasets/atlas/items?noted=flagged").json()["part"] == "noted"


def test_what_is_flagged_today_is_not_shared_by_its_filter(flagged: TestClient) -> None:
    assert flagged.get("/share?of=/d/atlas?noted=flagged").status_code == 422
    assert flagged.get("/d/atlas/pixels?noted=flagged").status_code == 422
    assert flagged.get("/d/atlas/mean.png?noted=flagged").status_code == 422


def test_without_the_database_the_grid_is_shown_without_the_filter(
    flagged: TestClient, tmp_path: Path
) -> None:
    assert facet(flagged, "/d/atlas")
    for file in tmp_path.glob("kept.sqlite*"):
        file.unlink()
    assert facet(flagged, "/d/atlas") == {}
    assert len(shown(flagged, "/d/atlas")) == 100
    answer = flagged.get("/d/atlas?noted=flagged")
    assert answer.status_code == 503
    assert "kept.sqlite" in answer.text


@pytest.mark.parametrize("value", ["x", "Flagged", "notes%00"])
def test_another_filter_is_refused(value: str, client: TestClient) -> None:
    assert client.get(f"/d/atlas?noted={value}").status_code == 422
