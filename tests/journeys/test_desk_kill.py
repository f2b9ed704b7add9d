"""R14, R23: a kill -9 between an operator's deed and its word to the contact: one voice still, and nothing lost."""

import asyncio
from functools import partial
from pathlib import Path

from bot.domain.contact import Address, ContactId, Scheme
from bot.domain.delivery import Content
from bot.queue.embedded import embedded_redis
from bot.services.access import Reader
from bot.simulate import NoBell
from bot.storage.migrate import migrate
from tests.dialogue import Muster, muster
from tests.journeys.conftest import SENDER, Provider
from tests.journeys.processes import is_up, process, until

PHONES = [f"+1500555{number}" for number in (4001, 4002, 4003)]
UNPAID = "my boss has not paid me"
JOINED = "You are now writing with a person: Olga"


async def test_who_takes_a_conversation_is_heard_though_the_worker_dies_between_claim_and_send(
    provider: Provider, tmp_path: Path
) -> None:
    """The word that a person is here comes once, or once more where its sending was not yet written down."""
    database = f"sqlite+aiosqlite:///{tmp_path / 'kill.db'}"
    await migrate(database)
    async with embedded_redis(tmp_path / "redis") as redis_url:
        environment = provider.environment(
            database=database, redis_url=redis_url, home=tmp_path / "home", nlu_url="http://127.0.0.1:9"
        )
        keys = environment["MUSTER_KEYS"]
        async with muster(tmp_path, database_url=database, keys=keys) as house:
            house.operators.bell = NoBell()  # as if who rings it had died with the claim
            olga = await house.operator("olga")
            async with process("-m", "tests.journeys.crashing", environment=environment):
                await until(partial(is_up, provider.own_url), "the first process is up")
                await asyncio.gather(*(_send(provider, phone, UNPAID) for phone in PHONES))
                await until(partial(_is_settled, house, provider), "the bot has answered everybody")
            said_before = {phone: len(_heard(provider, phone)) for phone in PHONES}

            for phone in PHONES:
                await house.operators.claim(olga, await _contact(house, phone))
            late = [asyncio.create_task(_send(provider, phone, "Yes, it is safe")) for phone in PHONES]
            marker = tmp_path / "killed"
            armed = {**environment, "MUSTER_TEST_HOP": "after_send", "MUSTER_TEST_MARKER": str(marker)}
            async with process("-m", "tests.journeys.crashing", environment=armed) as crashing:
                assert await asyncio.wait_for(crashing.wait(), 90) == -9
            for phone in PHONES:
                await _reply(house, olga, phone)
            async with process("-m", "tests.journeys.crashing", environment=environment):
                await asyncio.gather(*late)
                await until(partial(_is_settled, house, provider), "every message is handled and every word sent")

            for phone in PHONES:
                heard = _heard(provider, phone)[said_before[phone] :]
                assert {text.split(",")[0] for text in heard} == {JOINED, "I am Olga."}, (
                    "no word of the bot's, none lost"
                )
                assert heard[0].startswith(JOINED)
                assert heard[-1] == "I am Olga."
                assert heard.count("I am Olga.") == 1
                assert len(heard) <= 3, "of each contact only the send in hand may be repeated"
                view = await house.operators.open(olga, await _contact(house, phone))
                assert "Yes, it is safe" in [entry.text for entry in view.entries]
                assert view.claim is not None


async def _send(provider: Provider, phone: str, text: str) -> None:
    await provider.stand_in.phone_sends(text, from_=phone, to=SENDER)


async def _reply(house: Muster, olga: Reader, phone: str) -> None:
    await house.operators.reply(olga, await _contact(house, phone), Content(text="I am Olga.", language="en"))


def _heard(provider: Provider, phone: str) -> list[str]:
    return [message.body for message in provider.stand_in.sent_to(phone)]


async def _contact(house: Muster, phone: str) -> ContactId:
    async with house.store.look() as unit:
        known = await unit.contacts.find(Address(scheme=Scheme.TEL, path=phone))
    assert known is not None
    return known.id


async def _is_settled(house: Muster, provider: Provider) -> bool:
    """Whether everybody was heard, and nothing is left to be handled or sent."""
    async with house.store.look() as unit:
        people = [await unit.contacts.find(Address(scheme=Scheme.TEL, path=phone)) for phone in PHONES]
        waiting = [await unit.messages.waiting(known.id) for known in people if known is not None]
        pending = [
            delivery
            for known in people
            if known is not None
            for delivery in await unit.deliveries.history(known.id, 100)
            if delivery.status.is_pending
        ]
    return None not in people and not any(waiting) and not pending and all(_heard(provider, phone) for phone in PHONES)
