"""Alembic's entry point; `fiqa_studio.store.migrate` hands over the connection."""

from alembic import context

from fiqa_studio.store.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
