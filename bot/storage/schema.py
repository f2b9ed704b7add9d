"""Owns the tables. Personal content lies in the columns named `sealed`; the rest says who, when and how far."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite, which knows no time zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


# What the partial indexes hold; a query that says the same words is answered from them.
IS_OPEN = "status IN ('waiting', 'suspended')"
IS_ENDED = "status = 'ended'"
IS_OPEN_CASE = "status IN ('open', 'in_progress', 'waiting')"
IS_CHOSEN_ADDRESS = "permission IN ('refused', 'granted')"  # by STOP or START
IS_PENDING_OUTREACH = "ready_at IS NOT NULL AND broadcast_id IS NOT NULL"
IS_TEMPLATE = "is_template IS TRUE"
IS_DOUBTED = "doubts > 0"
IS_DOUBTED_MESSAGE = "doubt_flow IS NOT NULL"

_Number = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows only in a column of type INTEGER
ID = String(64)


def _id() -> Column[str]:
    return Column("id", ID, primary_key=True)


def _number() -> Column[int]:
    """Order of arrival."""
    return Column("number", _Number, primary_key=True, autoincrement=True)


def _contact() -> Column[Any]:
    return Column("contact_id", ID, ForeignKey("contacts.id"), nullable=False)


def _sealed() -> Column[bytes]:
    return Column("sealed", LargeBinary, nullable=False)


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


# The index key, sealed: see crypto.Vault.
secrets = Table("secrets", metadata, _id(), _sealed())

employers = Table(
    "employers",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("on_call", JSON),  # who answers for the company's plan: name, phone
    Column("sector", String(1)),  # ISIC Rev. 4 section
)

sites = Table(
    "sites",
    metadata,
    _id(),
    Column("employer_id", ID, ForeignKey("employers.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("code", String(64), nullable=False),
    Column("code_key", String(128), nullable=False, unique=True),  # the code without its letters' case
    Column("latitude", Float(53), nullable=False),
    Column("longitude", Float(53), nullable=False),
    Column("assembly_point", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("languages", JSON),  # of the poster and the plan
    Column("contact_phone", String(32)),
)

contacts = Table(
    "contacts",
    metadata,
    _id(),
    Column("language", String(35)),
    Column("is_language_confirmed", Boolean, nullable=False),
    Column("employer_id", ID, ForeignKey("employers.id"), index=True),
    Column("site_id", ID, ForeignKey("sites.id"), index=True),
    Column("position_at", Moment),
    Column("met_at", Moment),
    Column("erase_at", Moment),
    Column("last_position", _Number, nullable=False),  # of this contact's deliveries
    _sealed(),  # name, nationality, position, employee number
    Column("left_at", Moment),  # no longer the employer's: out of every audience
    Column("roster_key", String(64), index=True),  # keyed hash of the employer and the number the person has there
    Column("listed_language", String(35)),  # as the employer's list says: what an employer's audience is narrowed by
    _partial("ix_contacts_erase_at", "erase_at", where="erase_at IS NOT NULL"),
)

contact_groups = Table(
    "contact_groups",
    metadata,
    Column("contact_id", ID, ForeignKey("contacts.id"), primary_key=True),
    Column("name", String(64), primary_key=True, index=True),
)

# The id is the address's keyed hash.
addresses = Table(
    "addresses",
    metadata,
    _id(),
    Column("contact_id", ID, ForeignKey("contacts.id"), nullable=False, index=True),
    Column("place", SmallInteger, nullable=False),  # among the contact's addresses
    Column("scheme", String(16), nullable=False),
    Column("permission", String(16), nullable=False),
    Column("permission_at", Moment),
    Column("last_heard_at", Moment),
    _sealed(),  # path
    _partial("ix_addresses_chosen", "permission_at", where=IS_CHOSEN_ADDRESS),
)

# Addresses whose owner refused and was erased: STOP outlives the person's data.
refused_addresses = Table("refused_addresses", metadata, _id())

messages = Table(
    "messages",
    metadata,
    _number(),
    Column("id", ID, nullable=False, unique=True),
    _contact(),
    Column("channel", String(16), nullable=False),
    Column("provider_hash", String(64), nullable=False),  # a provider's id may be made of a phone number
    Column("kind", String(16), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("handled_at", Moment),
    Column("attempts", Integer, nullable=False),
    _sealed(),  # address, text, choice, attachments, position, phone, name, language hint
    Column("doubt_intent", String(64)),  # what it was taken for, where that was not sure
    Column("doubt_confidence", Float(53)),
    Column("doubt_flow", String(64)),
    Column("doubt_language", String(35)),
    UniqueConstraint("channel", "provider_hash"),
    Index("ix_messages_contact_id_number", "contact_id", "number"),
    _partial("ix_messages_waiting", "contact_id", "number", where="handled_at IS NULL"),
    _partial("ix_messages_overdue", "received_at", where="handled_at IS NULL"),
    _partial("ix_messages_doubted", "received_at", where=IS_DOUBTED_MESSAGE),
    _partial("ix_messages_aging", "received_at", where="handled_at IS NOT NULL"),
)

sessions = Table(
    "sessions",
    metadata,
    _number(),
    Column("id", ID, nullable=False, unique=True),
    _contact(),
    Column("flow", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("returns", JSON, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("is_reminded", Boolean, nullable=False),
    Column("waits_until", Moment),
    Column("started_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    _sealed(),  # answers
    Index("ix_sessions_contact_id", "contact_id"),
    _partial("ix_sessions_open", "contact_id", "number", where=IS_OPEN),
    _partial("ix_sessions_waits_until", "waits_until", where=IS_OPEN),
    _partial("ix_sessions_aging", "started_at", where=IS_ENDED),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _contact(),
    Column("position", _Number, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address_hash", String(64), nullable=False),
    Column("language", String(35), nullable=False),
    Column("origin", String(128), nullable=False),
    Column("lane", SmallInteger, nullable=False),  # 0 goes first
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("ready_at", Moment),  # when a sender may take it: due, or an earlier claim run out; none once it is done
    Column("expires_at", Moment),
    Column("sent_at", Moment),
    Column("provider_hash", String(64)),
    Column("failure", String(32)),
    _sealed(),  # address, content, the provider's id
    Column("broadcast_id", ID),  # of which this is one message; else an answer to the contact
    Column("recipient", _Number),
    Column("round", SmallInteger, nullable=False, server_default="0"),
    Column("doubts", SmallInteger, nullable=False, server_default="0"),  # claims that ran out: may have been sent twice
    Column("is_template", Boolean),  # sent outside WhatsApp's window, which a new account may do for few people a day
    UniqueConstraint("contact_id", "position"),
    _partial("ix_deliveries_outreach", "channel", "lane", "ready_at", where=IS_PENDING_OUTREACH),
    _partial("ix_deliveries_recipient", "recipient", where="recipient IS NOT NULL"),
    _partial("ix_deliveries_templates", "channel", "sent_at", where=IS_TEMPLATE),
    _partial("ix_deliveries_doubted", "broadcast_id", where=IS_DOUBTED),
    Index("ix_deliveries_address_hash_position", "address_hash", "position"),
    Index("ix_deliveries_provider_hash", "provider_hash"),
    _partial("ix_deliveries_pending", "contact_id", "lane", "position", where="ready_at IS NOT NULL"),
    _partial("ix_deliveries_ready_at", "ready_at", where="ready_at IS NOT NULL"),
    _partial("ix_deliveries_aging", "created_at", where="ready_at IS NULL"),
)

# Receipts that came before their own send was committed.
early_receipts = Table(
    "early_receipts",
    metadata,
    Column("provider_hash", String(64), primary_key=True),
    Column("status", String(16), primary_key=True),
    Column("reason", String(32)),
    Column("received_at", Moment, nullable=False, index=True),
)

cases = Table(
    "cases",
    metadata,
    _id(),
    Column("number", String(16), nullable=False, unique=True),
    _contact(),
    Column("topic", String(32), nullable=False),
    Column("urgency", SmallInteger, nullable=False),
    Column("compartment", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("owner", String(64)),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("closed_at", Moment),
    _sealed(),  # narrative, facts, next step, clues
    Column("answered_at", Moment),
    Column("resolve_by", Moment),
    Column("next_step_at", Moment),
    Column("escalated_at", Moment),
    Column("outcome", String(16)),
    _partial("ix_cases_open", "contact_id", "urgency", "opened_at", where=IS_OPEN_CASE),
    Index("ix_cases_contact_id_opened_at", "contact_id", "opened_at"),
    _partial("ix_cases_aging", "closed_at", where="closed_at IS NOT NULL"),
)

places = Table(
    "places",
    metadata,
    _id(),
    Column("kind", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("phones", JSON, nullable=False),
    Column("street", Text, nullable=False),
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
    Column("nationality", String(2)),
    Column("who_for", Text, nullable=False),
    Column("languages", JSON, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("is_always_open", Boolean, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("is_id_needed", Boolean),
    Column("fee", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("checked_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False, index=True),
    Column("blocked_at", Moment),
    Index("ix_places_kind_expires_on", "kind", "expires_on"),
)

documents = Table(
    "documents",
    metadata,
    _id(),
    Column("contact_id", ID, ForeignKey("contacts.id"), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("media_type", String(128), nullable=False),
    Column("size", Integer, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    _sealed(),  # the file's bytes
)

staff = Table(
    "staff",
    metadata,
    _id(),
    Column("employer_id", ID, ForeignKey("employers.id"), index=True),
    Column("login", String(254), nullable=False, unique=True),  # without its letters' case
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("languages", JSON, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("last_totp_step", BigInteger),
    _sealed(),  # the second factor's secret
)

# The id is the hash of the cookie's token.
staff_sessions = Table(
    "staff_sessions",
    metadata,
    _id(),
    Column("staff_id", ID, ForeignKey("staff.id"), nullable=False, index=True),
    Column("stage", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

# What is said, to whom and by whom is in `document`; nothing of it is about a contact.
broadcasts = Table(
    "broadcasts",
    metadata,
    _id(),
    Column("employer_id", ID, ForeignKey("employers.id")),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("send_at", Moment),
    Column("begun_at", Moment),
    Column("expires_at", Moment),
    Column("revision", Integer, nullable=False),
    Column("document", JSON, nullable=False),
    Index("ix_broadcasts_employer_id_created_at", "employer_id", "created_at"),
    Index("ix_broadcasts_status", "status"),
)

# A broadcast's account: one row for each person of its audience, who may be erased from it but not from its sums.
recipients = Table(
    "recipients",
    metadata,
    _number(),
    Column("broadcast_id", ID, ForeignKey("broadcasts.id"), nullable=False),
    Column("contact_id", ID, ForeignKey("contacts.id")),
    Column("site_id", ID),
    Column("language", String(35), nullable=False),
    Column("is_fallback", Boolean, nullable=False),
    Column("channel", String(16)),
    Column("lane", SmallInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("round", SmallInteger, nullable=False),
    Column("due_channel", String(16)),
    Column("due_at", Moment),  # when to write next; none while a delivery is under way and when all is done
    Column("sent_at", Moment),
    Column("asked_at", Moment),  # when the question was last sent
    Column("heard_at", Moment),  # when it was last put before what the contact writes
    Column("safety", String(8)),
    Column("safety_source", String(8)),
    Column("answered_at", Moment),
    Column("closing", String(16)),
    Column("closed_at", Moment),
    Column("closed_by", String(64)),
    UniqueConstraint("broadcast_id", "contact_id"),
    Index("ix_recipients_board", "broadcast_id", "site_id", "state", "safety", "safety_source"),
    Index("ix_recipients_contact_id", "contact_id"),
    _partial("ix_recipients_due", "due_channel", "lane", "due_at", "number", where="due_at IS NOT NULL"),
)

check_ins = Table(
    "check_ins",
    metadata,
    _number(),
    Column("recipient", _Number, ForeignKey("recipients.number"), nullable=False, index=True),
    Column("safety", String(8), nullable=False),
    Column("source", String(8), nullable=False),
    Column("at", Moment, nullable=False),
)

# --- the operators' desk ----------------------------------------------------------------------------------------------

# Who speaks with a contact; no row: the bot does.
claims = Table(
    "claims",
    metadata,
    Column("contact_id", ID, ForeignKey("contacts.id"), primary_key=True),
    Column("staff_id", ID, ForeignKey("staff.id"), nullable=False, index=True),
    Column("claimed_at", Moment, nullable=False),
    Column("answered_at", Moment),
)

# What was done with conversations and cases, in order.
activities = Table(
    "activities",
    metadata,
    _number(),
    Column("id", ID, nullable=False, unique=True),
    _contact(),
    Column("case_id", ID, ForeignKey("cases.id", ondelete="CASCADE"), index=True),
    Column("staff_id", ID),
    Column("kind", String(16), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    _sealed(),  # text, details
    Index("ix_activities_contact_id_number", "contact_id", "number"),
)

case_links = Table(
    "case_links",
    metadata,
    Column("case_id", ID, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("other_id", ID, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True, index=True),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    _contact(),
    Column("case_id", ID, ForeignKey("cases.id", ondelete="SET NULL"), index=True),
    Column("asked_by", ID, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("is_given", Boolean),
    Column("revoked_at", Moment),
    _sealed(),  # recipient, purpose, message, note
    Index("ix_consents_contact_id", "contact_id"),
    _partial("ix_consents_revoked_at", "revoked_at", where="revoked_at IS NOT NULL"),
)

# `subject` names what was translated: message:<id>, delivery:<id> or activity:<id>.
translations = Table(
    "translations",
    metadata,
    _id(),
    _contact(),
    Column("subject", String(128), nullable=False),
    Column("language", String(35), nullable=False),
    Column("engine", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    _sealed(),  # text
    UniqueConstraint("subject", "language"),
    Index("ix_translations_contact_id", "contact_id"),
)

canned_replies = Table(
    "canned_replies",
    metadata,
    _id(),
    Column("name", String(128), nullable=False),
    Column("topic", String(32)),  # none: for any
    Column("texts", JSON, nullable=False),  # by language
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", ID, nullable=False),
)

# What a person says that a misunderstood message meant.
corrections = Table(
    "corrections",
    metadata,
    _id(),
    _contact(),
    Column("message_id", ID, nullable=False, unique=True),
    Column("intent", String(64), nullable=False),
    Column("language", String(35), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("staff_id", ID, nullable=False),
    _sealed(),  # the text without what tells who wrote it
    Index("ix_corrections_contact_id", "contact_id"),
)

# Two contacts that are one person: whose all became, and what moved.
merges = Table(
    "merges",
    metadata,
    _id(),
    _contact(),
    Column("other_id", ID, nullable=False, index=True),
    Column("staff_id", ID, nullable=False),
    Column("at", Moment, nullable=False),
    Column("undone_at", Moment),
    _sealed(),  # what moved
    Index("ix_merges_contact_id", "contact_id"),
)

presences = Table(
    "presences",
    metadata,
    Column("staff_id", ID, ForeignKey("staff.id"), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

shifts = Table(
    "shifts",
    metadata,
    _id(),
    Column("staff_id", ID, ForeignKey("staff.id"), nullable=False, index=True),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False, index=True),
)

# Word to people outside the console that a case waits; tried until it is out.
alarms = Table(
    "alarms",
    metadata,
    _number(),
    Column("case_id", ID, ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("due_at", Moment),  # none once it is out, or given up
    Column("attempts", Integer, nullable=False),
    Column("told", String(64), nullable=False),  # the ways by which it has gone out
    _partial("ix_alarms_due_at", "due_at", where="due_at IS NOT NULL"),
)

# Who did what to which thing: ids only, each entry holding the hash of the one before it.
audit = Table(
    "audit",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False, index=True),
    Column("reader", ID, nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("deed", String(16), nullable=False),
    Column("matter", String(16), nullable=False),
    Column("subject", String(128), nullable=False, index=True),
    Column("is_allowed", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

# Keyed hashes of who was erased: a backup from before that day must not bring them back.
erasures = Table(
    "erasures",
    metadata,
    _id(),
    Column("at", Moment, nullable=False, index=True),
)

# How much retention has deleted, by hour and kind; counts only.
deletions = Table(
    "deletions",
    metadata,
    _id(),
    Column("at", Moment, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("count", Integer, nullable=False),
)

# Counts as they were first published: the same for whoever opens them, whenever.
published_reports = Table(
    "published_reports",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("made_at", Moment, nullable=False),
)
