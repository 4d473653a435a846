"""Alembic's entry: runs the steps on the connection that `storage.migrating` hands over."""

from alembic import context

from voltline.central.storage.schema import is_in, metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_object=lambda item, *_: is_in(connection.dialect.name, item),
    # SQLite cannot alter most of a table: steps copy it.
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
