"""An employer's list: what a file changes in it, what it never overwrites, and what the employer never learns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.contact import Address, Contact, ContactId, Listing, Permission, Scheme
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.errors import Conflict
from bot.domain.values import Position
from bot.services.cells import Cell
from bot.services.roster import Edit, RosterDesk, edit, mark_left
from bot.services.roster_plan import NOT_YOURS, Kind, Plan
from bot.services.roster_rows import RosterSheet
from bot.storage.store import SqlStore
from tests.stand import NOW, CountingIds, StillClock

FARM, MILL = Employer(id=EmployerId("farm"), name="Farm"), Employer(id=EmployerId("mill"), name="Mill")
HERE = Position(latitude=-29.4, longitude=-51.9)
HEADER = ("name", "phone", "employee_number", "language", "site", "group", "whatsapp")
SITA = ("Sita", "+9779800000001", "17", "ne", "A1", "night", "")
AHMED = ("Ahmed", "+9779800000002", "18", "ar", "B2", "", "same")


def site(code: str, employer: Employer = FARM) -> Site:
    return Site(id=SiteId(code.lower()), employer=employer.id, name=f"Site {code}", code=code, position=HERE)


def tel(path: str) -> Address:
    return Address(scheme=Scheme.TEL, path=path)


class Office:
    """Somebody who imports files for an employer, and the people who write to us meanwhile."""

    def __init__(self, store: SqlStore, desk: RosterDesk) -> None:
        self.store = store
        self.desk = desk

    async def plan(self, *rows: Sequence[Cell], leavers: bool = False, employer: Employer = FARM) -> Plan:
        sheet = await self.desk.read(employer.id, enumerate([HEADER, *rows], start=1))
        return await self.desk.plan(employer.id, sheet, marks_leavers=leavers)

    async def imports(self, *rows: Sequence[Cell], leavers: bool = False, employer: Employer = FARM) -> Plan:
        sheet = await self.desk.read(employer.id, enumerate([HEADER, *rows], start=1))
        return await self.desk.carry_out(employer.id, sheet, marks_leavers=leavers)

    async def people(self, employer: Employer = FARM) -> list[Contact]:
        async with self.store.transaction() as unit:
            return list(await unit.roster.people(employer.id))

    async def person(self, name: str) -> Contact:
        return next(one for one in await self.people() if one.name == name)

    async def writes(self, address: Address, name: str = "c1", **facts: object) -> Contact:
        """Somebody writes to us, and says what the facts say."""
        async with self.store.transaction() as unit:
            met = await unit.contacts.meet(address, ContactId(name))
            await unit.contacts.heard(address, NOW)
        async with self.store.transaction() as unit:
            known = await unit.contacts.get(met.id)
            assert known
            known = replace(known, **facts)  # type: ignore[arg-type]
            await unit.contacts.save(known)
        return known

    async def contact(self, contact: ContactId) -> Contact:
        async with self.store.transaction() as unit:
            known = await unit.contacts.get(contact)
        assert known
        return known


@pytest.fixture
async def office(store: SqlStore, clock: StillClock, ids: CountingIds) -> Office:
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [site("A1"), site("B2")])
        await unit.sites.put(MILL, [site("M1", MILL)])
    return Office(store, RosterDesk(store=store, clock=clock, ids=ids, region="BR"))


async def test_a_plan_writes_nothing(office: Office) -> None:
    plan = await office.plan(SITA, AHMED)
    assert [item.kind for item in plan.items] == [Kind.NEW, Kind.NEW]
    assert await office.people() == []


async def test_people_come_in_with_all_that_the_file_says(office: Office) -> None:
    await office.imports(SITA, AHMED)
    sita, ahmed = await office.person("Sita"), await office.person("Ahmed")
    assert (sita.language, sita.site, sita.groups, sita.employee_number) == ("ne", SiteId("a1"), ("night",), "17")
    assert [reach.permission for reach in sita.reaches] == [Permission.NONE]
    assert [reach.address.scheme for reach in ahmed.reaches] == [Scheme.WHATSAPP, Scheme.TEL]
    assert not sita.is_language_confirmed


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    await office.imports(SITA, AHMED)
    before = await office.people()
    plan = await office.imports(SITA, AHMED, leavers=True)
    assert {item.kind for item in plan.items} == {Kind.SAME}
    assert not any(item.is_written for item in plan.items)
    assert await office.people() == before


async def test_a_change_is_told_field_by_field(office: Office) -> None:
    await office.imports(SITA)
    plan = await office.imports(("Sita Gurung", "+9779800000001", "17", "en", "B2", "day", "same"))
    assert [(one.field, one.old, one.new) for one in plan.items[0].changes] == [
        ("name", "Sita", "Sita Gurung"),
        ("whatsapp", "", "+9779800000001"),
        ("language", "ne", "en"),
        ("site", "Site A1", "Site B2"),
        ("groups", "night", "day"),
    ]
    (sita,) = await office.people()
    assert (sita.name, sita.language, sita.site, sita.groups) == ("Sita Gurung", "en", SiteId("b2"), ("day",))


async def test_an_empty_cell_takes_nothing_away(office: Office) -> None:
    await office.imports(SITA)
    before = await office.people()
    await office.imports(("", "+9779800000001", "", "", "A1", "", ""))
    assert await office.people() == before


async def test_a_new_phone_takes_the_place_of_one_that_nobody_ever_wrote_from(office: Office) -> None:
    await office.imports(SITA)
    plan = await office.imports(("Sita", "+9779800000007", "17", "ne", "A1", "night", ""))
    assert [(one.field, one.old, one.new) for one in plan.items[0].changes] == [
        ("phones", "+9779800000001", "+9779800000007")
    ]
    (sita,) = await office.people()
    assert [reach.address.path for reach in sita.reaches] == ["+9779800000007"]


async def test_no_whatsapp_takes_whatsapp_away(office: Office) -> None:
    await office.imports(AHMED)
    await office.imports((*AHMED[:-1], "no"))
    (ahmed,) = await office.people()
    assert [reach.address.scheme for reach in ahmed.reaches] == [Scheme.TEL]


async def test_two_who_swap_phones_swap_their_names_and_numbers(office: Office) -> None:
    await office.imports(SITA, AHMED)
    before = {contact.reaches[-1].address: contact.id for contact in await office.people()}
    await office.imports(("Sita", AHMED[1], *SITA[2:]), ("Ahmed", SITA[1], *AHMED[2:]))
    sita, ahmed = await office.person("Sita"), await office.person("Ahmed")
    assert (sita.employee_number, ahmed.employee_number) == ("17", "18")
    assert before[tel(AHMED[1])] == sita.id
    assert len(await office.people()) == 2
    plan = await office.plan(("Sita", AHMED[1], *SITA[2:]), ("Ahmed", SITA[1], *AHMED[2:]))
    assert plan.count(Kind.SAME) == 2


# --- people who wrote before ----------------------------------------------------------------------------------------


async def test_what_a_person_said_themselves_is_never_overwritten(office: Office) -> None:
    """R12, R19."""
    await office.imports(SITA)
    sita = await office.person("Sita")
    chat = Address(scheme=Scheme.TELEGRAM, path="4711")
    async with office.store.transaction() as unit:
        known = await unit.contacts.get(sita.id)
        assert known
        known = replace(known, language="en", is_language_confirmed=True, nationality="BD")
        known = replace(known, reaches=(*known.permitting(tel(SITA[1]), Permission.REFUSED, NOW).reaches,))
        await unit.contacts.save(known)
    await office.imports((*SITA[:-1], "same"))
    after = await office.person("Sita")
    assert (after.language, after.is_language_confirmed, after.nationality) == ("en", True, "BD")
    assert after.reaches[0].address == tel(SITA[1])
    assert after.reaches[0].permission is Permission.REFUSED
    assert chat not in [reach.address for reach in after.reaches]


async def test_the_same_phone_is_the_same_person_and_keeps_its_talk(office: Office) -> None:
    before = await office.writes(tel(SITA[1]), language="en", is_language_confirmed=True, name="S.")
    await office.imports(SITA)
    (sita,) = await office.people()
    assert sita.id == before.id
    assert (sita.name, sita.language) == ("Sita", "en")
    assert sita.reaches[0].last_heard_at == NOW


async def test_the_employer_cannot_tell_who_has_written_to_us(office: Office) -> None:
    """R2: the plan of a file is the same whether or not its people ever wrote, in whatever language."""
    quiet = await office.plan(SITA, AHMED)
    await office.writes(tel(SITA[1]), language="en", is_language_confirmed=True, name="Somebody", nationality="BD")
    talked = await office.plan(SITA, AHMED)
    assert _shown(talked) == _shown(quiet)
    await office.imports(SITA, AHMED)
    changed = ("Sita", "+9779800000001", "17", "es", "B2", "", "")
    told = await office.plan(changed)
    assert [(one.field, one.old, one.new) for one in told.items[0].changes] == [
        ("language", "ne", "es"),
        ("site", "Site A1", "Site B2"),
    ]


async def test_a_new_phone_from_which_somebody_wrote_looks_like_any_new_phone(office: Office) -> None:
    """R2."""
    await office.imports(SITA, AHMED)
    row = ("Sita", "+9779800000007", "17", "ne", "A1", "night", "")
    quiet = await office.plan(row)
    writer = await office.writes(tel("+9779800000007"))
    assert _shown(await office.plan(row)) == _shown(quiet)
    await office.imports(row)
    people = await office.people()
    assert {contact.name for contact in people} == {"Sita", "Ahmed"}
    assert (await office.person("Sita")).id == writer.id
    assert (await office.plan(row)).count(Kind.SAME) == 1


async def test_a_whatsapp_number_that_is_another_persons_stays_theirs(office: Office) -> None:
    stranger = await office.writes(Address(scheme=Scheme.WHATSAPP, path="+9779800000009"))
    await office.writes(tel(SITA[1]), "c2")
    await office.imports((*SITA[:-1], "+9779800000009"))
    sita = await office.person("Sita")
    assert [reach.address for reach in sita.reaches] == [tel(SITA[1])]
    assert (await office.contact(stranger.id)).employer is None


async def test_somebody_of_another_employer_is_a_problem_that_names_nobody(office: Office) -> None:
    """R2."""
    await office.imports(("Sita", SITA[1], "M-3", "ne", "M1", "", ""), employer=MILL)
    plan = await office.plan(SITA, AHMED)
    assert [(problem.row, problem.column, problem.message) for problem in plan.problems] == [(2, "phone", NOT_YOURS)]
    assert "ill" not in NOT_YOURS.replace("will", "")
    assert plan.count(Kind.NEW) == 1
    await office.imports(SITA, AHMED)
    assert [contact.name for contact in await office.people(MILL)] == ["Sita"]
    assert [contact.name for contact in await office.people()] == ["Ahmed"]


async def test_the_same_employee_number_elsewhere_is_somebody_else(office: Office) -> None:
    await office.imports(("Maya", "+9779800000005", "17", "ne", "M1", "", ""), employer=MILL)
    await office.imports(SITA)
    assert [contact.name for contact in await office.people(MILL)] == ["Maya"]


def _shown(plan: Plan) -> list[object]:
    return [(item.entry, item.kind, item.changes) for item in plan.items] + [plan.problems, plan.merged]


# --- leaving --------------------------------------------------------------------------------------------------------


async def test_who_is_not_in_the_file_has_left_only_if_that_is_asked_for(office: Office) -> None:
    await office.imports(SITA, AHMED)
    await office.imports(SITA)
    assert [contact.left_at for contact in await office.people()] == [None, None]
    plan = await office.imports((*SITA[:4], "B2", "night", ""), leavers=True)
    assert [contact.name for contact in plan.leaving] == ["Ahmed"]
    assert (await office.person("Ahmed")).left_at == NOW
    assert (await office.person("Ahmed")).reaches, "who left can still write to us"


async def test_nobody_has_left_while_a_row_of_the_file_cannot_be_read(office: Office) -> None:
    """Ahmed is in the file: a language spelt wrongly must not take him out of every alert."""
    ahmed = ("Ahmed", AHMED[1], "18", "ar", "A1", "", "same")
    await office.imports(SITA, ahmed)
    slip = ("Ahmed", AHMED[1], "18", "Arabbic", "A1", "", "same")
    plan = await office.imports(SITA, slip, leavers=True)
    assert plan.leaving == ()
    assert [problem.row for problem in plan.problems] == [3, 3]
    assert "nobody is marked as left" in plan.problems[-1].message
    assert (await office.person("Ahmed")).left_at is None


async def test_a_file_of_one_site_speaks_of_that_site_only(office: Office) -> None:
    await office.imports(SITA, AHMED)
    plan = await office.imports(("Ram", "+9779800000003", "19", "ne", "A1", "", ""), leavers=True)
    assert [contact.name for contact in plan.leaving] == ["Sita"]


async def test_who_joined_by_a_code_is_not_made_to_leave_by_a_file(office: Office) -> None:
    joined = await office.writes(tel("+9779800000008"), employer=FARM.id, site=SiteId("a1"))
    await office.imports(SITA, leavers=True)
    assert (await office.contact(joined.id)).left_at is None


async def test_who_comes_back_is_back(office: Office, clock: StillClock) -> None:
    await office.imports(SITA)
    async with office.store.transaction() as unit:
        await mark_left(unit, await office_person(unit), NOW)
    clock.pass_(timedelta(days=1))
    plan = await office.imports(SITA)
    assert [(one.field, one.old) for one in plan.items[0].changes] == [("left", "yes")]
    assert (await office.person("Sita")).left_at is None


async def office_person(unit: object) -> Contact:
    (contact,) = await unit.roster.people(FARM.id)  # type: ignore[attr-defined]
    return contact


# --- meanwhile ------------------------------------------------------------------------------------------------------


async def test_who_joins_another_employer_while_a_file_is_written_stays_there(office: Office) -> None:
    await office.imports(AHMED)
    ahmed = await office.person("Ahmed")
    sita = await office.writes(tel(SITA[1]))

    class Interrupted(RosterDesk):
        async def plan(self, employer: EmployerId, sheet: RosterSheet, *, marks_leavers: bool = False) -> Plan:
            plan = await RosterDesk.plan(self, employer, sheet, marks_leavers=marks_leavers)
            for contact in (sita, ahmed):
                await office.writes(contact.reaches[-1].address, employer=MILL.id, site=SiteId("m1"), listing=None)
            return plan

    desk = office.desk
    office.desk = Interrupted(store=desk.store, clock=desk.clock, ids=desk.ids, region=desk.region)
    plan = await office.imports(SITA, leavers=True)
    assert [problem.message for problem in plan.problems] == [NOT_YOURS]
    for contact in (sita, ahmed):
        now = await office.contact(contact.id)
        assert (now.employer, now.left_at) == (MILL.id, None)


async def test_a_plan_is_made_while_somebody_else_writes(office: Office) -> None:
    """A large file takes seconds; a database with one writer must not wait for it."""
    async with office.store.transaction():
        assert (await office.plan(SITA)).count(Kind.NEW) == 1


# --- by hand --------------------------------------------------------------------------------------------------------


async def test_a_person_is_edited_by_hand(office: Office) -> None:
    await office.imports(SITA)
    change = Edit(listing=Listing(name="Sita R.", phones=("+9779800000006",)), site=SiteId("b2"), groups=("b", "a"))
    async with office.store.transaction() as unit:
        after = await edit(unit, await office_person(unit), change)
    assert after == (await office.people())[0]
    assert (after.name, after.employee_number, after.site, after.groups) == ("Sita R.", None, SiteId("b2"), ("a", "b"))
    assert [reach.address.path for reach in after.reaches] == ["+9779800000006"]


async def test_a_number_on_another_list_is_refused_by_hand_too(office: Office) -> None:
    """R2."""
    await office.imports(SITA)
    await office.imports(("Maya", "+9779800000005", "17", "ne", "M1", "", ""), employer=MILL)
    change = Edit(listing=Listing(name="Sita", phones=("+9779800000005",)), site=None, groups=())
    async with office.store.transaction() as unit:
        sita = await office_person(unit)
        with pytest.raises(Conflict, match="ask the organisation"):
            await edit(unit, sita, change)


# --- whatever is imported -------------------------------------------------------------------------------------------

NUMBERS = [f"+97798000000{n:02}" for n in range(6)]
ROWS = st.tuples(
    st.sampled_from(["", "Ana", "Bo", "Cy"]),
    st.sampled_from(["", *NUMBERS]),
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["", "ne", "ar"]),
    st.sampled_from(["A1", "B2"]),
    st.sampled_from(["", "night", "night; day"]),
    st.sampled_from(["", "same", "no", *NUMBERS[:2]]),
)
FILES = st.lists(ROWS, min_size=1, max_size=6)


# How fast a busy machine makes up files is no fault of the roster's.
UNHURRIED = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(first=FILES, second=FILES, seed=st.integers(0, 9))
async def test_importing_a_file_twice_changes_nothing(
    office: Office, first: list[tuple[str, ...]], second: list[tuple[str, ...]], seed: int
) -> None:
    writer = tel(Random(seed).choice(NUMBERS))
    await office.writes(writer, f"writer{seed}")
    await office.imports(*first, leavers=True)
    await office.imports(*second, leavers=True)
    before = await office.people()
    plan = await office.imports(*second, leavers=True)
    assert await office.people() == before
    assert {item.kind for item in plan.items} <= {Kind.SAME}
    assert not [item for item in plan.items if item.is_written]
    assert plan.leaving == ()
    addresses = [reach.address for contact in before for reach in contact.reaches]
    assert len(addresses) == len(set(addresses))
