"""What Alembic runs: the migrations, in the transaction that the caller has begun."""

from alembic import context

from app.reviews.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by copying its table
)
with context.begin_transaction():
    context.run_migrations()
