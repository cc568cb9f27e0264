"""What a database's driver says → one sentence a user can act on."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.errors import StorageError
from app.phrases import capital

_LOCKED: Final = "is in use by another program; try again in a moment"
_FULL: Final = "has no room left on its disk; free some and try again"
_READ_ONLY: Final = "is read-only; let the server write to it"
_DAMAGED: Final = "is damaged or is no database; put a backup in its place"
_CLOSED: Final = "can't be opened; check that it is there and that the server may use it"
_DISK: Final = "can't be read or written; check its disk"
_AWAY: Final = "can't be reached; check that it runs and that LIGHTBOX_DATABASE_URL is right"
_SILENT: Final = "does not answer; try again in a moment, and check that it runs"
_REFUSED: Final = "refuses us; check the name, password and rights in LIGHTBOX_DATABASE_URL"
_BUSY: Final = "has no connection free; try again in a moment"
GONE: Final = "is gone; put it back, or start Lightbox again to begin a new one"

_log: Final = logging.getLogger(__name__)

# Primary result codes, https://sqlite.org/rescode.html; an extended code begins with one.
_SQLITE: Final = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "SQLITE_CANTOPEN": _CLOSED,
    "SQLITE_PERM": _CLOSED,
    "SQLITE_AUTH": _CLOSED,
    "SQLITE_IOERR": _DISK,
}

# Codes and classes (their first two characters) of the PostgreSQL manual's appendix A.
_POSTGRES: Final = {
    "55P03": _LOCKED,
    "57014": _LOCKED,
    "40": _LOCKED,
    "53100": _FULL,
    "53300": _BUSY,
    "25006": _READ_ONLY,
    "28": _REFUSED,
    "3D": _REFUSED,
    "42501": _REFUSED,
    "58": _DISK,
    "XX": _DAMAGED,
    "08": _AWAY,
    "57P": _AWAY,
}


@contextmanager
def said(name: str, opening: str = "") -> Iterator[None]:
    """Turn every failure of the driver in this block into ``{opening}: {name} {why}.``."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        subject = f"{opening}: {name}" if opening else capital(name)
        raise StorageError(f"{subject} {_why(error)}.") from error


@contextmanager
def system_said(name: str) -> Iterator[None]:
    """Turn what the system refuses in this block into a sentence."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise StorageError(
            f"{capital(name)} can't be used ({reason}); check its folder, and the room there."
        ) from error


def is_lost(error: DBAPIError) -> bool:
    """Say whether the database itself may have taken what was sent, and only its answer is lost.

    A driver that has lost its connection has no code of the server's.
    """
    code = getattr(error.orig, "sqlstate", "no code at all")  # SQLite's: it tells what it has done
    return code is None or code[:2] == "08" or code[:3] == "57P"


def _why(error: Exception) -> str:
    driver: Any = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(driver, "sqlite_errorname", None)
    if isinstance(name, str):
        return _SQLITE.get("_".join(name.split("_")[:2])) or _other(driver)
    if isinstance(driver, sqlite3.Error):
        # Without a code it is Python's own word: for text that is none, or for a fault of ours.
        return _DAMAGED if isinstance(driver, sqlite3.OperationalError) else _other(driver)
    code = getattr(driver, "sqlstate", None)
    if isinstance(code, str):
        known = (code, code[:3], code[:2])
        found = (_POSTGRES[part] for part in known if part in _POSTGRES)
        return next(found, None) or _other(driver)
    if type(driver).__name__ == "ConnectionTimeout":
        return _SILENT
    if isinstance(error, DBAPIError):
        # A driver that has no connection has no code either.
        text = str(driver).lower()
        return _REFUSED if "authentication" in text or "does not exist" in text else _AWAY
    return _BUSY if "QueuePool" in str(error) else _other(error)


def _other(error: Exception) -> str:
    # PostgreSQL's further lines hold what was to be written.
    _log.error("%s: %s", type(error).__name__, str(error).partition("\n")[0])
    return f"answered with an error ({type(error).__name__}); the server's log says more"
