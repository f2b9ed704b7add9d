"""Owns the figures of the service in SQL: how many talks, messages and things stand where, and never whose."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, text

from bot.domain.contact import Channel
from bot.domain.delivery import DeliveryStatus
from bot.domain.errors import Reason
from bot.domain.session import SessionStatus
from bot.services.figure_ports import Outcome, Standing
from bot.storage.schema import IS_ENDED, IS_OPEN, contacts, deletions, deliveries, messages, sessions
from bot.storage.upsert import add_up
from bot.storage.work import Work

DELETIONS_KEPT = timedelta(days=7)
_IS_DONE = deliveries.c.ready_at.is_(None)


class SqlFigures:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def standing(self, since: datetime) -> Sequence[Standing]:
        where = sessions.c.flow, sessions.c.step, sessions.c.status
        begun = sessions.c.started_at >= since
        query = select(*where, func.count()).where(or_(text(IS_ENDED) & begun, text(IS_OPEN) & begun)).group_by(*where)
        return [
            Standing(flow=flow, step=step, status=SessionStatus(status), count=count)
            for flow, step, status, count in await self._db.execute(query)
        ]

    async def outcomes(self, since: datetime) -> Sequence[Outcome]:
        what = deliveries.c.channel, deliveries.c.status, deliveries.c.failure
        query = select(*what, func.count()).where(_IS_DONE, deliveries.c.created_at >= since).group_by(*what)
        return [
            Outcome(
                channel=Channel(channel),
                status=DeliveryStatus(status),
                reason=Reason(failure) if failure else None,
                count=count,
            )
            for channel, status, failure, count in await self._db.execute(query)
        ]

    async def waiting(self) -> Mapping[Channel, int]:
        is_pending = deliveries.c.ready_at.is_not(None)
        query = select(deliveries.c.channel, func.count()).where(is_pending).group_by(deliveries.c.channel)
        return {Channel(channel): count for channel, count in await self._db.execute(query)}

    async def last_in(self, channel: Channel, since: datetime) -> datetime | None:
        of_channel = select(messages.c.received_at).where(messages.c.channel == channel.value)
        newest = of_channel.where(messages.c.received_at >= since).order_by(messages.c.received_at.desc()).limit(1)
        states = messages.c.handled_at.is_(None), messages.c.handled_at.is_not(None)  # there is an index for each
        found = [await self._db.scalar(newest.where(is_so)) for is_so in states]
        return max(filter(None, found), default=None)

    async def last_out(self, channel: Channel, since: datetime) -> datetime | None:
        """By when they were made, for which there is an index; what was sent last was made last but for retries."""
        newest = (
            select(deliveries.c.sent_at)
            .where(_IS_DONE, deliveries.c.created_at >= since)
            .where(deliveries.c.channel == channel.value, deliveries.c.sent_at.is_not(None))
            .order_by(deliveries.c.created_at.desc())
            .limit(1)
        )
        found: datetime | None = await self._db.scalar(newest)
        return found

    async def waiting_erasure(self) -> int:
        return int(await self._db.scalar(select(func.count()).where(contacts.c.erase_at.is_not(None))) or 0)

    async def note_deleted(self, counts: Mapping[str, int], at: datetime) -> None:
        hour = at.replace(minute=0, second=0, microsecond=0)
        rows = [
            {"id": f"{hour:%Y-%m-%dT%H}:{kind}", "at": hour, "kind": kind, "count": count}
            for kind, count in sorted(counts.items())  # in one order: two workers wait for each other, no more
            if count
        ]
        await add_up(self._db, deletions, rows, "count")
        await self._db.execute(delete(deletions).where(deletions.c.at < at - DELETIONS_KEPT))

    async def deleted(self, since: datetime) -> Mapping[str, int]:
        query = select(deletions.c.kind, func.sum(deletions.c.count)).where(deletions.c.at >= since)
        return {kind: int(count) for kind, count in await self._db.execute(query.group_by(deletions.c.kind))}
