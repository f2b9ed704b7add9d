"""An alert to thousands while workers and Redis are killed and providers misbehave: every account closes.

The size is MUSTER_CHAOS_RECIPIENTS (2,000 here, for the suite's sake; 10,000 closes as well), the troubles are drawn
from MUSTER_CHAOS_SEED, which is printed.
"""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.config import load
from bot.domain.checkin import RecipientState, Safety
from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import BroadcastId, DeliveryStatus
from bot.queue.embedded import embedded_redis
from bot.sandbox.telegram import TelegramLimits
from bot.sandbox.twilio import TwilioLimits
from tests.databases import PostgresServer, fresh_sqlite
from tests.journeys.alarm import AUTHOR, WORDS, Alarm, Entry, alarm
from tests.journeys.crowd import SAFE, Crowd, Person, Provider, providers
from tests.journeys.mischief import Mischief, Workers, workers
from tests.journeys.processes import is_up, process, until
from tests.journeys.test_topology import real_redis

RECIPIENTS = int(os.environ.get("MUSTER_CHAOS_RECIPIENTS", "2000"))
FEW = 300
SEED = int(os.environ.get("MUSTER_CHAOS_SEED", time.time()))
PACES = (
    '{"sms": {"rate": 200, "burst": 50}, "whatsapp": {"rate": 120, "burst": 50}, "telegram": {"rate": 100, "burst": 5}}'
)
REACHED = {DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ}
FINAL = frozenset(RecipientState) - {RecipientState.WAITING}


@dataclass(kw_only=True)
class Stage:
    """Everything that the journeys play on."""

    provider: Provider
    crowd: Crowd
    alarm: Alarm
    workers: Workers
    redis_url: str
    randomness: random.Random


@asynccontextmanager
async def stage(
    folder: Path, database: str, *, size: int, answering: int, paces: str = PACES, real: bool = True
) -> AsyncIterator[Stage]:
    """Providers, Redis, web and two workers as processes of their own, and a crowd on the employer's list."""
    randomness = random.Random(SEED)
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(providers(randomness))
        provider.twilio.limits = TwilioLimits(requests=500, whatsapp=125)
        provider.telegram.limits = TelegramLimits(overall=105, chat=1, chat_burst=3)
        redis = real_redis(folder / "redis") if real else embedded_redis(folder / "redis")
        redis_url = await stack.enter_async_context(redis)
        environment = provider.environment(
            MUSTER_HOME=str(folder / "home"),
            MUSTER_DATABASE_URL=database,
            MUSTER_REDIS_URL=redis_url,
            MUSTER_PACES=paces,
        )
        settings = load(database_url=SecretStr(database), keys=SecretStr(environment["MUSTER_KEYS"]))
        staff = await stack.enter_async_context(alarm(settings))
        crowd = Crowd(provider=provider, randomness=randomness, size=size, answering=answering)
        await staff.enlist(crowd.people)
        command = ("-m", "bot", "--log-level", "ERROR")
        await stack.enter_async_context(process(*command, "web", environment=environment))
        running = await stack.enter_async_context(workers(2, environment))
        await until(lambda: is_up(provider.own_url), "web is up")
        yield Stage(
            provider=provider,
            crowd=crowd,
            alarm=staff,
            workers=running,
            redis_url=redis_url,
            randomness=randomness,
        )


async def play(on: Stage, *, deeds: int) -> tuple[BroadcastId, Mischief]:
    """Raise the alert, make trouble while it goes out, and wait until all is settled."""
    alert = await on.alarm.raise_()
    size = len(on.crowd.people)

    def progress() -> float:
        return 1 - on.alarm.samples[-1][RecipientState.WAITING] / size if on.alarm.samples else 0.0

    mischief = Mischief(
        randomness=on.randomness,
        workers=on.workers,
        provider=on.provider,
        redis_url=on.redis_url,
        progress=progress,
        deeds=deeds,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch(on, alert.id, stop))
        group.create_task(_answer(on, stop))
        await mischief.make()
        await until(lambda: _is_over(on, alert.id), "everybody is in a final state", seconds=400)
        await until(lambda: _all_have_answered(on, alert.id), "every answer is heard", seconds=120)
        stop.set()
    return alert.id, mischief


async def _watch(on: Stage, alert: BroadcastId, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await on.alarm.sample(alert)
        await asyncio.sleep(0.2)


async def _answer(on: Stage, stop: asyncio.Event) -> None:
    """Phones answer a while after they were warned."""
    while not stop.is_set():
        for person, address in list(on.crowd.ready_to_answer(WORDS)):
            await on.crowd.answer(person, address)
        await asyncio.sleep(0.3)


async def _is_over(on: Stage, alert: BroadcastId) -> bool:
    """Whether nothing is to be sent, and no receipt is under way that might change that."""
    return on.provider.twilio.is_quiet and await on.alarm.is_settled(alert) and on.provider.twilio.is_quiet


async def _all_have_answered(on: Stage, alert: BroadcastId) -> bool:
    willing = [person for person in on.crowd.people if person.answer is not None]
    heard = (await on.alarm.sample(alert))[RecipientState.ANSWERED]
    return heard >= len([person for person in willing if person.has_answered])


async def check(on: Stage, alert: BroadcastId, mischief: Mischief) -> None:
    """The account is closed, agrees with itself, and with what the providers took."""
    account, heard = await on.alarm.account(alert), on.crowd.heard(WORDS)
    repeats = {person.id: _repeats(account[person.id], heard.get(person.id, Counter())) for person in on.crowd.people}
    doubts = sum(entry.doubts for entry in account.values())
    states = Counter(entry.state.value for entry in account.values())
    print(
        f"\nseed {SEED}: {len(account)} recipients, {dict(mischief.done)}; {len(on.alarm.samples)} samples; "
        f"{dict(states)}; {sum(repeats.values())} repeats, {doubts} doubts"
    )
    assert {sum(sample.values()) for sample in on.alarm.samples} == {len(on.crowd.people)}, "the sum is the audience"
    for person in on.crowd.people:
        entry = account[person.id]
        assert entry.state in FINAL
        assert entry.state is (entry.derived or RecipientState.NOT_REACHED), f"{entry} is not what was tried"
        assert repeats[person.id] <= entry.doubts, f"{entry} was sent more than we know: {heard.get(person.id)}"
        is_uncertain = on.crowd.lost_a_receipt(person) or entry.doubts > 0
        assert _is_told_as_it_was(person, entry, heard.get(person.id, Counter()), is_uncertain), f"{person} {entry}"
    for person in on.crowd.people:
        if person.has_answered:
            said = Safety.SAFE if person.answer == SAFE else Safety.HELP
            assert (account[person.id].state, account[person.id].safety) == (RecipientState.ANSWERED, said)
    assert any(person.has_answered for person in on.crowd.people)


def _repeats(entry: Entry, heard: Counter[Channel]) -> int:
    """How many more the providers took than we say; never fewer."""
    assert not entry.taken - heard, f"{entry}: we say that we sent what no provider has: {heard}"
    return (heard - entry.taken).total()


def _is_told_as_it_was(person: Person, entry: Entry, heard: Counter[Channel], is_uncertain: bool) -> bool:
    """Who could be reached was, and is said to be; who could not is said not to be.

    Sent, and no more, is the last word only of Telegram, which gives no receipts, and where it is uncertain: a receipt
    was lost, or is of a repeat of whose send nobody knows.
    """
    if entry.state is RecipientState.SENT and not (entry.taken[Channel.TELEGRAM] or is_uncertain):
        return False
    if person.has_refused:
        return entry.state is RecipientState.NOT_REACHED and not heard
    if not person.working:
        return entry.state is RecipientState.FAILED or (entry.state is RecipientState.SENT and is_uncertain)
    return entry.state.is_reached and bool(heard)


async def test_a_few_hundred_on_sqlite(tmp_path: Path) -> None:
    """R20, R23: web and two workers share the file."""
    async with stage(
        tmp_path, fresh_sqlite(tmp_path / "muster.db"), size=FEW, answering=12, real=False, paces=_slow(30)
    ) as on:
        alert, mischief = await play(on, deeds=3)
        await check(on, alert, mischief)


async def test_thousands_on_postgresql(postgres: PostgresServer, tmp_path: Path) -> None:
    """R20, R23."""
    async with postgres.fresh() as database, stage(tmp_path, database, size=RECIPIENTS, answering=60) as on:
        alert, mischief = await play(on, deeds=8)
        await check(on, alert, mischief)


async def test_r8_a_cancel_in_the_middle_stops_within_a_second_and_tells_exactly_those_who_were_warned(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    async with postgres.fresh() as database, stage(tmp_path, database, size=FEW, answering=0, paces=_slow(20)) as on:
        alert = await on.alarm.raise_()
        await until(lambda: _have_heard(on, FEW // 2), "some have heard it")
        await on.workers.kill(0)  # with some in hand, of which nobody knows whether they were sent
        cancelled_at = on.provider.twilio.clock.now()
        word = await on.alarm.desk.cancel(AUTHOR, alert.id)
        await until(lambda: _is_over(on, alert.id), "the alert is closed")
        await until(lambda: _is_over(on, word.id), "the cancellation is out")

        late = [
            (message.created_at - cancelled_at).total_seconds()
            for message in on.provider.twilio.messages.values()
            if message.body.find(WORDS) >= 0 and "CANCEL" not in message.body.upper()
        ]
        account, told = await on.alarm.account(alert.id), await on.alarm.account(word.id)
        warned = _warned(on.crowd)
        doubted = {id_ for id_, entry in account.items() if entry.doubts}
        print(f"\nseed {SEED}: {len(warned)} warned, {len(told)} told, {len(doubted)} doubted; {max(late):.2f} s")
        assert max(late) < 1.0
        assert len(warned) < len(on.crowd.people), "it was cancelled in the middle"
        assert warned <= set(told), "whoever was warned is told"
        assert set(told) <= warned | doubted, "nobody else is told"
        for entry in account.values():
            assert entry.state in FINAL
            assert entry.state.is_reached == bool(REACHED & set(entry.statuses)), f"{entry} is not what was tried"


def _slow(rate: float) -> str:
    pace = {"rate": rate, "burst": 5}
    return json.dumps({"sms": pace, "whatsapp": pace, "telegram": pace})


async def _have_heard(on: Stage, count: int) -> bool:
    return len(on.crowd.heard(WORDS)) >= count


def _warned(crowd: Crowd) -> set[ContactId]:
    """Whose provider took the alert itself."""
    return {
        person.id
        for person in crowd.people
        for address in person.addresses
        for text in crowd.texts(address)
        if WORDS in text and "CANCEL" not in text.upper()
    }


@pytest.fixture(autouse=True)
def _print_the_seed_even_when_it_fails(request: pytest.FixtureRequest) -> None:
    print(f"MUSTER_CHAOS_SEED={SEED}")
