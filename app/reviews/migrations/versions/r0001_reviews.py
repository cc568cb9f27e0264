"""The first tables: links, notes, collections, studies and their answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.String(27)
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LIVE = sa.text("removed_by IS NULL")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "collections",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.Column("dataset", sa.Text()),
        sa.Column("content", sa.String(length=64)),
        sa.Column("query", sa.Text()),
        sa.Column("count", sa.BigInteger()),
        sa.Column("selected_by", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "studies",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Boolean(), nullable=False),
        sa.Column("ask_confidence", sa.Boolean(), nullable=False),
        sa.Column("repeats", sa.Float(), nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.Column("closed", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_studies"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "readers",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("study_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_readers_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_readers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_readers_study_id", "readers", ["study_id"])

    op.create_table(
        "study_items",
        sa.Column("study_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("split", sa.String(length=8), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.BigInteger()),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_study_items_study_id"),
        sa.PrimaryKeyConstraint("study_id", "number", name="pk_study_items"),
    )
    op.create_table(
        "answers",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("reader_id", NUMBER, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("old", sa.Integer()),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Integer()),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_answers_reader_id"),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_answers_reader_id_key", "answers", ["reader_id", "key"])
    op.create_index("ix_answers_reader_id_place", "answers", ["reader_id", "place"])

    op.create_table(
        "links",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text()),
        sa.Column("content", sa.String(length=64)),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("hide_labels", sa.Boolean(), nullable=False),
        sa.Column("may_comment", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.String(length=32), nullable=False),
        sa.Column("passphrase", sa.Text()),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("revoked", MOMENT),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("last_opened", MOMENT),
        sa.Column("study_id", NUMBER),
        sa.Column("reader_id", NUMBER),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_links_reader_id"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_links_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint("token_hash", name="uq_links_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "operations",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("collection_id", NUMBER),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("link_id", NUMBER),
        sa.Column("made", MOMENT, nullable=False),
        sa.Column("undone", MOMENT),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_operations_collection_id"
        ),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="fk_operations_link_id"),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "collected",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("collection_id", NUMBER, nullable=False),
        sa.Column("place", KEY, nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("split", sa.String(length=8), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("added_by", NUMBER, nullable=False),
        sa.Column("removed_by", NUMBER),
        sa.ForeignKeyConstraint(["added_by"], ["operations.id"], name="fk_collected_added_by"),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_collected_collection_id"
        ),
        sa.ForeignKeyConstraint(["removed_by"], ["operations.id"], name="fk_collected_removed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_collected"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_collected_added_by", "collected", ["added_by"])
    op.create_index("ix_collected_collection_id_place", "collected", ["collection_id", "place"])
    op.create_index("ix_collected_removed_by", "collected", ["removed_by"])
    op.create_index(
        "uq_collected_item",
        "collected",
        ["collection_id", "dataset", "content", "split", "position"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )

    op.create_table(
        "notes",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("split", sa.String(length=8), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("link_id", NUMBER),
        sa.Column("flag", sa.String(length=16)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("undoes", NUMBER),
        sa.Column("operation_id", NUMBER),
        sa.Column("made", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="fk_notes_link_id"),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name="fk_notes_operation_id"),
        sa.ForeignKeyConstraint(["undoes"], ["notes.id"], name="fk_notes_undoes"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.UniqueConstraint("undoes", name="uq_notes_undoes"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_notes_dataset_content_split_position",
        "notes",
        ["dataset", "content", "split", "position"],
    )
    op.create_index("ix_notes_operation_id", "notes", ["operation_id"])

    op.create_table(
        "moves",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("operation_id", NUMBER, nullable=False),
        sa.Column("collected_id", NUMBER, nullable=False),
        sa.Column("place", KEY, nullable=False),
        sa.ForeignKeyConstraint(["collected_id"], ["collected.id"], name="fk_moves_collected_id"),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name="fk_moves_operation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_moves"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_moves_operation_id", "moves", ["operation_id"])
