"""Lists of what people made: a hundred to a page, each of them on one, however many there are."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert
from starlette.testclient import TestClient

from app.reviews import tables
from app.reviews.database import Database

from .conftest import Serve
from .reading import Page, page, words
from .visiting import send

LINK = {
    "kind": "grid",
    "target": "/d/eyes",
    "message": "",
    "hide_labels": False,
    "may_comment": False,
    "secret": "0" * 32,
    "opened": 0,
}
STUDY = {
    "dataset": "eyes",
    "content": "ab" * 12,
    "question": "?",
    "choices": '[["yes", 1], ["no", 0]]',
    "ordinal": False,
    "ask_confidence": False,
    "repeats": 0.0,
    "practice": 0,
    "seed": 1,
}
LISTS = ("links", "studies", "collections")

Fill = Callable[[str, int], None]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path}/reviews.sqlite")) as database:
        yield database


@pytest.fixture
def fill(database: Database) -> Fill:
    """Make so many of a kind, called No. 1 and so on."""

    def write(kind: str, number: int) -> None:
        now = database.now()
        rows = [{"name": f"No. {n}", "title": f"No. {n}"} for n in range(1, number + 1)]
        made = {
            "links": [
                {**LINK, "title": row["title"], "token_hash": f"{n:064}", "created": now}
                | {"expires": now.replace(year=now.year + 1)}
                for n, row in enumerate(rows)
            ],
            "studies": [{**STUDY, "title": row["title"], "made": now} for row in rows],
            "collections": [{"name": row["name"], "made": now} for row in rows],
        }
        with database.writing("These") as connection:
            connection.execute(insert(tables.metadata.tables[kind]), made[kind])

    return write


@pytest.fixture
def client(serve: Serve, tmp_path: Path) -> TestClient:
    return serve(tmp_path)


def numbers(shown: Page) -> list[int]:
    return [int(words(title).removeprefix("No. ")) for title in shown.all("h2")]


@pytest.mark.parametrize("kind", LISTS)
def test_each_is_on_one_page_the_newest_first(kind: str, fill: Fill, client: TestClient) -> None:
    fill(kind, 201)
    pages = [page(client, f"/{kind}?page={number}") for number in (1, 2, 3)]
    assert [numbers(each) for each in pages] == [
        [*range(201, 101, -1)],
        [*range(101, 1, -1)],
        [1],
    ]
    assert {f"/{kind}", f"/{kind}?page=3"} <= pages[1].links()
    current = pages[1].one("a", aria_current="page", class_="button number")
    assert (current.get("href"), words(current)) == (f"/{kind}?page=2", "Page 2")


@pytest.mark.parametrize("kind", LISTS)
def test_what_fits_on_one_page_has_no_ways_to_others(
    kind: str, fill: Fill, client: TestClient
) -> None:
    fill(kind, 100)
    shown = page(client, f"/{kind}")
    assert numbers(shown) == [*range(100, 0, -1)]
    assert not {"pager", "steps"} & {each.get("class") for each in shown.all("nav")}
    assert "page=" not in client.get(f"/{kind}").text


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        ("3", 404, "There is no page 3; this list has 2."),
        ("999999999999999999999", 404, "There is no page"),
        ("0", 404, "There is no page 0; pages are numbered from 1."),
        ("two", 422, "page must be a whole number, not “two”."),
    ],
)
def test_a_page_that_is_not_there_is_named_and_leads_to_the_first(
    kind: str, asked: str, status: int, sentence: str, fill: Fill, client: TestClient
) -> None:
    fill(kind, 101)
    shown = page(client, f"/{kind}?page={asked}", status)
    assert sentence in shown.text()
    assert words(shown.one("a", href=f"/{kind}", class_="button")) == "Back"


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_nothing_has_one_page(kind: str, client: TestClient) -> None:
    assert page(client, f"/{kind}?page=1").text() == page(client, f"/{kind}").text()
    assert client.get(f"/{kind}?page=2").status_code == 404


@pytest.mark.parametrize("kind", LISTS)
def test_a_long_list_is_asked_for_by_as_many_statements_as_a_short_one(
    kind: str, database: Database, fill: Fill, client: TestClient
) -> None:
    asked: list[str] = []

    def number_asked() -> int:
        page(client, f"/{kind}")  # whatever is asked only once
        asked.clear()
        page(client, f"/{kind}")
        return len(asked)

    def note(_c: object, _u: object, asks: str, *_rest: object) -> None:
        asked.append(asks)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        fill(kind, 1)
        first = number_asked()
        with database.writing("These") as connection:
            connection.execute(tables.metadata.tables[kind].delete())
        fill(kind, 90)
        assert number_asked() == first
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_the_list_says_of_each_study_how_far_its_own_readers_are(
    database: Database, fill: Fill, client: TestClient
) -> None:
    fill("studies", 3)
    now = database.now()
    items = [{"number": n, "split": "test", "position": n, "label": None} for n in range(4)]
    people: list[dict[str, Any]] = [
        {"id": 5, "study_id": 1},
        {"id": 6, "study_id": 3},
        {"id": 7, "study_id": 3},
    ]
    given: dict[str, Any] = {
        "item": 0,
        "repeat": False,
        "old": None,
        "new": 1,
        "confidence": None,
        "ms": 1,
    }
    # Two answers of one place are one answered.
    places = [(5, 0), (6, 0), (6, 0), (6, 2), (7, 1)]
    with database.writing("These") as connection:
        for study in (1, 2, 3):
            connection.execute(
                insert(tables.study_items), [{**item, "study_id": study} for item in items]
            )
        for person in people:
            row = {**person, "name": f"R{person['id']}", "made": now}
            connection.execute(insert(tables.readers).values(row))
        rows = [
            {**given, "reader_id": reader, "place": place, "key": f"key-{n:06}", "made": now}
            for n, (reader, place) in enumerate(places)
        ]
        connection.execute(insert(tables.answers), rows)
    said = [words(row) for row in page(client, "/studies").all("p", class_="fine")]
    assert said == [
        "4 images, 2 readers, 3 of 8 answers; open",
        "4 images, 0 readers, 0 of 0 answers; open",
        "4 images, 1 reader, 1 of 4 answers; open",
    ]


def test_withdrawing_leads_back_to_the_page_of_the_link(fill: Fill, client: TestClient) -> None:
    fill("links", 150)
    answer = send(client, "/links?page=2", "/links/7/revoke?page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/links?page=2")
    shown = page(client, "/links?page=2")
    (row,) = (row for row in shown.all("li", class_="card link-withdrawn"))
    assert words(next(row.iter("h2"))) == "No. 7"
    assert send(client, "/links", "/links/150/revoke").headers["location"] == "/links"


def test_a_link_on_a_later_page_is_told_by_what_it_leads_to(
    database: Database, fill: Fill, client: TestClient
) -> None:
    fill("collections", 3)
    fill("studies", 1)
    fill("links", 101)
    with database.writing("These") as connection:
        links, readers = tables.links, tables.readers
        reader = {"study_id": 1, "name": "Ada", "made": database.now()}
        connection.execute(insert(readers).values(id=9, **reader))
        first = links.update().where(links.c.id == 1)
        connection.execute(first.values(kind="study", target="/studies/1", reader_id=9))
        second = links.update().where(links.c.id == 2)
        connection.execute(second.values(kind="collection", target="/collections/2"))
    (last,) = page(client, "/links?page=2").all("li", class_="card link-gone")
    assert "Ada" in words(next(last.iter("h2")))
    there = page(client, "/links")
    assert words(there.one("a", href="/collections/2")) == "No. 2"


def test_the_deleted_collections_have_the_same_pages(
    database: Database, fill: Fill, client: TestClient
) -> None:
    fill("collections", 250)
    with database.writing("These") as connection:
        these = tables.collections
        odd = these.update().where(these.c.id % 2 == 1)
        connection.execute(odd.values(deleted=database.now()))
    seen = []
    for number in (1, 2):
        shown = page(client, f"/collections?page={number}")
        seen.append(numbers(shown))
        assert "There is no collection yet" not in shown.text()
    assert seen == [
        [*range(250, 50, -2), *range(249, 49, -2)],
        [*range(50, 0, -2), *range(49, 0, -2)],
    ]
    # What was brought back is the next thing one wants to see.
    back = send(client, "/collections?page=2", "/collections/1/restore")
    assert back.headers["location"] == "/collections/1"
