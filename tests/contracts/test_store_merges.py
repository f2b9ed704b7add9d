"""R18, R20, R23: what a merge moves and an undoing puts back, on both databases: every row, and no STOP lifted."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.claim import Claim
from bot.domain.contact import Contact, ContactId, Permission
from bot.domain.errors import Conflict
from bot.domain.merge import Merge, MergeId
from bot.domain.message import Attachment
from bot.domain.session import SessionStatus
from bot.domain.staff import StaffId
from bot.services.desk_ports import Translation
from bot.services.inbox import Inbox
from bot.services.ports import Inbound
from bot.simulate import NoBell
from bot.storage.backup import back_up, restore
from bot.storage.crypto import Keyring
from bot.storage.erasures import mark
from bot.storage.schema import metadata, recipients
from bot.storage.store import SqlStore
from tests.contracts.conftest import StillClock
from tests.stand import CountingIds
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, MINUTE, NOON, PHONE

BOB = ContactId("bob")
OLGA = StaffId("olga")
MERGE = Merge(id=MergeId("j1"), contact=ANA, other=BOB, staff=OLGA, at=NOON + MINUTE)
MOVED = [table for table in metadata.sorted_tables if "contact_id" in table.c]


async def dump(store: SqlStore, names: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Every row of every table, but for what each change makes anew."""
    found = {}
    async with store.look() as unit:
        for table in metadata.sorted_tables:
            if not names or table.name in names:
                columns = [one for one in table.c if one.name not in {"sealed", "revision", "last_position"}]
                rows = await unit.merges._db.execute(select(*columns).order_by(*table.primary_key))  # type: ignore[attr-defined]
                found[table.name] = [tuple(row) for row in rows]
    return found


async def two(store: SqlStore) -> tuple[Contact, Contact]:
    """Ana, who writes by SMS, and Bob, by Telegram."""
    await samples.meet(store)
    await samples.meet(store, CHAT, BOB)
    async with store.transaction() as unit:
        for address, contact in ((PHONE, ANA), (CHAT, BOB)):
            await unit.contacts.heard(address, NOON, of=contact)
        found = await unit.contacts.many([ANA, BOB])
    return found[ANA], found[BOB]


async def join(store: SqlStore, merge: Merge = MERGE, **became: Any) -> None:
    async with store.transaction() as unit:
        await unit.merges.hold([merge.contact, merge.other])
        known = (await unit.contacts.many([merge.contact]))[merge.contact]
        await unit.merges.join(merge, replace(known, **became))


async def part(store: SqlStore, merge: Merge = MERGE) -> None:
    async with store.transaction() as unit:
        await unit.merges.hold([merge.contact])
        await unit.merges.part(merge, NOON + 2 * MINUTE)


async def known(store: SqlStore, contact: ContactId) -> Contact | None:
    async with store.look() as unit:
        return (await unit.contacts.many([contact])).get(contact)


async def test_nothing_of_the_merged_contact_stays_and_all_of_it_comes_back(store: SqlStore, clock: StillClock) -> None:
    """R18: whatever tables there will be, none is forgotten."""
    await two(store)
    async with store.transaction() as unit:
        await unit.messages.add(samples.message("m1", ANA))
        await unit.messages.add(replace(samples.full_message(), contact=BOB))
        await unit.sessions.save(samples.session("s1", BOB))
        await unit.deliveries.add([samples.delivery("d1", ANA), samples.delivery("d2", BOB, address=CHAT)])
        await unit.cases.add(samples.case("k1", BOB))
        await unit.documents.add(samples.document(contact=BOB), b"photo")
        await unit.staff.add(samples.staff("olga"))
        await unit.claims.take(Claim(contact=BOB, staff=OLGA, claimed_at=NOON))
        await unit.translations.put(
            Translation(subject="message:full", contact=BOB, language="en", engine="-", text="help", at=NOON)
        )
    before = await dump(store)
    await join(store)
    for table in MOVED:
        async with store.look() as unit:
            left = await unit.merges._db.execute(select(table).where(table.c.contact_id == BOB))  # type: ignore[attr-defined]
            assert left.first() is None, table.name
    assert await known(store, BOB) is None
    async with store.look() as unit:
        assert [one.id for one in await unit.messages.history(ANA, 10)] == ["m1", "full"]
        assert [one.id for one in await unit.sessions.open(ANA)] == ["s1"]
        assert [one.id for one in await unit.deliveries.history(ANA, 10)] == ["d1", "d2"]
        assert [one.id for one in await unit.cases.of(ANA)] == ["k1"]
        assert await unit.claims.of(ANA) == Claim(contact=ANA, staff=OLGA, claimed_at=NOON)
        assert await unit.merges.of(ANA) == [MERGE]
        assert await unit.merges.into(BOB) == ANA
        assert (found := await unit.contacts.find(CHAT)) is not None
        assert found.id == ANA
    await part(store)
    after = await dump(store)
    assert after.pop("merges") == [("j1", ANA, BOB, OLGA, MERGE.at, NOON + 2 * MINUTE)]
    assert after == {name: rows for name, rows in before.items() if name != "merges"}
    async with store.look() as unit:
        assert await unit.merges.of(ANA) == []
        assert await unit.documents.body(samples.document().id) == b"photo", "what was sealed opens at its place"
        assert (await unit.messages.history(BOB, 10))[0].received == samples.full_message().received


async def test_it_is_undone_once(store: SqlStore) -> None:
    await two(store)
    await join(store)
    await part(store)
    with pytest.raises(Conflict):
        await part(store)


async def test_what_came_by_an_address_since_goes_with_the_address(store: SqlStore) -> None:
    await two(store)
    async with store.transaction() as unit:
        await unit.messages.add(samples.message("old", BOB, address=CHAT))
        await unit.deliveries.add([samples.delivery("d0", BOB, address=CHAT)])
    await join(store)
    photo = Attachment(kind="photo", source="x", document_id=samples.document().id)
    async with store.transaction() as unit:
        later = NOON + 2 * MINUTE
        await unit.documents.add(samples.document(contact=ANA), b"photo")
        await unit.messages.add(samples.message("by-chat", ANA, at=later, address=CHAT, attachments=(photo,)))
        await unit.messages.add(samples.message("by-phone", ANA, at=later))
        await unit.deliveries.add(
            [samples.delivery("to-phone", ANA), samples.delivery("to-chat", ANA, address=CHAT, created_at=later)]
        )
        for subject in ("message:by-chat", "delivery:to-chat", "message:by-phone"):
            await unit.translations.put(
                Translation(subject=subject, contact=ANA, language="en", engine="-", text="t", at=later)
            )
    await part(store)
    async with store.look() as unit:
        assert [one.id for one in await unit.messages.history(BOB, 10)] == ["old", "by-chat"]
        assert [one.id for one in await unit.messages.history(ANA, 10)] == ["by-phone"]
        assert [one.id for one in await unit.deliveries.history(BOB, 10)] == ["d0", "to-chat"]
        assert [one.id for one in await unit.deliveries.history(ANA, 10)] == ["to-phone"]
        document = await unit.documents.get(samples.document().id)
        assert document is not None
        assert document.contact == BOB
        told = await unit.translations.beside(["message:by-chat", "delivery:to-chat", "message:by-phone"])
        assert {one.subject: one.contact for one in told} == {
            "message:by-chat": BOB,
            "delivery:to-chat": BOB,
            "message:by-phone": ANA,
        }
    async with store.transaction() as unit:  # positions go on where they were
        await unit.deliveries.add([samples.delivery("next", BOB, address=CHAT), samples.delivery("next2", ANA)])


async def test_a_stopped_address_stays_stopped_together_and_apart(store: SqlStore) -> None:
    """R19."""
    _, bob = await two(store)
    async with store.transaction(BOB) as unit:
        await unit.contacts.save(bob.permitting(CHAT, Permission.REFUSED, NOON))
    await join(store)
    one = await known(store, ANA)
    assert one is not None
    assert [(reach.address, reach.permission) for reach in one.reaches] == [
        (PHONE, Permission.WROTE),
        (CHAT, Permission.REFUSED),
    ]
    await part(store)
    other = await known(store, BOB)
    assert other is not None
    assert [(reach.address, reach.permission) for reach in other.reaches] == [(CHAT, Permission.REFUSED)]


async def test_the_kept_contacts_flow_goes_on_and_the_others_ends_until_it_is_undone(store: SqlStore) -> None:
    """R21."""
    await two(store)
    waits = NOON + 9 * MINUTE
    async with store.transaction() as unit:
        await unit.sessions.save(samples.session("mine", ANA))
        await unit.sessions.save(samples.session("theirs", BOB, waits_until=waits))
    await join(store)
    async with store.look() as unit:
        assert [one.id for one in await unit.sessions.open(ANA)] == ["mine"]
    await part(store)
    async with store.look() as unit:
        assert [one.id for one in await unit.sessions.open(ANA)] == ["mine"]
        (again,) = await unit.sessions.open(BOB)
        assert (again.id, again.status, again.waits_until) == ("theirs", SessionStatus.WAITING, waits)


async def test_what_is_learned_of_the_kept_one_meanwhile_stays(store: SqlStore) -> None:
    _, bob = await two(store)
    async with store.transaction(BOB) as unit:
        await unit.contacts.save(replace(bob, name="Bob", nationality="NP"))
    await join(store, name="Bob", nationality="NP")
    async with store.transaction(ANA) as unit:
        one = await unit.contacts.get(ANA)
        assert one is not None
        await unit.contacts.save(replace(one, name="Ana Rai"))
    await part(store)
    one, other = await known(store, ANA), await known(store, BOB)
    assert one is not None
    assert other is not None
    assert (one.name, one.nationality) == ("Ana Rai", None)
    assert (other.name, other.nationality) == ("Bob", "NP")


# --- accounts of broadcasts -------------------------------------------------------------------------------------------


async def accounts(store: SqlStore, **of_bob: Any) -> tuple[int, int]:
    """Both were sent one alert; Ana is said to be safe."""
    await every_broadcast(store)
    async with store.transaction() as unit:
        db = unit.merges._db  # type: ignore[attr-defined]
        for contact, more in ((ANA, {}), (BOB, of_bob)):
            row = {"broadcast_id": "b1", "contact_id": contact, "language": "en", "is_fallback": False, "lane": 0}
            await db.execute(recipients.insert().values(**{**row, "state": "delivered", "round": 1, **more}))
        numbers = (await db.scalars(select(recipients.c.number).order_by(recipients.c.number))).all()
    return numbers[0], numbers[1]


async def every_broadcast(store: SqlStore) -> None:
    async with store.transaction() as unit:
        db = unit.merges._db  # type: ignore[attr-defined]
        row = {"id": "b1", "kind": "alert", "status": "live", "created_at": NOON, "revision": 1, "document": {}}
        await db.execute(metadata.tables["broadcasts"].insert().values(**row))


async def test_one_person_who_was_sent_an_alert_twice_answers_once_with_the_newest_word(store: SqlStore) -> None:
    """R3, R20: "safe" on one phone and "help" on the other; the sums stay what they were."""
    await two(store)
    mine, spare = await accounts(store)
    async with store.transaction() as unit:
        await unit.recipients.answer(mine, Safety.SAFE, Source.SELF, NOON)
        await unit.recipients.answer(spare, Safety.HELP, Source.SELF, NOON + MINUTE)
    before = await dump(store, ["recipients", "check_ins"])
    await join(store)
    async with store.look() as unit:
        one, left = await unit.recipients.get(mine), await unit.recipients.get(spare)
        assert one is not None
        assert left is not None
        assert (one.contact, one.safety, one.state) == (ANA, Safety.HELP, RecipientState.ANSWERED)
        assert [(said.safety, said.at) for said in await unit.recipients.history(mine)] == [
            (Safety.SAFE, NOON),
            (Safety.HELP, NOON + MINUTE),
        ]
        assert (left.contact, left.safety, left.closing) == (None, None, Closing.DUPLICATE)
        assert left.state is RecipientState.READ
        assert sum(one.count for one in await unit.recipients.tally(left.broadcast)) == 2
    await part(store)
    assert await dump(store, ["recipients", "check_ins"]) == before


async def test_who_waits_in_one_account_is_not_written_to_twice(store: SqlStore) -> None:
    await two(store)
    mine, spare = await accounts(store, state="waiting", due_channel="sms", due_at=NOON)
    before = await dump(store, ["recipients"])
    await join(store)
    async with store.look() as unit:
        left = await unit.recipients.get(spare)
        assert left is not None
        assert (left.state, left.due_at, left.contact) == (RecipientState.CANCELLED, None, None)
        one = await unit.recipients.get(mine)
        assert one is not None
        assert one.state is RecipientState.DELIVERED
    await part(store)
    assert await dump(store, ["recipients"]) == before


async def test_an_answer_after_the_merge_stays_with_the_kept_account(store: SqlStore) -> None:
    await two(store)
    mine, spare = await accounts(store)
    await join(store)
    async with store.transaction() as unit:
        await unit.recipients.answer(mine, Safety.SAFE, Source.SELF, NOON + 2 * MINUTE)
    await part(store)
    async with store.look() as unit:
        one, other = await unit.recipients.get(mine), await unit.recipients.get(spare)
        assert one is not None
        assert other is not None
        assert (one.safety, one.state) == (Safety.SAFE, RecipientState.ANSWERED)
        assert (other.contact, other.safety, other.closing) == (BOB, None, None)


# --- erasure ----------------------------------------------------------------------------------------------------------


async def test_who_is_erased_after_a_merge_is_remembered_as_both(store: SqlStore, key: str) -> None:
    """R18: in an older backup they are still two."""
    await two(store)
    await join(store)
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
    async with store.look() as unit:
        marks = {one for one, _ in await unit.erasures.since(NOON - MINUTE, 10)}
    vault = store._vault
    assert marks == {mark(vault, ANA), mark(vault, BOB)}
    assert all(not rows for name, rows in (await dump(store, [table.name for table in MOVED])).items()), "all is gone"


async def test_who_is_erased_after_an_undoing_is_erased_alone(store: SqlStore) -> None:
    await two(store)
    await join(store)
    await part(store)
    async with store.transaction() as unit:
        await unit.contacts.erase(ANA)
    assert await known(store, BOB) is not None
    async with store.look() as unit:
        assert len(await unit.erasures.since(NOON - MINUTE, 10)) == 1


@pytest.mark.parametrize("backed_up", ["apart", "together"])
async def test_who_was_erased_is_in_no_backup_however_it_stood_then(
    store: SqlStore, database_url: str, key: str, clock: StillClock, tmp_path: Path, backed_up: str
) -> None:
    """R18: of a backup from before the merge both go; of one from before its undoing only who was erased since."""
    await two(store)
    file, keyring = tmp_path / "muster.backup", Keyring.parse(key)
    if backed_up == "apart":
        await back_up(url=database_url, keyring=keyring, path=file, clock=clock)
    await join(store)
    if backed_up == "together":
        await back_up(url=database_url, keyring=keyring, path=file, clock=clock)
        await part(store)
    gone, left = (ANA, []) if backed_up == "apart" else (BOB, [ANA])
    async with store.transaction() as unit:
        await unit.contacts.erase(gone)
    await restore(url=database_url, keyring=keyring, path=file, said_since=[], clock=clock, replaces=True)
    async with store.look() as unit:
        assert sorted(await unit.contacts.many([ANA, BOB])) == left
        assert await unit.contacts.find(CHAT) is None


# --- at the same time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", range(0, 40, 5))
async def test_a_message_that_comes_meanwhile_is_where_its_address_is(
    store: SqlStore, clock: StillClock, delay: int
) -> None:
    """R23: by whichever of the two addresses, while they are put together and taken apart; nothing is lost."""
    await two(store)
    inbox = Inbox(store=store, bell=NoBell(), clock=clock, ids=CountingIds())
    some = [samples.message(f"n{number}", address=CHAT).received for number in range(6)]

    async def come() -> None:
        for one in some:
            await inbox.take(Inbound(messages=(one,)))

    async def move() -> None:
        await asyncio.sleep(delay / 1000)
        await join(store)

    await asyncio.gather(come(), move())
    async with store.look() as unit:
        assert len(await unit.messages.history(ANA, 100)) == len(some)
    some = [samples.message(f"u{number}", address=CHAT).received for number in range(6)]

    async def away() -> None:
        await asyncio.sleep(delay / 1000)
        await part(store)

    clock.pass_(MINUTE * 5)
    await asyncio.gather(come(), away())
    async with store.look() as unit:
        assert len(await unit.messages.history(BOB, 100)) == 12
        assert await unit.messages.history(ANA, 100) == []


async def test_a_worker_who_holds_a_stale_message_leaves_it_to_who_it_belongs_to(store: SqlStore) -> None:
    """R23: else it would be marked as handled, and nobody would answer."""
    await two(store)
    async with store.transaction() as unit:
        await unit.messages.add(samples.message("m1", BOB, address=CHAT))
    await join(store)
    async with store.transaction() as unit:
        assert not await unit.messages.mark_handled(samples.message("m1").id, NOON, of=BOB)
        assert await unit.messages.mark_handled(samples.message("m1").id, NOON, of=ANA)


async def test_an_address_that_went_to_another_says_so(store: SqlStore) -> None:
    await two(store)
    await join(store)
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.contacts.heard(CHAT, NOON, of=BOB)
