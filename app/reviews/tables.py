"""The tables, as the newest migration leaves them.

What somebody said is never changed or deleted: rows of ``notes`` and ``answers`` are only added.
Ids grow and are never given twice, so they, not the clock, say what came later.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.schema import SchemaItem

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the column is called INTEGER.
Number: Final = BigInteger().with_variant(Integer, "sqlite")
# Sorted by bytes on both, whatever language PostgreSQL was set up for.
Key: Final = Text().with_variant(Text(collation="C"), "postgresql")


class Moment(TypeDecorator[datetime]):
    """A UTC time, kept as ISO text of one width: the same on both databases."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write it."""
        if value is None:
            return None
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it back."""
        return None if value is None else datetime.fromisoformat(value)


def _table(name: str, *parts: SchemaItem) -> Table:
    row_id = Column("id", Number, primary_key=True, autoincrement=True)
    return Table(name, metadata, row_id, *parts, sqlite_autoincrement=True)


def _to(name: str, table: str, *, optional: bool = False) -> Column[int]:
    return Column(name, Number, ForeignKey(f"{table}.id"), nullable=optional)


def _item() -> tuple[Column[Any], ...]:
    return (
        Column("dataset", Text, nullable=False),
        Column("content", String(64), nullable=False),
        Column("split", String(8), nullable=False),
        Column("position", BigInteger, nullable=False),
    )


studies: Final = _table(
    "studies",
    Column("title", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("content", String(64), nullable=False),
    Column("question", Text, nullable=False),
    Column("choices", Text, nullable=False),  # JSON: [[name, value or null], …]
    Column("ordinal", Boolean, nullable=False),
    Column("ask_confidence", Boolean, nullable=False),
    Column("repeats", Float, nullable=False),
    Column("practice", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("source", Text),
    Column("drawn_from", BigInteger),
    Column("per_label", Integer),
    Column("made", Moment, nullable=False),
    Column("closed", Moment),
)

study_items: Final = Table(
    "study_items",
    metadata,
    Column("study_id", Number, ForeignKey("studies.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("split", String(8), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("label", BigInteger),
)

readers: Final = _table(
    "readers",
    _to("study_id", "studies"),
    Column("name", Text, nullable=False),
    Column("made", Moment, nullable=False),
    Index(None, "study_id"),
)

answers: Final = _table(
    "answers",
    _to("reader_id", "readers"),
    Column("place", Integer, nullable=False),
    Column("item", Integer, nullable=False),
    Column("repeat", Boolean, nullable=False),
    Column("old", Integer),
    Column("new", Integer, nullable=False),
    Column("confidence", Integer),
    Column("ms", BigInteger, nullable=False),
    Column("key", String(64), nullable=False),
    Column("made", Moment, nullable=False),
    Index(None, "reader_id", "place"),
    Index(None, "reader_id", "key"),
)

links: Final = _table(
    "links",
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("target", Text, nullable=False),
    Column("dataset", Text),
    Column("content", String(64)),
    Column("title", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("hide_labels", Boolean, nullable=False),
    Column("may_comment", Boolean, nullable=False),
    Column("secret", String(32), nullable=False),
    Column("passphrase", Text),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("revoked", Moment),
    Column("opened", Integer, nullable=False),
    Column("last_opened", Moment),
    _to("study_id", "studies", optional=True),
    _to("reader_id", "readers", optional=True),
)

collections: Final = _table(
    "collections",
    Column("name", Text, nullable=False),
    Column("made", Moment, nullable=False),
    # All items of a selection, for as long as nobody changes one of them.
    Column("dataset", Text),
    Column("content", String(64)),
    Column("query", Text),
    Column("count", BigInteger),
    Column("selected_by", Number),  # the operation
    Column("deleted", Moment),
)

# What was done to many items at once, and can be undone at once.
operations: Final = _table(
    "operations",
    _to("collection_id", "collections", optional=True),
    Column("kind", String(16), nullable=False),
    _to("link_id", "links", optional=True),
    Column("made", Moment, nullable=False),
    Column("undone", Moment),
)

collected: Final = _table(
    "collected",
    _to("collection_id", "collections"),
    Column("place", Key, nullable=False),
    *_item(),
    _to("added_by", "operations"),
    _to("removed_by", "operations", optional=True),
    Index(
        "uq_collected_item",
        *("collection_id", "dataset", "content", "split", "position"),
        unique=True,
        sqlite_where=text("removed_by IS NULL"),
        postgresql_where=text("removed_by IS NULL"),
    ),
    Index(None, "collection_id", "place"),
    Index(None, "added_by"),
    Index(None, "removed_by"),
)

# Where moved items stood before.
moves: Final = _table(
    "moves",
    _to("operation_id", "operations"),
    _to("collected_id", "collected"),
    Column("place", Key, nullable=False),
    Index(None, "operation_id"),
)

notes: Final = _table(
    "notes",
    *_item(),
    Column("author", Text, nullable=False),
    _to("link_id", "links", optional=True),
    Column("flag", String(16)),
    Column("text", Text, nullable=False),
    Column("undoes", Number, ForeignKey("notes.id"), unique=True),
    _to("operation_id", "operations", optional=True),
    Column("made", Moment, nullable=False),
    Index(None, "dataset", "content", "split", "position"),
    Index(None, "operation_id"),
    Index(None, "link_id"),
)
