"""Owns keeping places right: they are added, corrected, called, blocked and imported, and the audit knows by whom."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.audit import AuditEntry
from bot.domain.errors import Conflict, InputError
from bot.domain.place import Place, PlaceId
from bot.services import access, audit
from bot.services.access import PLACE, Deed, Matter, Reader
from bot.services.cells import RowProblem
from bot.services.place_rows import Change, Sheet, changes, read_place, write_place
from bot.services.ports import Clock, Store, Unit

SOON = timedelta(days=30)  # a place that expires within it is called again before it does
HISTORY = 200  # entries of one place that are shown

KNOWN = "A place of this kind and name is there already. Correct that one, or name its town too."
CHANGED = "Somebody else has changed this place meanwhile. Look at it again, then decide."
PAST = "Write a day in the future: until when it is believed without another call."
TEXTS = (KNOWN, CHANGED, PAST)


class State(StrEnum):
    """Whether a place may be told, and for how long yet (R5)."""

    CURRENT = "current"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    BLOCKED = "blocked"


REVIEWED = frozenset({State.EXPIRING, State.EXPIRED})  # what waits for somebody to call and ask


class Done(StrEnum):
    """What was done with a place: the first word of its entry in the audit, before the names of what changed."""

    ADDED = "added"
    CHANGED = "changed"
    CALLED = "called"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of a place's history; `name` is that of the account that did it, "" for none that is known."""

    entry: AuditEntry
    name: str

    @property
    def done(self) -> Done | None:
        word = self.entry.detail.split(" ")[0]
        return Done(word) if word in set(Done) else None

    @property
    def fields(self) -> Sequence[str]:
        return self.entry.detail.split(" ")[1:]


def state_of(place: Place, today: date) -> State:
    if place.blocked_at is not None:
        return State.BLOCKED
    if not place.may_be_told(today):
        return State.EXPIRED
    return State.EXPIRING if place.expires_on - today <= SOON else State.CURRENT


def mark_of(place: Place) -> str:
    """What changes with every change of the place: a form sends it back, so that no change of another is lost."""
    told = sorted(write_place(place).items())
    return hashlib.sha256(repr((told, place.blocked_at)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDesk:
    """Places for those who keep them. `zone` is the host country's, `region` (ISO 3166-1) its phones'."""

    store: Store
    clock: Clock
    zone: ZoneInfo
    region: str

    @property
    def today(self) -> date:
        return self.clock.now().astimezone(self.zone).date()

    # --- looking ----------------------------------------------------------------------------------------------------

    async def all(self, reader: Reader) -> Sequence[Place]:
        """By name; raises Denied."""
        access.require(reader, Deed.READ, PLACE)
        async with self.store.look() as unit:
            return await unit.places.all()

    async def get(self, reader: Reader, place: PlaceId) -> Place | None:
        access.require(reader, Deed.READ, PLACE)
        async with self.store.look() as unit:
            return await unit.places.get(place)

    async def history(self, reader: Reader, place: PlaceId) -> Sequence[Step]:
        """What was done with it, the newest first; nothing for who may not change it. It names colleagues."""
        if not access.may(reader, Deed.CHANGE, PLACE):
            return ()
        async with self.store.look() as unit:
            entries = await unit.audit.search(subject=place, matter=Matter.PLACE.value, limit=HISTORY)
            names = {str(one.id): one.name for one in await unit.staff.all()}
        return [Step(entry=entry, name=names.get(entry.reader, "")) for entry in entries]

    # --- changing ---------------------------------------------------------------------------------------------------

    async def add(self, reader: Reader, typed: Mapping[str, str]) -> tuple[Place | None, Sequence[RowProblem]]:
        """The new place, or what is wrong with it; raises Denied, and InputError where it is known already."""
        access.require(reader, Deed.CHANGE, PLACE)
        place, problems = self._read(typed)
        if place is None:
            return None, problems
        async with self.store.transaction() as unit:
            if await unit.places.get(place.id) is not None:
                raise InputError(KNOWN)
            await self._put(unit, reader, place, Done.ADDED)
        return place, ()

    async def correct(
        self, reader: Reader, place: PlaceId, typed: Mapping[str, str], *, seen: str
    ) -> tuple[Place | None, Sequence[RowProblem]]:
        """The place as typed, or what is wrong with it. `seen` is the mark of what was looked at.

        Raises Denied, and Conflict when it has changed since or is gone. A blocked place stays blocked.
        """
        access.require(reader, Deed.CHANGE, PLACE)
        coming, problems = self._read({**typed, "id": place})
        if coming is None:
            return None, problems
        async with self.store.transaction() as unit:
            known = await _held(unit, place)
            if mark_of(known) != seen:
                raise Conflict(CHANGED)
            found = changes([known], [coming])
            for change in found:
                await self._put(unit, reader, change.place, Done.CHANGED, change.fields)
        return (found[0].place if found else known), ()

    async def call(self, reader: Reader, place: PlaceId, *, until: date) -> Place:
        """Somebody called and it works: checked today, believed until that day.

        Raises Denied, Conflict, and InputError for a day that is not in the future. A blocked place stays blocked.
        """
        access.require(reader, Deed.CHANGE, PLACE)
        if until <= self.today:
            raise InputError(PAST)
        async with self.store.transaction() as unit:
            works = replace(await _held(unit, place), checked_on=self.today, expires_on=until)
            await self._put(unit, reader, works, Done.CALLED)
        return works

    async def block(self, reader: Reader, place: PlaceId) -> Place:
        """Nobody is told of it from now on (R5); raises Denied, and Conflict when it is gone."""
        access.require(reader, Deed.CHANGE, PLACE)
        async with self.store.transaction() as unit:
            known = await _held(unit, place)
            if known.blocked_at is None:
                known = replace(known, blocked_at=self.clock.now())
                await self._put(unit, reader, known, Done.BLOCKED)
        return known

    async def unblock(self, reader: Reader, place: PlaceId) -> Place:
        """Told again while it has not expired; raises Denied, and Conflict when it is gone."""
        access.require(reader, Deed.CHANGE, PLACE)
        async with self.store.transaction() as unit:
            known = await _held(unit, place)
            if known.blocked_at is not None:
                known = replace(known, blocked_at=None)
                await self._put(unit, reader, known, Done.UNBLOCKED)
        return known

    # --- files ------------------------------------------------------------------------------------------------------

    async def plan(self, reader: Reader, sheet: Sheet) -> Sequence[Change]:
        """What importing it would change; raises Denied."""
        access.require(reader, Deed.CHANGE, PLACE)
        async with self.store.look() as unit:
            return changes(await unit.places.all(), sheet.places)

    async def carry_out(self, reader: Reader, sheet: Sheet) -> Sequence[Change]:
        """Import the rows that can be read; raises Denied."""
        access.require(reader, Deed.CHANGE, PLACE)
        async with self.store.transaction() as unit:
            found = changes(await unit.places.held([place.id for place in sheet.places]), sheet.places)
            await unit.places.put([change.place for change in found])
            for change in found:
                await self._enter(unit, reader, change.place, Done.IMPORTED, change.fields)
        return found

    async def export(self, reader: Reader, places: Sequence[Place]) -> Sequence[Mapping[str, str]]:
        """These places as rows to import again, without blocked ones, which no file can mark. Raises Denied."""
        access.require(reader, Deed.EXPORT, PLACE)
        async with self.store.transaction() as unit:
            await audit.record(unit, reader, Deed.EXPORT, Matter.PLACE, "list", at=self.clock.now())
        return [write_place(place) for place in places if place.blocked_at is None]

    # ------------------------------------------------------------------------------------------------------------------

    def _read(self, typed: Mapping[str, str]) -> tuple[Place | None, Sequence[RowProblem]]:
        sheet = read_place(typed, today=self.today, timezone=self.zone.key, region=self.region)
        return (sheet.places[0] if sheet.places else None), sheet.problems

    async def _put(self, unit: Unit, reader: Reader, place: Place, done: Done, fields: Sequence[str] = ()) -> None:
        await unit.places.put([place])
        await self._enter(unit, reader, place, done, fields)

    async def _enter(self, unit: Unit, reader: Reader, place: Place, done: Done, fields: Sequence[str]) -> None:
        detail = " ".join([done.value, *fields])
        now = self.clock.now()
        await audit.record(unit, reader, Deed.CHANGE, Matter.PLACE, place.id, at=now, detail=detail)


async def _held(unit: Unit, place: PlaceId) -> Place:
    """The place as it is and stays until the transaction ends; raises Conflict where there is none (any more)."""
    held = await unit.places.held([place])
    if not held:
        raise Conflict(CHANGED)
    return held[0]
