"""Databases for the tests: each test of ``url`` or ``db`` runs on SQLite and on PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.reviews.database import Database

from .postgres import MissingPostgresError, Postgres, find_postgres

ENGINES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server. Where there is none, tests that need it are skipped; in CI they fail."""
    try:
        server = Postgres(*find_postgres())
    except MissingPostgresError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(f"PostgreSQL is not tested: {missing}")
    with server:
        yield server


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    return new_url(request.param, request, tmp_path)


@pytest.fixture
def db(url: str, tmp_path: Path) -> Iterator[Database]:
    """A new database."""
    database = Database(url, backups=tmp_path)
    yield database
    database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a SQLite database will be."""
    return tmp_path / "reviews.sqlite"


@pytest.fixture
def sqlite(file: Path) -> Iterator[Database]:
    """A new SQLite database, for what only SQLite can meet."""
    database = Database(f"sqlite:///{file}")
    yield database
    database.close()


def new_url(engine: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """Make a database of that engine."""
    if engine == "sqlite":
        return f"sqlite:///{folder / 'reviews.sqlite'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_url()
