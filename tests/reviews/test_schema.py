"""The form of the tables: what the migrations make, upgrading, and who is too old for it."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from app.errors import StorageError
from app.reviews import backups, copies, links, schema, studies
from app.reviews.database import Database
from app.reviews.tables import metadata

from .postgres import Postgres
from .reading import CONTENT

ADDRESS = "/d/breastmnist"

NEXT = '''
"""Only in tests: what a later program might do."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("links", sa.Column("colour", sa.Text(), server_default="green"))
'''

FIRST_USE = """
import sys
from app.reviews.database import Database
db = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with db.reading() as connection:
    print(connection.exec_driver_sql("SELECT count(*) FROM links").scalar(), flush=True)
"""


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make this process a program of the next revision."""
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / "r0004_colour.py").write_text(NEXT)

    def become() -> None:
        monkeypatch.setattr(schema, "SCHEMA", "0004")
        monkeypatch.setattr(schema, "VERSIONS", (*schema.VERSIONS, folder))

    return become


def again(db: Database, backups: Path) -> Database:
    db.close()
    if db.file:
        return Database(f"sqlite:///{db.file}", backups)
    return Database(db._engine.url.render_as_string(hide_password=False), backups)


def test_the_migrations_make_the_tables_that_the_code_knows(db: Database) -> None:
    with db.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_this_programs_form() -> None:
    assert ScriptDirectory(str(schema.FOLDER)).get_heads() == [schema.SCHEMA]


def test_making_a_database_object_touches_nothing(file: Path) -> None:
    Database(f"sqlite:///{file}")
    assert not file.exists()


def test_an_upgrade_keeps_the_rows_and_a_backup_in_the_old_form(
    db: Database, tmp_path: Path, newer: Callable[[], None]
) -> None:
    token, link = links.make(db, "grid", ADDRESS, title="Ägypten")
    newer()
    db = again(db, tmp_path)
    assert links.find(db, token, db.now()) == link
    with db.reading() as connection:
        assert schema.version(connection) == "0004"
        assert connection.execute(text("SELECT colour FROM links")).scalar() == "green"
    db.close()
    [kept] = tmp_path.glob("*.before-0004.*")
    with sqlite3.connect(f"file:{kept}?mode=ro", uri=True) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)
        assert old.execute("SELECT title FROM links").fetchall() == [("Ägypten",)]
        assert "colour" not in {row[1] for row in old.execute("PRAGMA table_info(links)")}
    old.close()


def test_a_study_of_the_first_form_does_not_know_what_it_was_drawn_from(
    url: str, tmp_path: Path
) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        schema.upgrade(connection, "0001")
        connection.execute(
            text(
                "INSERT INTO studies (title, dataset, content, question, choices, ordinal, "
                "ask_confidence, repeats, practice, seed, made) VALUES ('Old', 'breastmnist', "
                f"'{CONTENT}', 'What?', '[[\"yes\", null], [\"no\", null]]', "
                "FALSE, FALSE, 0.0, 0, 5, '2026-01-02T03:04:05.000000Z')"
            )
        )
    engine.dispose()
    db = Database(url, tmp_path)
    [study] = studies.all_studies(db)
    design = study.design
    assert (design.title, design.seed) == ("Old", 5)
    assert (design.source, design.drawn_from, design.per_label) == (None, None, None)
    db.close()


def test_a_new_database_leaves_no_backup(db: Database, tmp_path: Path) -> None:
    links.make(db, "grid", ADDRESS)
    assert not list(tmp_path.glob("*before*"))


def test_without_room_for_the_backup_nothing_is_upgraded(
    db: Database, tmp_path: Path, newer: Callable[[], None]
) -> None:
    links.make(db, "grid", ADDRESS)
    newer()
    (tmp_path / "no folder").touch()
    db = again(db, tmp_path / "no folder")
    with pytest.raises(StorageError, match=r"The folder no folder can't be used \(file exists\)"):
        links.all_links(db)
    with db._engine.connect() as connection:
        assert schema.version(connection) == "0003"
    db.close()


def test_a_backup_of_an_older_form_is_restored_in_the_new_one(
    db: Database, tmp_path: Path, newer: Callable[[], None]
) -> None:
    token, link = links.make(db, "grid", ADDRESS)
    backups.backup(db, tmp_path / "old")
    links.revoke(db, link.id)
    newer()
    db = again(db, tmp_path)
    backups.restore(db, tmp_path / "old")
    assert links.find(db, token, db.now()) == link
    db.close()


def test_a_database_of_a_newer_program_is_refused_with_what_to_do(
    db: Database, tmp_path: Path
) -> None:
    links.make(db, "grid", ADDRESS)
    with db.writing("It") as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0017'"))
    db = again(db, tmp_path)
    with pytest.raises(StorageError, match=r"newer Lightbox \(form 17.*up to 3\); start that one"):
        links.all_links(db)
    with pytest.raises(StorageError, match=r"The link was not saved: the .*newer Lightbox"):
        links.make(db, "grid", ADDRESS)
    db.close()


def test_a_database_of_another_program_is_refused(db: Database, tmp_path: Path) -> None:
    links.make(db, "grid", ADDRESS)
    with db.writing("It") as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'ae1027a6acf'"))
    db = again(db, tmp_path)
    with pytest.raises(StorageError, match="not made by Lightbox"):
        links.all_links(db)
    db.close()


def test_processes_that_start_together_migrate_once(url: str) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_USE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in running]
    assert said == [("0\n", "")] * 3


def test_a_folder_with_a_percent_sign_does_not_confuse_alembic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "100%(here)s"
    folder.symlink_to(schema.FOLDER)
    monkeypatch.setattr(schema, "FOLDER", folder)
    monkeypatch.setattr(schema, "VERSIONS", (folder / "versions",))
    db = Database(f"sqlite:///{tmp_path / 'reviews.sqlite'}")
    assert links.all_links(db) == ()
    db.close()


def test_what_is_kept_on_postgres_is_one_moment(postgres: Postgres, tmp_path: Path) -> None:
    db = Database(postgres.new_url())
    links.make(db, "grid", ADDRESS, title="before")
    with db.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM links")).scalar() == 1
        links.make(db, "grid", ADDRESS, title="after")
        copies.write(connection, tmp_path / "copy", schema.SCHEMA)
    db.close()
    with copies.opened(tmp_path / "copy") as copy:
        assert copy.execute(text("SELECT title FROM links")).scalars().all() == ["before"]
