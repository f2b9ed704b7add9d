"""Owns the scenes of the desk's tests: somebody in the middle of a flow, taken over by a person of the staff."""

from collections.abc import Sequence

from bot.domain.claim import Claim
from bot.domain.contact import ContactId
from bot.domain.delivery import Content, Delivery
from bot.services.access import Reader
from bot.services.desk_ports import QueueRow
from bot.services.timeline import DESK_ORIGIN, STAFF_ORIGIN
from tests.dialogue import Muster, Worker

WANTS_A_PERSON = "I want to talk to a person"
UNPAID = "my company has not paid my salary for three months"


async def taken(house: Muster, first: str = UNPAID, name: str = "olga") -> tuple[Worker, Reader]:
    """Somebody who wrote `first` and was asked something, and the operator who has their conversation now."""
    worker, olga = house.worker(), await house.operator(name)
    await worker.says("hello")
    await worker.says(first)
    await house.operators.claim(olga, await id_of(worker))
    begin_to_listen(worker)
    return worker, olga


async def id_of(worker: Worker) -> ContactId:
    return (await worker.contact()).id


def written(text: str, language: str = "en") -> Content:
    return Content(text=text, language=language)


def begin_to_listen(worker: Worker) -> None:
    """What was said so far is no longer of interest."""
    worker._read = len(worker.said)


async def claim_of(house: Muster, contact: ContactId) -> Claim | None:
    async with house.store.look() as unit:
        return await unit.claims.of(contact)


async def row_of(house: Muster, contact: ContactId) -> QueueRow | None:
    async with house.store.look() as unit:
        rows = await unit.queue.read()
    return next((row for row in rows if row.contact == contact), None)


async def deliveries(house: Muster, contact: ContactId) -> Sequence[Delivery]:
    """All that was written to somebody, in the order in which it is sent."""
    async with house.store.look() as unit:
        return await unit.deliveries.history(contact, 1000)


def is_the_bots(delivery: Delivery) -> bool:
    return delivery.outreach is None and not delivery.origin.startswith((DESK_ORIGIN, STAFF_ORIGIN))
