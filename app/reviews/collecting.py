"""Changing which items are in a collection, and in which order; each change can be undone.

"All that match" is kept as the selection it is, until somebody changes one of its items.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.datasets.query import QUERY_MOST
from app.errors import MalformedError, MissingError
from app.phrases import Amount, Phrase
from app.reviews import places
from app.reviews.collected import (
    Expand,
    Matching,
    changed,
    live,
    locked,
    make_within,
    matching_in,
)
from app.reviews.database import Database
from app.reviews.items import Item, checked, refers, require_dataset, to_row
from app.reviews.tables import collected, collections, moves, operations
from app.reviews.texts import cleaned

# A selection of more stays a selection: as rows, they would keep others from writing for too long.
EXPAND_MOST: Final = 250_000
_PART: Final = 5_000
_ITEM: Final = ("dataset", "content", "split", "position")
_MATCHING: Final = ("dataset", "content", "query", "count", "selected_by")


def add(db: Database, collection_id: int, added: Iterable[Item] | Matching, expand: Expand) -> int:
    """Put items at the end, but those that are there already; give the operation's id.

    An empty collection keeps a selection; another gets its items. Raises MalformedError,
    MissingError, StorageError, and what ``expand`` raises.
    """
    kept = _checked(added)
    with db.writing("The collection") as connection:
        return _put(connection, collection_id, kept, db.now(), expand)


def add_to_new(
    db: Database, name: str, added: Iterable[Item] | Matching, expand: Expand
) -> tuple[int, int]:
    """Make a collection of items; give its number and the operation's id.

    All of it is there or nothing. Raises as ``add`` does, MalformedError also for the name.
    """
    kept, now = _checked(added), db.now()
    with db.writing("The collection") as connection:
        number = make_within(connection, name, now)
        return number, _put(connection, number, kept, now, expand)


def remove(db: Database, collection_id: int, removed: Iterable[Item], expand: Expand) -> int:
    """Take items out; give the operation's id. Raises as ``add`` does."""
    once = checked(removed)
    with db.writing("The collection") as connection:
        _expanded(connection, collection_id, expand)
        operation = _operation(connection, collection_id, "remove", db.now())
        if once:
            this = and_(
                *(collected.c[name] == bindparam(f"its_{name}") for name in to_row(once[0]))
            )
            connection.execute(
                update(collected).where(live(collection_id), this).values(removed_by=operation),
                [{f"its_{name}": value for name, value in to_row(item).items()} for item in once],
            )
    return operation


def reorder(
    db: Database,
    collection_id: int,
    moved: Iterable[Item],
    before: Item | None,
    expand: Expand,
) -> int:
    """Put items, in the order given, in front of another (None: at the end).

    Gives the operation's id. Items that are not in the collection are left out. Raises as ``add``
    does, and MissingError where ``before`` is not in the collection.
    """
    once = [item for item in checked(moved) if item != before]
    with db.writing("The order") as connection:
        _expanded(connection, collection_id, expand)
        operation = _operation(connection, collection_id, "reorder", db.now())
        rows = [row for item in once if (row := _row_of(connection, collection_id, item))]
        if before is None:
            fresh = list(islice(places.after(_last(connection, collection_id)), len(rows)))
        else:
            target = _row_of(connection, collection_id, before)
            if target is None:
                raise MissingError(
                    "before", Phrase("The item to stand behind is not in this collection.")
                )
            fresh = places.between(
                _last(connection, collection_id, target.place), target.place, len(rows)
            )
        _move(connection, operation, rows, fresh)
    return operation


def undo(db: Database, operation: int, expand: Expand) -> None:
    """Undo a change of a collection's items; a second time changes nothing.

    Raises MissingError for an operation that is not there, and as ``add`` does where items come
    back to what is a selection by now.
    """
    with db.writing("That it is undone") as connection:
        row = connection.execute(
            select(operations).where(
                operations.c.id == operation, operations.c.collection_id.is_not(None)
            )
        ).one_or_none()
        if row is None:
            raise MissingError(
                "operation",
                Phrase("There is no change {operation} of a collection.", operation=operation),
            )
        locked(connection, row.collection_id)
        marked = connection.execute(
            update(operations)
            .where(operations.c.id == operation, operations.c.undone.is_(None))
            .values(undone=db.now())
        )
        if marked.rowcount:
            _undo(connection, row.collection_id, operation, row.kind, expand)


def newest(db: Database, collection_id: int) -> int | None:
    """Give the last change of a collection's items that stands. Raises StorageError."""
    with db.reading() as connection:
        found: int | None = connection.scalar(
            select(func.max(operations.c.id)).where(
                operations.c.collection_id == collection_id, operations.c.undone.is_(None)
            )
        )
    return found


def _checked(added: Iterable[Item] | Matching) -> Sequence[Item] | Matching:
    """Give items each once, or a selection that can be kept. Raises MalformedError."""
    if not isinstance(added, Matching):
        return checked(added)
    require_dataset(added.dataset, added.content)
    query = added.query
    if (
        len(query) > QUERY_MOST
        or cleaned(query, QUERY_MOST, lines=False) != query
        or added.count < 0
    ):
        raise MalformedError("query", Phrase("This is no selection."))
    return added


def _put(
    connection: Connection,
    collection_id: int,
    added: Sequence[Item] | Matching,
    now: datetime,
    expand: Expand,
) -> int:
    if not isinstance(added, Matching):
        _expanded(connection, collection_id, expand)
        operation = _operation(connection, collection_id, "add", now)
        _append(connection, collection_id, operation, added)
        return operation
    row = locked(connection, collection_id)
    operation = _operation(connection, collection_id, "select", now)
    occupied = connection.execute(select(exists().where(live(collection_id)))).scalar_one()
    if not occupied and row["query"] is None:
        columns = {**vars(added), "selected_by": operation}
        connection.execute(changed(collection_id).values(columns))
    else:
        _expanded(connection, collection_id, expand)
        _append_matching(connection, collection_id, operation, added, expand)
    return operation


def _undo(
    connection: Connection, collection_id: int, operation: int, kind: str, expand: Expand
) -> None:
    if kind == "reorder":
        old = (
            select(moves.c.place)
            .where(moves.c.operation_id == operation, moves.c.collected_id == collected.c.id)
            .scalar_subquery()
        )
        moved = select(moves.c.collected_id).where(moves.c.operation_id == operation)
        connection.execute(update(collected).where(collected.c.id.in_(moved)).values(place=old))
    elif kind == "remove":
        removed = collected.c.removed_by == operation
        if connection.execute(select(exists().where(removed))).scalar_one():
            # Beside a selection, nobody would see them.
            _expanded(connection, collection_id, expand)
        # What was added again meanwhile is there.
        twin = collected.alias()
        again = exists().where(
            twin.c.collection_id == collection_id,
            twin.c.removed_by.is_(None),
            *(twin.c[name] == collected.c[name] for name in _ITEM),
        )
        connection.execute(update(collected).where(removed, ~again).values(removed_by=None))
    else:
        # Removed by what added them: no undoing of a removal brings them back.
        connection.execute(
            update(collected).where(collected.c.added_by == operation).values(removed_by=operation)
        )
        connection.execute(
            changed(collection_id)
            .where(collections.c.selected_by == operation)
            .values(dict.fromkeys(_MATCHING))
        )


def _expanded(connection: Connection, collection_id: int, expand: Expand) -> None:
    """Lock a collection for a change, and turn the selection it may be into its items."""
    row = locked(connection, collection_id)
    matching = matching_in(row)
    if matching:
        _append_matching(connection, collection_id, row["selected_by"], matching, expand)
        connection.execute(changed(collection_id).values(dict.fromkeys(_MATCHING)))


def _append_matching(
    connection: Connection,
    collection_id: int,
    operation: int,
    matching: Matching,
    expand: Expand,
) -> None:
    if matching.count > EXPAND_MOST:
        raise MalformedError(
            "items",
            Phrase(
                "A selection of {count} items can only be kept whole; to change or add to it, "
                "select at most {expand_most}.",
                count=Amount(matching.count),
                expand_most=Amount(EXPAND_MOST),
            ),
        )
    for start in range(0, matching.count, _PART):
        part = expand(matching, start, min(start + _PART, matching.count))
        _append(connection, collection_id, operation, part)


def _append(
    connection: Connection, collection_id: int, operation: int, added: Sequence[Item]
) -> None:
    if not added:
        return
    last = _last(connection, collection_id)
    rows = [
        {**to_row(item), "place": place, "collection_id": collection_id, "added_by": operation}
        for item, place in zip(added, places.after(last), strict=False)
    ]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # An item that is there already stays where it is.
    connection.execute(dialect.insert(collected).on_conflict_do_nothing(), rows)


def _move(
    connection: Connection, operation: int, rows: Sequence[Row[int, str]], fresh: Sequence[str]
) -> None:
    if not rows:
        return
    old = [{"operation_id": operation, "collected_id": row.id, "place": row.place} for row in rows]
    connection.execute(insert(moves), old)
    connection.execute(
        update(collected)
        .where(collected.c.id == bindparam("its_id"))
        .values(place=bindparam("to")),
        [{"its_id": row.id, "to": place} for row, place in zip(rows, fresh, strict=True)],
    )


def _last(connection: Connection, collection_id: int, before: str | None = None) -> str:
    """Give the last place there is, or the last before a place.

    Also of items taken out, and of where those stood that were moved: undoing brings them back, and
    between two at one place there would be no other.
    """
    here = select(func.max(collected.c.place)).where(collected.c.collection_id == collection_id)
    left = (
        select(func.max(moves.c.place))
        .join(operations, operations.c.id == moves.c.operation_id)
        .where(operations.c.collection_id == collection_id, operations.c.undone.is_(None))
    )
    if before is not None:
        here, left = here.where(collected.c.place < before), left.where(moves.c.place < before)
    return max(connection.scalar(found) or "" for found in (here, left))


def _row_of(connection: Connection, collection_id: int, item: Item) -> Row[int, str] | None:
    return connection.execute(
        select(collected.c.id, collected.c.place).where(
            live(collection_id), refers(collected, item)
        )
    ).one_or_none()


def _operation(connection: Connection, collection_id: int, kind: str, now: datetime) -> int:
    row = {"collection_id": collection_id, "kind": kind, "made": now}
    number: int = connection.execute(
        insert(operations).values(row).returning(operations.c.id)
    ).scalar_one()
    return number
