"""Backing up and restoring as one types it, and every line of the how-to as it stands."""

import re
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
import pytest
from running import LIGHTBOX, Server, environment

from app.reviews import links
from app.reviews.database import Database

from .postgres import Postgres

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "backup.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
POSTGRES_URL = "postgresql://lightbox:password@database.example/lightbox"


def typed(commands: str, folder: Path, url: str) -> "subprocess.CompletedProcess[str]":
    """Type these lines in a folder that stands for the checkout."""
    program = folder / ".venv" / "bin" / "lightbox"
    program.parent.mkdir(parents=True, exist_ok=True)
    if not program.exists():
        program.symlink_to(LIGHTBOX)
    return subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=folder,
        env=environment(LIGHTBOX_DATABASE_URL=url),
        capture_output=True,
        text=True,
        check=False,
    )


def link_in(url: str, title: str) -> str:
    """Make a link; give its token."""
    with closing(Database(url)) as database:
        return links.make(database, "grid", "/d/made", title=title)[0]


def test_a_backup_is_made_and_restored_while_a_server_serves(url: str, tmp_path: Path) -> None:
    images, labels = np.zeros((3, 8, 8), np.uint8), np.zeros(3, np.uint8)
    np.savez(tmp_path / "made.npz", test_images=images, test_labels=labels)
    kept = link_in(url, "Kept")
    cache = str(tmp_path / "cache")
    with Server(
        tmp_path / "made.npz", LIGHTBOX_DATABASE_URL=url, LIGHTBOX_CACHE_DIR=cache
    ) as server:
        assert b"Kept" in server.get(f"/s/{kept}")
        done = typed(BLOCKS[0], tmp_path, url)
        assert (done.returncode, done.stderr) == (0, "")
        later = link_in(url, "Later")
        assert b"Later" in server.get(f"/s/{later}")
        done = typed(BLOCKS[1], tmp_path, url)
        assert (done.returncode, done.stderr) == (0, "")
        assert b"Kept" in server.get(f"/s/{kept}")
        with pytest.raises(HTTPError, match="404"):
            server.get(f"/s/{later}")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_file_of_a_server_that_was_stopped_is_whole_by_itself(
    workers: str, tmp_path: Path
) -> None:
    images, labels = np.zeros((3, 8, 8), np.uint8), np.zeros(3, np.uint8)
    np.savez(tmp_path / "made.npz", test_images=images, test_labels=labels)
    url = f"sqlite:///{tmp_path / 'reviews' / 'kept.sqlite'}"
    token = link_in(url, "Kept")
    with Server(
        *(tmp_path / "made.npz", "--workers", workers),
        LIGHTBOX_DATABASE_URL=url,
        LIGHTBOX_CACHE_DIR=str(tmp_path / "cache"),
    ) as server:
        assert b"Kept" in server.get(f"/s/{token}")
        assert server.end() == (0, "", "")
    assert [left.name for left in (tmp_path / "reviews").iterdir()] == ["kept.sqlite"]
    with closing(Database(url)) as database:
        assert [link.opened for link in links.all_links(database)] == [1]


def test_all_goes_from_sqlite_to_postgresql(
    sqlite: Database, file: Path, postgres: Postgres, tmp_path: Path
) -> None:
    links.make(sqlite, "grid", "/d/made", title="Moved")
    there = postgres.new_url()
    assert POSTGRES_URL in BLOCKS[2]
    commands = BLOCKS[2].replace(POSTGRES_URL, f"'{there}'")
    done = typed(commands, tmp_path, f"sqlite:///{file}")
    assert (done.returncode, done.stderr) == (0, "")
    with closing(Database(there)) as moved:
        assert links.all_links(moved) == links.all_links(sqlite) != ()


def test_every_line_of_the_how_to_is_typed_above() -> None:
    assert len(BLOCKS) == 3


def test_what_is_no_backup_is_refused_in_one_sentence(file: Path, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear reader")
    done = typed(".venv/bin/lightbox restore letter", tmp_path, f"sqlite:///{file}")
    assert done.returncode == 1
    assert re.fullmatch(r"lightbox: The file letter is no backup of Lightbox[^\n]*\n", done.stderr)


def test_where_no_database_is_none_is_made_for_its_backup(tmp_path: Path) -> None:
    absent = tmp_path / "absent.sqlite"
    done = typed(BLOCKS[0], tmp_path, f"sqlite:///{absent}")
    assert done.returncode == 1
    assert re.fullmatch(r"lightbox: There is no database at [^\n]*\n", done.stderr)
    assert str(absent) in done.stderr
    assert list(tmp_path.glob("*.backup")) == []
    assert not absent.exists()


def test_a_database_is_not_written_over_by_its_own_backup(
    sqlite: Database, file: Path, tmp_path: Path
) -> None:
    links.make(sqlite, "grid", "/d/made")
    command = f".venv/bin/lightbox backup {file.name}"
    done = typed(command, tmp_path, f"sqlite:///{file}")
    assert done.returncode == 2
    assert "the database itself" in done.stderr
    assert len(links.all_links(sqlite)) == 1
