"""Backing up and restoring: whole or not at all, while serving, and between the two databases."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Boolean, Integer, MetaData, String, Table, insert, select

from app.errors import StorageError, UsageError
from app.reviews import backups, copies, links
from app.reviews.database import Database
from app.reviews.tables import Moment, metadata

from .conftest import ENGINES, new_url

ADDRESS = "/d/breastmnist"


@pytest.fixture(params=ENGINES)
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A second database, of either kind."""
    (tmp_path / "other").mkdir()
    database = Database(new_url(request.param, request, tmp_path / "other"))
    yield database
    database.close()


def rows(db: Database) -> dict[str, list[tuple[object, ...]]]:
    with db.reading() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


def fill_every_table(db: Database) -> None:
    """Put two rows into each table, with a value in every column."""
    with db.writing("It") as connection:
        for table in metadata.sorted_tables:
            for number in (1, 2):
                connection.execute(insert(table).values(_row(table, number)))


def _row(table: Table, number: int) -> dict[str, object]:
    row: dict[str, object] = {}
    for column in table.columns:
        if isinstance(column.type, Moment):
            row[column.name] = datetime(2026, 1, number, 1, 2, 3, 45, tzinfo=UTC)
        elif isinstance(column.type, Boolean):
            row[column.name] = number == 1
        elif column.primary_key or column.foreign_keys or isinstance(column.type, Integer):
            row[column.name] = number
        elif isinstance(column.type, String):
            row[column.name] = f"ü{number}"
        else:
            row[column.name] = number / 4
    return row


def test_every_row_goes_from_either_database_to_either(
    db: Database, other: Database, tmp_path: Path
) -> None:
    fill_every_table(db)
    backups.backup(db, tmp_path / "backup")
    links.make(other, "grid", ADDRESS, title="not in the backup")
    backups.restore(other, tmp_path / "backup")
    assert rows(other) == rows(db)
    assert all(len(found) == 2 for found in rows(other).values())


def test_a_backup_is_one_sqlite_file_with_all_tables(db: Database, tmp_path: Path) -> None:
    fill_every_table(db)
    before = set(tmp_path.iterdir())
    backups.backup(db, tmp_path / "backup")
    assert set(tmp_path.iterdir()) - before == {tmp_path / "backup"}
    with sqlite3.connect(tmp_path / "backup") as copy:
        for table in metadata.tables:
            assert copy.execute(f"SELECT count(*) FROM {table}").fetchone() == (2,)
    copy.close()


def test_what_is_added_after_restoring_gets_new_numbers(
    db: Database, other: Database, tmp_path: Path
) -> None:
    for _ in range(3):
        links.make(db, "grid", ADDRESS)
    backups.backup(db, tmp_path / "backup")
    backups.restore(other, tmp_path / "backup")
    assert links.make(other, "grid", ADDRESS)[1].id >= 4


def test_a_restored_empty_database_can_be_used(db: Database, tmp_path: Path) -> None:
    backups.backup(db, tmp_path / "backup")
    links.make(db, "grid", ADDRESS)
    backups.restore(db, tmp_path / "backup")
    assert links.all_links(db) == ()
    _, link = links.make(db, "grid", ADDRESS)
    assert links.all_links(db) == (link,)


def test_a_backup_while_writing_holds_one_moment(db: Database, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with db.writing("It") as connection:
                for title in ("a", "b"):  # together or not at all
                    links.make_within(
                        connection,
                        db.now(),
                        1,
                        {"kind": "grid", "target": ADDRESS, "title": title},
                    )

    links.all_links(db)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = []
        for number in range(5):
            file = tmp_path / f"backup{number}"
            backups.backup(db, file)
            with sqlite3.connect(file) as copy:
                titles = [title for (title,) in copy.execute("SELECT title FROM links")]
            copy.close()
            assert titles.count("a") == titles.count("b")
            counts.append(len(titles))
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts)


def test_a_backup_takes_the_place_of_an_older_one(db: Database, tmp_path: Path) -> None:
    backups.backup(db, tmp_path / "backup")
    _, link = links.make(db, "grid", ADDRESS)
    backups.backup(db, tmp_path / "backup")
    links.revoke(db, link.id)
    backups.restore(db, tmp_path / "backup")
    assert links.all_links(db) == (link,)


def test_a_backup_removes_what_killed_ones_left_of_it_and_nothing_else(
    sqlite: Database, tmp_path: Path
) -> None:
    number = "0123456789abcdef"
    old = [f"backup.{number}.part", f"backup.{number}.part-journal"]
    others = [
        f"other.{number}.part",
        "backup.part",
        "backup.2025.part",
        f"backup.{number}.part.old",
    ]
    still_written = f"backup.{number[::-1]}.part"
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in (*old, *others, still_written):
        (folder / name).write_text("half")
        if name != still_written:
            yesterday = time.time() - 24 * 3600
            os.utime(folder / name, (yesterday, yesterday))
    backups.backup(sqlite, folder / "backup")
    assert {path.name for path in folder.iterdir()} == {"backup", *others, still_written}


def test_a_backup_where_no_folder_is_says_so(db: Database, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"The file backup can't be used \(no such file"):
        backups.backup(db, tmp_path / "nowhere" / "backup")


def test_only_a_file_gives_its_place_to_a_backup(sqlite: Database, tmp_path: Path) -> None:
    links.make(sqlite, "grid", ADDRESS)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(StorageError, match="The file pipe is no file to be replaced"):
        backups.backup(sqlite, pipe)
    assert pipe.is_fifo()


def test_the_database_is_not_its_own_backup(sqlite: Database) -> None:
    assert sqlite.file
    with pytest.raises(UsageError, match="the database itself"):
        backups.backup(sqlite, sqlite.file)


def test_half_a_backup_is_refused_wherever_it_ends(sqlite: Database, tmp_path: Path) -> None:
    token, link = links.make(sqlite, "grid", ADDRESS)
    for _ in range(50):
        links.make(sqlite, "grid", ADDRESS, message="x" * 2_000)
    backups.backup(sqlite, tmp_path / "backup")
    whole = (tmp_path / "backup").read_bytes()
    for share in range(20):
        (tmp_path / "half").write_bytes(whole[: len(whole) * share // 20])
        with pytest.raises(StorageError, match=r"file half is (no backup|damaged)"):
            backups.restore(sqlite, tmp_path / "half")
    assert links.find(sqlite, token, sqlite.now()) == link


def test_what_is_no_backup_is_refused_and_nothing_is_lost(db: Database, tmp_path: Path) -> None:
    _, link = links.make(db, "grid", ADDRESS)
    other = tmp_path / "other"
    other.write_text("Dear reader")
    with pytest.raises(StorageError, match="The file other is no backup of Lightbox"):
        backups.restore(db, other)
    other.unlink()
    with sqlite3.connect(other) as another_programs:
        another_programs.execute("CREATE TABLE bookmarks (x)")
    another_programs.close()
    with pytest.raises(StorageError, match="The file other is no backup of Lightbox"):
        backups.restore(db, other)
    with pytest.raises(StorageError, match=r"absent can't be used \(no such file"):
        backups.restore(db, tmp_path / "absent")
    assert links.all_links(db) == (link,)


def test_a_backup_without_tables_is_refused_and_nothing_is_lost(
    db: Database, tmp_path: Path
) -> None:
    token, link = links.make(db, "grid", ADDRESS)
    with sqlite3.connect(tmp_path / "empty") as empty:
        empty.execute(f"PRAGMA application_id = {int.from_bytes(b'LBbk')}")
        empty.execute("CREATE TABLE bookmarks (x)")
    empty.close()
    with pytest.raises(StorageError, match="The file empty is damaged, or not whole"):
        backups.restore(db, tmp_path / "empty")
    assert links.find(db, token, db.now()) == link


def test_a_backup_with_rows_that_refer_to_nothing_is_refused(db: Database, tmp_path: Path) -> None:
    fill_every_table(db)
    before = rows(db)
    backups.backup(db, tmp_path / "backup")
    with sqlite3.connect(tmp_path / "backup") as copy:
        copy.execute("DELETE FROM readers")
    copy.close()
    with pytest.raises(StorageError, match="damaged"):
        backups.restore(db, tmp_path / "backup")
    assert rows(db) == before


@pytest.mark.parametrize("moment", ["'soon'", "7"])
def test_a_backup_with_a_moment_that_is_none_is_refused(
    moment: str, db: Database, tmp_path: Path
) -> None:
    fill_every_table(db)
    before = rows(db)
    backups.backup(db, tmp_path / "backup")
    with sqlite3.connect(tmp_path / "backup") as copy:
        copy.execute(f"UPDATE links SET expires = {moment}")
    copy.close()
    with pytest.raises(StorageError, match="backup is damaged, or not whole"):
        backups.restore(db, tmp_path / "backup")
    assert rows(db) == before


# What SQLite itself finds, and text that Python can't read.
DAMAGES = pytest.mark.parametrize("damage", [b"\xff" * 40_000, b"\xff" * 400])


def spoil(file: Path, damage: bytes) -> None:
    """Write over the middle of a database that is full of long texts."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(size // 2)
        opened.write(damage)


@DAMAGES
def test_a_database_that_is_damaged_is_named_by_its_backup(
    damage: bytes, sqlite: Database, tmp_path: Path
) -> None:
    assert sqlite.file
    for _ in range(200):
        links.make(sqlite, "grid", ADDRESS, message="x" * 2_000)
    sqlite.close()
    spoil(sqlite.file, damage)
    with pytest.raises(StorageError, match=r"the database reviews\.sqlite is damaged"):
        backups.backup(sqlite, tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))


@DAMAGES
def test_a_backup_that_is_damaged_is_named_and_nothing_is_lost(
    damage: bytes, db: Database, tmp_path: Path
) -> None:
    for _ in range(200):
        links.make(db, "grid", ADDRESS, message="x" * 2_000)
    before = rows(db)
    backups.backup(db, tmp_path / "copy")
    spoil(tmp_path / "copy", damage)
    with pytest.raises(StorageError, match="The file copy is damaged, or not whole"):
        backups.restore(db, tmp_path / "copy")
    assert rows(db) == before


def test_a_fault_of_ours_is_not_taken_for_a_damaged_backup(
    sqlite: Database, tmp_path: Path
) -> None:
    backups.backup(sqlite, tmp_path / "backup")
    with (
        pytest.raises(ValueError, match="ours"),
        copies.opened(tmp_path / "backup"),
    ):
        raise ValueError("ours")


def test_a_backup_of_a_newer_program_is_refused(db: Database, tmp_path: Path) -> None:
    backups.backup(db, tmp_path / "backup")
    with sqlite3.connect(tmp_path / "backup") as copy:
        copy.execute("UPDATE alembic_version SET version_num = '0099'")
    copy.close()
    with pytest.raises(StorageError, match=r"The file backup was written by a newer Lightbox"):
        backups.restore(db, tmp_path / "backup")


def test_a_server_can_start_on_a_backup_itself(db: Database, tmp_path: Path) -> None:
    token, link = links.make(db, "grid", ADDRESS)
    backups.backup(db, tmp_path / "backup")
    started = Database(f"sqlite:///{tmp_path / 'backup'}")
    assert links.find(started, token, started.now()) == link
    links.touch(started, link)
    started.close()


def test_no_table_is_forgotten(db: Database) -> None:
    found = MetaData()
    with db.reading() as connection:
        found.reflect(connection)
    assert set(found.tables) - {"alembic_version"} == set(metadata.tables)
