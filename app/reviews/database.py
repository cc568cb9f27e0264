"""The database of the reviews: one place to read from and to write to, or a sentence why not.

Nothing is touched before somebody reads or writes, so that a server shows its data sets whether or
not the database is there. The first use in a process brings the tables into this program's form.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.errors import StorageError, UncertainError, plain
from app.phrases import capital
from app.reviews import copies, engines, schema
from app.reviews.failures import GONE, is_lost, said, system_said

_Mark = tuple[int, int] | None


class Database:
    """A SQLite file or a PostgreSQL database, by its URL; shared by all threads of a process.

    ``backups`` is the folder for what is kept before an upgrade (default: beside a SQLite file;
    for PostgreSQL the working folder). ``used`` is a file by which the processes of one server tell
    each other that one of them has used the database: from then on none makes a new one. Raises
    UsageError for a URL that can't be used.
    """

    def __init__(self, url: str, backups: Path | None = None, used: Path | None = None) -> None:
        read = engines.read_url(url)
        self.file: Path | None = None
        if read.drivername.startswith("sqlite"):
            self.file = Path(str(read.database)).absolute()
        self.name = _name(read, self.file)
        self._backups = backups or (self.file.parent if self.file else Path())
        self._engine = (
            engines.sqlite_engine(self.file) if self.file else engines.postgres_engine(read)
        )
        self._used = used
        self._lock = threading.Lock()
        self._ready: tuple[_Mark] | None = None
        self._tries = 0
        self._failure: StorageError | None = None

    def now(self) -> datetime:
        """The time, in UTC, that new rows are stamped with."""
        return datetime.now(UTC)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database. Raises StorageError."""
        with said(self.name, "What was asked for can't be shown"):
            engine = self._prepared()
            with engine.connect() as connection:
                yield self._at_one_moment(connection)

    @contextmanager
    def writing(self, what: str) -> Iterator[Connection]:
        """Give a connection whose changes are on disk when the block has ended.

        ``what`` begins the sentence: ``{what} was not saved: …``. Raises StorageError, or
        UncertainError where it may have been.
        """
        with said(self.name, f"{what} was not saved"):
            try:
                engine = self._prepared()
            except StorageError as error:
                reason = str(error)
                raise StorageError(
                    f"{what} was not saved: {reason[:1].lower()}{reason[1:]}"
                ) from error
            with _begun(engine, "IMMEDIATE") as connection:
                yield connection
                try:
                    connection.commit()
                except DBAPIError as error:
                    if not is_lost(error):
                        raise
                    raise UncertainError(
                        f"{what} may have been saved, or not: {self.name} was lost meanwhile; "
                        "look for it before you save it again."
                    ) from error
        self._date_log()

    def _date_log(self) -> None:
        """Give SQLite's log the time from which on all see what was just written.

        It has the time at which writing began, which the disk may take a while to end; who goes by
        times would take what was read meanwhile for the latest.
        """
        if self.file:
            with suppress(OSError):
                os.utime(f"{self.file}-wal")

    def is_new(self) -> bool:
        """Say whether there can be nothing in it: a file that nobody has made yet.

        Who only looks is answered without it, and leaves no file behind.
        """
        if self.file and not self._was_there():
            try:
                self.file.stat()
            except (FileNotFoundError, NotADirectoryError):
                return True
            except OSError:
                return False  # what may not be looked at may well be there
        return False

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        self._engine.dispose()

    def _prepared(self) -> Engine:
        tries = self._tries
        if self._ready is not None and self._ready == (self._mark(),):
            return self._engine
        with self._lock:
            if self._tries != tries:
                # Another thread has tried meanwhile: what it met, we would meet too.
                if self._failure:
                    raise StorageError(str(self._failure))
                return self._engine
            self._failure = None
            try:
                with said(self.name):
                    self._prepare()
            except StorageError as error:
                self._failure = error
                raise
            finally:
                self._tries += 1
        return self._engine

    def _prepare(self) -> None:
        if self.file:
            with system_said(self.name):
                if self._was_there() and self._mark() is None:
                    raise StorageError(f"{capital(self.name)} {GONE}.")
                if engines.has_foreign_log(self.file):
                    log = plain(f"{self.file.name}-wal")
                    raise StorageError(
                        f"{capital(self.name)} lies beside {log}, which holds changes of another "
                        f"file; move {log} away."
                    )
                if not self.file.exists():
                    self.file.parent.mkdir(parents=True, exist_ok=True)
                    engines.make_file(self.file)
            # Connections to a file that has been replaced write into nothing.
            self._engine.dispose()
        mark = self._mark()
        with self._engine.connect() as connection:
            current = schema.is_current(schema.version(connection), capital(self.name))
        if not current:
            self._migrate()
        elif self.file:
            with suppress(SQLAlchemyError):  # a file that is read-only may still be read
                engines.write_ahead(self._engine)
        self._ready = (mark,)
        if self._used:
            self._used.touch()

    def _migrate(self) -> None:
        if self.file:
            engines.write_ahead(self._engine)
        with _begun(self._engine, "EXCLUSIVE") as connection:
            engines.lock_for_migrating(connection)
            found = schema.version(connection)
            if schema.is_current(found, capital(self.name)):
                return  # another process was faster
            if found is not None:
                self._keep(found)
            schema.upgrade(connection)

    def _keep(self, found: str) -> None:
        """Keep a copy in the old form, for who wants to go back to the old program."""
        stem = self.file.name if self.file else "lightbox-reviews"
        stamp = self.now().strftime("%Y%m%dT%H%M%SZ")
        kept = self._backups / f"{stem}.before-{schema.SCHEMA}.{stamp}"
        with system_said(f"the folder {plain(self._backups.name)}"):
            self._backups.mkdir(parents=True, exist_ok=True)
        with self._engine.connect() as connection:
            copies.write(self._at_one_moment(connection), kept, found)

    def _at_one_moment(self, connection: Connection) -> Connection:
        """Let all queries see the state that the first one saw; on SQLite they always do."""
        if self.file:
            return connection
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def _was_there(self) -> bool:
        return self._ready is not None or bool(self._used and self._used.exists())

    def _mark(self) -> _Mark:
        """Tell a file from the one that took its place; None if there is none."""
        if not self.file:
            return None
        try:
            status = self.file.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


@contextmanager
def _begun(engine: Engine, how: str) -> Iterator[Connection]:
    with engine.connect() as connection, connection.execution_options(begin=how).begin():
        yield connection


def _name(url: URL, file: Path | None) -> str:
    if file:
        return f"the database {plain(file.name)}"
    return f"the PostgreSQL database {plain(url.database or '')}".rstrip()
