"""Alembic's entry point; `fiqa_studio.study.migrate` hands over the connection."""

from alembic import context

from fiqa_studio.study.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
