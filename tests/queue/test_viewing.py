"""Who looks at a conversation: marks that fade, for all processes, and nobody where Redis is away."""

from datetime import timedelta

from redis.asyncio import Redis

from bot.domain.contact import ContactId
from bot.domain.staff import StaffId
from bot.queue.connection import connect
from bot.queue.viewing import LOOKING, TYPING, Viewing
from bot.services.desk_ports import Glance
from tests.stand import StillClock

ANN, OLGA, OMAR = ContactId("ann"), StaffId("olga"), StaffId("omar")


async def test_who_looks_is_seen_by_all_and_fades(redis: Redis) -> None:
    clock = StillClock()
    here, there = Viewing(redis=redis, clock=clock), Viewing(redis=redis, clock=clock)
    await here.note(ANN, OLGA)
    await here.note(ANN, OMAR, is_typing=True)
    both = [Glance(contact=ANN, staff=OLGA, is_typing=False), Glance(contact=ANN, staff=OMAR, is_typing=True)]
    assert sorted(await there.all(), key=lambda one: one.staff) == both
    clock.pass_(TYPING + timedelta(seconds=1))
    assert [one.is_typing for one in await there.all()] == [False, False]
    clock.pass_(LOOKING)
    assert await there.all() == []


async def test_who_leaves_is_gone_at_once(redis: Redis) -> None:
    viewing = Viewing(redis=redis, clock=StillClock())
    await viewing.note(ANN, OLGA, is_typing=True)
    await viewing.leave(ANN, OLGA)
    assert await viewing.all() == []


async def test_nobody_is_shown_while_redis_is_away_and_nobody_waits_for_it() -> None:
    clock = StillClock()
    away = connect("redis://127.0.0.1:9")
    viewing = Viewing(redis=away, clock=clock)
    await viewing.note(ANN, OLGA)
    assert await viewing.all() == []
    await away.aclose()
