"""Changing which items are in a collection, and in which order; each change can be undone.

"All that match" is kept as the selection it is, until somebody changes one of its items.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, and_, bindparam, exists, func, select, update

from app.datasets.query import QUERY_MOST
from app.errors import MalformedError, MissingError
from app.phrases import Phrase
from app.reviews import collected_rows as rows
from app.reviews import places
from app.reviews.collected import Expand, Matching, changed, live, locked, make_within
from app.reviews.database import Database
from app.reviews.items import COLUMNS, Item, checked, require_dataset, to_row
from app.reviews.tables import collected, collections, moves, operations
from app.reviews.texts import cleaned


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
        rows.expand_kept(connection, collection_id, expand)
        operation = rows.note_change(connection, collection_id, "remove", db.now())
        if once:
            this = and_(*(collected.c[name] == bindparam(f"its_{name}") for name in COLUMNS))
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
        rows.expand_kept(connection, collection_id, expand)
        operation = rows.note_change(connection, collection_id, "reorder", db.now())
        found = [row for item in once if (row := rows.row_of(connection, collection_id, item))]
        if before is None:
            fresh = list(
                islice(places.after(rows.last_place(connection, collection_id)), len(found))
            )
        else:
            target = rows.row_of(connection, collection_id, before)
            if target is None:
                raise MissingError(
                    "before", Phrase("The item to stand behind is not in this collection.")
                )
            fresh = places.between(
                rows.last_place(connection, collection_id, target.place), target.place, len(found)
            )
        rows.move(connection, operation, found, fresh)
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
        rows.expand_kept(connection, collection_id, expand)
        operation = rows.note_change(connection, collection_id, "add", now)
        rows.append(connection, collection_id, operation, added)
        return operation
    row = locked(connection, collection_id)
    operation = rows.note_change(connection, collection_id, "select", now)
    occupied = connection.execute(select(exists().where(live(collection_id)))).scalar_one()
    if not occupied and row["query"] is None:
        columns = {**vars(added), "selected_by": operation}
        connection.execute(changed(collection_id).values(columns))
    else:
        rows.expand_kept(connection, collection_id, expand)
        rows.append_matching(connection, collection_id, operation, added, expand)
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
            rows.expand_kept(connection, collection_id, expand)
        # What was added again meanwhile is there.
        twin = collected.alias()
        again = exists().where(
            twin.c.collection_id == collection_id,
            twin.c.removed_by.is_(None),
            *(twin.c[name] == collected.c[name] for name in COLUMNS),
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
            .values(dict.fromkeys(rows.MATCHING))
        )
