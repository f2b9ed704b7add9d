"""Owns the words between two languages: what a contact wrote as its reader reads it, made beside the page (R13).

Nothing waits for an engine. Both texts are kept; what a machine made is labelled, and what it got wrong is marked.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.contact import ContactId
from bot.domain.errors import InputError, Unavailable
from bot.engine.extract.cases import case_numbers
from bot.i18n import base
from bot.log import logger
from bot.services.access import Reader
from bot.services.desk import BY_HAND, Desk, View
from bot.services.desk_ports import Translation, Translator
from bot.services.ports import Clock, Live, Store
from bot.services.proofreading import differing_numbers
from bot.services.timeline import Entry

log = logger("translating")

LATEST = 60  # entries of a conversation that are translated by themselves; older ones when asked
AT_ONCE = 4  # questions to the engine under way from one process
REST = timedelta(minutes=1)  # after a failure, before it is tried again by itself
_MOST_FAILURES = 10_000  # remembered: forgetting them costs a question each

NO_ENGINE = "No translation service is set up. Write in a language that this person reads."
NOT_OFFERED = "The translation service does not translate between these two languages."
FAILED = "The translation service does not answer. Send the text as it is, or try again."
NO_NAME = "It does not name {name}, which the other text does."
TEXTS = (NO_ENGINE, NOT_OFFERED, FAILED, NO_NAME)  # shown, so translated


class State(StrEnum):
    """How far a translation is."""

    READY = "ready"
    UNDER_WAY = "under_way"
    FAILED = "failed"
    NOT_OFFERED = "not_offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something that the two texts do not have alike, as a sentence of domain "console"."""

    msgid: str
    variables: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside a text: the same in the reader's language, or why it is not there."""

    state: State
    language: str
    text: str = ""
    engine: str = ""
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_machine_made(self) -> bool:
        return self.state is State.READY and self.engine != BY_HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One text to be translated; `key` is what its translation is known by."""

    contact: ContactId
    subject: str
    text: str
    source: str
    target: str

    @property
    def key(self) -> tuple[str, str]:
        return self.subject, self.target


@dataclass(kw_only=True)
class Translating:
    """Translates for the readers of one process; without a translator it shows what people wrote themselves."""

    store: Store
    clock: Clock
    desk: Desk
    live: Live
    translator: Translator | None = None
    _under_way: dict[tuple[str, str], "asyncio.Task[None]"] = field(default_factory=dict)
    _failed: dict[tuple[str, str], tuple[State, datetime]] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @property
    def is_on(self) -> bool:
        return self.translator is not None

    def beside(self, view: View, spoken: Sequence[str]) -> Mapping[str, Beside]:
        """What to show beside a conversation's entries, by subject, to a reader of these languages, the first the best.

        What is missing is begun in the background; `conversation:<contact>` is told when it is there. It is to be
        called in a running loop, with a view that the reader was given.
        """
        foreign = _foreign(view, spoken)
        known = {(one.subject, one.language): one for one in view.translations}
        found = {task.subject: self._shown(task, known.get(task.key), view) for task in foreign}
        for task in foreign[-LATEST:]:
            if found[task.subject] is None:
                self._begin(task)
                found[task.subject] = self._standing(task)
        return {subject: one for subject, one in found.items() if one is not None}

    async def again(self, reader: Reader, contact: ContactId, subject: str, spoken: Sequence[str]) -> None:
        """Try one anew that failed, or that is older than those translated by themselves; raises Denied."""
        view = await self.desk.look_again(reader, contact)
        for task in _foreign(view, spoken):
            if task.subject == subject:
                self._failed.pop(task.key, None)
                self._begin(task)

    async def close(self) -> None:
        """Leave what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    # ------------------------------------------------------------------------------------------------------------------

    def _shown(self, task: _Task, known: Translation | None, view: View) -> Beside | None:
        if known is not None:
            doubts = tuple(doubts_of(task.text, known.text, names_in(view)))
            return Beside(
                state=State.READY, language=known.language, text=known.text, engine=known.engine, doubts=doubts
            )
        return self._standing(task)

    def _standing(self, task: _Task) -> Beside | None:
        """How far it is; None for what nobody has begun, or what may be begun again."""
        if task.key in self._under_way:
            return Beside(state=State.UNDER_WAY, language=task.target)
        state, at = self._failed.get(task.key, (State.FAILED, None))
        if at is None or (state is State.FAILED and self.clock.now() - at >= REST):
            return None
        return Beside(state=state, language=task.target)

    def _begin(self, task: _Task) -> None:
        if self.translator is None or task.key in self._under_way:
            return
        self._under_way[task.key] = asyncio.create_task(self._run(task, self.translator))

    async def _run(self, task: _Task, translator: Translator) -> None:
        try:
            await self._translate(task, translator)
            self._failed.pop(task.key, None)
        except InputError:
            self._fail(task, State.NOT_OFFERED)
        except Exception as error:  # whatever it is, the page says so and the reader can try again
            if not isinstance(error, Unavailable):
                log.error("translation_failed", subject=task.subject, error=error)
            self._fail(task, State.FAILED)
        finally:
            self._under_way.pop(task.key, None)
        await self._tell(task)

    async def _tell(self, task: _Task) -> None:
        try:
            await self.live.publish(f"conversation:{task.contact}", {"translated": task.subject})
        except Exception as error:  # the screens look by themselves too
            log.warning("translation_not_told", error=error)

    def _fail(self, task: _Task, state: State) -> None:
        if len(self._failed) >= _MOST_FAILURES:
            self._failed.clear()
        self._failed[task.key] = state, self.clock.now()

    async def _translate(self, task: _Task, translator: Translator) -> None:
        async with self._places:
            text = await translator.translate(task.text, task.source, task.target)
        async with self.store.transaction(task.contact) as unit:
            if await unit.contacts.get(task.contact) is None:
                return  # erased meanwhile
            await unit.translations.put(
                Translation(
                    subject=task.subject,
                    contact=task.contact,
                    language=task.target,
                    engine=translator.name,
                    text=text,
                    at=self.clock.now(),
                )
            )


def _foreign(view: View, spoken: Sequence[str]) -> list[_Task]:
    """What was said in a language that the reader does not have, in order."""
    if not spoken:
        return []
    read = {base(language) for language in spoken}
    return [
        _Task(contact=view.contact.id, subject=entry.subject, text=entry.text, source=source, target=spoken[0])
        for entry in view.entries
        if (source := language_of(entry, view)) is not None and entry.text.strip() and base(source) not in read
    ]


def language_of(entry: Entry, view: View) -> str | None:
    """The language that something was said in, "" where nobody knows; None for what staff noted among themselves."""
    if entry.delivery is not None:
        return entry.delivery.content.language
    return (view.contact.language or "") if entry.message is not None else None


def doubts_of(text: str, translation: str, names: Sequence[str]) -> Iterator[Doubt]:
    """What must be the same in both and is not: numbers, phones, case numbers, names (R12)."""
    for msgid, variables in differing_numbers(text, translation):
        yield Doubt(msgid=msgid, variables=variables)
    cases = [number for number, _, _ in case_numbers(text)]
    there = {number for number, _, _ in case_numbers(translation)}
    for number in dict.fromkeys(cases):
        if number not in there:
            yield Doubt(msgid=NO_NAME, variables={"name": number})
    for name in names:
        if _is_named(name, text) and not _is_named(name, translation):
            yield Doubt(msgid=NO_NAME, variables={"name": name})


def _is_named(name: str, text: str) -> bool:
    """Whether the text has this name as a word of its own."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def names_in(view: View) -> tuple[str, ...]:
    """The names that nobody may translate away: the contact's own, and those of the staff who speak with them."""
    staff = (name.split()[0] for name in view.names.values() if name.strip())
    return tuple(dict.fromkeys(name for name in (view.contact.name, *staff) if name))
