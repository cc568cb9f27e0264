"""A study knows which images it was drawn from, and how."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what studies made before can't know."""
    op.add_column("studies", sa.Column("source", sa.Text()))
    op.add_column("studies", sa.Column("drawn_from", sa.BigInteger()))
    op.add_column("studies", sa.Column("per_label", sa.Integer()))
