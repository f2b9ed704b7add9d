"""Indexes for what is deleted by its age: one for each kind, of the rows that may go."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

AGES = (
    ("messages", "received_at", "handled_at IS NOT NULL"),
    ("sessions", "started_at", "status = 'ended'"),
    ("deliveries", "created_at", "ready_at IS NULL"),
    ("cases", "closed_at", "closed_at IS NOT NULL"),
)


def upgrade() -> None:
    for table, column, condition in AGES:
        where = sa.text(condition)
        op.create_index(f"ix_{table}_aging", table, [column], sqlite_where=where, postgresql_where=where)
