"""Retention on both databases (R18): what is done with goes at its age, the oldest first; what is not stays."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.case import CaseStatus
from bot.domain.contact import Channel
from bot.domain.delivery import DeliveryStatus
from bot.domain.message import MessageId, Receipt
from bot.domain.session import SessionStatus
from bot.services.ports import Unit
from bot.storage.store import SqlStore
from tests.databases import dump
from tests.storage import samples
from tests.storage.samples import ANA, MINUTE, NOON

OLD = [NOON + number * MINUTE for number in (2, 0, 1)]  # not in their order, so that order is seen
LATER = NOON + timedelta(days=1)


@pytest.fixture(autouse=True)
async def _ana(store: SqlStore) -> None:
    await samples.meet(store)


async def messages(unit: Unit) -> None:
    for number, at in enumerate(OLD):
        await unit.messages.add(samples.message(f"m{number}", at=at))
        await unit.messages.mark_handled(MessageId(f"m{number}"), LATER)
    await unit.messages.add(samples.message("unhandled", at=NOON - MINUTE))


async def sessions(unit: Unit) -> None:
    for number, at in enumerate(OLD):
        await unit.sessions.save(samples.session(f"s{number}", started_at=at, status=SessionStatus.ENDED))
    for status in (SessionStatus.WAITING, SessionStatus.SUSPENDED):
        await unit.sessions.save(samples.session(status, started_at=NOON - MINUTE, status=status))


async def deliveries(unit: Unit) -> None:
    """Cancelled and failed ones went nowhere and go too; one is queued, one in a sender's hand."""
    for number, at in enumerate(OLD):
        await unit.deliveries.add([samples.delivery(f"d{number}", created_at=at)])
    ends = (DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.EXPIRED)
    claimed = await unit.deliveries.claim(ANA, NOON, NOON + MINUTE)
    for end, delivery in zip(ends, claimed, strict=True):
        await unit.deliveries.save(replace(delivery, status=end))
    await unit.deliveries.add([samples.delivery("sending", created_at=NOON - MINUTE)])
    await unit.deliveries.claim(ANA, NOON, NOON + MINUTE)
    await unit.deliveries.add([samples.delivery("queued", created_at=NOON - MINUTE)])


async def cases(unit: Unit) -> None:
    for number, at in enumerate(OLD):
        done = CaseStatus.CLOSED if number else CaseStatus.RESOLVED
        await unit.cases.add(samples.case(f"k{number}", status=done, closed_at=at))
    await unit.cases.add(samples.case("open"))
    await unit.cases.add(samples.case("reopened", status=CaseStatus.IN_PROGRESS, closed_at=NOON - MINUTE))


Fill = Callable[[Unit], Awaitable[None]]
Delete = Callable[[Unit, datetime, int], Awaitable[int]]
KINDS: list[tuple[Fill, Delete, set[str]]] = [
    (messages, lambda unit, at, limit: unit.messages.delete_before(at, limit), {"unhandled"}),
    (sessions, lambda unit, at, limit: unit.sessions.delete_ended_before(at, limit), {"waiting", "suspended"}),
    (deliveries, lambda unit, at, limit: unit.deliveries.delete_before(at, limit), {"sending", "queued"}),
    (cases, lambda unit, at, limit: unit.cases.delete_closed_before(at, limit), {"open", "reopened"}),
]
every_kind = pytest.mark.parametrize(("fill", "delete", "kept"), KINDS, ids=[kind[0].__name__ for kind in KINDS])


async def stored(url: str, table: str) -> set[str]:
    return {row["id"] for row in (await dump(url))[table]}


@every_kind
async def test_what_is_done_with_goes_before_a_time_oldest_first_and_nothing_else(
    store: SqlStore, database_url: str, fill: Fill, delete: Delete, kept: set[str]
) -> None:
    async with store.transaction() as unit:
        await fill(unit)
    table = fill.__name__
    made = await stored(database_url, table)
    newest, oldest, middle = sorted(made - kept)
    async with store.transaction() as unit:
        assert await delete(unit, NOON, 10) == 0  # "before": not at
        assert await delete(unit, LATER, 1) == 1
    assert await stored(database_url, table) == made - {oldest}
    async with store.transaction() as unit:
        assert await delete(unit, NOON + 2 * MINUTE, 10) == 1
    assert await stored(database_url, table) == made - {oldest, middle}
    async with store.transaction() as unit:
        assert await delete(unit, LATER, 10) == 1
        assert await delete(unit, LATER, 10) == 0
    assert await stored(database_url, table) == kept
    assert len(kept) == len(made) - 3
    assert newest not in kept


@every_kind
async def test_processes_that_let_go_together_share_the_work(
    store: SqlStore, database_url: str, fill: Fill, delete: Delete, kept: set[str]
) -> None:
    """Nobody waits for rows that another is deleting, or fails over them."""
    async with store.transaction() as unit:
        await fill(unit)

    async def let_go() -> int:
        async with store.transaction() as unit:
            count = await delete(unit, LATER, 2)
            await asyncio.sleep(0)
            return count

    assert sum(await asyncio.gather(*(let_go() for _ in range(6)))) == 3
    assert await stored(database_url, fill.__name__) == kept


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer for all
async def test_what_another_has_in_hand_is_left_for_the_next_round(store: SqlStore) -> None:
    """Retention never holds up a receipt, nor a receipt retention."""
    await samples.send(store, samples.delivery(), "SM1")
    receipt = Receipt(channel=Channel.SMS, provider_id="SM1", status="read")
    async with store.transaction() as unit:
        assert await unit.deliveries.receive(receipt)
        async with asyncio.timeout(5), store.transaction() as other:
            assert await other.deliveries.delete_before(LATER, 10) == 0
    async with store.transaction() as unit:
        assert await unit.deliveries.delete_before(LATER, 10) == 1
