"""What was said by a link is found without a look at all other notes."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_notes_link_id", "notes", ["link_id"])
