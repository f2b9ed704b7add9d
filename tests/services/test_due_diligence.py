"""The report for brands and programmes: whoever reads it, however often, can tell nobody from it (R2, R15)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.case import Case, CaseId, Clue, Topic, Urgency, compartment_of
from bot.domain.contact import Address, ContactId, Scheme
from bot.domain.employer import Employer, EmployerId, Sector
from bot.domain.errors import Denied
from bot.domain.staff import Role
from bot.domain.values import Money
from bot.services.access import Reader
from bot.services.disclosure import FEWEST
from bot.services.due_diligence import (
    OTHERS,
    UNKNOWN,
    Circle,
    Concern,
    DueDiligenceDesk,
    Finding,
    Person,
    Quarter,
    finding,
    ranges,
)
from bot.storage.store import SqlStore
from tests.stand import StillClock

ZONE = ZoneInfo("America/Sao_Paulo")
SPRING = datetime(2026, 2, 10, 12, tzinfo=UTC)  # in the first quarter; the clock stands at 6 May
FIRST = Quarter(2026, 1)
BOSS = Reader(role=Role.SUPERVISOR, id="boss")
SECTORS = {"farm": Sector.AGRICULTURE, "orchard": Sector.AGRICULTURE, "mill": Sector.MANUFACTURING}
PEOPLE = st.lists(
    st.tuples(st.sampled_from(["farm", "mill", "kiln"]), st.sampled_from(["NP", "IN", "BD"])), max_size=40
)


def people(counts: dict[tuple[str, str], int]) -> list[Person]:
    return [Person(group=key[0], country=key[1]) for key, count in counts.items() for _ in range(count)]


def found(counts: dict[tuple[str, str], int]) -> Finding:
    return finding(Concern.WAGES, Circle.GENERAL, people(counts))


def fitting(told: Finding) -> list[tuple[int, ...]]:
    """All values of the hidden cells, none of them empty, that fit every sum: what an attacker can work out."""
    hidden = [(i, j) for i, row in enumerate(told.rows) for j, cell in enumerate(row.cells) if cell is None]
    fits = []
    for values in product(range(1, 10), repeat=len(hidden)):
        guess = dict(zip(hidden, values, strict=True))
        cells = [
            [guess.get((i, j), 0) if cell is None else cell for j, cell in enumerate(row.cells)]
            for i, row in enumerate(told.rows)
        ]
        rows_fit = all(sum(line) == row.total for line, row in zip(cells, told.rows, strict=True))
        if rows_fit and tuple(map(sum, zip(*cells, strict=True))) == told.totals:
            fits.append(values)
    return fits


def test_r2_a_hidden_cell_is_not_recovered_from_the_sums_of_rows_and_columns() -> None:
    told = found({("farm", "NP"): 3, ("farm", "IN"): 9, ("mill", "NP"): 8, ("mill", "IN"): 6})
    assert [row.name for row in told.rows] == ["farm", "mill"]
    assert told.rows[0].cells[1] is None  # three people
    fits = fitting(told)
    assert all(len(set(values)) > 1 for values in zip(*fits, strict=True))


@settings(deadline=None, max_examples=200)
@given(PEOPLE)
def test_r2_every_number_that_is_told_is_of_five_people_or_more(pairs: list[tuple[str, str]]) -> None:
    told = finding(Concern.WAGES, Circle.GENERAL, [Person(group=one, country=other) for one, other in pairs])
    assert (told.total is None) == (len(pairs) < FEWEST)
    if told.total is None:
        assert told == Finding(concern=Concern.WAGES, circle=Circle.GENERAL)
        return
    assert told.total == len(pairs) == sum(told.totals) == sum(row.total for row in told.rows)
    assert all(count >= FEWEST for count in told.totals)
    assert all(row.total >= FEWEST for row in told.rows)
    assert all(not cell or cell >= FEWEST for row in told.rows for cell in row.cells)
    by_employer = Counter(employer for employer, _ in pairs)
    assert all(row.name == OTHERS or by_employer[row.name] >= FEWEST for row in told.rows)


def test_r2_an_employer_of_few_is_not_even_named() -> None:
    told = found({("farm", "NP"): 9, ("mill", "NP"): 2, ("kiln", "NP"): 4})
    assert [(row.name, row.total) for row in told.rows] == [("farm", 9), (OTHERS, 6)]


def test_nobody_and_four_people_are_told_alike() -> None:
    assert found({}) == found({("farm", "NP"): 4})


def test_where_one_employer_is_left_its_small_countries_go_together() -> None:
    told = found({("farm", "NP"): 9, ("farm", "IN"): 2, ("farm", "BD"): 4})
    assert sorted(told.totals) == [6, 9]
    assert sorted(told.columns) == ["NP", OTHERS]


@given(st.lists(st.one_of(st.none(), st.integers(0, 20_000).map(Decimal)), min_size=FEWEST, max_size=60))
def test_r2_each_range_of_amounts_has_five_people_or_more(amounts: list[Decimal | None]) -> None:
    made = ranges(amounts)
    assert sum(count for _, _, count in made) == len(amounts)
    assert all(count >= FEWEST for _, _, count in made)
    for begin, end, count in made:
        named = [one for one in amounts if one is not None and begin is not None and begin <= one < (end or 10**9)]
        assert begin is None or len(named) == count


# --- over the database ------------------------------------------------------------------------------------------------


class Field:
    """A store with two employers, and people who meet something."""

    def __init__(self, store: SqlStore, clock: StillClock) -> None:
        self.store, self.clock, self.made = store, clock, 0
        self.desk = DueDiligenceDesk(store=store, clock=clock, zone=ZONE, currency="BRL")

    async def case(
        self,
        employer: str,
        country: str,
        topic: Topic = Topic.WAGES,
        *,
        at: datetime = SPRING,
        who: int = 0,
        **more: object,
    ) -> Case:
        self.made += 1
        name = who or self.made
        contact_id = ContactId(f"c{name}")
        async with self.store.transaction() as unit:
            if await unit.sites.employer(EmployerId(employer)) is None:
                known = Employer(id=EmployerId(employer), name=employer.title(), sector=SECTORS.get(employer))
                await unit.sites.put(known, [])
            contact = await unit.contacts.meet(Address(scheme=Scheme.TEL, path=f"+55519{name:08d}"), contact_id)
            await unit.contacts.save(replace(contact, employer=EmployerId(employer), nationality=country))
            case = Case(
                id=CaseId(f"k{self.made}"), number=f"M-{self.made:06d}", contact=contact.id, topic=topic,
                urgency=Urgency.NORMAL, compartment=compartment_of(topic), opened_at=at, due_at=at, **more,
            )  # fmt: skip
            await unit.cases.add(case)
        return case

    async def cases(self, count: int, employer: str, country: str, topic: Topic = Topic.WAGES, **more: Any) -> None:
        for _ in range(count):
            await self.case(employer, country, topic, **more)

    async def told(self, concern: Concern, circle: Circle = Circle.GENERAL, quarter: Quarter = FIRST) -> Finding:
        report = await self.desk.read(BOSS, quarter)
        return next(one for one in report.findings if (one.concern, one.circle) == (concern, circle))


@pytest.fixture
def meadow(store: SqlStore, clock: StillClock) -> Field:
    return Field(store, clock)


async def test_a_person_is_counted_once_however_many_cases_they_have(meadow: Field) -> None:
    await meadow.cases(6, "farm", "NP")
    await meadow.case("farm", "NP", who=1)
    assert (await meadow.told(Concern.WAGES)).total == 6


async def test_r2_two_openings_of_a_quarter_differ_by_nobody(meadow: Field) -> None:
    await meadow.cases(6, "farm", "NP")
    before = await meadow.desk.read(BOSS, FIRST)
    await meadow.case("farm", "NP")  # opened in that quarter's days, entered later
    meadow.clock.pass_(timedelta(days=3))
    after = await meadow.desk.read(BOSS, FIRST)
    assert after.findings == before.findings
    assert after.made_at == before.made_at


async def test_r2_two_quarters_share_nobody(meadow: Field) -> None:
    await meadow.cases(6, "farm", "NP", at=datetime(2026, 1, 1, 2, tzinfo=UTC))  # still December in Porto Alegre
    await meadow.cases(7, "farm", "NP", at=datetime(2026, 1, 1, 4, tzinfo=UTC))
    assert (await meadow.told(Concern.WAGES)).total == 7
    assert (await meadow.told(Concern.WAGES, quarter=FIRST.before)).total == 6


async def test_r2_a_quarter_is_there_only_when_it_is_over_and_settled(meadow: Field) -> None:
    for quarter in (Quarter(2026, 2), Quarter(2026, 3)):
        with pytest.raises(Denied):
            await meadow.desk.read(BOSS, quarter)
    assert meadow.desk.coming == (Quarter(2026, 2), date(2026, 7, 15))
    meadow.clock.time = datetime(2026, 4, 14, tzinfo=UTC)
    with pytest.raises(Denied):
        await meadow.desk.read(BOSS, FIRST)
    assert meadow.desk.coming == (FIRST, date(2026, 4, 15))
    async with meadow.store.look() as unit:  # and to have asked has frozen nothing
        assert await unit.published.published(f"due-diligence:{FIRST}") is None
    meadow.clock.time = datetime(2026, 4, 15, 3, tzinfo=UTC)  # midnight in Porto Alegre
    assert (await meadow.desk.read(BOSS, FIRST)).quarter == FIRST


async def test_r16_people_in_protection_are_in_no_table_of_the_others(meadow: Field) -> None:
    """A supervisor can count the general cases by hand: what is left over must tell of no protection case."""
    await meadow.cases(6, "farm", "NP")
    await meadow.case("farm", "NP", Topic.FORCED_LABOUR, who=1)  # the first one's whole file is protected now
    assert (await meadow.told(Concern.WAGES)).total == 5
    assert (await meadow.told(Concern.WAGES, Circle.PROTECTION)).total is None
    assert (await meadow.told(Concern.FORCED_LABOUR, Circle.PROTECTION)).total is None


async def test_r15_clues_fees_papers_and_wages_are_told_from_what_cases_hold(meadow: Field) -> None:
    await meadow.cases(5, "farm", "NP", Topic.FORCED_LABOUR)
    await meadow.cases(5, "farm", "NP", Topic.DOCUMENTS, facts={"can_leave": "yes"})
    await meadow.cases(7, "farm", "NP", Topic.DOCUMENTS)  # lost, not withheld
    await meadow.cases(5, "farm", "NP", Topic.LABOUR, clues=frozenset({Clue.DEBT}))
    fee = Money(value=Decimal(900), currency="BRL")
    await meadow.cases(6, "mill", "IN", Topic.LABOUR, facts={"fee": fee})
    assert (await meadow.told(Concern.FORCED_LABOUR, Circle.PROTECTION)).total == 5
    assert (await meadow.told(Concern.DOCUMENTS)).total == 5
    fees = await meadow.told(Concern.FEES)
    assert fees.total == 11
    assert fees.ranges == ((None, None, 5), (500, 1000, 6))
    assert (await meadow.told(Concern.FORCED_LABOUR)).total == 5  # clues that nobody moved to protection


async def test_unpaid_wages_are_told_by_sector_and_corridor(meadow: Field) -> None:
    await meadow.cases(6, "farm", "NP")
    await meadow.cases(2, "orchard", "NP")
    await meadow.cases(7, "mill", "IN")
    await meadow.cases(5, "elsewhere", "IN")  # nobody has said what it does
    told = await meadow.told(Concern.WAGES)
    assert [(row.name, row.total) for row in told.rows] == [("A", 8), ("C", 7), (UNKNOWN, 5)]
    assert told.columns == ("IN", "NP")


async def test_r2_an_employer_hidden_in_its_sector_is_not_what_the_others_leave(meadow: Field) -> None:
    """A table by employer beside one by sector would tell of the orchard's two: no concern is told both ways."""
    await meadow.cases(6, "farm", "NP")
    await meadow.cases(2, "orchard", "NP")
    report = await meadow.desk.read(BOSS, FIRST)
    tables = [one for one in report.findings if one.concern is Concern.WAGES and one.circle is Circle.GENERAL]
    assert [[(row.name, row.total) for row in one.rows] for one in tables] == [[("A", 8)]]


async def test_r2_a_sector_of_few_is_not_even_named(meadow: Field) -> None:
    await meadow.cases(6, "farm", "NP")
    await meadow.cases(2, "mill", "NP")
    told = await meadow.told(Concern.WAGES)
    assert [(row.name, row.total) for row in told.rows] == [(OTHERS, 8)]


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER, Role.OPERATOR, Role.SPECIALIST])
async def test_r2_nobody_else_reads_it_and_nothing_is_published_by_asking(meadow: Field, role: Role) -> None:
    with pytest.raises(Denied):
        await meadow.desk.read(Reader(role=role, id="x", employer=EmployerId("farm")), FIRST)
    async with meadow.store.look() as unit:
        assert await unit.published.published(f"due-diligence:{FIRST}") is None


@pytest.mark.parametrize("text", ["", "2026", "2026-Q5", "2026-Q0", "26-Q1", "2026-Q1x", "٢٠٢٦-Q1", "1999-Q1"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2026-Q1"):
        Quarter.parse(text)
