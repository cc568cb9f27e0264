"""Backups: one SQLite file with all rows and the form they are in, whichever database they are of.

Rows are copied, not pages, so that a backup of PostgreSQL can be restored into SQLite and back.
"""

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, MetaData, RowMapping, Table, insert, select, text
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from app.errors import StorageError, plain
from app.phrases import capital
from app.reviews import schema
from app.reviews.engines import make_file, sqlite_engine
from app.reviews.failures import said, system_said

# SQLite's application_id, by which a backup is told from any other SQLite file.
_MARK: Final = int.from_bytes(b"LBbk")
_ROWS: Final = 1_000
# A process that is still at it writes all the time; other machines' clocks may differ by hours.
_LEFT_SECONDS: Final = 12 * 3600


def write(connection: Connection, file: Path, form: str) -> None:
    """Write all rows that this connection sees, in tables of that revision, as a new file.

    It gets its name when it is whole and on disk, in place of one of that name. What killed
    processes left of theirs is removed. Raises StorageError; what keeps the rows from being read
    is raised as the driver says it, to be told of where their database is known.
    """
    name = _name(file)
    part = file.with_name(f"{file.name}.{secrets.token_hex(8)}.part")
    try:
        with system_said(name), said(name, "The backup was not written"):
            _require_file(file, name)
            _remove_left(file)
            make_file(part)
            with _open(part) as copy, copy.begin():
                schema.upgrade(copy, form)
                fill(connection, copy, _tables(copy))
                copy.execute(text(f"PRAGMA application_id = {_MARK}"))
            _flush(part)
            part.replace(file)
            _flush(file.parent)
    except BaseException as error:
        for left in (part, part.with_name(f"{part.name}-journal")):
            with suppress(OSError):
                left.unlink()
        if isinstance(error, _UnreadableError):
            raise error.reason from None
        raise


@contextmanager
def opened(file: Path) -> Iterator[Connection]:
    """Check a backup, and give a connection to its rows in this program's form.

    Raises StorageError for what is no backup, not whole, or of a newer program.
    """
    name = _name(file)
    with tempfile.TemporaryDirectory() as folder:
        with system_said(name), said(name, "Nothing was restored"):
            is_current = _checked(file, name)
            if not is_current:
                file = Path(shutil.copyfile(file, Path(folder) / "old"))
                with _open(file) as connection, connection.begin():
                    schema.upgrade(connection)
        with _open(file, "ro") as connection:
            try:
                yield connection
            except _UnreadableError as error:  # as “fill” met it
                raise _damaged(name) from error


def fill(source: Connection, target: Connection, tables: Sequence[Table]) -> None:
    """Copy the rows of these tables, those that others refer to first.

    That they can't be read is for “write” and “opened” to tell of.
    """
    for table in tables:
        for some in _read(source, table):
            target.execute(insert(table), [dict(row) for row in some])


class _UnreadableError(Exception):
    """Rows can't be read, or hold a value that is none of its column's; ``reason`` says why."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _read(source: Connection, table: Table) -> Iterator[Sequence[RowMapping]]:
    try:
        rows = source.execute(
            select(table).order_by(*table.primary_key), execution_options={"yield_per": _ROWS}
        )
        yield from rows.mappings().partitions()
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise _UnreadableError(error) from error


def _checked(file: Path, name: str) -> bool:
    """Say whether a backup is of this program's form (False: of an older one)."""
    with file.open("rb") as opened_file:
        start = opened_file.read(16)
    if start != b"SQLite format 3\0":
        raise _no_backup(name)
    try:
        with _open(file, "ro") as connection:
            if connection.execute(text("PRAGMA application_id")).scalar() != _MARK:
                raise _no_backup(name)
            sound = connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
            broken = connection.execute(text("PRAGMA foreign_key_check")).first()
            found = schema.version(connection)
            # One without tables would be made whole, and put nothing in the place of everything.
            if sound and not broken and found is not None:
                return schema.is_current(found, capital(name))
    except DatabaseError:
        pass  # SQLite's word for pages that are not there or make no sense
    raise _damaged(name)


def _no_backup(name: str) -> StorageError:
    return StorageError(f"{capital(name)} is no backup of Lightbox; name one.")


def _damaged(name: str) -> StorageError:
    return StorageError(f"{capital(name)} is damaged, or not whole; take another.")


def _require_file(file: Path, name: str) -> None:
    """Refuse to put a file in the place of a device, which root may."""
    if file.exists() and not file.is_file():
        raise StorageError(f"{capital(name)} is no file to be replaced; name another.")


def _remove_left(file: Path) -> None:
    """Remove half a backup under this name that nobody has written to for long."""
    half = re.compile(rf"{re.escape(file.name)}\.[0-9a-f]{{16}}\.part(-journal)?")
    for left in file.parent.iterdir():
        if half.fullmatch(left.name):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                    left.unlink()


@contextmanager
def _open(file: Path, mode: Literal["rw", "ro"] = "rw") -> Iterator[Connection]:
    engine = sqlite_engine(file, mode)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _tables(connection: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _name(file: Path) -> str:
    return f"the file {plain(file.name)}"


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
