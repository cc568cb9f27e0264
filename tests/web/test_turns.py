"""A database that keeps writers waiting holds up nobody who only looks."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.web import turns

from .conftest import Serve, Write
from .visiting import fields_of, share

# More than the server has threads, or connections to the database.
MANY = 50
ITEM = "/d/atlas/test/5"
PERSON = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"}


@pytest.fixture
def server(serve: Serve, write: Write) -> TestClient:
    pixels = np.random.default_rng(5).integers(0, 256, (40, 9, 9), np.uint8)
    return serve(write("atlas.npz", test_images=pixels, test_labels=np.arange(40)[:, None] % 4))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reviews.sqlite"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the right to write, as another program may."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def looked_at_meanwhile(
    server: TestClient, file: Path, ask: Callable[[int], int]
) -> tuple[int, list[int]]:
    """Look at a page while many wait; how many waited no more by then, and what each got."""
    with ThreadPoolExecutor(MANY) as pool:
        with locked(file):
            waiting: list[Future[int]] = [pool.submit(ask, number) for number in range(MANY)]
            time.sleep(1)  # so that all have come
            assert server.get("/d/atlas?page=1&order=random&seed=3").status_code == 200
            done = sum(each.done() for each in waiting)
        return done, [each.result() for each in waiting]


def test_pages_come_while_many_wait_to_write(server: TestClient, file: Path) -> None:
    fields = fields_of(server.get(ITEM).text, f"{ITEM}/notes")
    assert server.post(f"{ITEM}/notes", data={**fields, "note": "first"}).status_code == 303

    def write(number: int) -> int:
        said = {**fields, "note": f"note {number}"}
        return server.post(f"{ITEM}/notes", data=said).status_code

    done, statuses = looked_at_meanwhile(server, file, write)
    assert done == 0
    assert statuses == [303] * MANY
    with closing(sqlite3.connect(file)) as kept:
        said = {text for (text,) in kept.execute("SELECT text FROM notes")}
    assert said == {"first", *(f"note {number}" for number in range(MANY))}


def test_pages_come_while_many_open_a_link_and_each_is_counted(
    server: TestClient, file: Path
) -> None:
    link = share(server, "/d/atlas")

    def look(_number: int) -> int:
        return server.get(link, headers=PERSON).status_code

    _done, statuses = looked_at_meanwhile(server, file, look)
    assert statuses == [200] * MANY
    with closing(sqlite3.connect(file)) as kept:
        assert kept.execute("SELECT opened FROM links").fetchone() == (MANY,)


def test_who_gets_no_turn_is_told_that_nothing_was_saved(
    server: TestClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = fields_of(server.get(ITEM).text, f"{ITEM}/notes")
    monkeypatch.setattr(turns, "PATIENCE", 0.1)

    def write(number: int) -> int:
        said = {**fields, "note": f"note {number}"}
        return server.post(f"{ITEM}/notes", data=said).status_code

    assert write(-1) == 303
    _done, statuses = looked_at_meanwhile(server, file, write)
    assert set(statuses) == {303, 503}
    with closing(sqlite3.connect(file)) as kept:
        (number,) = kept.execute("SELECT count(*) FROM notes").fetchone()
    assert number == 1 + statuses.count(303)
