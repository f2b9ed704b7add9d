"""Alerts and check-ins: staff, groups, broadcasts and their accounts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)
ID = sa.String(length=64)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def where(condition: str) -> dict[str, Any]:
    """Makes an index partial, in both databases' words."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _people()
    _staff()
    _broadcasts()
    _deliveries()
    _sessions()


def _people() -> None:
    op.add_column("employers", sa.Column("on_call", sa.JSON(), nullable=True))
    op.add_column("sites", sa.Column("languages", sa.JSON(), nullable=True))
    op.add_column("sites", sa.Column("contact_phone", sa.String(length=32), nullable=True))
    op.add_column("contacts", sa.Column("left_at", MOMENT, nullable=True))
    op.add_column("contacts", sa.Column("roster_key", ID, nullable=True))
    op.add_column("contacts", sa.Column("listed_language", sa.String(length=35), nullable=True))
    op.create_index("ix_contacts_roster_key", "contacts", ["roster_key"])
    op.create_table(
        "contact_groups",
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "name", name="pk_contact_groups"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_contact_groups_contact_id"),
    )
    op.create_index("ix_contact_groups_name", "contact_groups", ["name"])


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", ID, nullable=False),
        sa.Column("employer_id", ID, nullable=True),
        sa.Column("login", sa.String(length=254), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("last_totp_step", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.ForeignKeyConstraint(["employer_id"], ["employers.id"], name="fk_staff_employer_id"),
        sa.UniqueConstraint("login", name="uq_staff_login"),
    )
    op.create_index("ix_staff_employer_id", "staff", ["employer_id"])
    op.create_table(
        "staff_sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_sessions"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_sessions_staff_id"),
    )
    op.create_index("ix_staff_sessions_staff_id", "staff_sessions", ["staff_id"])
    op.create_index("ix_staff_sessions_expires_at", "staff_sessions", ["expires_at"])


def _broadcasts() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", ID, nullable=False),
        sa.Column("employer_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("send_at", MOMENT, nullable=True),
        sa.Column("begun_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_broadcasts"),
        sa.ForeignKeyConstraint(["employer_id"], ["employers.id"], name="fk_broadcasts_employer_id"),
    )
    op.create_index("ix_broadcasts_employer_id_created_at", "broadcasts", ["employer_id", "created_at"])
    op.create_index("ix_broadcasts_status", "broadcasts", ["status"])
    op.create_table(
        "recipients",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("broadcast_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("is_fallback", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("due_channel", sa.String(length=16), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("safety", sa.String(length=8), nullable=True),
        sa.Column("safety_source", sa.String(length=8), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("closing", sa.String(length=16), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", ID, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_recipients"),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name="fk_recipients_broadcast_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_recipients_contact_id"),
        sa.UniqueConstraint("broadcast_id", "contact_id", name="uq_recipients_broadcast_id_contact_id"),
    )
    board = ["broadcast_id", "site_id", "state", "safety", "safety_source"]
    op.create_index("ix_recipients_board", "recipients", board)
    op.create_index("ix_recipients_contact_id", "recipients", ["contact_id"])
    due = ["due_channel", "lane", "due_at", "number"]
    op.create_index("ix_recipients_due", "recipients", due, **where("due_at IS NOT NULL"))
    op.create_table(
        "check_ins",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("recipient", NUMBER, nullable=False),
        sa.Column("safety", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_check_ins"),
        sa.ForeignKeyConstraint(["recipient"], ["recipients.number"], name="fk_check_ins_recipient"),
    )
    op.create_index("ix_check_ins_recipient", "check_ins", ["recipient"])


def _deliveries() -> None:
    op.add_column("deliveries", sa.Column("broadcast_id", ID, nullable=True))
    op.add_column("deliveries", sa.Column("recipient", NUMBER, nullable=True))
    op.add_column("deliveries", sa.Column("round", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("doubts", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("is_template", sa.Boolean(), nullable=True))
    pending = where("ready_at IS NOT NULL AND broadcast_id IS NOT NULL")
    op.create_index("ix_deliveries_outreach", "deliveries", ["channel", "lane", "ready_at"], **pending)
    op.create_index("ix_deliveries_recipient", "deliveries", ["recipient"], **where("recipient IS NOT NULL"))
    op.create_index("ix_deliveries_templates", "deliveries", ["channel", "sent_at"], **where("is_template IS TRUE"))
    op.create_index("ix_deliveries_doubted", "deliveries", ["broadcast_id"], **where("doubts > 0"))


def _sessions() -> None:
    """What is suspended comes to its end, too."""
    op.drop_index("ix_sessions_waits_until", "sessions")
    is_open = where("status IN ('waiting', 'suspended')")
    op.create_index("ix_sessions_waits_until", "sessions", ["waits_until"], **is_open)
