"""The hand-turned clock moves only when told."""

import asyncio

from bot.sandbox.clock import ManualClock, WallClock


async def test_sleepers_wake_in_the_order_of_their_time_and_see_it() -> None:
    clock = ManualClock()
    start, woken = clock.now(), list[tuple[str, float]]()

    async def sleep(name: str, *seconds: float) -> None:
        for one in seconds:
            await clock.sleep(one)
            woken.append((name, (clock.now() - start).total_seconds()))

    tasks = [asyncio.create_task(sleep("late", 5.0)), asyncio.create_task(sleep("twice", 1.0, 3.0))]
    await clock.advance(4.5)
    assert woken == [("twice", 1.0), ("twice", 4.0)]
    await clock.advance(0.5)
    assert woken[-1] == ("late", 5.0)
    await asyncio.gather(*tasks)


async def test_a_cancelled_sleeper_does_not_hinder_the_others() -> None:
    clock = ManualClock()
    gone, other = asyncio.create_task(clock.sleep(1)), asyncio.create_task(clock.sleep(2))
    await clock.advance(0)
    gone.cancel()
    await clock.advance(3)
    assert other.done()
    assert gone.cancelled()


async def test_the_wall_clock_is_aware() -> None:
    await WallClock().sleep(0)
    assert WallClock().now().utcoffset() is not None
