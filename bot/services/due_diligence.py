"""Owns the report for brands and programmes: what workers met, counted so that nobody can be told from it (R2, R15).

Each concern has its own table, of people by employer (unpaid wages: by sector) and country of origin, in which small
counts are hidden. No concern is told both ways: a sector less those of its employers that are shown would be the hidden
ones. No table is a sum of others and nothing can be filtered. A quarter is counted once, when it has settled, and stays
as it was published: two openings, or two periods, differ by nobody. People in protection have tables of their own:
whoever knows all the others (a supervisor does) learns nothing of them by subtraction.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from bot.domain.case import Case, Clue, Topic
from bot.domain.contact import Contact, ContactId
from bot.domain.employer import EmployerId, Sector
from bot.domain.errors import Denied
from bot.domain.values import Money
from bot.services import access
from bot.services.access import REPORT, Deed, Matter, Reader
from bot.services.audit import record
from bot.services.disclosure import FEWEST, Table, protected
from bot.services.ports import Clock, Store, Unit

SETTLES = timedelta(days=14)  # after a quarter's end: what people told in its last days has been looked at
OFFERED = 8  # quarters
UNKNOWN, OTHERS = "unknown", "others"  # keys beside employers' ids, ISIC sections and ISO 3166-1 codes
FEES_FLOW = "recruitment_fees"
STEPS = (200, 500, 1000, 2000, 5000, 10_000)  # where ranges of amounts end, in the deployment's currency
Range = tuple[int | None, int | None, int]
_PART = 500  # contacts read at once


class Concern(StrEnum):
    """What a worker met."""

    FORCED_LABOUR = "forced_labour"
    FEES = "fees"
    DOCUMENTS = "documents"
    WAGES = "wages"


BY_SECTOR = frozenset({Concern.WAGES})  # the others are by employer


class Circle(StrEnum):
    """Who is counted: a person is in one of them."""

    GENERAL = "general"
    PROTECTION = "protection"


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter: `number` is 1 to 4. Raises ValueError for another."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (2000 <= self.year <= 9998 and 1 <= self.number <= 4):
            raise ValueError("a quarter is written as 2026-Q1")

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "2026-Q1"; raises ValueError."""
        year, _, number = text.partition("-Q")
        if not (len(year) == 4 and len(number) == 1 and (year + number).isascii() and (year + number).isdigit()):
            raise ValueError("a quarter is written as 2026-Q1")
        return cls(int(year), int(number))

    @property
    def before(self) -> "Quarter":
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    @property
    def after(self) -> "Quarter":
        return Quarter(self.year, self.number + 1) if self.number < 4 else Quarter(self.year + 1, 1)

    def begins(self, zone: ZoneInfo) -> datetime:
        return datetime.combine(date(self.year, 3 * self.number - 2, 1), time(), zone).astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What one person is counted by, for one concern. `amount` is in the deployment's currency.

    `group` is the employer's id or, by sector, its ISIC section.
    """

    group: str
    country: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One row of a table: who, and how many people by column (None: hidden)."""

    name: str
    cells: tuple[int | None, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One concern in one circle. `total` is None for fewer than five people or nobody: nobody can tell which.

    A range of amounts has a beginning (None: those who named no amount are in it too), an end, itself not in the range
    (None: it has none), and how many people.
    """

    concern: Concern
    circle: Circle
    total: int | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[Count, ...] = ()
    totals: tuple[int, ...] = ()
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDiligence:
    """The report of one quarter as it was published, with the names of employers as they are now."""

    quarter: Quarter
    findings: tuple[Finding, ...]
    employers: Mapping[str, str]
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDiligenceDesk:
    """Publishes and reads reports. `zone` is where quarters begin, `currency` that of the ranges."""

    store: Store
    clock: Clock
    zone: ZoneInfo
    currency: str

    def quarters(self) -> Sequence[Quarter]:
        """Those that can be read, the newest first."""
        newest = Quarter.of((self.clock.now() - SETTLES).astimezone(self.zone).date()).before
        found = [newest]
        while len(found) < OFFERED:
            found.append(found[-1].before)
        return found

    @property
    def coming(self) -> tuple[Quarter, date]:
        """The quarter that can be read next, and from which day: until then nothing of it is counted."""
        coming = self.quarters()[0].after
        return coming, (coming.after.begins(self.zone) + SETTLES).astimezone(self.zone).date()

    async def read(self, reader: Reader, quarter: Quarter, *, deed: Deed = Deed.READ) -> DueDiligence:
        """The report, entered in the audit; raises Denied, also for a quarter that is not over and settled.

        Nobody but those who may take reports away may read it either: that is what it is made for.
        """
        access.require(reader, Deed.EXPORT, REPORT)
        if quarter not in self.quarters():
            raise Denied(access.REFUSAL)
        name, now = f"due-diligence:{quarter}", self.clock.now()
        async with self.store.look() as unit:
            kept = await unit.published.published(name)
            document = None if kept else _written(await self._findings(unit, quarter))
        async with self.store.transaction() as unit:
            if document is not None:
                await unit.published.publish(name, document, now)
            kept = await unit.published.published(name)
            employers = {str(one.id): one.name for one in await unit.sites.employers()}
            await record(unit, reader, deed, Matter.REPORT, name, at=now)
        assert kept is not None  # this transaction, or one before it, has published it
        return DueDiligence(quarter=quarter, findings=_read(kept[1]), employers=employers, made_at=kept[0])

    async def _findings(self, unit: Unit, quarter: Quarter) -> Sequence[Finding]:
        since, until = quarter.begins(self.zone), quarter.after.begins(self.zone)
        cases = await unit.service.whole_cases(since, until)
        contacts = await _contacts(unit, {case.contact for case in cases})
        sectors = {one.id: one.sector for one in await unit.sites.employers()}
        protected_people = await unit.service.protected_people()
        in_fees = await unit.service.in_flow(FEES_FLOW, since, until)
        people: dict[tuple[Concern, Circle], dict[ContactId, Person]] = {}
        for case in cases:
            circle = Circle.PROTECTION if case.contact in protected_people else Circle.GENERAL
            for concern in concerns(case, is_in_fees=case.contact in in_fees):
                those = people.setdefault((concern, circle), {})
                known = those.get(case.contact)
                amount = known.amount if known and known.amount is not None else self._amount(case, concern)
                those[case.contact] = _person(
                    contacts.get(case.contact), sectors if concern in BY_SECTOR else None, amount
                )
        return [
            finding(concern, circle, list(people.get((concern, circle), {}).values()))
            for concern in Concern
            for circle in Circle
        ]

    def _amount(self, case: Case, concern: Concern) -> Decimal | None:
        """What the person named: of fees as `fee`, of wages as `amount`."""
        named = case.facts.get({Concern.FEES: "fee", Concern.WAGES: "amount"}.get(concern, ""))
        return named.value if isinstance(named, Money) and named.currency == self.currency else None


def concerns(case: Case, *, is_in_fees: bool) -> frozenset[Concern]:
    """What a case tells of. Whether somebody keeps papers from a person is asked only in the talk about that."""
    found = set()
    if case.clues or case.topic is Topic.FORCED_LABOUR:
        found.add(Concern.FORCED_LABOUR)
    if "fee" in case.facts or Clue.DEBT in case.clues or (is_in_fees and case.topic is Topic.LABOUR):
        found.add(Concern.FEES)
    if Clue.DOCUMENTS in case.clues or "can_leave" in case.facts:
        found.add(Concern.DOCUMENTS)
    if case.topic is Topic.WAGES or Clue.WAGES in case.clues:
        found.add(Concern.WAGES)
    return frozenset(found)


def finding(concern: Concern, circle: Circle, people: Sequence[Person]) -> Finding:
    """The people of one concern, counted so that no small count can be computed."""
    if len(people) < FEWEST:
        return Finding(concern=concern, circle=circle)
    countries = sorted({one.country for one in people})
    counted = {group: Counter[str]() for group in sorted({one.group for one in people})}
    for one in people:
        counted[one.group][one.country] += 1
    table = protected({row: {key: cells[key] for key in countries} for row, cells in counted.items()}, [countries])
    table = _of_one_row(table) if len(table.lines) == 1 else table
    has_amounts = concern in (Concern.FEES, Concern.WAGES)
    return Finding(
        concern=concern,
        circle=circle,
        total=len(people),
        columns=tuple(_name(keys) for keys in table.columns),
        rows=tuple(Count(name=_name(line.keys), cells=line.cells, total=line.total) for line in table.lines),
        totals=table.totals,
        ranges=ranges([one.amount for one in people]) if has_amounts else (),
    )


def _of_one_row(table: Table[str, str]) -> Table[str, str]:
    """Where only the countries are left, those of few people go together: nobody knows their totals beforehand."""
    turned = protected({keys: {"": count} for keys, count in zip(table.columns, table.totals, strict=True)}, [[""]])
    columns = tuple(tuple(key for keys in line.keys for key in keys) for line in turned.lines)
    totals = tuple(line.total for line in turned.lines)
    line = table.lines[0]
    return Table(columns=columns, lines=(type(line)(keys=line.keys, cells=totals, total=line.total),), totals=totals)


def ranges(amounts: Sequence[Decimal | None]) -> tuple[Range, ...]:
    """At least five people in each range: neighbours are put together, those who named nothing with the lowest."""
    known = [one for one in amounts if one is not None]
    made: list[Range] = [(None, None, len(amounts) - len(known))]
    for begin, end in zip((0, *STEPS), (*STEPS, None), strict=True):
        made.append((begin, end, sum(begin <= one and (end is None or one < end) for one in known)))
    made = [one for one in made if one[2]]
    while len(made) > 1 and any(one[2] < FEWEST for one in made):
        few = next(i for i, one in enumerate(made) if one[2] < FEWEST)
        at = min(few, len(made) - 2)
        (lower, _, count), (_, upper, more) = made[at], made[at + 1]
        made[at : at + 2] = [(lower, upper, count + more)]
    return tuple(made)


def _name(keys: Iterable[str]) -> str:
    """Rows and columns put together are named by nobody: that an employer is among them is a small count itself."""
    known = list(keys)
    return known[0] if len(known) == 1 else OTHERS


def _person(
    contact: Contact | None, sectors: Mapping[EmployerId, Sector | None] | None, amount: Decimal | None
) -> Person:
    """Counted by the sector of the employer where `sectors` are given, else by the employer."""
    group: str | None = contact.employer if contact else None
    if sectors is not None:
        group = sectors.get(EmployerId(group)) if group else None
    nationality = contact.nationality if contact else None
    return Person(group=group or UNKNOWN, country=nationality or UNKNOWN, amount=amount)


async def _contacts(unit: Unit, ids: Iterable[ContactId]) -> Mapping[ContactId, Contact]:
    found: dict[ContactId, Contact] = {}
    known = sorted(ids)
    for at in range(0, len(known), _PART):
        found |= await unit.roster.get(known[at : at + _PART])
    return found


def _written(findings: Iterable[Finding]) -> Mapping[str, Any]:
    return {
        "findings": [
            {
                "concern": one.concern.value,
                "circle": one.circle.value,
                "total": one.total,
                "columns": list(one.columns),
                "rows": [{"name": row.name, "cells": list(row.cells), "total": row.total} for row in one.rows],
                "totals": list(one.totals),
                "ranges": [list(range_) for range_ in one.ranges],
            }
            for one in findings
        ]
    }


def _read(document: Mapping[str, Any]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            concern=Concern(one["concern"]),
            circle=Circle(one["circle"]),
            total=one["total"],
            columns=tuple(one["columns"]),
            rows=tuple(Count(name=row["name"], cells=tuple(row["cells"]), total=row["total"]) for row in one["rows"]),
            totals=tuple(one["totals"]),
            ranges=tuple((begin, end, count) for begin, end, count in one["ranges"]),
        )
        for one in document["findings"]
    )
