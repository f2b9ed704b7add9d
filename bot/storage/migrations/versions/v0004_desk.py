"""The operators' desk: claims, histories, consents, translations, duty, audit."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
ID = sa.String(length=64)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def where(condition: str) -> dict[str, Any]:
    """Makes an index partial, in both databases' words."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _cases()
    _conversations()
    _people()
    _records()


def _cases() -> None:
    for name in ("answered_at", "resolve_by", "next_step_at", "escalated_at"):
        op.add_column("cases", sa.Column(name, MOMENT, nullable=True))
    op.add_column("cases", sa.Column("outcome", sa.String(length=16), nullable=True))
    is_open = where("status IN ('open', 'in_progress', 'waiting')")
    op.create_index("ix_cases_open", "cases", ["contact_id", "urgency", "opened_at"], **is_open)
    op.create_table(
        "case_links",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "other_id", name="pk_case_links"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_links_case_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name="fk_case_links_other_id", ondelete="CASCADE"),
    )
    op.create_index("ix_case_links_other_id", "case_links", ["other_id"])
    op.create_table(
        "alarms",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("told", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_alarms"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_alarms_case_id", ondelete="CASCADE"),
    )
    op.create_index("ix_alarms_case_id", "alarms", ["case_id"])
    op.create_index("ix_alarms_due_at", "alarms", ["due_at"], **where("due_at IS NOT NULL"))


def _conversations() -> None:
    op.create_table(
        "claims",
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("contact_id", name="pk_claims"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_claims_contact_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_claims_staff_id"),
    )
    op.create_index("ix_claims_staff_id", "claims", ["staff_id"])
    op.create_table(
        "activities",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("staff_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_activities"),
        sa.UniqueConstraint("id", name="uq_activities_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_activities_contact_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_activities_case_id", ondelete="CASCADE"),
    )
    op.create_index("ix_activities_case_id", "activities", ["case_id"])
    op.create_index("ix_activities_at", "activities", ["at"])
    op.create_index("ix_activities_contact_id_number", "activities", ["contact_id", "number"])
    op.create_table(
        "consents",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("asked_by", ID, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("is_given", sa.Boolean(), nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_consents_contact_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_consents_case_id", ondelete="SET NULL"),
    )
    op.create_index("ix_consents_case_id", "consents", ["case_id"])
    op.create_index("ix_consents_contact_id", "consents", ["contact_id"])
    op.create_index("ix_consents_revoked_at", "consents", ["revoked_at"], **where("revoked_at IS NOT NULL"))
    is_chosen = where("permission IN ('refused', 'granted')")
    op.create_index("ix_addresses_chosen", "addresses", ["permission_at"], **is_chosen)
    op.create_table(
        "translations",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_translations"),
        sa.UniqueConstraint("subject", "language", name="uq_translations_subject_language"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_translations_contact_id"),
    )
    op.create_index("ix_translations_at", "translations", ["at"])
    op.create_index("ix_translations_contact_id", "translations", ["contact_id"])
    op.create_table(
        "corrections",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("intent", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sa.UniqueConstraint("message_id", name="uq_corrections_message_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_corrections_contact_id"),
    )
    op.create_index("ix_corrections_at", "corrections", ["at"])
    op.create_index("ix_corrections_contact_id", "corrections", ["contact_id"])
    op.add_column("messages", sa.Column("doubt_intent", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("doubt_confidence", sa.Float(53), nullable=True))
    op.add_column("messages", sa.Column("doubt_flow", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("doubt_language", sa.String(length=35), nullable=True))
    is_doubted = sa.text("doubt_flow IS NOT NULL")
    op.create_index(
        "ix_messages_doubted", "messages", ["received_at"], sqlite_where=is_doubted, postgresql_where=is_doubted
    )
    op.create_table(
        "merges",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_merges"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_merges_contact_id"),
    )
    op.create_index("ix_merges_other_id", "merges", ["other_id"])
    op.create_index("ix_merges_contact_id", "merges", ["contact_id"])


def _people() -> None:
    op.add_column("employers", sa.Column("sector", sa.String(length=1), nullable=True))
    op.create_table(
        "presences",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name="pk_presences"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_presences_staff_id"),
    )
    op.create_table(
        "shifts",
        sa.Column("id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shifts"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_shifts_staff_id"),
    )
    op.create_index("ix_shifts_staff_id", "shifts", ["staff_id"])
    op.create_index("ix_shifts_ends_at", "shifts", ["ends_at"])
    op.create_table(
        "canned_replies",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=True),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_canned_replies"),
    )


def _records() -> None:
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reader", ID, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("matter", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    for name in ("at", "reader", "subject"):
        op.create_index(f"ix_audit_{name}", "audit", [name])
    op.create_table(
        "erasures",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_at", "erasures", ["at"])
    op.create_table(
        "deletions",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deletions"),
    )
    op.create_index("ix_deletions_at", "deletions", ["at"])
    op.create_table(
        "published_reports",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_published_reports"),
    )
