"""Collections: named sets of items, in an order, across splits and data sets.

Which items are in one is changed by ``collecting``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Update,
    and_,
    func,
    insert,
    select,
    tuple_,
    update,
)

from app.errors import MalformedError, MissingError
from app.phrases import Phrase
from app.reviews.database import Database
from app.reviews.items import COLUMNS, Item, from_row, to_row
from app.reviews.tables import collected, collections
from app.reviews.texts import cleaned

NAME_MOST: Final = 200
_IS_THERE: Final = collections.c.deleted.is_(None)
# Each is named by four values, of which both databases take 32,766 at once.
_ASKED_MOST: Final = 5_000


@dataclass(frozen=True)
class Matching:
    """All items of a data set that a selection means: its canonical query, and how many."""

    dataset: str
    content: str
    query: str
    count: int


@dataclass(frozen=True)
class Collection:
    """A named set of items. ``matching`` is what it consists of, while it is one selection."""

    id: int
    name: str
    made: datetime
    count: int
    matching: Matching | None


# Gives the items of a selection at ranks from the second up to, not including, the third.
Expand = Callable[[Matching, int, int], Sequence[Item]]


def create(db: Database, name: str) -> Collection:
    """Make an empty collection. Raises MalformedError for a name that is none, StorageError."""
    name, now = _name(name), db.now()
    with db.writing("The collection") as connection:
        number = make_within(connection, name, now)
    return Collection(number, name, now, 0, None)


def make_within(connection: Connection, name: str, now: datetime) -> int:
    """Make one in the transaction under way; give its number. Raises MalformedError."""
    made = insert(collections).values(name=_name(name), made=now).returning(collections.c.id)
    number: int = connection.execute(made).scalar_one()
    return number


def rename(db: Database, collection_id: int, name: str) -> None:
    """Give it another name. Raises MalformedError, MissingError, StorageError."""
    name = _name(name)
    with db.writing("The name") as connection:
        locked(connection, collection_id)
        connection.execute(changed(collection_id).values(name=name))


def delete(db: Database, collection_id: int) -> None:
    """Let it be as if it were not there, until restored. Raises MissingError, StorageError."""
    with db.writing("That the collection is deleted") as connection:
        locked(connection, collection_id)
        connection.execute(changed(collection_id).values(deleted=db.now()))


def restore(db: Database, collection_id: int) -> None:
    """Bring one back that was deleted; what is there stays. Raises MissingError, StorageError."""
    with db.writing("That the collection is back") as connection:
        found = connection.execute(changed(collection_id).values(deleted=None))
        if not found.rowcount:
            raise _missing(collection_id)


def count(db: Database, *, deleted: bool = False) -> int:
    """Count the collections (or the deleted ones). Raises StorageError."""
    if db.is_new():
        return 0
    number = select(func.count()).select_from(collections).where(_is_asked(deleted=deleted))
    with db.reading() as connection:
        return connection.execute(number).scalar_one()


def all_collections(
    db: Database, start: int = 0, most: int | None = None, *, deleted: bool = False
) -> tuple[Collection, ...]:
    """Give every collection (or every deleted one), the newest first. Raises StorageError.

    With ``start`` and ``most``, only so many from that place (from 0) on.
    """
    if db.is_new():
        return ()
    newest = collections.c.id.desc()
    # Chosen first, so that the items of those before are not counted.
    asked = select(collections.c.id).where(_is_asked(deleted=deleted)).order_by(newest)
    these = collections.c.id.in_(asked.offset(start).limit(most))
    with db.reading() as connection:
        rows = connection.execute(_counted().where(these).order_by(newest))
        return tuple(_collection(row) for row in rows.mappings())


def names(db: Database, collection_ids: Iterable[int]) -> dict[int, str]:
    """Give the names of those of these that are there. Raises StorageError."""
    these = collections.c.id.in_(collection_ids)
    with db.reading() as connection:
        rows = connection.execute(
            select(collections.c.id, collections.c.name).where(these, _IS_THERE)
        ).all()
    return {row.id: row.name for row in rows}


def find(db: Database, collection_id: int) -> Collection:
    """Give one collection. Raises MissingError, StorageError."""
    if db.is_new():
        raise _missing(collection_id)
    with db.reading() as connection:
        rows = connection.execute(_counted().where(collections.c.id == collection_id, _IS_THERE))
        row = rows.mappings().one_or_none()
    if row is None:
        raise _missing(collection_id)
    return _collection(row)


def items(
    db: Database, collection_id: int, start: int, stop: int, expand: Expand
) -> tuple[Item, ...]:
    """Give the items at places ``start`` up to, not including, ``stop`` (from 0, both clipped).

    Raises MissingError, StorageError, and what ``expand`` raises.
    """
    found = find(db, collection_id)
    start, stop = max(0, start), min(stop, found.count)
    if start >= stop:
        return ()
    if found.matching:
        return tuple(expand(found.matching, start, stop))
    with db.reading() as connection:
        rows = connection.execute(
            select(collected)
            .where(live(collection_id))
            .order_by(collected.c.place, collected.c.id)
            .offset(start)
            .limit(stop - start)
        )
        return tuple(from_row(row) for row in rows.mappings())


def ranks(db: Database, collection_id: int, these: Sequence[Item]) -> dict[Item, int]:
    """Give the places (from 0) of those of these items that were put into a collection one by one.

    Raises StorageError.
    """
    order = collected.c.place, collected.c.id
    numbered = (
        select(collected, (func.row_number().over(order_by=order) - 1).label("rank"))
        .where(live(collection_id))
        .subquery()
    )
    columns = tuple_(*(numbered.c[name] for name in COLUMNS))
    found: dict[Item, int] = {}
    with db.reading() as connection:
        for start in range(0, len(these), _ASKED_MOST):
            named = [tuple(to_row(item).values()) for item in these[start : start + _ASKED_MOST]]
            rows = connection.execute(select(numbered).where(columns.in_(named)))
            found.update((from_row(row), row["rank"]) for row in rows.mappings())
    return found


def files(db: Database, found: Collection) -> tuple[tuple[str, str], ...]:
    """Give the files that its items are of, each as dataset and content. Raises StorageError."""
    return files_of(db, [found])[found.id]


def files_of(db: Database, these: Sequence[Collection]) -> dict[int, tuple[tuple[str, str], ...]]:
    """Give the same for each of these, by its number. Raises StorageError."""
    listed = [each.id for each in these if not each.matching]
    columns = collected.c.collection_id, collected.c.dataset, collected.c.content
    asked = select(*columns).where(columns[0].in_(listed), collected.c.removed_by.is_(None))
    found: dict[int, tuple[tuple[str, str], ...]] = {
        each.id: ((each.matching.dataset, each.matching.content),) if each.matching else ()
        for each in these
    }
    if listed:
        with db.reading() as connection:
            for number, *file in connection.execute(asked.distinct().order_by(*columns)):
                found[number] += ((file[0], file[1]),)
    return found


def live(collection_id: int) -> ColumnElement[bool]:
    """Give the condition that a row of ``collected`` is in this collection now."""
    return and_(collected.c.collection_id == collection_id, collected.c.removed_by.is_(None))


def changed(collection_id: int) -> Update:
    """Begin an update of a collection's own row."""
    return update(collections).where(collections.c.id == collection_id)


def locked(connection: Connection, collection_id: int) -> RowMapping:
    """Give a collection's row, and let nobody else change it until the transaction ends.

    Raises MissingError.
    """
    row = connection.execute(
        select(collections).where(collections.c.id == collection_id, _IS_THERE).with_for_update()
    )
    found = row.mappings().one_or_none()
    if found is None:
        raise _missing(collection_id)
    return found


def _missing(collection_id: int) -> MissingError:
    """Give the error for a collection that is not there."""
    return MissingError(
        "collection", Phrase("There is no collection {collection_id}.", collection_id=collection_id)
    )


def matching_in(row: RowMapping) -> Matching | None:
    """Give the selection that a collection's row consists of, if it does."""
    if row["query"] is None:
        return None
    return Matching(row["dataset"], row["content"], row["query"], row["count"])


def _is_asked(*, deleted: bool) -> ColumnElement[bool]:
    return collections.c.deleted.is_not(None) if deleted else _IS_THERE


def _counted() -> Select[Any]:
    number = (
        select(func.count())
        .where(collected.c.collection_id == collections.c.id, collected.c.removed_by.is_(None))
        .scalar_subquery()
    )
    return select(collections, number.label("number"))


def _collection(row: RowMapping) -> Collection:
    matching = matching_in(row)
    count = matching.count if matching else row["number"]
    return Collection(row["id"], row["name"], row["made"], count, matching)


def _name(name: str) -> str:
    kept = cleaned(name, NAME_MOST, lines=False, part="name")
    if not kept:
        raise MalformedError("name", Phrase("A collection needs a name."))
    return kept
