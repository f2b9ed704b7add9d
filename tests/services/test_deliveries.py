"""The way out: in order, at least once, at the provider's pace, never silently given up, never after STOP."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.case import Topic
from bot.domain.contact import Address, Channel, ContactId, Permission, Scheme
from bot.domain.delivery import Content, Delivery, DeliveryId, DeliveryStatus, Lane
from bot.domain.errors import Conflict, Reason, SendError, Unavailable
from bot.services.cases import CaseDesk
from bot.services.deliveries import LONGEST_PAUSE, MAX_ATTEMPTS, Sender, pause_after
from bot.services.ports import DEFAULT_CLAIM
from bot.storage.store import SqlStore
from tests.stand import NOW, PHONE, CountingIds, StillClock, met

CONTACT = ContactId("c1")
WHATSAPP = Address(scheme=Scheme.WHATSAPP, path="+555155500151")


@dataclass
class Provider:
    """A channel whose answers a test decides: `refuses` gives an error by text, `slow` passes time at each send."""

    clock: StillClock
    name: Channel = Channel.SMS
    sender: str = "+1500"
    has_receipts: bool = True
    sent: list[Delivery] = field(default_factory=list)
    refuses: dict[str, Exception] = field(default_factory=dict)
    slow: timedelta = timedelta()

    def cost(self, content: Content) -> float:
        return 1.0

    async def send(self, delivery: Delivery) -> str:
        self.clock.pass_(self.slow)
        if delivery.content.text in self.refuses:
            raise self.refuses[delivery.content.text]
        self.sent.append(delivery)
        return f"SM{len(self.sent)}"

    @property
    def texts(self) -> list[str]:
        return [delivery.content.text for delivery in self.sent]


@dataclass
class Pace:
    """A throttle that tells the waits it was given, and nothing to wait afterwards."""

    waits: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    async def acquire(self, sender: str, lane: Lane, address: str, *, cost: float = 1.0) -> float:
        return self.waits.pop(0) if self.waits else 0.0

    async def hold(self, sender: str, seconds: float) -> None:
        self.held.append(seconds)


@dataclass
class Out:
    """The sender with everything around it."""

    store: SqlStore
    clock: StillClock
    sms: Provider
    pace: Pace
    sender: Sender

    async def queue(self, *texts: str, **more: Any) -> None:
        now = self.clock.now()
        address = more.pop("address", PHONE)
        made = [
            Delivery(
                id=DeliveryId(f"d-{text}"), contact=CONTACT, channel=address.channel, address=address, created_at=now,
                due_at=now, content=Content(text=text, language="en"), **{"origin": "message:m1", **more},
            )
            for text in texts
        ]  # fmt: skip
        async with self.store.transaction(CONTACT) as unit:
            await met(unit, address)
            await unit.deliveries.add(made)

    async def status(self, text: str) -> DeliveryStatus:
        return (await self.stored(text)).status

    async def stored(self, text: str) -> Delivery:
        async with self.store.transaction() as unit:
            delivery = await unit.deliveries.get(DeliveryId(f"d-{text}"))
        assert delivery is not None
        return delivery

    async def faults(self) -> int:
        async with self.store.transaction() as unit:
            return sum(case.topic is Topic.FAULT for case in await unit.cases.of(CONTACT))

    async def permission(self) -> Permission:
        async with self.store.transaction() as unit:
            contact = await unit.contacts.get(CONTACT)
        assert contact is not None
        return contact.reaches[0].permission

    async def set_permission(self, permission: Permission) -> None:
        async with self.store.transaction(CONTACT) as unit:
            contact = await unit.contacts.get(CONTACT)
            assert contact is not None
            await unit.contacts.save(contact.permitting(PHONE, permission, self.clock.now()))


@pytest.fixture
def out(store: SqlStore, clock: StillClock, ids: CountingIds) -> Out:
    sms, pace = Provider(clock=clock), Pace()

    async def sleep(seconds: float) -> None:
        clock.pass_(timedelta(seconds=seconds))

    sender = Sender(
        store=store, channels={Channel.SMS: sms}, throttle=pace, clock=clock, cases=CaseDesk(ids=ids), sleep=sleep
    )  # type: ignore[arg-type]
    return Out(store=store, clock=clock, sms=sms, pace=pace, sender=sender)


async def test_what_is_due_is_sent_in_order_once(out: Out) -> None:
    """R23."""
    await out.queue("one", "two", "three")
    assert await out.sender.send_due(CONTACT) == 3
    assert await out.sender.send_due(CONTACT) == 0
    assert out.sms.texts == ["one", "two", "three"]


async def test_later_answers_wait_for_one_that_must_be_tried_again(out: Out) -> None:
    """R23: a contact never reads the second answer before the first."""
    await out.queue("one", "two")
    out.sms.refuses["one"] = SendError(Reason.PROVIDER_DOWN)
    assert await out.sender.send_due(CONTACT) == 0
    assert out.sms.texts == []
    assert await out.status("two") is DeliveryStatus.QUEUED
    out.sms.refuses.clear()
    out.clock.pass_(timedelta(seconds=2))
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == ["one", "two"]


async def test_an_emergency_overtakes_a_reply_that_waits_for_its_next_try(out: Out) -> None:
    await out.queue("reply")
    out.sms.refuses["reply"] = SendError(Reason.PROVIDER_DOWN, retry_after=300)
    await out.sender.send_due(CONTACT)
    await out.queue("go up", lane=Lane.EMERGENCY)
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == ["go up"]


async def test_the_providers_own_pause_is_obeyed_and_holds_the_whole_sender(out: Out) -> None:
    await out.queue("one")
    out.sms.refuses["one"] = SendError(Reason.TOO_FAST, retry_after=40)
    await out.sender.send_due(CONTACT)
    assert (await out.stored("one")).due_at == NOW + timedelta(seconds=40)
    assert out.pace.held == [40]


async def test_a_slip_in_the_providers_pause_stops_the_sender_for_a_day_at_most(out: Out) -> None:
    await out.queue("one")
    out.sms.refuses["one"] = SendError(Reason.TOO_FAST, retry_after=1e300)
    await out.sender.send_due(CONTACT)
    assert (await out.stored("one")).due_at == NOW + timedelta(days=1)
    assert out.pace.held == [86_400]


@pytest.mark.parametrize(
    ("attempts", "retry_after", "pause"),
    [(1, None, 2), (2, None, 4), (5, None, 32), (30, None, LONGEST_PAUSE.total_seconds()), (3, 7.5, 7.5)],
)
def test_the_pause_doubles_up_to_ten_minutes_unless_the_provider_says_otherwise(
    attempts: int, retry_after: float | None, pause: float
) -> None:
    assert pause_after(attempts, retry_after) == timedelta(seconds=pause)


async def test_a_delivery_that_can_never_be_sent_ends_with_a_case_and_lets_the_next_one_go(out: Out) -> None:
    """R22."""
    await out.queue("one", "two")
    out.sms.refuses["one"] = SendError(Reason.BAD_CONTENT)
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == ["two"]
    assert (await out.stored("one")).failure is Reason.BAD_CONTENT
    assert await out.faults() == 1


async def test_tries_come_to_an_end(out: Out) -> None:
    """R22: a provider that is down for good leads to a person, not to tries without end."""
    await out.queue("one", "two")
    out.sms.refuses["one"] = SendError(Reason.PROVIDER_DOWN)
    for _ in range(MAX_ATTEMPTS):
        await out.sender.send_due(CONTACT)
        out.clock.pass_(LONGEST_PAUSE)
    assert await out.status("one") is DeliveryStatus.FAILED
    assert await out.faults() == 1
    assert out.sms.texts == ["two"]


@pytest.mark.parametrize("where", ["send", "cost"])
async def test_a_bug_in_a_channel_blocks_nobody(out: Out, where: str) -> None:
    """R22: an error that nobody foresaw fails this delivery with a case; what comes after it is sent."""
    await out.queue("one", "two")
    if where == "send":
        out.sms.refuses["one"] = RuntimeError("a bug")
    else:
        out.sms.cost = _failing_at("one")  # type: ignore[method-assign]
    await out.sender.send_due(CONTACT)
    assert (await out.stored("one")).failure is Reason.UNKNOWN
    assert out.sms.texts == ["two"]
    assert await out.faults() == 1


def _failing_at(text: str) -> Callable[[Content], float]:
    def cost(content: Content) -> float:
        if content.text == text:
            raise ValueError("a bug")
        return 1.0

    return cost


async def test_an_answer_that_outlived_its_use_is_dropped_and_a_person_learns_of_it(out: Out) -> None:
    """R20, R22: the contact asked and heard nothing."""
    await out.queue("one", expires_at=NOW + timedelta(hours=1))
    out.clock.pass_(timedelta(hours=2))
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == []
    assert await out.status("one") is DeliveryStatus.EXPIRED
    assert await out.faults() == 1


async def test_an_alert_that_outlived_its_use_opens_no_case(out: Out) -> None:
    """R20: its report counts it; ten thousand cases would help nobody."""
    await out.queue("one", expires_at=NOW + timedelta(hours=1), origin="broadcast:b1")
    out.clock.pass_(timedelta(hours=2))
    await out.sender.send_due(CONTACT)
    assert await out.status("one") is DeliveryStatus.EXPIRED
    assert await out.faults() == 0


async def test_after_stop_only_direct_answers_go_out(out: Out) -> None:
    """R19: STOP's own confirmation is sent, a reminder is not, and that opens no case."""
    await out.queue("you get no more messages")
    await out.queue("are you still there", origin="session:s1")
    await out.set_permission(Permission.REFUSED)
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == ["you get no more messages"]
    assert (await out.stored("are you still there")).failure is Reason.OPTED_OUT
    assert await out.faults() == 0


async def test_a_block_reported_by_the_provider_refuses_the_address(out: Out) -> None:
    """R19."""
    await out.queue("one")
    out.sms.refuses["one"] = SendError(Reason.OPTED_OUT)
    await out.sender.send_due(CONTACT)
    assert await out.permission() is Permission.REFUSED


async def test_a_channel_that_was_turned_off_fails_its_deliveries_with_a_case(out: Out) -> None:
    await out.queue("one", address=WHATSAPP)
    await out.sender.send_due(CONTACT)
    assert (await out.stored("one")).failure is Reason.CHANNEL_OFF
    assert await out.faults() == 1


@pytest.mark.parametrize(("template", "status"), [("", DeliveryStatus.FAILED), ("HX1", DeliveryStatus.SENT)])
async def test_outside_the_whatsapp_window_a_template_goes_out_or_nothing(
    out: Out, template: str, status: DeliveryStatus
) -> None:
    whatsapp = Provider(clock=out.clock, name=Channel.WHATSAPP)
    sender = replace(out.sender, channels={Channel.WHATSAPP: whatsapp}, whatsapp_template=template)
    await out.queue("one", address=WHATSAPP)
    out.clock.pass_(timedelta(hours=24))
    await sender.send_due(CONTACT)
    assert await out.status("one") is status
    assert [sent.content.template and sent.content.template.id for sent in whatsapp.sent] == (
        [template] * bool(template)
    )


async def test_a_long_wait_for_the_pace_puts_the_delivery_back_until_then(out: Out) -> None:
    await out.queue("one", "two")
    out.pace.waits = [300.0]
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == []
    assert (await out.stored("one")).due_at == NOW + timedelta(seconds=300)
    assert (await out.stored("one")).attempts == 0
    assert await out.status("two") is DeliveryStatus.QUEUED


async def test_a_short_wait_for_the_pace_is_waited_for(out: Out) -> None:
    await out.queue("one")
    out.pace.waits = [3.0, 2.0]
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == ["one"]
    assert out.clock.now() == NOW + timedelta(seconds=5)


async def test_without_a_pace_deliveries_wait_and_none_is_given_up(out: Out) -> None:
    async def acquire(*_: Any, **__: Any) -> float:
        raise RuntimeError("MISCONF")

    await out.queue("one")
    out.pace.acquire = acquire  # type: ignore[method-assign]
    await out.sender.send_due(CONTACT)
    assert await out.status("one") is DeliveryStatus.QUEUED
    assert out.sms.texts == []


async def test_nothing_is_sent_under_a_claim_that_has_run_out(out: Out) -> None:
    """R23: another process may have taken it over, and an emergency or a STOP may have come since."""
    await out.queue("one", "two", "three")
    out.sms.slow = DEFAULT_CLAIM / 2
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == ["one", "two"]
    await out.sender.send_due(CONTACT)
    assert out.sms.texts == ["one", "two", "three"]


async def test_a_send_is_written_down_although_the_database_was_away_for_a_moment(out: Out) -> None:
    """R23: the provider has said yes; giving up now would send it twice."""
    await out.queue("one")
    away = [Unavailable("away"), Unavailable("away")]
    sender = replace(out.sender, store=_Flickering(out.store, out.sms, away))  # type: ignore[arg-type]
    await sender.send_due(CONTACT)
    assert away == []
    assert await out.status("one") is DeliveryStatus.SENT


async def test_what_somebody_else_moved_on_stays_as_it_is(out: Out) -> None:
    await out.queue("one", "two")
    sender = replace(out.sender, store=_Flickering(out.store, out.sms, [Conflict("moved")]))  # type: ignore[arg-type]
    await sender.send_due(CONTACT)
    assert out.sms.texts == ["one", "two"]
    assert await out.status("two") is DeliveryStatus.SENT


@dataclass
class _Flickering:
    """A store that fails its next transactions once something was sent."""

    store: SqlStore
    provider: Provider
    errors: list[Exception]

    def transaction(self, contact: ContactId | None = None) -> Any:
        if self.provider.sent and self.errors:
            raise self.errors.pop(0)
        return self.store.transaction(contact)
