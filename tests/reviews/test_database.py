"""A database that can't be used: one sentence, nothing half saved, and well again afterwards."""

import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from running import PATIENCE, anybody
from sqlalchemy import Connection, text

from app.errors import EXIT_CODE, StorageError, UncertainError, UsageError, status_of
from app.reviews import backups, engines, links, schema
from app.reviews.database import Database

from .postgres import ROOT, Postgres

ADDRESS = "/d/breastmnist"


def make(db: Database) -> links.Link:
    return links.make(db, "grid", ADDRESS)[1]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "can't be read"),
        ("no url", "can't be read"),
        ("mysql://root:geheim@host/db", "must begin with sqlite:/// or postgresql://"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://host/file", "names no file|can't be read"),
        ("postgresql://name:geheim@host:port/db", "can't be read"),
        ("sqlite:////folder/\udcff.sqlite", "can't be read"),
    ],
)
def test_a_url_that_can_not_be_used_is_refused_without_repeating_it(
    url: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=f"LIGHTBOX_DATABASE_URL.*({sentence})") as refused:
        Database(url)
    assert "geheim" not in str(refused.value)


def test_without_psycopg_a_postgres_url_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(UsageError, match="psycopg is missing") as refused:
        Database("postgresql://host/db")
    command = str(refused.value).partition("install it with: ")[2].rstrip(".")
    assert command in (ROOT / "docs" / "how-to" / "postgresql.md").read_text()


def test_a_new_file_and_its_folder_are_made_for_their_owner_only(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'a' / 'b' / 'reviews.sqlite'}")
    make(db)
    assert db.file
    for file in db.file.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0
    db.close()


def test_a_strange_file_name_is_kept_to_the_letter(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/a%3Fmode%3Dmemory%23 %25ü.sqlite")
    make(db)
    assert (tmp_path / "a?mode=memory# %ü.sqlite").is_file()
    db.close()


def test_sqlite_is_told_to_flush_to_keep_references_and_to_let_others_read(
    sqlite: Database,
) -> None:
    with sqlite.reading() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_postgres_waits_for_its_disk_even_if_told_not_to(postgres: Postgres) -> None:
    url = postgres.url("-csynchronous_commit=off")
    db = Database(url)
    with db._engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    db.close()


def test_reading_sees_one_moment(db: Database) -> None:
    make(db)
    with db.reading() as connection:
        count = text("SELECT count(*) FROM links")
        assert connection.execute(count).scalar() == 1
        make(db)
        assert connection.execute(count).scalar() == 1


def test_nothing_of_a_failed_change_stays(db: Database) -> None:
    def fail() -> None:
        with db.writing("It") as connection:
            connection.execute(text("INSERT INTO collections (name, made) VALUES ('a', 'b')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with db.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM collections")).scalar() == 0


def test_a_storage_error_is_not_available_and_exits_1() -> None:
    assert status_of(StorageError("It is away.")) == 503
    assert EXIT_CODE[StorageError] == 1


def test_a_locked_file_says_that_nothing_was_saved_and_may_be_read(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.2)
    link = make(sqlite)
    with sqlite3.connect(str(sqlite.file), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        sqlite.close()  # the patience of an open connection is set
        with pytest.raises(
            StorageError,
            match=r"^The link was not saved: the database reviews.sqlite is in use by another "
            r"program; try again in a moment\.$",
        ):
            make(sqlite)
        assert links.all_links(sqlite) == (link,)
        other.execute("ROLLBACK")
    other.close()
    assert make(sqlite).id > link.id


def test_a_locked_file_is_not_restored_and_says_what_was_not_saved(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.2)
    link = make(sqlite)
    backups.backup(sqlite, tmp_path / "backup")
    with sqlite3.connect(str(sqlite.file), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        sqlite.close()  # the patience of an open connection is set
        with pytest.raises(
            StorageError, match=r"^What is in the backup was not saved: the database reviews.sqlite"
        ):
            backups.restore(sqlite, tmp_path / "backup")
        other.execute("ROLLBACK")
    other.close()
    assert links.all_links(sqlite) == (link,)


def test_a_locked_row_on_postgres_says_so(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 1)
    db = Database(postgres.new_url())
    link = make(db)
    with db.writing("It") as connection:
        connection.execute(text("SELECT 1 FROM links FOR UPDATE"))
        with pytest.raises(StorageError, match=r"was not saved: the PostgreSQL .* is in use"):
            links.touch(db, link)
    links.touch(db, link)
    db.close()


def test_a_full_disk_says_that_nothing_was_saved_and_may_be_read(
    sqlite: Database, caplog: pytest.LogCaptureFixture
) -> None:
    link = make(sqlite)
    with sqlite.writing("It") as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    def fill() -> None:
        for _ in range(100):
            links.make(sqlite, "grid", ADDRESS, message="x" * 2_000)

    with pytest.raises(StorageError, match=r"was not saved: .* has no room left on its disk"):
        fill()
    assert link in links.all_links(sqlite)
    assert not caplog.text  # the sentence says all there is to know


def test_of_an_error_that_has_no_sentence_the_log_says_more_and_nothing_of_what_was_written(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    make(db)
    with db.writing("It") as connection:
        connection.execute(text("ALTER TABLE links RENAME COLUMN message TO away"))
    with pytest.raises(StorageError, match=r"was not saved: .*\(\w+\); the server's log says more"):
        links.make(db, "grid", ADDRESS, title="Geheim")
    assert "message" in caplog.text
    assert "Geheim" not in caplog.text


def test_a_file_that_may_not_be_written_is_named_read_only(open_folder: Path) -> None:
    with anybody():
        db = Database(f"sqlite:///{open_folder / 'reviews.sqlite'}")
        link = make(db)
        keeper = sqlite3.connect(str(db.file))  # so that the log beside the file stays
        keeper.execute("SELECT * FROM links").fetchall()
        db.close()
        for file in open_folder.iterdir():
            file.chmod(0o444)
    open_folder.chmod(0o555)
    with anybody():
        with pytest.raises(StorageError, match=r"link was not saved: .* is read-only; let"):
            make(db)
        assert links.all_links(db) == (link,)
        db.close()
        keeper.close()


def test_a_folder_that_may_not_be_written_is_said_at_the_first_use(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with anybody():
        db = Database(f"sqlite:///{open_folder / 'new' / 'reviews.sqlite'}")
        with pytest.raises(
            StorageError,
            match=r"^The link was not saved: the database reviews.sqlite can't be used "
            r"\(permission denied\); .*\.$",
        ):
            make(db)
        with pytest.raises(StorageError, match="permission denied"), db.reading():
            pass


def test_a_folder_that_may_not_be_entered_is_said_and_not_taken_for_empty(
    open_folder: Path,
) -> None:
    open_folder.chmod(0o000)
    with anybody():
        db = Database(f"sqlite:///{open_folder / 'reviews.sqlite'}")
        assert not db.is_new()
        with pytest.raises(StorageError, match=r"link was not saved: .* \(permission denied\)"):
            make(db)
        with pytest.raises(StorageError, match="permission denied"):
            links.all_links(db)


def test_a_file_taken_away_does_not_come_back_empty(sqlite: Database) -> None:
    link = make(sqlite)
    assert sqlite.file
    sqlite.close()
    away = sqlite.file.rename(sqlite.file.with_name("away"))
    for use in (lambda: make(sqlite), lambda: links.all_links(sqlite)):
        with pytest.raises(StorageError, match=r"database reviews.sqlite is gone; put it back"):
            use()
    assert not sqlite.file.exists()
    away.rename(sqlite.file)
    assert links.all_links(sqlite) == (link,)


def test_a_file_taken_away_does_not_come_back_empty_by_another_process_of_the_server(
    sqlite: Database, tmp_path: Path
) -> None:
    assert sqlite.file
    url, used = f"sqlite:///{sqlite.file}", tmp_path / "used"
    first, second = Database(url, used=used), Database(url, used=used)
    assert second.is_new()
    make(first)
    first.close()
    sqlite.file.unlink()
    for use in (lambda: make(second), lambda: links.all_links(second)):
        with pytest.raises(StorageError, match=r"database reviews.sqlite is gone; put it back"):
            use()
    assert not sqlite.file.exists()
    used.unlink()  # as when the server is started again
    assert links.all_links(second) == ()
    make(second)
    second.close()


def test_a_file_taken_away_while_open_takes_no_more_answers(sqlite: Database) -> None:
    make(sqlite)
    assert sqlite.file
    sqlite.file.unlink()
    with pytest.raises(StorageError, match=r"was not saved: .*is gone"):
        make(sqlite)


def test_a_file_put_in_its_place_is_used_at_once(sqlite: Database, tmp_path: Path) -> None:
    make(sqlite)
    other = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    links.make(other, "grid", ADDRESS, title="of the other")
    other.close()
    assert sqlite.file
    (tmp_path / "other.sqlite").replace(sqlite.file)
    for left in tmp_path.glob("reviews.sqlite-*"):
        left.unlink()
    make(sqlite)
    assert [link.title for link in links.all_links(sqlite)] == ["", "of the other"]


@pytest.mark.parametrize("comes_by", ["move", "copy"])
def test_a_backup_put_in_its_place_is_not_mixed_with_what_was_there(
    comes_by: str, sqlite: Database, tmp_path: Path
) -> None:
    links.make(sqlite, "grid", ADDRESS, title="before")
    backups.backup(sqlite, tmp_path / "backup")
    links.make(sqlite, "grid", ADDRESS, title="after")
    assert sqlite.file
    log = sqlite.file.with_name("reviews.sqlite-wal")
    assert log.stat().st_size  # as a killed process leaves it, too
    held = log.read_bytes()
    if comes_by == "move":
        (tmp_path / "backup").replace(sqlite.file)
    else:
        sqlite.close()
        shutil.copyfile(tmp_path / "backup", sqlite.file)
        log.write_bytes(held)
    used = sqlite if comes_by == "move" else Database(f"sqlite:///{sqlite.file}")
    for _ in range(2):
        with pytest.raises(StorageError, match=r"beside reviews.sqlite-wal, which .* move"):
            links.all_links(used)
    assert log.read_bytes() == held
    log.rename(tmp_path / "away")
    assert [link.title for link in links.all_links(used)] == ["before"]
    used.close()


def test_changes_of_a_file_that_was_taken_away_are_not_lost_to_a_new_one(
    sqlite: Database, tmp_path: Path
) -> None:
    make(sqlite)
    assert sqlite.file
    sqlite.file.rename(tmp_path / "away")
    started = Database(f"sqlite:///{sqlite.file}")
    with pytest.raises(StorageError, match=r"link was not saved: .* beside reviews.sqlite-wal"):
        make(started)
    (tmp_path / "away").rename(sqlite.file)
    assert len(links.all_links(started)) == 1
    started.close()


@pytest.mark.parametrize("content", [b"This is no database. " * 500, b"SQLite format 3\0" * 600])
def test_a_damaged_file_is_named_and_left_as_it_is(
    content: bytes, file: Path, sqlite: Database
) -> None:
    file.write_bytes(content)
    with pytest.raises(StorageError, match=r"reviews.sqlite is damaged or is no database; put"):
        links.all_links(sqlite)
    assert file.read_bytes() == content


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    db = Database(f"postgresql://name:geheim@/reviews?host={tmp_path}")
    with pytest.raises(
        StorageError, match=r"^The link was not saved: the PostgreSQL database reviews can't be r"
    ) as refused:
        make(db)
    assert "geheim" not in str(refused.value)


def test_a_database_that_is_not_there_is_said(postgres: Postgres) -> None:
    db = Database(postgres.url().replace("/postgres?", "/nowhere?"))
    with pytest.raises(StorageError, match="PostgreSQL database nowhere refuses us"):
        links.all_links(db)


def test_a_read_only_postgres_says_that_nothing_was_saved(postgres: Postgres) -> None:
    url = postgres.new_url()
    db = Database(url)
    link = make(db)
    db.close()
    db = Database(url.replace("options=", "options=-cdefault_transaction_read_only%3Don%20"))
    with pytest.raises(StorageError, match=r"was not saved: .* is read-only"):
        make(db)
    assert links.all_links(db) == (link,)
    db.close()


def test_a_server_that_comes_back_is_used_again(postgres: Postgres) -> None:
    db = Database(postgres.new_url())
    first = make(db)
    postgres.stop()
    try:
        with pytest.raises(StorageError, match=r"was not saved: .* can't be reached"):
            make(db)
    finally:
        postgres.start()
    second = make(db)
    assert links.all_links(db) == (second, first)  # what was acknowledged outlived the plug
    db.close()


def test_a_server_that_hangs_is_said_and_used_again(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 2)
    monkeypatch.setattr(engines, "SILENCE", 1.0)
    db = Database(postgres.new_url())
    link = make(db)
    with ThreadPoolExecutor(1) as pool, postgres.hanging():
        # On the connection that is open, and on a new one.
        for _ in range(2):
            asked = pool.submit(links.all_links, db)
            with pytest.raises(StorageError, match=r"the PostgreSQL .* does not answer; try again"):
                asked.result(PATIENCE / 2)
    assert links.all_links(db) == (link,)
    db.close()


@pytest.mark.parametrize("lost", ["hangs", "ends"])
def test_what_is_lost_while_it_is_saved_is_not_said_to_be_unsaved(
    lost: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 2)
    monkeypatch.setattr(engines, "SILENCE", 1.0)
    db = Database(postgres.new_url())
    made = make(db)

    def save(meanwhile: ExitStack) -> None:
        with db.writing("The note") as connection:
            connection.execute(text("UPDATE links SET title = 'Changed'"))
            if lost == "hangs":
                meanwhile.enter_context(postgres.hanging())
            else:
                postgres.stop()
                meanwhile.callback(postgres.start)

    said = r"^The note may have been saved, or not: the PostgreSQL database .* was lost meanwhile"
    with ExitStack() as meanwhile, pytest.raises(UncertainError, match=said):
        save(meanwhile)
    # A server that hangs takes what was sent when it goes on.
    (link,) = links.all_links(db)
    assert link.title in ({made.title, "Changed"} if lost == "hangs" else {made.title})
    db.close()


def test_what_a_server_refuses_to_commit_is_said_to_be_unsaved(postgres: Postgres) -> None:
    db = Database(postgres.new_url())
    make(db)

    def save() -> None:
        with db.writing("The note") as connection:
            connection.execute(text("CREATE TABLE one (id int UNIQUE INITIALLY DEFERRED)"))
            connection.execute(text("INSERT INTO one VALUES (1), (1)"))

    with pytest.raises(StorageError, match=r"^The note was not saved: ") as refused:
        save()
    assert not isinstance(refused.value, UncertainError)
    db.close()


def test_a_migration_may_take_as_long_as_it_takes(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "SILENCE", 0.2)
    upgrade = schema.upgrade

    def slow(connection: Connection) -> None:
        connection.execute(text("SELECT pg_sleep(1)"))
        upgrade(connection)

    monkeypatch.setattr(schema, "upgrade", slow)
    db = Database(postgres.new_url())
    link = make(db)
    assert links.all_links(db) == (link,)
    with pytest.raises(StorageError, match="does not answer"), db.reading() as connection:
        connection.execute(text("SELECT pg_sleep(1)"))
    db.close()


def test_threads_that_begin_together_prepare_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    prepare: Callable[[], None] = db._prepare

    def counted() -> None:
        begun.append(1)
        prepare()

    monkeypatch.setattr(db, "_prepare", counted)
    found: list[object] = []
    gate = threading.Barrier(8)

    def read() -> None:
        gate.wait()
        with db.reading() as connection:
            found.append(connection.exec_driver_sql("SELECT count(*) FROM links").scalar_one())

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0] * 8
    assert len(begun) == 1


def test_times_are_utc_to_the_microsecond_and_the_same_on_both(db: Database) -> None:
    link = make(db)
    with db.reading() as connection:
        kept = connection.execute(text("SELECT created FROM links")).scalar()
    assert kept == link.created.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert link.created.utcoffset() is not None
    assert links.all_links(db)[0].created == link.created
