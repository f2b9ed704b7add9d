"""Owns a broadcast's course once it is approved: begun when due, halted by what replaces it, ended when it is over."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.broadcast import Broadcast, BroadcastStatus, MessageType
from bot.domain.checkin import RecipientState
from bot.domain.contact import Channel
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Conflict
from bot.log import logger
from bot.services.audiences import earlier_than, plan_of
from bot.services.forecast import Way
from bot.services.ports import Clock, Store, Unit

log = logger("broadcast_life")


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastLife:
    """Moves broadcasts on, as time or a person's approval says. Any number of processes may."""

    store: Store
    clock: Clock
    ways: Mapping[Channel, Way]  # the channels that are on, the preferred first

    async def keep_time(self) -> int:
        """Begin what is due and end what is over; returns how many broadcasts moved."""
        now, moved = self.clock.now(), 0
        async with self.store.look() as unit:
            waiting = await unit.broadcasts.in_status(BroadcastStatus.APPROVED, BroadcastStatus.LIVE)
        for broadcast in waiting:
            is_due = broadcast.status is BroadcastStatus.APPROVED and (broadcast.send_at or now) <= now
            if broadcast.is_over(now) or is_due:
                moved += await self._try_to_move_on(broadcast, now)
        return moved

    async def _try_to_move_on(self, seen: Broadcast, now: datetime) -> bool:
        try:
            return await self._move_on(seen, now)
        except Conflict:  # another process came first
            return False
        except Exception as error:  # one that cannot be moved on holds up no other
            log.error("broadcast_stuck", broadcast=seen.id, error=error)
            return False

    async def _move_on(self, seen: Broadcast, now: datetime) -> bool:
        async with self.store.transaction() as unit:
            current = await unit.broadcasts.get(seen.id)
            if current is None or current.revision != seen.revision:
                return False
            await (self._end(unit, current) if current.is_over(now) else self._begin(unit, current))
        return True

    async def begin_approved(self, broadcast: BroadcastId) -> Broadcast:
        """Begin what is approved and due; where this process dies before, or another is faster, `keep_time` does."""
        with suppress(Conflict):
            async with self.store.transaction() as unit:
                approved = await unit.broadcasts.get(broadcast)
                if approved is not None and approved.status is BroadcastStatus.APPROVED:
                    return await self._begin(unit, approved)
        async with self.store.look() as unit:
            begun = await unit.broadcasts.get(broadcast)
        assert begun is not None, "a broadcast is never deleted"
        return begun

    async def halt_replaced(self, unit: Unit, broadcast: Broadcast) -> None:
        """From this commit on nothing is sent any more of what it replaces; a million accounts take longer to close."""
        for replaced in broadcast.references:
            stored = await unit.broadcasts.get(replaced)
            if stored is None:
                continue
            halted = stored
            if stored.status is BroadcastStatus.LIVE:
                halted = replace(stored.moved(BroadcastStatus.CANCELLED), ended_at=self.clock.now())
            if broadcast.message_type is MessageType.UPDATE:
                halted = replace(halted, replaced_by=broadcast.id)
            if halted != stored:
                await unit.broadcasts.save(halted)

    async def is_late(self, unit: Unit, broadcast: Broadcast) -> bool:
        """Whether another update took the place of what this one would replace: people must not read two (R8)."""
        for replaced in broadcast.references if broadcast.message_type is MessageType.UPDATE else ():
            stored = await unit.broadcasts.get(replaced)
            by = stored.replaced_by if stored is not None else None
            other = await unit.broadcasts.get(by) if by not in (None, broadcast.id) else None
            if other is not None and (other.begun_at is not None or other.status is BroadcastStatus.APPROVED):
                return True
        return False

    async def close_halted(self, unit: Unit, broadcast: Broadcast) -> None:
        """Nobody waits any more for what was halted for this one, whether this one begins or not (R20)."""
        for replaced in broadcast.references:
            stored = await unit.broadcasts.hold(replaced, is_alone=True)  # sends being kept are in the account then
            if stored is not None and stored.status is not BroadcastStatus.LIVE:
                await unit.recipients.stop(replaced, RecipientState.CANCELLED)
                await unit.deliveries.cancel_outreach(replaced)

    async def catch_up(self, unit: Unit, broadcast: BroadcastId) -> None:
        """Some of a stopped broadcast were still sent it: what came in its place is for them too (R8)."""
        for later in await unit.broadcasts.in_status(BroadcastStatus.LIVE):
            if broadcast in await earlier_than(unit, later):
                plan = await plan_of(unit, later, self.ways, self.clock.now())
                await unit.recipients.expand(later, plan)

    async def _begin(self, unit: Unit, broadcast: Broadcast) -> Broadcast:
        """Enter the account, everybody in it at once, when those of what this one replaces are closed."""
        now = self.clock.now()
        if await self.is_late(unit, broadcast):
            log.info("broadcast_late", broadcast=broadcast.id)
            return await saved(unit, replace(broadcast.moved(BroadcastStatus.CANCELLED), ended_at=now))
        await self.halt_replaced(unit, broadcast)
        await self.close_halted(unit, broadcast)
        begun = await saved(unit, replace(broadcast.moved(BroadcastStatus.LIVE), begun_at=now))
        count = await unit.recipients.expand(begun, await plan_of(unit, begun, self.ways, now))
        log.info("broadcast_begun", broadcast=begun.id, kind=begun.kind, recipients=count)
        return begun

    async def _end(self, unit: Unit, broadcast: Broadcast) -> None:
        """Its life is over: whoever was not reached never will be (R20)."""
        await self.close_halted(unit, broadcast)  # approved, and every process was away until now
        ending = BroadcastStatus.ENDED if broadcast.status is BroadcastStatus.LIVE else BroadcastStatus.CANCELLED
        await unit.broadcasts.save(replace(broadcast.moved(ending), ended_at=self.clock.now()))
        await unit.recipients.stop(broadcast.id, RecipientState.EXPIRED)
        await unit.deliveries.cancel_outreach(broadcast.id)


async def saved(unit: Unit, broadcast: Broadcast) -> Broadcast:
    """The broadcast as it is stored now; raises Conflict when another's change came first."""
    await unit.broadcasts.save(broadcast)
    return replace(broadcast, revision=broadcast.revision + 1)
