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
IS_WAITING = "status = 'waiting'"
IS_ENDED = "status = 'ended'"

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

employers = Table("employers", metadata, _id(), Column("name", Text, nullable=False))

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
    _sealed(),  # name, nationality, position
    _partial("ix_contacts_erase_at", "erase_at", where="erase_at IS NOT NULL"),
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
    UniqueConstraint("channel", "provider_hash"),
    Index("ix_messages_contact_id_number", "contact_id", "number"),
    _partial("ix_messages_waiting", "contact_id", "number", where="handled_at IS NULL"),
    _partial("ix_messages_overdue", "received_at", where="handled_at IS NULL"),
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
    _partial("ix_sessions_waits_until", "waits_until", where=IS_WAITING),
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
    UniqueConstraint("contact_id", "position"),
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
    _sealed(),  # narrative, facts
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
