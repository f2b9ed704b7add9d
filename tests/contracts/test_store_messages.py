"""Messages on both databases: stored once, in order, handled once (R23)."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.contact import Channel, ContactId
from bot.domain.document import DocumentId
from bot.domain.message import MessageId, MessageKind
from bot.storage.store import SqlStore
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, MINUTE, NOON, PHONE


@pytest.fixture(autouse=True)
async def _ana(store: SqlStore) -> None:
    await samples.meet(store)


async def test_a_message_comes_back_as_it_was_stored(store: SqlStore) -> None:
    full = samples.full_message()
    plain = samples.message("plain", kind=MessageKind.JOINED, at=NOON + MINUTE)
    async with store.transaction() as unit:
        assert await unit.messages.add(full)
        assert await unit.messages.add(plain)
    async with store.transaction() as unit:
        assert await unit.messages.waiting(ANA) == [full, plain]
        assert await unit.messages.history(ANA, 10) == [full, plain]


async def test_a_repeated_message_is_stored_once(store: SqlStore) -> None:
    """R23: the same provider id on the same channel; another channel's is another message."""
    async with store.transaction() as unit:
        assert await unit.messages.add(samples.message("m1", provider_id="77"))
        assert not await unit.messages.add(samples.message("m2", provider_id="77", text="other"))
        assert await unit.messages.add(samples.message("m3", provider_id="77", channel=Channel.TELEGRAM))
        assert [message.id for message in await unit.messages.waiting(ANA)] == ["m1", "m3"]


async def test_a_message_repeated_by_concurrent_webhooks_is_stored_once(store: SqlStore) -> None:
    async def deliver(number: int) -> bool:
        async with store.transaction() as unit:
            return await unit.messages.add(samples.message(f"m{number}", provider_id="77"))

    stored = await asyncio.gather(*(deliver(number) for number in range(12)))
    assert sorted(stored) == [False] * 11 + [True]


async def test_messages_wait_in_the_provider_s_order_where_it_has_one(store: SqlStore) -> None:
    """R23: Telegram's numbers order Telegram's messages among themselves; an SMS keeps its turn of arrival."""
    arrivals = [("t9", 9), ("sms1", 0), ("t7", 7), ("sms2", 0), ("t8", 8)]
    async with store.transaction() as unit:
        for id_, sequence in arrivals:
            channel = Channel.TELEGRAM if sequence else Channel.SMS
            await unit.messages.add(samples.message(id_, channel=channel, address=CHAT, sequence=sequence))
        waiting = await unit.messages.waiting(ANA)
    assert [message.id for message in waiting] == ["t7", "sms1", "t8", "sms2", "t9"]


async def test_messages_of_the_same_instant_wait_in_order_of_arrival(store: SqlStore) -> None:
    ids = [f"m{(7 * number) % 10}" for number in range(10)]
    async with store.transaction() as unit:
        for id_ in ids:
            await unit.messages.add(samples.message(id_))
        assert [message.id for message in await unit.messages.waiting(ANA)] == ids


async def test_only_one_handles_a_message(store: SqlStore) -> None:
    async def handle() -> bool:
        async with store.transaction() as unit:
            return await unit.messages.mark_handled(MessageId("m1"), NOON)

    async with store.transaction() as unit:
        await unit.messages.add(samples.message("m1"))
    assert sorted(await asyncio.gather(*(handle() for _ in range(8)))) == [False] * 7 + [True]
    async with store.transaction() as unit:
        assert await unit.messages.waiting(ANA) == []
        (handled,) = await unit.messages.history(ANA, 1)
        assert handled.handled_at == NOON
        assert not await unit.messages.mark_handled(MessageId("unknown"), NOON)


async def test_attempts_are_counted(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.messages.add(samples.message("m1"))
        assert [await unit.messages.count_attempt(MessageId("m1")) for _ in range(3)] == [1, 2, 3]
    async with store.transaction() as unit:
        (waiting,) = await unit.messages.waiting(ANA)
    assert waiting.attempts == 3


async def test_attachments_get_their_documents(store: SqlStore) -> None:
    message = samples.full_message()
    photo, voice = message.received.attachments
    received = replace(message.received, attachments=(replace(photo, document_id=DocumentId("doc9")), voice))
    stored = replace(message, received=received)
    async with store.transaction() as unit:
        await unit.messages.add(message)
        await unit.messages.attach(stored)
    async with store.transaction() as unit:
        assert await unit.messages.waiting(ANA) == [stored]


async def test_contacts_whose_bell_was_lost_are_named_longest_wait_first(store: SqlStore) -> None:
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    async with store.transaction() as unit:
        await unit.messages.add(samples.message("m1", at=NOON + MINUTE))
        await unit.messages.add(samples.message("m2", bob, at=NOON))
        await unit.messages.add(samples.message("m3", bob, at=NOON + MINUTE))
    async with store.transaction() as unit:
        assert await unit.messages.contacts_waiting(NOON, 10) == []
        assert await unit.messages.contacts_waiting(NOON + MINUTE, 10) == [bob]
        assert await unit.messages.contacts_waiting(NOON + 2 * MINUTE, 10) == [bob, ANA]
        assert await unit.messages.contacts_waiting(NOON + 2 * MINUTE, 1) == [bob]
        await unit.messages.mark_handled(MessageId("m1"), NOON)
        assert await unit.messages.contacts_waiting(NOON + 2 * MINUTE, 10) == [bob]


async def test_history_is_the_last_messages_oldest_first(store: SqlStore) -> None:
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    async with store.transaction() as unit:
        for number in range(5):
            await unit.messages.add(samples.message(f"m{number}"))
        await unit.messages.add(samples.message("other", bob))
        history = await unit.messages.history(ANA, 3)
    assert [message.id for message in history] == ["m2", "m3", "m4"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer for all
async def test_a_message_is_stored_while_the_last_one_is_being_answered(store: SqlStore) -> None:
    """The provider's 200 does not wait for a turn of the conversation."""
    async with store.transaction(ANA) as turn:
        contact = await turn.contacts.get(ANA)
        assert contact
        await turn.contacts.save(replace(contact, language="ne"))
        async with asyncio.timeout(5), store.transaction() as unit:
            await unit.contacts.meet(PHONE, ContactId("new"))
            assert await unit.messages.add(samples.message("m2"))
            await unit.contacts.heard(PHONE, NOON)
