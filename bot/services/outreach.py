"""Owns the sending of broadcasts: chunks of recipients claimed, written to at the provider's pace, kept in batches."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus, MessageType
from bot.domain.checkin import Recipient, RecipientState, state_after
from bot.domain.contact import Address, Channel, Contact, ContactId
from bot.domain.delivery import BroadcastId, Delivery, DeliveryId, DeliveryStatus, Lane, Outreach, Template
from bot.domain.errors import Conflict, Reason, Unavailable
from bot.log import logger
from bot.services.accounts import channels_of, redirected, settle, usable
from bot.services.broadcast_ports import Due
from bot.services.broadcasts import BroadcastDesk
from bot.services.deliveries import KEEP_PAUSES, Sender
from bot.services.forecast import Way
from bot.services.inbox import refuse
from bot.services.letters import Addressee, Letters
from bot.services.lines import Lines, Pair, Place
from bot.services.ports import DEFAULT_CLAIM, Clock, Ids, Store, Unit

log = logger("outreach")

DAY = timedelta(days=1)
CHUNK = 200  # recipients in a chunk that is not part of a line
MAX_DOUBTS = 6  # claims that ran out: a delivery that its senders die of, or whose outcome nobody can keep


@dataclass(kw_only=True)
class OutreachSender:
    """Sends what broadcasts owe their recipients. Any number of processes may: each recipient is claimed by one.

    Deliveries are stored as being sent before the first of them goes out, and their outcomes in small batches: what a
    killed process had in hand is sent again when its claim has run out, and counted as doubted.
    """

    store: Store
    desk: BroadcastDesk
    sender: Sender
    clock: Clock
    ids: Ids
    ways: Mapping[Channel, Way]
    _stopped: set[BroadcastId] = field(default_factory=set)
    _letters: dict[BroadcastId, Letters] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Look for work and do it until `stop` is set, then finish what is in hand."""
        await Lines(road=self, sleep=self.sender.sleep).run(stop)

    async def look(self) -> Sequence[Place]:
        """Where there is work, the most urgent first; learns which broadcasts were stopped."""
        begun = set(self._letters)  # before the look: what begins meanwhile is not in what it sees
        async with self.store.look() as unit:
            live = await unit.broadcasts.in_status(BroadcastStatus.LIVE)
            work = await unit.recipients.work(self.clock.now())
        stopped = begun - {broadcast.id for broadcast in live}
        self._stopped |= stopped
        for broadcast in stopped:
            self._letters.pop(broadcast, None)
        return sorted((place for place in work if place[0] in self.ways), key=lambda place: list(Lane).index(place[1]))

    def rate(self, channel: Channel) -> float:
        return self.ways[channel].rate

    def cost(self, delivery: Delivery) -> float:
        return self.ways[delivery.channel].channeller.cost(delivery.content)

    async def send_chunk(self, channel: Channel, lane: Lane) -> int:
        """Claim, send and keep one chunk; returns how many recipients it had."""
        claimed, seen = await self.claim(channel, lane, CHUNK)
        outcomes = await asyncio.gather(*(self.send(*pair) for pair in claimed))
        await self.keep([(outcome, contact) for outcome, (_, contact) in zip(outcomes, claimed, strict=True)])
        return seen

    # --- claimed ----------------------------------------------------------------------------------------------------

    async def claim(self, channel: Channel, lane: Lane, limit: int) -> tuple[list[Pair], int]:
        """Deliveries in this process's hand until the claim runs out: what is tried again, then who is due.

        Also returns how many were looked at: for some there is nothing to send on this channel.
        """
        now, way = self.clock.now(), self.ways[channel]
        until = now + DEFAULT_CLAIM
        async with self.store.transaction() as unit:
            again = await unit.deliveries.claim_outreach(channel, lane, now, until, limit)
            due = await unit.recipients.due(channel, lane, now, limit - len(again)) if len(again) < limit else ()
            known = await unit.roster.get([delivery.contact for delivery in again]) if again else {}
            await self._learn(unit, {_broadcast(one) for one in again})
            wanted = await self._without_overtaken(unit, again)
            new = await self._write_all(unit, due, way, now, until)
        return [*((one, known[one.contact]) for one in wanted if one.contact in known), *new], len(again) + len(due)

    async def _without_overtaken(self, unit: Unit, again: Sequence[Delivery]) -> Sequence[Delivery]:
        """What is still to be tried; a drill's message to somebody whom an alert is for now is given up (R9)."""
        drills = [_recipient(one) for one in again if _is_rehearsal(self._letters[_broadcast(one)].broadcast)]
        overtaken = await unit.recipients.overtaken(drills) if drills else frozenset[int]()
        for one in again:
            if _recipient(one) in overtaken:
                await self._note(unit, replace(one, status=DeliveryStatus.CANCELLED))
        return [one for one in again if _recipient(one) not in overtaken]

    async def _write_all(self, unit: Unit, due: Sequence[Due], way: Way, now: datetime, until: datetime) -> list[Pair]:
        """Store what those who are due are sent; whoever cannot be written to here is due elsewhere, or nowhere."""
        if not due:
            return []
        room, written = await self._room(unit, way, now), list[Pair]()
        unwritable, broken = list[Due](), list[Due]()
        overtaken = await self._overtaken(unit, due)
        for one in due:
            if one.recipient.number in overtaken:
                continue
            letters = await self._letters_of(unit, one.recipient.broadcast)
            gone = await _failed_addresses(unit, one.recipient)
            try:
                delivery = self._write(one, letters, way, now, until, may_open=room > 0, without=gone)
            except Exception as error:  # a fault of ours: raised, it would keep all the others of this line waiting
                log.error("letter_broke", broadcast=letters.broadcast.id, recipient=one.recipient.number, error=error)
                broken.append(one)
                continue
            if delivery is None:
                unwritable.append(one)
            else:
                written.append((delivery, one.contact))
                room -= delivery.content.template is not None
        await unit.deliveries.add([delivery for delivery, _ in written])
        await unit.recipients.begin_round(
            [one.recipient.number for one in due if one.recipient.number not in overtaken]
        )
        for one in unwritable:
            await self._fall_back(unit, one.recipient, one.contact, now)
        for one in broken:
            await unit.recipients.settle(_failed(one.recipient, now))
        return written

    async def _overtaken(self, unit: Unit, due: Sequence[Due]) -> frozenset[int]:
        """Those for whom a drill is over because an alert is for them now (R9): they are written to no more."""
        rehearsing = [
            one.recipient
            for one in due
            if _is_rehearsal((await self._letters_of(unit, one.recipient.broadcast)).broadcast)
        ]
        if not rehearsing:
            return frozenset()
        overtaken = await unit.recipients.overtaken([one.number for one in rehearsing])
        for one in rehearsing:
            if one.number in overtaken:
                state = one.state if one.state.is_reached else RecipientState.CANCELLED
                await unit.recipients.settle(replace(one, state=state, due_channel=None, due_at=None))
        return overtaken

    async def _room(self, unit: Unit, way: Way, now: datetime) -> float:
        """How many more people may be written to outside the window today."""
        if way.reach is None:
            return float("inf")
        return way.reach - await unit.deliveries.templates_since(way.channeller.name, now - DAY)

    async def _learn(self, unit: Unit, doubtful: Iterable[BroadcastId]) -> None:
        """Whether what is tried again is still to be sent, as this transaction sees it."""
        for broadcast in doubtful:
            stored = await unit.broadcasts.get(broadcast)
            if stored is None or stored.status is not BroadcastStatus.LIVE:
                self._stopped.add(broadcast)
            await self._letters_of(unit, broadcast)

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
        way: Way,
        now: datetime,
        until: datetime,
        *,
        may_open: bool,
        without: Collection[Address],
    ) -> Delivery | None:
        """The delivery to this recipient; None where none of their addresses on the channel can be written to."""
        broadcast, recipient, contact = letters.broadcast, due.recipient, due.contact
        channel = way.channeller.name
        reaches = usable(contact, channel, self.ways, broadcast, now)
        reach = next((one for one in reaches if one.address not in without), None)
        if reach is None or (not reach.is_in_window(now) and not may_open):
            return None
        letter = letters.content(
            Addressee(
                language=recipient.language,
                own_language=contact.language if recipient.is_fallback else None,
                channel=channel,
                site=recipient.site,
                employer=contact.employer,
                needs_introduction=contact.met_at is None,
                round=recipient.round if recipient.state.is_reached else 0,
            )
        )
        content = way.channeller.fit(letter)[-1]  # with its options as lines, where the channel cannot draw them
        if not reach.is_in_window(now):
            content = replace(content, template=Template(id=way.template, variables=(content.text,)))
        return Delivery(
            id=DeliveryId(self.ids.new()),
            contact=contact.id,
            channel=channel,
            address=reach.address,
            content=content,
            origin=f"broadcast:{broadcast.id}",
            lane=broadcast.lane,
            status=DeliveryStatus.SENDING,
            created_at=now,
            due_at=now,
            claimed_until=until,
            expires_at=broadcast.expires_at,
            outreach=Outreach(broadcast=broadcast.id, recipient=recipient.number, round=recipient.round),
        )

    # --- sent -------------------------------------------------------------------------------------------------------

    async def send(self, delivery: Delivery, contact: Contact) -> Delivery:
        """The delivery after one attempt at it; nothing is stored, nothing raised."""
        letters, outreach = self._letters.get(_broadcast(delivery)), delivery.outreach
        if outreach is not None and outreach.doubts - delivery.attempts > MAX_DOUBTS:
            return replace(delivery, status=DeliveryStatus.FAILED, failure=Reason.UNKNOWN)
        is_forced = letters is not None and letters.broadcast.overrides_opt_out
        try:
            return await self.sender.attempt(delivery, contact, is_wanted=self._is_wanted, is_forced=is_forced)
        except Exception as error:
            log.error("attempt_broke", delivery=delivery.id, error=error)
            return replace(delivery, status=DeliveryStatus.FAILED, failure=Reason.UNKNOWN)

    def _is_wanted(self, delivery: Delivery) -> bool:
        """Whether it may still go out: asked again when its turn has come, for a cancel may have come first."""
        return _broadcast(delivery) not in self._stopped

    # --- kept -------------------------------------------------------------------------------------------------------

    async def keep(self, outcomes: Sequence[Pair]) -> None:
        """Store what became of deliveries; never raises.

        It is worth some patience: what a provider took would be sent again. One that cannot be stored at all must not
        take the others with it.
        """
        for pause in (*KEEP_PAUSES, None):
            try:
                await self._keep_together(outcomes)
                return
            except (Conflict, Unavailable) as error:
                log.warning("keeping_waits", outcomes=len(outcomes), error=error)
                if pause is not None:
                    await self.sender.sleep(pause)
            except Exception as error:
                log.error("keeping_broke", outcomes=len(outcomes), error=error)
                break
        if len(outcomes) > 1:
            for outcome in outcomes:
                await self.keep([outcome])

    async def _keep_together(self, outcomes: Sequence[Pair]) -> None:
        contacts = {contact.id: contact for _, contact in outcomes}
        sent = [delivery for delivery, _ in outcomes if delivery.status is DeliveryStatus.SENT]
        others = [delivery for delivery, _ in outcomes if delivery.status is not DeliveryStatus.SENT]
        async with self.store.transaction() as unit:
            late = await self._hold_all(unit, {_broadcast(delivery) for delivery, _ in outcomes})
            kept = await unit.deliveries.save_sent(sent)
            # Of some, a receipt had overtaken this record of the send.
            others.extend(delivery for delivery in kept if delivery.status is not DeliveryStatus.SENT)
            await unit.contacts.met([delivery.contact for delivery in sent], self.clock.now())
            await self._note_sent(unit, sent, contacts)
            for delivery in others:
                await self._note(unit, _given_up(delivery) if _broadcast(delivery) in late else delivery)
            for broadcast in late & {_broadcast(one) for one in (*sent, *others) if _may_be_sent(one)}:
                await self.desk.life.catch_up(unit, broadcast)

    async def _hold_all(self, unit: Unit, broadcasts: Iterable[BroadcastId]) -> set[BroadcastId]:
        """Nobody stops these until their accounts are written; returns those that were stopped before."""
        late = set()
        for broadcast in sorted(broadcasts):
            stored = await unit.broadcasts.hold(broadcast)
            if stored is None or stored.status is not BroadcastStatus.LIVE:
                late.add(broadcast)
                self._stopped.add(broadcast)
        return late

    async def _note_sent(self, unit: Unit, sent: Iterable[Delivery], contacts: Mapping[ContactId, Contact]) -> None:
        """All who were sent it in one statement for those that go on alike."""
        alike: dict[tuple[Channel, Channel | None, datetime | None], list[Delivery]] = defaultdict(list)
        now = self.clock.now()
        for delivery in sent:
            assert delivery.outreach is not None
            next_channel, next_at = self._next_round(delivery, contacts[delivery.contact], now)
            alike[delivery.channel, next_channel, next_at].append(delivery)
        for (channel, next_channel, next_at), those in alike.items():
            # Not the time of this record: some may have answered before it.
            at = min((one.sent_at for one in those if one.sent_at is not None), default=now)
            recipients = [one.outreach.recipient for one in those if one.outreach is not None]
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
        """Nothing can be sent on this channel: on the next one, if there is any where nothing has failed."""
        broadcast = (await self._letters_of(unit, recipient.broadcast)).broadcast
        tried = await unit.deliveries.of_recipient(recipient.number)
        gone = {one.address for one in tried if one.status is DeliveryStatus.FAILED}
        left = [
            channel
            for channel in channels_of(contact, self.ways, broadcast, now, without=gone)
            if channel is not recipient.due_channel
        ]
        state = state_after((one.status for one in tried), is_answered=recipient.has_answered)
        # What failed says more of why somebody was not reached than what could not even be tried.
        reason = recipient.reason if tried and recipient.reason else _why_not(contact, recipient.due_channel)
        await unit.recipients.settle(redirected(recipient, left, state or RecipientState.NOT_REACHED, reason, now))


def _is_rehearsal(broadcast: Broadcast) -> bool:
    """Whether people are told of a danger that is none; that a drill is called off may always be said."""
    return broadcast.kind is BroadcastKind.DRILL and broadcast.message_type is not MessageType.CANCEL


def _failed(recipient: Recipient, now: datetime) -> Recipient:
    """Somebody whose letter cannot be written on any channel."""
    state = recipient.state if recipient.state.is_reached else RecipientState.FAILED
    return redirected(recipient, [], state, Reason.UNKNOWN, now)


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


def _given_up(delivery: Delivery) -> Delivery:
    """Not to be tried again, for its broadcast was stopped."""
    is_to_come = delivery.status is DeliveryStatus.QUEUED
    return replace(delivery, status=DeliveryStatus.CANCELLED) if is_to_come else delivery


def _may_be_sent(delivery: Delivery) -> bool:
    """Whether the reader has, or may have, got it: also what was dropped after a sender died with it in hand."""
    was_sent = delivery.provider_id is not None
    return was_sent or (delivery.outreach is not None and delivery.outreach.doubts > 0)


def _recipient(delivery: Delivery) -> int:
    assert delivery.outreach is not None
    return delivery.outreach.recipient


def _broadcast(delivery: Delivery) -> BroadcastId:
    assert delivery.outreach is not None
    return delivery.outreach.broadcast
