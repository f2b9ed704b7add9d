"""Contacts on both databases: met once, found by address, changed without loss, forgotten for good."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.broadcast import Audience, Broadcast, BroadcastKind
from bot.domain.checkin import RecipientState
from bot.domain.contact import Channel, ContactId, Permission, Reach, Scheme
from bot.domain.delivery import BroadcastId, DeliveryStatus
from bot.domain.errors import Conflict, Reason
from bot.domain.staff import StaffId
from bot.services.broadcast_ports import Plan
from bot.storage.schema import metadata
from bot.storage.store import SqlStore
from tests.databases import dump
from tests.storage import every_table, samples
from tests.storage.samples import ANA, CHAT, HERE, MINUTE, NOON, PHONE


async def test_a_met_contact_is_found_by_address_and_by_id(store: SqlStore) -> None:
    met = await samples.meet(store)
    assert met.id == ANA
    assert met.reaches == (Reach(address=PHONE, permission=Permission.NONE),)
    async with store.transaction() as unit:
        assert await unit.contacts.find(PHONE) == met
        assert await unit.contacts.get(ANA) == met
        assert await unit.contacts.find(CHAT) is None
        assert await unit.contacts.find(replace(PHONE, scheme=Scheme.WHATSAPP)) is None
        assert await unit.contacts.get(ContactId("nobody")) is None


async def test_meeting_again_returns_the_same_contact(store: SqlStore) -> None:
    first = await samples.meet(store)
    assert await samples.meet(store, contact=ContactId("other")) == first
    async with store.transaction() as unit:
        assert await unit.contacts.get(ContactId("other")) is None


async def test_twenty_who_meet_at_once_make_one_contact(store: SqlStore) -> None:
    met = await asyncio.gather(*(samples.meet(store, contact=ContactId(f"c{n}")) for n in range(20)))
    assert len({contact.id for contact in met}) == 1
    async with store.transaction() as unit:
        stored = [await unit.contacts.get(ContactId(f"c{n}")) for n in range(20)]
    assert len([contact for contact in stored if contact]) == 1


async def test_everything_known_of_a_contact_is_kept(store: SqlStore) -> None:
    met = await samples.meet(store)
    async with store.transaction() as unit:
        await unit.sites.put(samples.FARM, [samples.site()])
    known = replace(
        met,
        reaches=(
            Reach(address=CHAT, permission=Permission.GRANTED, permission_at=NOON, last_heard_at=NOON),
            Reach(address=PHONE, permission=Permission.REFUSED, permission_at=NOON + MINUTE),
        ),
        language="ne",
        is_language_confirmed=True,
        name="Sita Gurung",
        nationality="NP",
        employer=samples.FARM.id,
        site=samples.site().id,
        position=HERE,
        position_at=NOON,
        met_at=NOON + timedelta(microseconds=1),
        erase_at=NOON + MINUTE,
    )
    async with store.transaction(ANA) as unit:
        await unit.contacts.save(known)
    async with store.transaction() as unit:
        assert await unit.contacts.get(ANA) == known
        assert await unit.contacts.find(CHAT) == known


async def test_an_address_can_be_taken_away(store: SqlStore) -> None:
    met = await samples.meet(store)
    async with store.transaction(ANA) as unit:
        await unit.contacts.save(replace(met, reaches=(Reach(address=CHAT),)))
    async with store.transaction() as unit:
        assert await unit.contacts.find(PHONE) is None
        assert await unit.contacts.find(CHAT) is not None


async def test_an_address_of_somebody_else_is_not_taken(store: SqlStore) -> None:
    ana = await samples.meet(store)
    await samples.meet(store, CHAT, ContactId("bob"))
    with pytest.raises(Conflict):
        async with store.transaction(ANA) as unit:
            await unit.contacts.save(replace(ana, language="ne", reaches=(*ana.reaches, Reach(address=CHAT))))
    async with store.transaction() as unit:
        assert await unit.contacts.get(ANA) == ana


async def test_saving_an_erased_contact_does_not_bring_it_back(store: SqlStore) -> None:
    ana = await samples.meet(store)
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
    with pytest.raises(Conflict):
        async with store.transaction(ANA) as unit:
            await unit.contacts.save(replace(ana, name="Sita"))
    async with store.transaction() as unit:
        assert await unit.contacts.get(ANA) is None


async def test_being_heard_notes_the_time_and_that_they_wrote(store: SqlStore) -> None:
    await samples.meet(store)
    async with store.transaction() as unit:
        await unit.contacts.heard(PHONE, NOON)
        await unit.contacts.heard(CHAT, NOON)  # nobody's: nothing happens
    async with store.transaction() as unit:
        known = await unit.contacts.get(ANA)
    assert known
    assert known.reaches == (Reach(address=PHONE, permission=Permission.WROTE, permission_at=NOON, last_heard_at=NOON),)


@pytest.mark.parametrize("said", [Permission.REFUSED, Permission.GRANTED, Permission.WROTE])
async def test_being_heard_changes_nothing_that_the_owner_said(store: SqlStore, said: Permission) -> None:
    ana = await samples.meet(store)
    async with store.transaction(ANA) as unit:
        await unit.contacts.save(ana.permitting(PHONE, said, NOON))
        await unit.contacts.heard(PHONE, NOON + MINUTE)
    async with store.transaction() as unit:
        known = await unit.contacts.get(ANA)
    assert known
    assert known.reaches == (Reach(address=PHONE, permission=said, permission_at=NOON, last_heard_at=NOON + MINUTE),)


async def test_a_late_copy_does_not_turn_back_the_time_of_hearing(store: SqlStore) -> None:
    ana = await samples.meet(store)
    async with store.transaction() as unit:
        await unit.contacts.heard(PHONE, NOON + MINUTE)
        await unit.contacts.heard(PHONE, NOON)
        await unit.contacts.save(replace(ana, language="ne"))  # read before: it knows of no hearing
    async with store.transaction() as unit:
        known = await unit.contacts.get(ANA)
    assert known
    assert known.reaches[0].last_heard_at == NOON + MINUTE


async def test_a_refusal_and_a_running_turn_do_not_undo_each_other(store: SqlStore) -> None:
    """R19: a provider's receipt says STOP while the contact's message is being answered."""
    await samples.meet(store)
    turn_has_read, turn_is_over = asyncio.Event(), asyncio.Event()

    async def turn() -> None:
        async with store.transaction(ANA) as unit:
            contact = await unit.contacts.get(ANA)
            assert contact
            turn_has_read.set()
            for _ in range(20):  # meanwhile the other reads, if it may
                await unit.messages.waiting(ANA)
            await unit.contacts.save(replace(contact, language="ne"))
        turn_is_over.set()

    async def refuse() -> None:
        await turn_has_read.wait()
        async with store.transaction() as unit:
            contact = await unit.contacts.get(ANA)
            assert contact
            await turn_is_over.wait()
            await unit.contacts.save(contact.permitting(PHONE, Permission.REFUSED, NOON))

    await asyncio.gather(turn(), refuse())
    async with store.transaction() as unit:
        known = await unit.contacts.get(ANA)
    assert known
    assert (known.language, known.reaches[0].permission) == ("ne", Permission.REFUSED)


# --- erasure ----------------------------------------------------------------------------------------------------------


async def test_who_asked_to_be_forgotten_is_erasable_once_nothing_waits(store: SqlStore) -> None:
    ana = await samples.meet(store)
    bob = await samples.meet(store, CHAT, ContactId("bob"))
    async with store.transaction() as unit:
        await unit.contacts.save(replace(ana, erase_at=NOON))
        await unit.messages.add(samples.message())
        await unit.deliveries.add([samples.delivery()])
        assert await unit.contacts.erasable(NOON, 10) == []
        await unit.messages.mark_handled(samples.message().id, NOON)
        assert await unit.contacts.erasable(NOON, 10) == []
        (claimed,) = await unit.deliveries.claim(ANA, NOON, NOON + MINUTE)
        assert await unit.contacts.erasable(NOON, 10) == []
        await unit.deliveries.save(replace(claimed, status=DeliveryStatus.SENT, provider_id="SM1"))
        assert await unit.contacts.erasable(NOON, 10) == [ANA]
        assert await unit.contacts.erasable(NOON - MINUTE, 10) == []
        await unit.contacts.save(replace(bob, erase_at=NOON - MINUTE))
        assert await unit.contacts.erasable(NOON, 10) == [bob.id, ANA]
        assert await unit.contacts.erasable(NOON, 1) == [bob.id]


async def test_erasing_leaves_nothing_of_the_person_and_everything_of_others(
    store: SqlStore, database_url: str
) -> None:
    """R18."""
    await every_table.fill(database_url, [ANA, "bob"])
    # The accounts of alerts stay whole without the person: see below.
    known_of = [table.name for table in metadata.sorted_tables if "contact_id" in table.c]
    tables = [name for name in known_of if name != "recipients"]
    before = await dump(database_url)
    assert all(len(before[name]) == 2 for name in tables), "a table without a row of each proves nothing: fill it"
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
    after = await dump(database_url)
    assert {name: [row["contact_id"] for row in after[name]] for name in tables} == {name: ["bob"] for name in tables}
    assert [row["id"] for row in after["contacts"]] == ["bob"]
    assert after["refused_addresses"] == before["refused_addresses"]


async def test_the_account_of_an_alert_stays_whole_without_the_erased(store: SqlStore, database_url: str) -> None:
    """R18, R20: the sum of the recipients is what it was, and nobody waits for whom nobody knows any more."""
    ana = await samples.meet(store)
    alert = Broadcast(
        id=BroadcastId("b1"), employer=samples.FARM.id, kind=BroadcastKind.ALERT, author=StaffId("s1"), created_at=NOON
    )
    plan = Plan(
        employer=samples.FARM.id,
        audience=Audience(),
        channels=(Channel.SMS,),
        languages=("en",),
        fallback="en",
        now=NOON,
    )
    async with store.transaction() as unit:
        await unit.sites.put(samples.FARM, [samples.site()])
        await unit.contacts.save(replace(ana, employer=samples.FARM.id, site=samples.site().id))
        await unit.broadcasts.add(alert)
        assert await unit.recipients.expand(alert, plan) == 1
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
        (tally,) = await unit.recipients.tally(alert.id)
    assert (tally.count, tally.state, tally.reason) == (1, RecipientState.NOT_REACHED, Reason.NO_ADDRESS)
    assert [row["contact_id"] for row in (await dump(database_url))["recipients"]] == [None]


async def test_stop_outlives_erasure_and_nothing_else_does(store: SqlStore, database_url: str) -> None:
    """R18, R19: only the keyed hash of the address that refused stays; met again, it is still refused."""
    ana = await samples.meet(store)
    async with store.transaction(ANA) as unit:
        both = replace(ana, reaches=(*ana.reaches, Reach(address=CHAT)))
        await unit.contacts.save(both.permitting(PHONE, Permission.REFUSED, NOON))
        await unit.contacts.erase(ANA)
    left = {name: rows for name, rows in (await dump(database_url)).items() if rows and name != "alembic_version"}
    assert set(left) == {"secrets", "refused_addresses", "erasures"}
    assert all(ANA not in str(row) for row in left["erasures"]), "only a keyed hash, against backups of before"
    assert [set(row) for row in left["refused_addresses"]] == [{"id"}]
    again = await samples.meet(store, contact=ContactId("again"))
    assert again.reaches[0].permission is Permission.REFUSED
    other = await samples.meet(store, CHAT, ContactId("other"))
    assert other.reaches[0].permission is Permission.NONE
    assert (await dump(database_url))["refused_addresses"] == []


@pytest.mark.parametrize(
    ("said", "kept"), [(Permission.NONE, Permission.REFUSED), (Permission.GRANTED, Permission.GRANTED)]
)
async def test_a_roster_does_not_lift_a_refusal_but_its_owner_does(
    store: SqlStore, said: Permission, kept: Permission
) -> None:
    ana = await samples.meet(store)
    async with store.transaction(ANA) as unit:
        await unit.contacts.save(ana.permitting(PHONE, Permission.REFUSED, NOON))
        await unit.contacts.erase(ANA)
    bob = await samples.meet(store, CHAT, ContactId("bob"))
    async with store.transaction(bob.id) as unit:
        await unit.contacts.save(replace(bob, reaches=(*bob.reaches, Reach(address=PHONE, permission=said))))
    async with store.transaction() as unit:
        known = await unit.contacts.find(PHONE)
    assert known
    reach = known.reach(PHONE)
    assert reach
    assert reach.permission is kept
