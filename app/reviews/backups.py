"""Backing up and restoring while serving."""

from pathlib import Path

from sqlalchemy import Connection, delete, text

from app.errors import UsageError, plain
from app.reviews import copies, schema
from app.reviews.database import Database
from app.reviews.tables import metadata


def backup(db: Database, file: Path) -> None:
    """Write everything, as it is at one moment, into ``file``. Raises StorageError, UsageError."""
    if db.file and file.absolute().resolve() == db.file.resolve():
        raise UsageError(
            f"{plain(file.name)} is the database itself; name another file for its backup."
        )
    with db.reading() as connection:
        copies.write(connection, file, schema.SCHEMA)


def restore(db: Database, file: Path) -> None:
    """Put the rows of a backup in place of all that are there, at once or not at all.

    Raises StorageError for what is no backup, not whole, or of a newer program.
    """
    with copies.opened(file) as copy, db.writing("What is in the backup") as connection:
        tables = metadata.sorted_tables
        if not db.file:
            # Readers go on; who writes waits, and writes into what was restored.
            names = ", ".join(table.name for table in tables)
            connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
        for table in reversed(tables):
            connection.execute(delete(table))
        copies.fill(copy, connection, tables)
        if not db.file:
            _count_on(connection)


def _count_on(connection: Connection) -> None:
    """Let PostgreSQL number new rows after those restored; SQLite does so by itself."""
    for table in metadata.sorted_tables:
        if "id" in table.columns:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), greatest("  # noqa: S608
                    f"(SELECT max(id) FROM {table.name}), "
                    f"nextval(pg_get_serial_sequence('{table.name}', 'id'))))"
                )
            )
