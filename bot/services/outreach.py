"""Owns the sending of broadcasts: chunks of recipients claimed, written to at the provider's pace, kept in batches."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.broadcast import BroadcastStatus
from bot.domain.checkin import Recipient, RecipientState
from bot.domain.contact import Address, Channel, Contact, ContactId
from bot.domain.delivery import BroadcastId, Delivery, DeliveryId, DeliveryStatus, Lane, Outreach, Template
from bot.domain.errors import Conflict, Reason
from bot.log import logger
from bot.services.accounts import channels_of, redirected, settle, usable
from bot.services.broadcast_ports import Due
from bot.services.broadcasts import BroadcastDesk
from bot.services.deliveries import Sender
from bot.services.forecast import Way
from bot.services.inbox import refuse
from bot.services.letters import Addressee, Letters
from bot.services.ports import DEFAULT_CLAIM, Clock, Ids, Store, Unit

log = logger("outreach")

CHUNK_SECONDS = 2.0  # a chunk is what the pace lets out in this time, so that a claim never outlives its lease
SMALLEST_CHUNK, LARGEST_CHUNK = 2, 200
LOOK_SECONDS = 0.3  # between two looks for what is due or was stopped: a cancel is heard well within a second
DAY = timedelta(days=1)


@dataclass(kw_only=True)
class OutreachSender:
    """Sends what broadcasts owe their recipients. Any number of processes may: each recipient is claimed by one.

    A chunk's deliveries are stored as being sent before the first goes out, and their outcomes in one batch: a process
    killed in between leaves at most one chunk in doubt, which is sent again when its claim has run out, and counted.
    """

    store: Store
    desk: BroadcastDesk
    sender: Sender
    clock: Clock
    ids: Ids
    ways: Mapping[Channel, Way]
    hands: int = 2  # chunks of one channel and lane that this process has in hand at once
    look_seconds: float = LOOK_SECONDS
    _live: frozenset[BroadcastId] = frozenset()
    _letters: dict[BroadcastId, Letters] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Look for work and do it until `stop` is set, then finish what is in hand."""
        busy: dict[tuple[Channel, Lane], int] = defaultdict(int)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                for place in await self._look_safely():
                    if busy[place] < self.hands and not self._must_yield(place, busy):
                        busy[place] += 1
                        task = group.create_task(self._work_through(place, stop))
                        task.add_done_callback(lambda _, place=place: _count_down(busy, place))  # type: ignore[misc]
                await _rest(stop, self.look_seconds)

    def _must_yield(self, place: tuple[Channel, Lane], busy: Mapping[tuple[Channel, Lane], int]) -> bool:
        """Bulk is not even claimed while an emergency goes out on its channel."""
        channel, lane = place
        return lane is not Lane.EMERGENCY and busy.get((channel, Lane.EMERGENCY), 0) > 0

    async def _look_safely(self) -> Sequence[tuple[Channel, Lane]]:
        try:
            return await self.look()
        except Exception as error:  # the database is away: what is due stays due
            log.warning("look_failed", error=error)
            return ()

    async def look(self) -> Sequence[tuple[Channel, Lane]]:
        """Where there is work, the most urgent first; learns which broadcasts are live."""
        async with self.store.look() as unit:
            live = await unit.broadcasts.in_status(BroadcastStatus.LIVE)
            work = await unit.recipients.work(self.clock.now())
        self._live = frozenset(broadcast.id for broadcast in live)
        for gone in set(self._letters) - self._live:
            del self._letters[gone]
        return sorted((place for place in work if place[0] in self.ways), key=lambda place: list(Lane).index(place[1]))

    async def _work_through(self, place: tuple[Channel, Lane], stop: asyncio.Event) -> None:
        """Chunk after chunk while there are any; an error ends it, and the next look begins anew."""
        try:
            while not stop.is_set() and await self.send_chunk(*place):
                pass
        except Exception as error:
            log.error("chunk_failed", channel=place[0], lane=place[1], error=error)

    # --- one chunk --------------------------------------------------------------------------------------------------

    async def send_chunk(self, channel: Channel, lane: Lane) -> int:
        """Claim, send and keep one chunk; returns how many recipients it had."""
        claimed, contacts = await self._claim(channel, lane)
        if not claimed:
            return 0
        outcomes = await asyncio.gather(*(self._send(delivery, contacts[delivery.contact]) for delivery in claimed))
        await self._keep(outcomes, contacts)
        return len(claimed)

    async def _claim(self, channel: Channel, lane: Lane) -> tuple[list[Delivery], Mapping[ContactId, Contact]]:
        """Deliveries in this process's hand until the claim runs out: what is tried again, then who is due."""
        now, way = self.clock.now(), self.ways[channel]
        until, limit = now + DEFAULT_CLAIM, _chunk(way)
        async with self.store.transaction() as unit:
            again = list(await unit.deliveries.claim_outreach(channel, lane, now, until, limit))
            due = await unit.recipients.due(channel, lane, now, limit - len(again)) if len(again) < limit else ()
            contacts = {one.contact.id: one.contact for one in due}
            contacts |= await unit.roster.get([delivery.contact for delivery in again])
            await self._learn(unit, {_broadcast(one) for one in again}, {one.recipient.broadcast for one in due})
            room = await self._room(unit, way, now)
            new, unwritable = [], []
            for one in due:
                letters = await self._letters_of(unit, one.recipient.broadcast)
                gone = await _failed_addresses(unit, one.recipient)
                delivery = self._write(one, letters, channel, now, until, may_open=room > 0, without=gone)
                if delivery is None:
                    unwritable.append(one)
                else:
                    new.append(delivery)
                    room -= delivery.content.template is not None
            await unit.deliveries.add(new)
            await unit.recipients.begin_round([one.recipient.number for one in due])
            for one in unwritable:
                await self._fall_back(unit, one.recipient, one.contact, now)
        return [*(one for one in again if one.contact in contacts), *new], contacts

    async def _room(self, unit: Unit, way: Way, now: datetime) -> float:
        """How many more people may be written to outside the window today."""
        if way.reach is None:
            return float("inf")
        return way.reach - await unit.deliveries.templates_since(way.channeller.name, now - DAY)

    async def _learn(self, unit: Unit, doubtful: Iterable[BroadcastId], due: Iterable[BroadcastId]) -> None:
        """Which broadcasts are live, as this transaction sees it: those that owe somebody are."""
        live = set(self._live) | set(due)
        for broadcast in doubtful:
            stored = await unit.broadcasts.get(broadcast)
            is_live = stored is not None and stored.status is BroadcastStatus.LIVE
            (live.add if is_live else live.discard)(broadcast)
            await self._letters_of(unit, broadcast)
        self._live = frozenset(live)

    async def _letters_of(self, unit: Unit, broadcast: BroadcastId) -> Letters:
        if broadcast not in self._letters:
            stored = await unit.broadcasts.get(broadcast)
            assert stored is not None, "a recipient without a broadcast"
            self._letters[broadcast] = await self.desk.letters(unit, stored)
        return self._letters[broadcast]

    def _write(
        self,
        due: Due,
        letters: Letters,
        channel: Channel,
        now: datetime,
        until: datetime,
        *,
        may_open: bool,
        without: Collection[Address],
    ) -> Delivery | None:
        """The delivery to this recipient; None where none of their addresses on the channel can be written to."""
        broadcast, recipient, contact = letters.broadcast, due.recipient, due.contact
        reaches = usable(contact, channel, self.ways, broadcast, now)
        reach = next((one for one in reaches if one.address not in without), None)
        if reach is None or (not reach.is_in_window(now) and not may_open):
            return None
        content = letters.content(
            Addressee(
                language=recipient.language,
                channel=channel,
                site=recipient.site,
                employer=contact.employer,
                needs_introduction=contact.met_at is None,
                round=recipient.round if recipient.state.is_reached else 0,
            )
        )
        way = self.ways[channel]
        if not reach.is_in_window(now):
            content = replace(content, template=Template(id=way.template, variables=(content.text,)))
        return Delivery(
            id=DeliveryId(self.ids.new()),
            contact=contact.id,
            channel=channel,
            address=reach.address,
            content=way.channeller.fit(content)[-1] if content.template is None else content,
            origin=f"broadcast:{broadcast.id}",
            lane=broadcast.lane,
            status=DeliveryStatus.SENDING,
            created_at=now,
            due_at=now,
            claimed_until=until,
            expires_at=broadcast.expires_at,
            outreach=Outreach(broadcast=broadcast.id, recipient=recipient.number, round=recipient.round),
        )

    async def _send(self, delivery: Delivery, contact: Contact) -> Delivery:
        letters = self._letters.get(_broadcast(delivery))
        is_forced = letters is not None and letters.broadcast.overrides_opt_out
        return await self.sender.attempt(delivery, contact, is_wanted=self._is_wanted, is_forced=is_forced)

    def _is_wanted(self, delivery: Delivery) -> bool:
        """Whether it may still go out: asked again when its turn has come, for a cancel may have come first."""
        return _broadcast(delivery) in self._live

    # --- its outcome ------------------------------------------------------------------------------------------------

    async def _keep(self, outcomes: Sequence[Delivery], contacts: Mapping[ContactId, Contact]) -> None:
        sent = [delivery for delivery in outcomes if delivery.status is DeliveryStatus.SENT]
        others = [delivery for delivery in outcomes if delivery.status is not DeliveryStatus.SENT]
        async with self.store.transaction() as unit:
            kept = await unit.deliveries.save_sent(sent)
            # Of some, a receipt had overtaken this record of the send.
            others.extend(delivery for delivery in kept if delivery.status is not DeliveryStatus.SENT)
            await unit.contacts.met([delivery.contact for delivery in sent], self.clock.now())
            await self._note_sent(unit, sent, contacts)
            for delivery in others:
                await self._note(unit, delivery)

    async def _note_sent(self, unit: Unit, sent: Iterable[Delivery], contacts: Mapping[ContactId, Contact]) -> None:
        """All who were sent it in one statement for those that go on alike."""
        alike: dict[tuple[Channel, Channel | None, datetime | None, datetime], list[int]] = defaultdict(list)
        now = self.clock.now()
        for delivery in sent:
            assert delivery.outreach is not None
            next_channel, next_at = self._next_round(delivery, contacts[delivery.contact], now)
            alike[delivery.channel, next_channel, next_at, now].append(delivery.outreach.recipient)
        for (channel, next_channel, next_at, at), recipients in alike.items():
            await unit.recipients.sent(recipients, channel, at, next_channel=next_channel, next_at=next_at)

    def _next_round(
        self, delivery: Delivery, contact: Contact, now: datetime
    ) -> tuple[Channel | None, datetime | None]:
        """On which channel and when to ask again: once more on the same one, then on the next ones in turn (R10)."""
        letters = self._letters.get(_broadcast(delivery))
        assert delivery.outreach is not None
        round_ = delivery.outreach.round
        if letters is None or not letters.broadcast.asks_check_in or round_ >= len(letters.broadcast.repeats):
            return None, None
        channels = channels_of(contact, self.ways, letters.broadcast, now) or [delivery.channel]
        place = channels.index(delivery.channel) if delivery.channel in channels else -1
        step = 0 if round_ == 0 else 1
        return channels[(place + step) % len(channels)], now + letters.broadcast.repeats[round_]

    async def _note(self, unit: Unit, delivery: Delivery) -> None:
        """One that was not simply sent: tried again later, failed, or known by its receipt to be further."""
        if delivery.provider_id is None:
            try:
                await unit.deliveries.save(delivery)
            except Conflict:
                log.warning("delivery_moved_on", delivery=delivery.id)
                return
        if delivery.failure is Reason.OPTED_OUT:
            await refuse(unit, delivery, self.clock.now())
        await settle(unit, delivery, self.ways, self.clock.now())

    async def _fall_back(self, unit: Unit, recipient: Recipient, contact: Contact, now: datetime) -> None:
        """Nothing can be sent on this channel: on the next one, if there is any."""
        broadcast = (await self._letters_of(unit, recipient.broadcast)).broadcast
        reason = _why_not(contact, recipient.due_channel)
        left = [
            channel
            for channel in channels_of(contact, self.ways, broadcast, now)
            if channel is not recipient.due_channel
        ]
        await unit.recipients.settle(redirected(recipient, left, RecipientState.NOT_REACHED, reason, now))


def _why_not(contact: Contact, channel: Channel | None) -> Reason:
    """Why the channel on which this person was to be written to cannot be used any more."""
    reaches = [reach for reach in contact.reaches if reach.address.channel is channel]
    if not reaches:
        return Reason.NO_ADDRESS
    return Reason.REACH_LIMIT if any(reach.is_open for reach in reaches) else Reason.OPTED_OUT


async def _failed_addresses(unit: Unit, recipient: Recipient) -> frozenset[Address]:
    """Where a send to this recipient has failed for good; nowhere, unless they come from another channel."""
    if recipient.reason is None:
        return frozenset()
    tried = await unit.deliveries.of_recipient(recipient.number)
    return frozenset(one.address for one in tried if one.status is DeliveryStatus.FAILED)


def _chunk(way: Way) -> int:
    """How many are claimed at once."""
    return max(SMALLEST_CHUNK, min(LARGEST_CHUNK, round(way.rate * CHUNK_SECONDS)))


def _broadcast(delivery: Delivery) -> BroadcastId:
    assert delivery.outreach is not None
    return delivery.outreach.broadcast


def _count_down(busy: dict[tuple[Channel, Lane], int], place: tuple[Channel, Lane]) -> None:
    busy[place] -= 1


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
