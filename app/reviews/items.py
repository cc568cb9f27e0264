"""How a record refers to an item: by its data set's content, so that a new file moves no note."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Table, and_

from app.datasets.selection import SPLITS, Split
from app.errors import MalformedError
from app.phrases import Amount, Phrase

# As many as one may name one by one.
ITEMS_MOST: Final = 100_000
_INDEX_MOST: Final = 2**62
# Of every table whose rows refer to an item.
COLUMNS: Final = ("dataset", "content", "split", "position")


@dataclass(frozen=True)
class Item:
    """One item of a data set, whose content key (``archive.content``) is ``content``."""

    dataset: str
    content: str
    split: Split
    index: int


def checked(items: Iterable[Item]) -> list[Item]:
    """Give each item once, in order. Raises MalformedError for what can be none, or too many."""
    once = list(dict.fromkeys(items))
    if len(once) > ITEMS_MOST:
        raise MalformedError(
            "items",
            Phrase("Name at most {items_most} items at once.", items_most=Amount(ITEMS_MOST)),
        )
    for item in once:
        require_dataset(item.dataset, item.content)
        if item.split not in SPLITS or not 0 <= item.index < _INDEX_MOST:
            raise MalformedError("items", Phrase("An item is named by its split and its index."))
    return once


def require_dataset(dataset: str, content: str) -> None:
    """Raise MalformedError for what can't name a data set and its content."""
    if not (0 < len(dataset) <= 200 and dataset.isprintable()):
        raise MalformedError("dataset", Phrase("This is no name of a dataset."))
    if not (0 < len(content) <= 64 and content.isascii() and content.isalnum()):
        raise MalformedError("content", Phrase("This is no key of a dataset's content."))


def to_row(item: Item) -> dict[str, Any]:
    """Give the columns of a row that refers to this item."""
    values = item.dataset, item.content, item.split, item.index
    return dict(zip(COLUMNS, values, strict=True))


def from_row(row: RowMapping) -> Item:
    """Give the item that a row refers to."""
    return Item(*(row[name] for name in COLUMNS))


def refers(table: Table, item: Item) -> ColumnElement[bool]:
    """Give the condition that a row refers to this item."""
    return and_(*(table.c[name] == value for name, value in to_row(item).items()))
