"""An alert to a crowd: entered and approved as staff do it, and its account as the database has it."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.app.desks import Desks, broadcast_desk
from bot.app.outside import open_store
from bot.channels.sms import cut_for_sms
from bot.config import Settings
from bot.domain.broadcast import Audience, Broadcast, BroadcastKind, Info
from bot.domain.checkin import RecipientState, Safety, state_after
from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import BroadcastId, DeliveryStatus
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.staff import Role
from bot.domain.values import Position
from bot.services.access import Reader
from bot.services.broadcasts import BroadcastDesk
from bot.services.forecast import Way
from bot.simulate import Terminal
from bot.storage.schema import deliveries, recipients
from bot.storage.store import SqlStore
from tests.journeys.crowd import TEMPLATE, Person

EMPLOYER, SITE = EmployerId("mill"), SiteId("mill-1")
AUTHOR = Reader(role=Role.AUTHOR, id="ana", employer=EMPLOYER)
APPROVER = Reader(role=Role.APPROVER, id="ben", employer=EMPLOYER)
WORDS = "The river is rising"
CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recipient's account: as it is stored, and all that was tried for them."""

    contact: ContactId
    state: RecipientState
    safety: Safety | None
    statuses: tuple[DeliveryStatus, ...]
    taken: Counter[Channel]  # deliveries of which we know that a provider took them
    doubts: int

    @property
    def derived(self) -> RecipientState | None:
        """The state by what was tried alone."""
        is_answered = self.state is RecipientState.ANSWERED and self.safety is not None
        return state_after(self.statuses, is_answered=is_answered)


@dataclass(kw_only=True)
class Alarm:
    """Staff's side of the journey, and an eye on the database."""

    store: SqlStore
    desk: BroadcastDesk
    engine: AsyncEngine
    samples: list[Counter[RecipientState]] = field(default_factory=list)

    async def enlist(self, people: Sequence[Person]) -> None:
        """Put everybody on the employer's list."""
        site = Site(
            id=SITE,
            employer=EMPLOYER,
            name="Mill",
            code="MILL-1",
            position=Position(latitude=-30.0, longitude=-51.2),
            assembly_point="Chapel",
        )
        async with self.store.transaction() as unit:
            await unit.sites.put(Employer(id=EMPLOYER, name="Mill"), [site])
        for start in range(0, len(people), CHUNK):
            async with self.store.transaction() as unit:
                await unit.roster.add([one.contact(EMPLOYER, SITE) for one in people[start : start + CHUNK]])

    async def raise_(self, kind: BroadcastKind = BroadcastKind.ALERT, **fields: Any) -> Broadcast:
        """Draft, submit and approve; it goes out from now on."""
        return await self.approve(await self.prepare(kind, **fields))

    async def prepare(
        self,
        kind: BroadcastKind = BroadcastKind.ALERT,
        *,
        words: str = WORDS,
        audience: Audience | None = None,
        is_short: bool = False,
    ) -> Broadcast:
        """Draft and submit; a short one asks nothing and fits one SMS."""
        info = Info(headline=f"{words}: go up now.", instruction="Go." if is_short else "Take nothing with you.")
        draft = replace(
            self.desk.new(AUTHOR, kind),
            event="Flood",
            infos={"en": info},
            repeats=(),
            audience=audience or Audience(),
            asks_check_in=not is_short,
        )
        await self.desk.draft(AUTHOR, draft)
        await self.desk.submit(AUTHOR, draft.id)
        return draft

    async def approve(self, submitted: Broadcast) -> Broadcast:
        """Look at it and let it go."""
        count = (await self.desk.preview(APPROVER, submitted.id)).recipients
        return await self.desk.approve(APPROVER, submitted.id, recipients=count)

    # --- the account ------------------------------------------------------------------------------------------------

    async def sample(self, broadcast: BroadcastId) -> Counter[RecipientState]:
        """How many are in each state now; all samples are kept."""
        states = (
            select(recipients.c.state, func.count())
            .where(recipients.c.broadcast_id == broadcast)
            .group_by(recipients.c.state)
        )
        async with self.engine.connect() as connection:
            found = Counter({RecipientState(state): count for state, count in await connection.execute(states)})
        self.samples.append(found)
        return found

    async def is_settled(self, broadcast: BroadcastId) -> bool:
        """Whether everybody is in a final state and nothing is on its way."""
        found = await self.sample(broadcast)
        pending = select(func.count()).where(deliveries.c.broadcast_id == broadcast, deliveries.c.ready_at.is_not(None))
        async with self.engine.connect() as connection:
            on_the_way = await connection.scalar(pending)
        return not found[RecipientState.WAITING] and not on_the_way

    async def account(self, broadcast: BroadcastId) -> Mapping[ContactId, Entry]:
        """Everybody of the broadcast's account."""
        tried = await self._tried(broadcast)
        query = select(recipients).where(recipients.c.broadcast_id == broadcast)
        async with self.engine.connect() as connection:
            return {
                ContactId(row.contact_id): Entry(
                    contact=ContactId(row.contact_id),
                    state=RecipientState(row.state),
                    safety=Safety(row.safety) if row.safety else None,
                    statuses=tuple(DeliveryStatus(one.status) for one in tried[row.number]),
                    taken=Counter(Channel(one.channel) for one in tried[row.number] if one.provider_hash),
                    doubts=sum(one.doubts for one in tried[row.number]),
                )
                for row in await connection.execute(query)
            }

    async def _tried(self, broadcast: BroadcastId) -> Mapping[int, list[object]]:
        tried: dict[int, list[object]] = defaultdict(list)
        async with self.engine.connect() as connection:
            for row in await connection.execute(select(deliveries).where(deliveries.c.broadcast_id == broadcast)):
                tried[row.recipient].append(row)
        return tried


@asynccontextmanager
async def alarm(settings: Settings) -> AsyncIterator[Alarm]:
    """The desk of staff over the journey's database, knowing the three channels."""
    store = await open_store(settings)
    engine = create_async_engine(settings.database_url.get_secret_value())
    ways = {
        channel: Way(
            channeller=Terminal(
                name=channel,
                fitting=cut_for_sms if channel is Channel.SMS else lambda content: (content,),
                write=lambda _: None,
            ),
            rate=100,
            template=TEMPLATE if channel is Channel.WHATSAPP else "",
        )
        for channel in (Channel.TELEGRAM, Channel.WHATSAPP, Channel.SMS)
    }
    try:
        desk = broadcast_desk(settings, Desks.over(store, settings), store=store, ways=ways)
        yield Alarm(store=store, desk=desk, engine=engine)
    finally:
        await engine.dispose()
        await store.close()
