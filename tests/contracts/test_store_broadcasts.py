"""Broadcasts on both databases: stored whole, saved by one at a time, listed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.broadcast import Area, Audience, BroadcastStatus, Circle, MessageType
from bot.domain.delivery import BroadcastId
from bot.domain.employer import SiteId
from bot.domain.errors import Conflict
from bot.domain.staff import StaffId
from bot.storage.store import SqlStore
from tests.contracts.accounts import ALERT, INFOS, MILL, UNTIL, begin, broadcast
from tests.storage import samples
from tests.storage.samples import FARM, MINUTE, NOON


async def test_a_broadcast_comes_back_as_it_was_stored(farm: SqlStore) -> None:
    full = broadcast(
        "full",
        message_type=MessageType.UPDATE,
        area=Area(description="North", circles=(Circle(centre=samples.HERE, radius_km=2.5),)),
        audience=Audience(sites=(SiteId("st1"),), groups=("night",), of=ALERT, includes_waiting=True),
        repeats=(timedelta(minutes=10),),
        references=(ALERT,),
        expires_at=UNTIL,
        infos={"en": replace(INFOS["en"], reviewed_by=StaffId("ben"), reviewed_at=NOON)},
    )
    async with farm.transaction() as unit:
        await unit.broadcasts.add(full)
    async with farm.transaction() as unit:
        assert await unit.broadcasts.get(full.id) == replace(full, revision=1)
        assert await unit.broadcasts.get(BroadcastId("none")) is None
        for is_alone in (False, True):
            assert await unit.broadcasts.hold(full.id, is_alone=is_alone) == replace(full, revision=1)
            assert await unit.broadcasts.hold(BroadcastId("none"), is_alone=is_alone) is None


async def test_of_two_who_save_the_same_one_is_refused(farm: SqlStore) -> None:
    async with farm.transaction() as unit:
        await unit.broadcasts.add(broadcast())
        await unit.broadcasts.save(broadcast(revision=1, event="Flood"))
    with pytest.raises(Conflict, match="Somebody else changed this"):
        async with farm.transaction() as unit:
            await unit.broadcasts.save(broadcast(revision=1, event="Fire"))
    async with farm.look() as unit:
        assert await unit.broadcasts.get(ALERT) == broadcast(revision=2, event="Flood")


async def test_broadcasts_are_listed_by_employer_status_and_publicity(farm: SqlStore) -> None:
    async with farm.transaction() as unit:
        await unit.broadcasts.add(broadcast("old", status=BroadcastStatus.ENDED, is_public=True, expires_at=NOON))
        await unit.broadcasts.add(broadcast("draft", status=BroadcastStatus.DRAFT, created_at=NOON + MINUTE))
        await unit.broadcasts.add(broadcast("public", is_public=True, created_at=NOON + 2 * MINUTE))
        await unit.broadcasts.add(broadcast("other", employer=MILL, created_at=NOON + 3 * MINUTE))
    async with farm.look() as unit:
        mine = await unit.broadcasts.of_employer(FARM.id, 2)
        everybody = await unit.broadcasts.of_employer(None, 10)
        live = await unit.broadcasts.in_status(BroadcastStatus.LIVE, BroadcastStatus.ENDED)
        public = await unit.broadcasts.public(NOON)
        ever_public = await unit.broadcasts.public(NOON - MINUTE)
    assert [one.id for one in mine] == ["public", "draft"]
    assert [one.id for one in everybody] == ["other", "public", "draft", "old"]
    assert [one.id for one in live] == ["old", "public", "other"]
    assert [one.id for one in public] == ["public"]
    assert [one.id for one in ever_public] == ["public", "old"]


async def test_nobody_saves_what_another_holds(farm: SqlStore) -> None:
    """So that a cancel sees every account that is being written (on SQLite there is one writer anyway)."""
    await begin(farm)
    order: list[str] = []
    held = asyncio.Event()

    async def hold() -> None:
        async with farm.transaction() as unit:
            await unit.broadcasts.hold(ALERT)
            held.set()
            for _ in range(20):  # meanwhile the other saves, if it may
                await unit.broadcasts.get(ALERT)
            order.append("held")

    async def save() -> None:
        await held.wait()
        async with farm.transaction() as unit:
            await unit.broadcasts.save(broadcast(revision=1))
            order.append("saved")

    await asyncio.gather(hold(), save())
    assert order == ["held", "saved"]
