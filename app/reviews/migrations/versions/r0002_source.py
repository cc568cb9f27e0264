"""A study knows which images it was drawn from, and how; a collection may be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns: studies made before can't know, and no collection is deleted yet."""
    op.add_column("studies", sa.Column("source", sa.Text()))
    op.add_column("studies", sa.Column("drawn_from", sa.BigInteger()))
    op.add_column("studies", sa.Column("per_label", sa.Integer()))
    op.add_column("collections", sa.Column("deleted", sa.String(length=27)))
