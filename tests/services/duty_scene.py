"""Duty as tests play it: workers who wait, staff who come and go, and the ticks by hand."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.case import Case, Topic, Urgency
from bot.domain.staff import Role
from bot.services.access import Reader
from bot.services.assigning import Assigning
from bot.services.duty import DutyDesk
from bot.services.escalation import Escalation
from tests.dialogue import Muster, Worker
from tests.stand import CountingIds

MINUTE = timedelta(minutes=1)


@dataclass
class DutyScene:
    house: Muster
    duty: DutyDesk
    escalation: Escalation

    @classmethod
    def of(cls, house: Muster, assigning: Assigning = Assigning.OFF) -> "DutyScene":
        ids = CountingIds()
        return cls(
            house=house,
            duty=DutyDesk(store=house.store, clock=house.clock, ids=ids, desk=house.operators, assigning=assigning),
            escalation=Escalation(store=house.store, clock=house.clock, ids=ids),
        )

    async def waits(
        self, topic: Topic = Topic.PERSON, urgency: Urgency = Urgency.NORMAL, *, says: str = "hello"
    ) -> tuple[Worker, Case]:
        """A worker who has written, and has a case that waits; a moment after the one before."""
        self.house.clock.forward(timedelta(seconds=1))
        worker = self.house.worker()
        await worker.says(says)
        return worker, await self.opens(worker, topic, urgency)

    async def opens(self, worker: Worker, topic: Topic, urgency: Urgency = Urgency.NORMAL) -> Case:
        contact = await worker.contact()
        async with self.house.store.transaction(contact.id) as unit:
            return await self.house.conversation.house.cases.open(
                unit, contact=contact, topic=topic, urgency=urgency, facts={}, now=self.house.clock.now()
            )

    async def comes(self, name: str, role: Role = Role.OPERATOR, *languages: str) -> Reader:
        """Somebody of the staff, on duty."""
        reader = await self.house.operator(name, role, languages=languages or ("en",))
        await self.duty.begin(reader)
        return reader

    async def holders(self) -> dict[str, str]:
        """Who has whom."""
        async with self.house.store.look() as unit:
            return {str(claim.contact): str(claim.staff) for claim in await unit.claims.all()}
