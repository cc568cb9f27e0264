"""Connections to SQLite and to PostgreSQL, each set up so that what is committed is on disk."""

import math
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from app.errors import UsageError

if TYPE_CHECKING:
    import psycopg

# Seconds to wait for a lock, or for a server to answer.
PATIENCE: Final = 10.0
# Seconds of silence after which a server hangs: longer than it may wait for a lock.
SILENCE: Final = 15.0

# Any number that no other program takes for its own lock in the same database.
_MIGRATING: Final = 0x4C494748_54424F58


def read_url(url: str) -> URL:
    """Read a database URL. Raises UsageError (never with the URL in it: it may hold a password)."""
    try:
        url.encode()  # a variable may hold bytes that are no text
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(
            "LIGHTBOX_DATABASE_URL can't be read; it looks like sqlite:////folder/reviews.sqlite "
            "or postgresql://name:password@host/database."
        ) from None
    match read.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if read.host or not read.database or read.database == ":memory:":
                raise UsageError(
                    "LIGHTBOX_DATABASE_URL names no file; "
                    "write sqlite:/// and then its path, as in sqlite:////folder/reviews.sqlite."
                )
        case "postgresql" | "postgres" | "postgresql+psycopg":
            try:
                import psycopg  # noqa: F401
            except ImportError:
                raise UsageError(
                    "LIGHTBOX_DATABASE_URL names PostgreSQL, for which psycopg is missing here; "
                    'install it with: python -m pip install "psycopg[binary]>=3.3".'
                ) from None
            return read.set(drivername="postgresql+psycopg")
        case _:
            raise UsageError(
                "LIGHTBOX_DATABASE_URL must begin with sqlite:/// or postgresql://; "
                "Lightbox keeps reviews in no other database."
            )
    return read


def sqlite_engine(path: Path, mode: Literal["rw", "ro"] = "rw") -> Engine:
    """Make the engine of a SQLite file that is there; a transaction begins as its option says.

    Option ``begin`` of a connection: DEFERRED (default; one snapshot, no lock), IMMEDIATE (the
    right to write) or EXCLUSIVE.
    """

    def connect() -> sqlite3.Connection:
        # Not rwc: a file that somebody took away must not come back empty.
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=PATIENCE,
            isolation_level=None,  # transactions begin and end where we say
            check_same_thread=False,
        )
        # FULL: in WAL mode, only then is a commit on disk when it returns.
        connection.executescript("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_timeout=PATIENCE,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        how = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {how}")

    return engine


def postgres_engine(url: URL) -> Engine:
    """Make the engine of a PostgreSQL database, patient but not without end."""
    seconds = int(PATIENCE)
    arguments: dict[str, Any] = {"connect_timeout": seconds, "tcp_user_timeout": seconds * 1_000}
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=PATIENCE,
        hide_parameters=True,
        connect_args={name: arguments[name] for name in arguments if name not in url.query},
    )

    @event.listens_for(engine, "do_connect")
    def _do_connect(
        _dialect: object, _record: object, named: list[Any], given: dict[str, Any]
    ) -> "psycopg.Connection":
        from app.reviews.silence import Patient  # needs psycopg, which SQLite does without

        connection = Patient.connect(*named, **given)
        connection.patience = SILENCE
        return connection

    @event.listens_for(engine, "connect")
    def _connect(connection: "psycopg.Connection", _record: object) -> None:
        connection.execute(f"SET lock_timeout = {seconds * 1_000}")
        # A server that is told not to wait for its disk may forget what it has acknowledged.
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.commit()

    return engine


def make_file(path: Path) -> None:
    """Make an empty SQLite file that only its owner may read. Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def has_foreign_log(path: Path) -> bool:
    """Say whether a SQLite file, or one to be made, lies beside a -wal that is not its own.

    SQLite would put the changes in there into this file, whatever it holds. A file has a -wal only
    after its header says so (https://sqlite.org/fileformat2.html), which it does not in a backup.
    Raises OSError.
    """
    try:
        if not path.with_name(f"{path.name}-wal").stat().st_size:
            return False
    except FileNotFoundError:
        return False
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except FileNotFoundError:
        return True
    return not header or (header.startswith(b"SQLite format 3\0") and header[19:] == b"\1")


def write_ahead(engine: Engine) -> None:
    """Put a SQLite file into WAL mode, in which reading and writing don't wait for each other."""
    deadline = time.monotonic() + PATIENCE
    with engine.connect() as connection:
        cursor = connection.connection.cursor()  # past SQLAlchemy: not in a transaction
        while True:
            try:
                cursor.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                # SQLite does not always wait by itself here.
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


def lock_for_migrating(connection: Connection) -> None:
    """Wait until no other process migrates; the lock ends with the transaction.

    The connection is for this alone: what it does takes as long as it takes.
    """
    if connection.dialect.name == "postgresql":
        connection.connection.driver_connection.patience = math.inf  # type: ignore[union-attr]
        connection.detach()
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})
