"""Owns the way out: claims what is due, sends it at the provider's pace, keeps each outcome at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.case import Topic, Urgency
from bot.domain.contact import Channel, Contact, ContactId
from bot.domain.delivery import Delivery, DeliveryStatus, Template
from bot.domain.errors import Conflict, Reason, SendError, Unavailable
from bot.log import logger
from bot.services.cases import CaseDesk
from bot.services.inbox import refuse
from bot.services.ports import DEFAULT_CLAIM, Channeller, Clock, Store, Throttle, Unit

log = logger("deliveries")

MAX_ATTEMPTS = 12
FIRST_PAUSE = timedelta(seconds=2)  # doubled at each further attempt
LONGEST_PAUSE = timedelta(minutes=10)
LONGEST_HOLD = timedelta(days=1)  # by a provider's word: a longer one is no pace but a slip, and would never be undone
MAX_WAIT_SECONDS = 10.0  # for a place in the pace, within one claim
KEEP_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds: what was sent is worth some patience with a database that is away


def pause_after(attempts: int, retry_after: float | None) -> timedelta:
    """How long to wait before the next attempt: the provider's own word (a day at most), else doubling from 2 s."""
    if retry_after is not None:
        return timedelta(seconds=min(max(0.0, retry_after), LONGEST_HOLD.total_seconds()))
    doublings = min(max(0, attempts - 1), MAX_ATTEMPTS)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def is_direct_answer(delivery: Delivery) -> bool:
    """Whether the contact has just asked for it: such an answer, STOP's own too, goes out even after STOP."""
    return delivery.origin.startswith("message:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends what is due, one contact at a time and in order, at least once.

    The outcome of each send is committed before the next begins: a kill between the provider's yes and that commit
    repeats this one delivery, and no other.
    """

    store: Store
    channels: Mapping[Channel, Channeller]
    throttle: Throttle
    clock: Clock
    cases: CaseDesk
    whatsapp_template: str = ""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def send_due(self, contact: ContactId) -> int:
        """Send the contact's due deliveries; returns how many the providers accepted."""
        now = self.clock.now()
        async with self.store.transaction(contact) as unit:
            known = await unit.contacts.get(contact)
            claimed = await unit.deliveries.claim(contact, now, now + DEFAULT_CLAIM)
        sent = 0
        for at, delivery in enumerate(claimed):
            if self.clock.now() >= now + DEFAULT_CLAIM:
                break  # others may hold the rest by now; a STOP or an emergency may have come since
            outcome = await self.attempt(delivery, known)
            await self._keep(outcome)
            sent += outcome.status is DeliveryStatus.SENT
            if outcome.status is DeliveryStatus.QUEUED:  # later ones wait for it: a contact reads answers in order
                await self._give_back(claimed[at + 1 :], outcome.due_at)
                break
        return sent

    async def attempt(
        self,
        delivery: Delivery,
        contact: Contact | None,
        *,
        is_wanted: Callable[[Delivery], bool] = lambda _: True,
        is_forced: bool = False,
    ) -> Delivery:
        """The delivery after one attempt at it; nothing is stored.

        `is_wanted` is asked until its turn in the pace has come. `is_forced` goes out even after STOP (R19).
        """
        now = self.clock.now()
        refusal = self._refusal(delivery, contact, now, is_forced=is_forced)
        if refusal is not None:
            return _failed(delivery, refusal)
        delivery = self._in_window(delivery, contact, now)
        try:
            wait = await self._take_turn(delivery, is_wanted)
            if wait > 0:
                due_at = self.clock.now() + timedelta(seconds=wait)
                return replace(delivery, status=DeliveryStatus.QUEUED, due_at=due_at)
            if not is_wanted(delivery):
                return replace(delivery, status=DeliveryStatus.CANCELLED)
            provider_id = await self.channels[delivery.channel].send(delivery)
        except SendError as error:
            return await self._after_error(delivery, error)
        except Exception as error:  # a bug: tried again it would fail again, and hold up all that comes after it
            log.error("send_broke", delivery=delivery.id, error=error)
            return _failed(replace(delivery, attempts=delivery.attempts + 1), Reason.UNKNOWN)
        return replace(
            delivery,
            status=DeliveryStatus.SENT,
            provider_id=provider_id,
            sent_at=self.clock.now(),
            attempts=delivery.attempts + 1,
        )

    async def _take_turn(self, delivery: Delivery, is_wanted: Callable[[Delivery], bool]) -> float:
        """Wait for a place in the sender's pace; the seconds still to wait when that would take too long.

        What is no longer wanted takes none.
        """
        channeller = self.channels[delivery.channel]
        waited, cost = 0.0, channeller.cost(delivery.content)
        while is_wanted(delivery):
            wait = await self._ask_pace(delivery, channeller.sender, cost)
            waited += wait
            if wait <= 0 or waited > MAX_WAIT_SECONDS:
                return max(0.0, wait)
            await self.sleep(wait)
        return 0.0

    async def _ask_pace(self, delivery: Delivery, sender: str, cost: float) -> float:
        try:
            return await self.throttle.acquire(sender, delivery.lane, delivery.address.path, cost=cost)
        except Exception as error:  # no fault of this delivery: while nobody knows the pace, everything waits
            log.error("pace_unknown", channel=delivery.channel, error=error)
            return 2 * MAX_WAIT_SECONDS

    def _refusal(self, delivery: Delivery, contact: Contact | None, now: datetime, *, is_forced: bool) -> Reason | None:
        """Why this delivery must not be sent at all; None when it may."""
        reach = contact.reach(delivery.address) if contact else None
        if delivery.expires_at is not None and delivery.expires_at <= now:
            return Reason.EXPIRED
        if delivery.channel not in self.channels:
            return Reason.CHANNEL_OFF
        if reach is None:
            return Reason.INVALID_ADDRESS
        if not reach.is_open and not is_direct_answer(delivery) and not is_forced:
            return Reason.OPTED_OUT
        if not reach.is_in_window(now) and not self.whatsapp_template and delivery.content.template is None:
            return Reason.OUTSIDE_WINDOW
        return None

    def _in_window(self, delivery: Delivery, contact: Contact | None, now: datetime) -> Delivery:
        """The delivery with the approved template, where free text would be refused by the channel."""
        reach = contact.reach(delivery.address) if contact else None
        if reach is None or reach.is_in_window(now) or delivery.content.template is not None:
            return delivery
        template = Template(id=self.whatsapp_template, variables=(delivery.content.text,))
        return replace(delivery, content=replace(delivery.content, template=template))

    async def _after_error(self, delivery: Delivery, error: SendError) -> Delivery:
        """Queued again where the same send may succeed later, else failed with its reason."""
        attempts = delivery.attempts + 1
        if error.is_doubtful and delivery.outreach is not None:
            delivery = replace(delivery, outreach=replace(delivery.outreach, doubts=delivery.outreach.doubts + 1))
        log.warning("send_failed", delivery=delivery.id, reason=error.reason, attempts=attempts)
        if not error.reason.is_retryable or attempts >= MAX_ATTEMPTS:
            return _failed(replace(delivery, attempts=attempts), error.reason)
        pause = pause_after(attempts, error.retry_after)
        if error.retry_after is not None:
            await self.throttle.hold(self.channels[delivery.channel].sender, pause.total_seconds())
        return replace(delivery, status=DeliveryStatus.QUEUED, attempts=attempts, due_at=self.clock.now() + pause)

    async def _keep(self, delivery: Delivery) -> None:
        """Commit one outcome; given up now, a delivery that the provider took would be sent twice."""
        for pause in (*KEEP_PAUSES, None):
            try:
                await self._commit(delivery)
                return
            except Conflict:
                # Another sender took it over, or a receipt came first: what is stored is further on.
                log.warning("delivery_moved_on", delivery=delivery.id)
                return
            except Unavailable:
                if pause is None:
                    raise
                await self.sleep(pause)

    async def _commit(self, delivery: Delivery) -> None:
        async with self.store.transaction(delivery.contact) as unit:
            await unit.deliveries.save(delivery)
            if delivery.status in (DeliveryStatus.FAILED, DeliveryStatus.EXPIRED):
                await self._follow_up(unit, delivery)

    async def _follow_up(self, unit: Unit, delivery: Delivery) -> None:
        """A person follows up what could not be sent for good, so that nobody who wrote meets silence (R22)."""
        now = self.clock.now()
        if delivery.failure is Reason.OPTED_OUT:
            await refuse(unit, delivery, now)
            return
        contact = await unit.contacts.get(delivery.contact)
        is_missed = delivery.failure is not Reason.EXPIRED or is_direct_answer(delivery)
        if contact is not None and is_missed:
            await self.cases.open(unit, contact=contact, topic=Topic.FAULT, urgency=Urgency.NORMAL, facts={}, now=now)

    async def _give_back(self, deliveries: Sequence[Delivery], due_at: datetime) -> None:
        if not deliveries:
            return
        async with self.store.transaction(deliveries[0].contact) as unit:
            for delivery in deliveries:
                await unit.deliveries.save(replace(delivery, status=DeliveryStatus.QUEUED, due_at=due_at))


def _failed(delivery: Delivery, reason: Reason) -> Delivery:
    status = DeliveryStatus.EXPIRED if reason is Reason.EXPIRED else DeliveryStatus.FAILED
    return replace(delivery, status=status, failure=reason)
