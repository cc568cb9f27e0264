"""Which form the tables have in a database, and bringing it up to this program's.

Revisions are numbered ``0001``, ``0002``, …; the number is what ``alembic_version`` holds. Alembic
itself is brought in only where something has to be changed: it takes long to import.
"""

import threading
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from app.errors import StorageError

# The newest revision there is under migrations/versions.
SCHEMA: Final = "0003"

FOLDER: Final = Path(__file__).parent / "migrations"
VERSIONS: Final = (FOLDER / "versions",)

# Alembic keeps what it is at work on in a module.
_one_at_a_time: Final = threading.Lock()


def version(connection: Connection) -> str | None:
    """Give the revision of a database; None if it is new."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def is_current(found: str | None, name: str) -> bool:
    """Say whether that revision is this program's; False where it is older.

    Raises StorageError for a newer one, of which this program can't know what it would break;
    ``name`` says in it what the database is called.
    """
    if found is None or found == SCHEMA:
        return found == SCHEMA
    if not (found.isascii() and found.isdigit()):
        raise StorageError(f"{name} was not made by Lightbox; name another database or file.")
    if int(found) > int(SCHEMA):
        raise StorageError(
            f"{name} was written by a newer Lightbox (form {int(found)}, this one knows up to "
            f"{int(SCHEMA)}); start that one, or restore a backup from before the upgrade."
        )
    return False


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the migrations up to ``target`` in the transaction that is under way."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    folders = "\n".join(str(folder) for folder in VERSIONS)
    config.set_main_option("version_locations", folders.replace("%", "%%"))
    config.attributes["connection"] = connection
    with _one_at_a_time:
        command.upgrade(config, target)
