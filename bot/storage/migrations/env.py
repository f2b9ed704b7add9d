"""Owns how Alembic runs here: on the connection and inside the transaction that `migrate` gives it."""

from alembic import context

from bot.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
