"""The rows of a collection's items, changed in the transaction under way.

What each change means is told by ``collecting``, which alone calls these.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import MalformedError
from app.phrases import Amount, Phrase
from app.reviews import places
from app.reviews.collected import Expand, Matching, changed, live, locked, matching_in
from app.reviews.items import Item, refers, to_row
from app.reviews.tables import collected, moves, operations

# A selection of more stays a selection: as rows, they would keep others from writing for too long.
EXPAND_MOST: Final = 250_000
_PART: Final = 5_000
# What a collection is while it is one selection.
MATCHING: Final = ("dataset", "content", "query", "count", "selected_by")


def note_change(connection: Connection, collection_id: int, kind: str, now: datetime) -> int:
    """Note that a change is made; give its number, by which it is undone."""
    row = {"collection_id": collection_id, "kind": kind, "made": now}
    number: int = connection.execute(
        insert(operations).values(row).returning(operations.c.id)
    ).scalar_one()
    return number


def expand_kept(connection: Connection, collection_id: int, expand: Expand) -> None:
    """Lock a collection for a change, and turn the selection it may be into its items.

    Raises MissingError, and as ``append_matching`` does.
    """
    row = locked(connection, collection_id)
    matching = matching_in(row)
    if matching:
        append_matching(connection, collection_id, row["selected_by"], matching, expand)
        connection.execute(changed(collection_id).values(dict.fromkeys(MATCHING)))


def append_matching(
    connection: Connection,
    collection_id: int,
    operation: int,
    matching: Matching,
    expand: Expand,
) -> None:
    """Put all that match at the end. Raises MalformedError, and what ``expand`` raises."""
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
        append(connection, collection_id, operation, part)


def append(
    connection: Connection, collection_id: int, operation: int, added: Sequence[Item]
) -> None:
    """Put items at the end, but those that are there already."""
    if not added:
        return
    last = last_place(connection, collection_id)
    rows = [
        {**to_row(item), "place": place, "collection_id": collection_id, "added_by": operation}
        for item, place in zip(added, places.after(last), strict=False)
    ]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # An item that is there already stays where it is.
    connection.execute(dialect.insert(collected).on_conflict_do_nothing(), rows)


def row_of(connection: Connection, collection_id: int, item: Item) -> Row[int, str] | None:
    """Give the id and the place of an item, if it is in the collection."""
    return connection.execute(
        select(collected.c.id, collected.c.place).where(
            live(collection_id), refers(collected, item)
        )
    ).one_or_none()


def move(
    connection: Connection, operation: int, rows: Sequence[Row[int, str]], fresh: Sequence[str]
) -> None:
    """Put rows at other places, and keep where they were."""
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


def last_place(connection: Connection, collection_id: int, before: str | None = None) -> str:
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
