"""An employer's people on both databases: found by address and number, added in one go, kept apart from others."""

from dataclasses import replace

import pytest

from bot.domain.contact import Address, Contact, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.employer import Employer, EmployerId, OnCall
from bot.domain.errors import Conflict
from bot.storage.store import SqlStore
from tests.databases import dump
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, FARM, NOON

OTHER = Employer(id=EmployerId("other"), name="Other")


def phone(number: int) -> Address:
    return Address(scheme=Scheme.TEL, path=f"+55515550{number:04}")


def person(number: int, employer: Employer = FARM, **facts: object) -> Contact:
    listing = Listing(name=f"Name {number}", phones=(phone(number).path,), employee_number=f"E-{number}")
    known = Contact(
        id=ContactId(f"p{number:04}"),
        reaches=(Reach(address=phone(number), permission=Permission.NONE),),
        name=listing.name,
        employer=employer.id,
        groups=("fire wardens", "night shift"),
        listing=listing,
    )
    return replace(known, **facts)  # type: ignore[arg-type]


@pytest.fixture
async def farm(store: SqlStore) -> SqlStore:
    """A store with two employers."""
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [samples.site()])
        await unit.sites.put(OTHER, [])
    return store


async def test_many_people_are_added_and_read_back_as_they_were(farm: SqlStore) -> None:
    people = [person(number, site=samples.site().id) for number in range(1200)]
    async with farm.transaction() as unit:
        await unit.roster.add(people)
    async with farm.transaction() as unit:
        assert await unit.roster.people(FARM.id) == people
        assert await unit.contacts.get(people[7].id) == people[7]
        assert await unit.contacts.find(phone(7)) == people[7]
        assert await unit.roster.get([one.id for one in people]) == {one.id: one for one in people}


async def test_owners_are_found_by_address_and_by_number(farm: SqlStore) -> None:
    await samples.meet(farm, CHAT)
    async with farm.transaction() as unit:
        await unit.roster.add([person(1), person(2)])
    async with farm.transaction() as unit:
        assert await unit.roster.owners([phone(1), phone(3), CHAT]) == {phone(1): person(1).id, CHAT: ANA}
        assert await unit.roster.listed_as(FARM.id, ["e-2", "E-9"]) == {"e-2": person(2).id}
        assert await unit.roster.listed_as(OTHER.id, ["E-2"]) == {}


async def test_people_of_another_employer_are_not_among_ones_own(farm: SqlStore) -> None:
    async with farm.transaction() as unit:
        await unit.roster.add([person(1), person(2, OTHER)])
    async with farm.transaction() as unit:
        assert [one.id for one in await unit.roster.people(OTHER.id)] == [person(2).id]


async def test_an_address_of_somebody_else_keeps_everybody_out(farm: SqlStore) -> None:
    await samples.meet(farm, phone(2))
    with pytest.raises(Conflict):
        async with farm.transaction() as unit:
            await unit.roster.add([person(1), person(2)])
    async with farm.transaction() as unit:
        assert await unit.roster.people(FARM.id) == []


async def test_two_with_one_address_are_refused(farm: SqlStore) -> None:
    twin = replace(person(1), id=ContactId("twin"))
    with pytest.raises(Conflict):
        async with farm.transaction() as unit:
            await unit.roster.add([person(1), twin])


async def test_a_refusal_from_before_an_erasure_holds_for_who_is_listed_again(farm: SqlStore) -> None:
    """R19."""
    ana = await samples.meet(farm, phone(1))
    async with farm.transaction() as unit:
        await unit.contacts.save(ana.permitting(phone(1), Permission.REFUSED, NOON))
    async with farm.transaction() as unit:
        await unit.contacts.erase(ANA)
    async with farm.transaction() as unit:
        await unit.roster.add([person(1)])
    async with farm.transaction() as unit:
        (known,) = await unit.roster.people(FARM.id)
    assert known.reaches[0].permission is Permission.REFUSED


async def test_leaving_and_coming_back_is_noted_for_many(farm: SqlStore) -> None:
    people = [person(number) for number in range(3)]
    async with farm.transaction() as unit:
        await unit.roster.add(people)
        await unit.roster.set_left(FARM.id, [people[0].id, people[2].id], NOON)
    async with farm.transaction() as unit:
        assert [one.left_at for one in await unit.roster.people(FARM.id)] == [NOON, None, NOON]
        await unit.roster.set_left(FARM.id, [people[0].id], None)
        assert [one.left_at for one in await unit.roster.people(FARM.id)] == [None, None, NOON]
        await unit.roster.set_left(OTHER.id, [people[1].id], NOON)
        assert (await unit.roster.people(FARM.id))[1].left_at is None, "not another employer's to say"


async def test_groups_and_listing_change_with_a_save(farm: SqlStore) -> None:
    async with farm.transaction() as unit:
        await unit.roster.add([person(1)])
    changed = replace(person(1), groups=("day shift",), listing=Listing(name="Sita", whatsapp=("+977980",)))
    async with farm.transaction() as unit:
        assert await unit.contacts.get(changed.id)
        await unit.contacts.save(changed)
    async with farm.transaction() as unit:
        assert await unit.contacts.get(changed.id) == changed
        assert await unit.roster.listed_as(FARM.id, ["E-1"]) == {}


async def test_nothing_of_a_listing_lies_in_clear(farm: SqlStore, database_url: str) -> None:
    """R17."""
    async with farm.transaction() as unit:
        await unit.roster.add([person(1)])
    stored = str(await dump(database_url))
    assert not [word for word in ("Name 1", "E-1", "0001") if word in stored.replace("p0001", "")]


async def test_employers_and_sites_keep_their_plan(farm: SqlStore) -> None:
    plan = replace(FARM, on_call=(OnCall(name="Rosa", phone="+5551555009"),))
    site = replace(samples.site(), languages=("ne", "ar"), contact_phone="+5551555008")
    async with farm.transaction() as unit:
        await unit.sites.put(plan, [site])
    async with farm.transaction() as unit:
        assert await unit.sites.employer(FARM.id) == plan
        assert await unit.sites.employer(EmployerId("nobody")) is None
        assert await unit.sites.of(FARM.id) == [site]
        assert await unit.sites.of(OTHER.id) == []
        assert {one.id for one in await unit.sites.employers()} == {FARM.id, OTHER.id}
