"""A broadcast and its people as the tests of boards and reports need them: made in storage, answered in storage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus, Info
from bot.domain.checkin import RecipientState, Safety, Source
from bot.domain.contact import Address, Channel, Contact, ContactId, Listing, Reach, Scheme
from bot.domain.delivery import BroadcastId
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.staff import StaffId
from bot.domain.values import Position
from bot.services.broadcast_ports import Plan
from bot.storage.store import SqlStore
from tests.console.conftest import FARM
from tests.stand import NOW

NORTH = Site(
    id=SiteId("north"), employer=FARM.id, name="North field", code="NORTH1", timezone="America/Sao_Paulo",
    position=Position(latitude=-30.03, longitude=-51.22),
)  # fmt: skip
SOUTH = replace(NORTH, id=SiteId("south"), name="South <mill>", code="SOUTH1",
                position=Position(latitude=-30.10, longitude=-51.10))  # fmt: skip
SECRETS = ("not even the site manager knows", "+5599900")  # what workers said, and from where they write


@dataclass
class Alarm:
    """One broadcast that has begun."""

    store: SqlStore
    broadcast: Broadcast

    @property
    def id(self) -> BroadcastId:
        return self.broadcast.id

    async def numbers(self) -> list[int]:
        async with self.store.look() as unit:
            found = await unit.recipients.people(self.id, safety=None, after=0, limit=1000)
        return [due.recipient.number for due in found]

    async def answers(
        self, *numbers: int, safety: Safety = Safety.SAFE, source: Source = Source.SELF, at: datetime = NOW
    ) -> None:
        async with self.store.transaction() as unit:
            for number in numbers:
                await unit.recipients.answer(number, safety, source, at)

    async def sent(self, *numbers: int, at: datetime = NOW, **more: Any) -> None:
        async with self.store.transaction() as unit:
            await unit.recipients.begin_round(numbers)
            await unit.recipients.sent(numbers, Channel.SMS, at, **more)

    async def is_at(self, state: RecipientState, *numbers: int, reason: Any = None) -> None:
        async with self.store.transaction() as unit:
            for number in numbers:
                stored = await unit.recipients.get(number)
                assert stored is not None
                await unit.recipients.settle(replace(stored, state=state, reason=reason, due_at=None))


async def alarmed(
    store: SqlStore,
    name: str = "b1",
    *,
    people: int = 6,
    employer: Employer = FARM,
    sites: Sequence[Site] = (NORTH, SOUTH),
    languages: Sequence[str] = ("en", "es"),
    **fields: Any,
) -> Alarm:
    """A live alert to the employer's people, who are spread evenly over sites and languages; nothing is sent yet."""
    known: dict[str, Any] = {
        "kind": BroadcastKind.ALERT,
        "event": "Flood",
        "infos": {"en": Info(headline="Flood: leave the lower floors", instruction="Go up.")},
        "asks_check_in": True,
        "repeats": (timedelta(minutes=10),),
        "status": BroadcastStatus.LIVE,
        "begun_at": NOW,
    }
    broadcast = Broadcast(
        id=BroadcastId(name), employer=employer.id, author=StaffId("ana"), approver=StaffId("abel"),
        created_at=NOW, submitted_at=NOW, approved_at=NOW, expires_at=NOW + timedelta(hours=6),
        **(known | fields),
    )  # fmt: skip
    async with store.transaction() as unit:
        await unit.sites.put(employer, list(sites))
        if not await unit.roster.people(employer.id):
            await unit.roster.add([_person(i, employer.id, sites, languages) for i in range(people)])
        await unit.broadcasts.add(broadcast)
        await unit.recipients.expand(broadcast, _plan(broadcast, languages))
    return Alarm(store, replace(broadcast, revision=1))


def _person(i: int, employer: EmployerId, sites: Sequence[Site], languages: Sequence[str]) -> Contact:
    return Contact(
        id=ContactId(f"{employer}-{i:04d}"),
        reaches=(Reach(address=Address(scheme=Scheme.TEL, path=f"{SECRETS[1]}{_of(employer)}{i:04d}")),),
        name="Private Nickname",
        language=languages[i % len(languages)],
        employer=employer,
        site=sites[i % len(sites)].id if sites else None,
        listing=Listing(name=f"Worker {i:04d}", phones=(f"+5511100{_of(employer)}{i:04d}",), employee_number=f"E{i}"),
    )


def _of(employer: str) -> int:
    return sum(map(ord, employer)) % 10


def _plan(broadcast: Broadcast, languages: Sequence[str]) -> Plan:
    return Plan(
        employer=broadcast.employer, audience=broadcast.audience, channels=(Channel.SMS,), languages=tuple(languages),
        fallback="en", now=NOW,
    )  # fmt: skip
