"""Owns canned replies: what operators write often, in every language, with what must be the same in all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from bot.domain.case import Case, Topic
from bot.domain.contact import Contact
from bot.domain.errors import InputError
from bot.i18n import chain, fill, placeholders
from bot.services import access, audit
from bot.services.access import SETTINGS, Deed, Matter, Reader
from bot.services.desk_ports import CannedReply
from bot.services.ports import Clock, Ids, Store
from bot.services.proofreading import Fault, differences

BUILT_IN = "built-in"  # who changed those of the file last
VARIABLES = ("name", "case_number", "operator", "organisation", "hotline", "emergency_number", "place")
LONGEST_NAME = 120
LONGEST_TEXT = 1500

NO_NAME = "Give it a name by which operators find it."
NO_TEXT = "Write it in at least one language."
TOO_LONG = "This is too long: {limit} characters at most."
UNKNOWN = "{open_brace}{name}{close_brace} is no variable here."
NOT_YOURS_TO_CHANGE = "This one comes with the program. Save it as one of your own to change it."
LEFT_OPEN = "Something in braces still waits to be written. Replace it with your own words."
GONE = "This reply is not there any more."
TEXTS = (NO_NAME, NO_TEXT, TOO_LONG, UNKNOWN, NOT_YOURS_TO_CHANGE, LEFT_OPEN, GONE)  # shown, so translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A canned reply filled in for one contact. `missing` are variables that nothing was known for."""

    text: str
    language: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """The organisation's own replies, and those that come with the program."""

    store: Store
    clock: Clock
    ids: Ids

    async def all(self, reader: Reader) -> Sequence[CannedReply]:
        """The organisation's own first, each by name; raises Denied."""
        access.require(reader, Deed.READ, SETTINGS)
        async with self.store.look() as unit:
            return [*await unit.canned_replies.all(), *built_in()]

    async def get(self, reader: Reader, id_: str) -> CannedReply:
        """Raises Denied, and InputError for what is not there."""
        access.require(reader, Deed.READ, SETTINGS)
        found = next((reply for reply in built_in() if reply.id == id_), None)
        if found is None:
            async with self.store.look() as unit:
                found = await unit.canned_replies.get(id_)
        if found is None:
            raise InputError(GONE)
        return found

    async def save(
        self, reader: Reader, *, id_: str | None, name: str, topic: Topic | None, texts: Mapping[str, str]
    ) -> CannedReply:
        """Keep one, a new one without `id_`. `check` tells what is wrong beforehand; raises InputError and Denied."""
        access.require(reader, Deed.CHANGE, SETTINGS)
        if id_ is not None and is_built_in(id_):
            raise InputError(NOT_YOURS_TO_CHANGE)
        kept = {language: text.strip() for language, text in texts.items() if text.strip()}
        fault = next(check(name, kept), None)
        if fault is not None:
            raise InputError(fault.message)
        now = self.clock.now()
        reply = CannedReply(
            id=id_ or self.ids.new(), name=name.strip(), topic=topic, texts=kept, changed_at=now, changed_by=reader.id
        )
        async with self.store.transaction() as unit:
            if id_ is not None and await unit.canned_replies.get(id_) is None:
                raise InputError(GONE)
            await unit.canned_replies.put(reply)
            await audit.record(unit, reader, Deed.CHANGE, Matter.SETTINGS, reply.id, at=now)
        return reply

    async def delete(self, reader: Reader, id_: str) -> None:
        """Remove one of the organisation's own; raises Denied and InputError."""
        access.require(reader, Deed.CHANGE, SETTINGS)
        if is_built_in(id_):
            raise InputError(NOT_YOURS_TO_CHANGE)
        async with self.store.transaction() as unit:
            await unit.canned_replies.delete(id_)
            await audit.record(unit, reader, Deed.ERASE, Matter.SETTINGS, id_, at=self.clock.now())


def may_change(reader: Reader) -> bool:
    return access.may(reader, Deed.CHANGE, SETTINGS)


def is_built_in(id_: str) -> bool:
    return any(reply.id == id_ for reply in built_in())


@cache
def built_in() -> tuple[CannedReply, ...]:
    """Those beside this module; raises KeyError, TypeError or ValueError where the file is not as its head says."""
    document: list[dict[str, Any]] = yaml.safe_load(files("bot.services").joinpath("canned.yml").read_text("utf-8"))
    return tuple(
        CannedReply(
            id=f"built-in-{entry['key']}",
            name=entry["name"],
            topic=Topic(entry["topic"]) if "topic" in entry else None,
            texts={language: str(text).strip() for language, text in entry["texts"].items()},
            changed_at=datetime.min.replace(tzinfo=UTC),
            changed_by=BUILT_IN,
        )
        for entry in document
    )


# --- checking -----------------------------------------------------------------------------------------------------


def check(name: str, texts: Mapping[str, str]) -> Iterator[Fault]:
    """Everything that is wrong: each text has the variables and the numbers of the first, and none unknown (R12)."""
    if not name.strip():
        yield Fault(where="name", msgid=NO_NAME)
    if len(name) > LONGEST_NAME:
        yield Fault(where="name", msgid=TOO_LONG, variables={"limit": LONGEST_NAME})
    written = {language: text for language, text in texts.items() if text.strip()}
    if not written:
        yield Fault(where="texts", msgid=NO_TEXT)
        return
    source = next(iter(written.values()))
    braces = {"open_brace": "{", "close_brace": "}"}
    for language, text in written.items():
        if len(text) > LONGEST_TEXT:
            yield Fault(where="texts", language=language, msgid=TOO_LONG, variables={"limit": LONGEST_TEXT})
        for unknown in sorted(placeholders(text) - set(VARIABLES)):
            yield Fault(where="texts", language=language, msgid=UNKNOWN, variables={"name": unknown, **braces})
        for msgid, variables in differences(source, text):
            yield Fault(where="texts", language=language, msgid=msgid, variables={**variables, **braces})


# --- choosing -----------------------------------------------------------------------------------------------------


def language_in(reply: CannedReply, language: str) -> str | None:
    """The language of the reply's text for a reader of `language`: their own, or one that is nearly it; else None."""
    wanted = chain(language)[:-1] if language != "en" else ("en",)
    return next((tag for tag in wanted if tag in reply.texts), None)


def known_of(contact: Contact, cases: Sequence[Case], operator: str, given: Mapping[str, str]) -> dict[str, str]:
    """What the variables stand for in one conversation; those that nothing is known for are left out."""
    number = next((case.number for case in cases if case.status.is_open), "") or (cases[0].number if cases else "")
    found = {**given, "name": contact.name or "", "case_number": number, "operator": operator}
    return {name: value for name, value in found.items() if value and name in VARIABLES}


def choose(reply: CannedReply, language: str, known: Mapping[str, str], *, isolate: bool = True) -> Chosen:
    """The reply's text in that language; what nothing is known for stays in braces, to be written by hand."""
    text = reply.texts[language]
    missing = tuple(sorted(placeholders(text) - set(known)))
    braces = {name: f"{{{name}}}" for name in missing}
    return Chosen(
        text=fill(text, language, isolate=isolate, variables={**braces, **known}), language=language, missing=missing
    )


def require_whole(text: str) -> None:
    """Raises InputError for a text in which a variable still waits to be written."""
    if placeholders(text) & set(VARIABLES):
        raise InputError(LEFT_OPEN)
