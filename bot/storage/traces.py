"""Owns traces of conversations in SQL: a value that is another one whenever anything of it was written."""

import hashlib
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from bot.domain.contact import ContactId
from bot.storage.schema import (
    activities,
    addresses,
    cases,
    claims,
    contacts,
    deliveries,
    merges,
    messages,
    sessions,
    translations,
)
from bot.storage.work import Work

NEWEST = 200  # of each kind: what is older hardly changes
_HEAD = 64  # bytes of a sealed value: they hold its random nonce, which is a new one whenever it is written

_MINE: BindParameter[str] = bindparam("contact")


def _words(*columns: ColumnElement[Any]) -> ColumnElement[str]:
    """Their values, one after the other."""
    texts = [func.coalesce(cast(column, Text), "-") for column in columns]
    together: ColumnElement[str] = texts[0]
    for one in texts[1:]:
        together = together.concat(" ").concat(one)
    return together


def _head(table: Table) -> ColumnElement[Any]:
    return func.substr(table.c.sealed, 1, _HEAD, type_=LargeBinary)


def _rows(table: Table, *columns: ColumnElement[Any], newest: ColumnElement[Any] | None = None) -> Select[Any]:
    """What changes in the contact's rows of this table; with `newest` of the last ones by that column."""
    sealed = _head(table) if "sealed" in table.c else cast(null(), LargeBinary)
    own = select(literal(table.name).label("kind"), _words(*columns).label("words"), sealed.label("sealed"))
    own = own.where((table.c.id if table is contacts else table.c.contact_id) == _MINE)
    if newest is None:
        return own
    last = own.order_by(newest.desc()).limit(NEWEST).subquery()
    return select(last.c.kind, last.c.words, last.c.sealed)


_d = deliveries.c
_TRACE = union_all(
    _rows(contacts, contacts.c.language, contacts.c.employer_id, contacts.c.site_id),
    _rows(addresses, addresses.c.id, addresses.c.permission, addresses.c.last_heard_at),
    _rows(cases, cases.c.id),
    _rows(claims, claims.c.staff_id, claims.c.claimed_at, claims.c.answered_at),
    _rows(messages, messages.c.id, newest=messages.c.number),
    _rows(deliveries, _d.id, _d.status, _d.attempts, _d.failure, _d.sent_at, newest=_d.position),
    _rows(activities, activities.c.id, newest=activities.c.number),
    _rows(sessions, sessions.c.id, sessions.c.revision, newest=sessions.c.number),
    _rows(merges, merges.c.id, merges.c.undone_at),
    _rows(translations, translations.c.id, newest=translations.c.at),
)


class SqlTraces:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def of(self, contact: ContactId) -> str:
        rows = await self._db.execute(_TRACE, {"contact": contact})
        found = sorted((kind, words, bytes(sealed or b"")) for kind, words, sealed in rows)
        return hashlib.sha256(repr(found).encode()).hexdigest()
