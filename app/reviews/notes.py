"""Notes and flags on items. Nothing is changed or deleted: undoing adds a row that says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    func,
    insert,
    select,
    true,
    update,
)

from app.datasets.selection import SPLITS, Noted, Split
from app.errors import MalformedError, MissingError
from app.phrases import Phrase
from app.reviews.database import Database
from app.reviews.items import Item, checked, from_row, refers, to_row
from app.reviews.tables import notes, operations
from app.reviews.texts import cleaned

Flag = Literal["wrong-label", "poor-quality", "duplicate", "artefact", "interesting", "other"]

FLAGS: Final[tuple[Flag, ...]] = get_args(Flag)
TEXT_MOST: Final = 2_000
NAME_MOST: Final = 100

_PART: Final = 5_000

# Made once: putting a statement together takes longer than asking it.
_LATER: Final = notes.alias()
_STANDS: Final = and_(notes.c.undoes.is_(None), ~exists().where(_LATER.c.undoes == notes.c.id))
"""The row says something, and no later row takes it back."""
_LISTED: Final = select(notes, _STANDS.label("stands")).order_by(notes.c.id)


@dataclass(frozen=True)
class Author:
    """Who says something: a name, and the link it came by (None: the owner)."""

    name: str
    link_id: int | None = None


@dataclass(frozen=True)
class Note:
    """Something said about an item: a flag, a text, or both. ``made`` is in UTC.

    ``undoes`` is the id of the note that this row takes back; such a row says nothing itself.
    """

    id: int
    item: Item
    author: Author
    flag: Flag | None
    text: str
    made: datetime
    undoes: int | None
    undone: bool


def add(db: Database, item: Item, author: Author, flag: Flag | None, text: str) -> Note:
    """Say something about an item. Raises MalformedError when it is nothing, StorageError."""
    row = _row(author, flag, text)
    [item] = checked([item])
    with db.writing("The note") as connection:
        row |= {**to_row(item), "made": db.now()}
        number = connection.execute(insert(notes).values(row).returning(notes.c.id)).scalar_one()
    named = Author(row["author"], author.link_id)
    return Note(number, item, named, flag, row["text"], row["made"], None, undone=False)


def add_many(db: Database, items: Iterable[Item], author: Author, flag: Flag | None) -> int:
    """Flag many items alike; give the operation's id, by which all of it is undone.

    Raises MalformedError for nothing, or for too many; StorageError.
    """
    said = _row(author, flag, "")
    once = checked(items)
    with db.writing("The flag") as connection:
        made = {"kind": "flag", "link_id": author.link_id, "made": db.now()}
        number: int = connection.execute(
            insert(operations).values(made).returning(operations.c.id)
        ).scalar_one()
        said |= {"made": made["made"], "operation_id": number}
        for start in range(0, len(once), _PART):
            part = once[start : start + _PART]
            connection.execute(insert(notes), [said | to_row(item) for item in part])
    return number


def undo(db: Database, note_id: int, author: Author) -> None:
    """Take a note back; a second time changes nothing. A guest may take back only their own.

    Raises MissingError for a note that is not there or not theirs, StorageError.
    """
    with db.writing("That the note is taken back") as connection:
        row = connection.execute(
            select(notes)
            .where(notes.c.id == note_id, _may_undo(notes.c.link_id, author))
            # One after the other, of two who take back the same.
            .with_for_update()
        )
        found = row.mappings().one_or_none()
        if found is None or found["undoes"] is not None:
            raise MissingError(
                "note", Phrase("There is no note {note_id} of yours.", note_id=note_id)
            )
        _take_back(connection, db.now(), author, notes.c.id == note_id)


def undo_many(db: Database, operation: int, author: Author) -> None:
    """Take back all that ``add_many`` said; what was taken back already stays so.

    Raises MissingError for an operation that is not there or not theirs, StorageError.
    """
    with db.writing("That the flags are taken back") as connection:
        found = connection.execute(
            select(operations.c.id)
            .where(
                operations.c.id == operation,
                operations.c.kind == "flag",
                _may_undo(operations.c.link_id, author),
            )
            .with_for_update()
        ).one_or_none()
        if found is None:
            raise MissingError(
                "operation", Phrase("There is no change {operation} of yours.", operation=operation)
            )
        _take_back(connection, db.now(), author, notes.c.operation_id == operation)
        connection.execute(
            update(operations)
            .where(operations.c.id == operation, operations.c.undone.is_(None))
            .values(undone=db.now())
        )


def history(db: Database, item: Item) -> tuple[Note, ...]:
    """Give all that was ever said of an item and taken back, in the order it came in.

    Raises StorageError.
    """
    with db.reading() as connection:
        rows = connection.execute(_LISTED.where(refers(notes, item)))
        return tuple(
            Note(
                row["id"],
                from_row(row),
                Author(row["author"], row["link_id"]),
                row["flag"],
                row["text"],
                row["made"],
                row["undoes"],
                undone=row["undoes"] is None and not row["stands"],
            )
            for row in rows.mappings()
        )


def noted(db: Database, dataset: str, content: str, kind: Noted) -> dict[Split, NDArray[np.int64]]:
    """Give the indexes (int64, ascending) of the items flagged, or with texts, for each split.

    Raises StorageError.
    """
    said = notes.c.flag.is_not(None) if kind == "flagged" else notes.c.text != ""
    with db.reading() as connection:
        rows = connection.execute(
            select(notes.c.split, notes.c.position)
            .where(_of(dataset, content), said, _STANDS)
            .distinct()
        ).all()
    found: dict[Split, list[int]] = {split: [] for split in SPLITS}
    for split, position in rows:
        found[split].append(position)
    return {split: np.array(sorted(found[split]), np.int64) for split in SPLITS}


def said_by(db: Database, link_id: int) -> dict[Noted, frozenset[Item]]:
    """Give the items that were flagged, and those written of, by a link. Raises StorageError."""
    with db.reading() as connection:
        rows = connection.execute(select(notes).where(notes.c.link_id == link_id, _STANDS))
        said = [(from_row(row), row["flag"], row["text"]) for row in rows.mappings()]
    return {
        "flagged": frozenset(item for item, flag, _text in said if flag),
        "notes": frozenset(item for item, _flag, text in said if text),
    }


def stale(db: Database, dataset: str, content: str) -> int:
    """Count the notes on other contents of this data set: its file has changed since.

    Raises StorageError.
    """
    with db.reading() as connection:
        return connection.execute(
            select(func.count()).where(
                notes.c.dataset == dataset, notes.c.content != content, _STANDS
            )
        ).scalar_one()


def _row(author: Author, flag: Flag | None, text: str) -> dict[str, Any]:
    name = cleaned(author.name, NAME_MOST, lines=False, part="name")
    text = cleaned(text, TEXT_MOST, lines=True, part="note")
    if flag is not None and flag not in FLAGS:
        raise MalformedError("flag", Phrase("A flag is one of: {flags}.", flags=", ".join(FLAGS)))
    if not name:
        raise MalformedError("name", Phrase("A note needs the name of who writes it."))
    if flag is None and not text:
        raise MalformedError("note", Phrase("There is neither a flag nor a text in this note."))
    return {"author": name, "link_id": author.link_id, "flag": flag, "text": text}


def _of(dataset: str, content: str) -> ColumnElement[bool]:
    return and_(notes.c.dataset == dataset, notes.c.content == content)


def _may_undo(link_id: ColumnElement[Any], author: Author) -> ColumnElement[bool]:
    """The owner may take back everything."""
    return true() if author.link_id is None else link_id == author.link_id


def _take_back(
    connection: Connection, now: datetime, author: Author, where: ColumnElement[bool]
) -> None:
    name = cleaned(author.name, NAME_MOST, lines=False, part="name")
    rows = connection.execute(select(notes).where(where, _STANDS).order_by(notes.c.id))
    back = [
        {
            **to_row(from_row(row)),
            "author": name,
            "link_id": author.link_id,
            "text": "",
            "undoes": row["id"],
            "made": now,
        }
        for row in rows.mappings()
    ]
    if back:
        connection.execute(insert(notes), back)
