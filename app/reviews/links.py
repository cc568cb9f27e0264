"""Links: who holds one sees what it names, and nothing else.

Of a token only its SHA-256 is kept, so that who reads the database, or a backup of it, holds none.
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from app.errors import GoneError, MalformedError, MissingError
from app.phrases import Amount, Phrase
from app.reviews.database import Database
from app.reviews.lifetimes import DAYS, DAYS_MOST
from app.reviews.tables import links
from app.reviews.texts import cleaned

Kind = Literal["grid", "image", "collection", "study"]

TITLE_MOST: Final = 200
MESSAGE_MOST: Final = 2_000
TARGET_MOST: Final = 5_000
PASSPHRASE_MOST: Final = 200

_TOKEN_BYTES: Final = 24
_SECRET_BYTES: Final = 16

# OWASP's Password Storage Cheat Sheet: enough work to stop guessing, and little enough memory that
# ten who try at once don't fill a small server.
_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True)
class Link:
    """What one token opens, and until when. Times are in UTC.

    ``target`` is a canonical address; ``content`` the data set's content key when the link was
    made (None for a collection). ``secret`` (32 hex digits) seeds the guest's order and the opaque
    keys of items. ``passphrase`` is its argon2 hash, or None.
    """

    id: int
    kind: Kind
    target: str
    dataset: str | None
    content: str | None
    title: str
    message: str
    hide_labels: bool
    may_comment: bool
    secret: str = field(repr=False)
    passphrase: str | None = field(repr=False)
    created: datetime
    expires: datetime
    revoked: datetime | None
    opened: int
    last_opened: datetime | None
    study_id: int | None
    reader_id: int | None


def make(
    db: Database,
    kind: Kind,
    target: str,
    *,
    dataset: str | None = None,
    content: str | None = None,
    title: str = "",
    message: str = "",
    hide_labels: bool = False,
    may_comment: bool = False,
    passphrase: str = "",
    days: int = DAYS,
) -> tuple[str, Link]:
    """Make a link to an address; give its token, which is nowhere else, and the link.

    Raises MalformedError for what can't be kept, StorageError.
    """
    columns = {
        "kind": kind,
        "target": target,
        "dataset": dataset,
        "content": content,
        "title": title,
        "message": message,
        "hide_labels": hide_labels,
        "may_comment": may_comment,
        "passphrase": _hashed(passphrase),
    }
    with db.writing("The link") as connection:
        return make_within(connection, db.now(), days, columns)


def make_within(
    connection: Connection, now: datetime, days: int, columns: dict[str, Any]
) -> tuple[str, Link]:
    """Make a link in the transaction under way; what ``columns`` leaves out is empty."""
    if not 1 <= days <= DAYS_MOST:
        raise MalformedError(
            "days",
            Phrase(
                "A link holds from 1 to {days_most} days, not {days}.",
                days_most=Amount(DAYS_MOST),
                days=days,
            ),
        )
    target = columns["target"]
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        raise MalformedError(
            "target", Phrase("A link leads to an address here, which begins with /.")
        )
    if cleaned(target, TARGET_MOST, lines=False, part="target") != target:
        raise MalformedError("target", Phrase("The address holds characters that no address has."))
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = {
        "hide_labels": False,
        "may_comment": False,
        **columns,
        "title": cleaned(columns.get("title", ""), TITLE_MOST, lines=False, part="title"),
        "message": cleaned(columns.get("message", ""), MESSAGE_MOST, lines=True, part="message"),
        "token_hash": _digest(token),
        "secret": secrets.token_hex(_SECRET_BYTES),
        "created": now,
        "expires": now + timedelta(days=days),
        "opened": 0,
    }
    made = connection.execute(insert(links).values(row).returning(*_COLUMNS))
    return token, _link(made.mappings().one())


def find(db: Database, token: str, now: datetime) -> Link:
    """Give the link of a token, whatever was sent as one; the work is the same for each.

    Raises MissingError for none, GoneError for one that has ended, StorageError.
    """
    row = None if db.is_new() else _row_of(db, token)
    if row is None:
        raise MissingError(
            "link",
            Phrase(
                "There is no such link; it may have been cut off or mistyped, so open it again "
                "from where it was sent."
            ),
        )
    link = _link(row)
    if link.revoked is not None:
        raise GoneError(
            Phrase("This link has been withdrawn; ask the person who sent it for a new one."),
            "link",
        )
    if link.expires <= now:
        raise GoneError(
            Phrase("This link has expired; ask the person who sent it for a new one."), "link"
        )
    return link


def _row_of(db: Database, token: str) -> RowMapping | None:
    with db.reading() as connection:
        found = connection.execute(_BY_TOKEN, {"digest": _digest(token)})
        return found.mappings().one_or_none()


def touch(db: Database, link: Link) -> None:
    """Count an opening of this link. Raises StorageError."""
    with db.writing("That this link was opened") as connection:
        connection.execute(
            update(links)
            .where(links.c.id == link.id)
            .values(opened=links.c.opened + 1, last_opened=db.now())
        )


def settle(db: Database, link: Link, content: str) -> None:
    """Keep which content a link shows, where it was made without the file. Raises StorageError."""
    with db.writing("What this link shows") as connection:
        connection.execute(
            update(links)
            .where(links.c.id == link.id, links.c.content.is_(None))
            .values(content=content)
        )


def count(db: Database) -> int:
    """Count the links there have been. Raises StorageError."""
    if db.is_new():
        return 0
    with db.reading() as connection:
        return connection.execute(select(func.count()).select_from(links)).scalar_one()


def all_links(db: Database, start: int = 0, most: int | None = None) -> tuple[Link, ...]:
    """Give every link there has been, the newest first. Raises StorageError.

    With ``start`` and ``most``, only so many from that place (from 0) on.
    """
    if db.is_new():
        return ()
    with db.reading() as connection:
        newest = select(*_COLUMNS).order_by(links.c.id.desc())
        rows = connection.execute(newest.offset(start).limit(most))
        return tuple(_link(row) for row in rows.mappings())


def revoke(db: Database, link_id: int) -> None:
    """End a link at once; one that has been ended stays so. Raises MissingError, StorageError."""
    with db.writing("That this link is withdrawn") as connection:
        found = connection.execute(
            select(links.c.revoked).where(links.c.id == link_id).with_for_update()
        ).one_or_none()
        if found is None:
            raise _missing(link_id)
        if found.revoked is None:
            connection.execute(update(links).where(links.c.id == link_id).values(revoked=db.now()))


def reopen(db: Database, link_id: int) -> None:
    """Let a link that was revoked open again, until its time is over.

    Raises MissingError, StorageError.
    """
    with db.writing("That this link opens again") as connection:
        found = connection.execute(update(links).where(links.c.id == link_id).values(revoked=None))
        if not found.rowcount:
            raise _missing(link_id)


def _missing(link_id: int) -> MissingError:
    return MissingError("link", Phrase("There is no link {link_id}.", link_id=link_id))


def check_passphrase(link: Link, text: str) -> bool:
    """Say whether this text opens the link; any does where it has no passphrase.

    Takes the same time (some 30 ms) and memory (19 MB) whatever the answer.
    """
    nobodys, given = _nobodys(), _normal(text[: PASSPHRASE_MOST + 1])
    try:
        _hasher.verify(link.passphrase or nobodys, given)
    except (Argon2Error, InvalidHashError):
        return link.passphrase is None
    return len(text) <= PASSPHRASE_MOST


def _hashed(passphrase: str) -> str | None:
    if len(passphrase) > PASSPHRASE_MOST:
        raise MalformedError(
            "passphrase",
            Phrase(
                "The passphrase is longer than {passphrase_most} characters.",
                passphrase_most=PASSPHRASE_MOST,
            ),
        )
    if not passphrase:
        return None
    kept = _normal(passphrase)
    if not kept:  # who typed blanks meant to ask for something
        raise MalformedError(
            "passphrase",
            Phrase("The passphrase is nothing but blanks; type one, or leave the field empty."),
        )
    return _hasher.hash(kept)


def _normal(passphrase: str) -> str:
    """The same passphrase gives the same letters on every keyboard."""
    return cleaned(unicodedata.normalize("NFC", passphrase), 10 * PASSPHRASE_MOST, lines=False)


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def _digest(token: str) -> str:
    return hashlib.sha256(token[:200].encode("utf-8", "replace")).hexdigest()


_COLUMNS: Final = tuple(links.c[name] for name in Link.__dataclass_fields__)
# Made once: each page and picture under a link asks it, and putting it together takes longer.
_BY_TOKEN: Final = select(*_COLUMNS).where(links.c.token_hash == bindparam("digest"))


def _link(row: RowMapping) -> Link:
    return Link(**row)
