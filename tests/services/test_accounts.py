"""What becomes of a recipient: by receipts and failures, on another address, when all is stopped in the middle."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import Broadcast
from bot.domain.checkin import RecipientState
from bot.domain.contact import Address, Channel, Reach, Scheme
from bot.domain.delivery import Delivery, DeliveryStatus, Lane
from bot.domain.errors import Reason, SendError, Unavailable
from bot.domain.message import Receipt
from bot.services.lines import Pair
from bot.services.ports import DEFAULT_CLAIM, Inbound
from tests.dialogue import Muster, Worker, muster
from tests.services.alarm import alerted, approved, employed, people, recipient, with_phone

S = RecipientState
MINUTES = timedelta(minutes=10)


async def claimed(house: Muster, channel: Channel = Channel.SMS) -> Sequence[Pair]:
    pairs, _ = await house.outreach.claim(channel, Lane.EMERGENCY, 10)
    return pairs


async def sent(house: Muster, pairs: Sequence[Pair]) -> list[Pair]:
    return [(await house.outreach.send(*pair), pair[1]) for pair in pairs]


async def hears_back(house: Muster, delivery: Delivery, status: DeliveryStatus, reason: Reason | None = None) -> None:
    """The provider tells what became of a message."""
    assert delivery.provider_id is not None
    receipt = Receipt(
        channel=delivery.channel,
        provider_id=delivery.provider_id,
        status=status,
        reason=reason.value if reason else None,
    )
    await house.inbox.take(Inbound(receipts=(receipt,)))


async def tried(house: Muster, alert: Broadcast, worker: Worker) -> Sequence[Delivery]:
    number = (await recipient(house, alert.id, worker)).number
    async with house.store.look() as unit:
        return await unit.deliveries.of_recipient(number)


async def test_receipts_bring_a_recipient_forward(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        (delivery,) = await tried(house, alert, ana)
        states = [(await recipient(house, alert.id, ana)).state]
        for status in (DeliveryStatus.DELIVERED, DeliveryStatus.SENT, DeliveryStatus.READ):
            await hears_back(house, delivery, status)
            states.append((await recipient(house, alert.id, ana)).state)
        assert states == [S.SENT, S.DELIVERED, S.DELIVERED, S.READ]


async def test_a_failure_told_by_a_receipt_goes_to_the_next_address_at_once(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, phone = await with_phone(house)
        alert = await alerted(house)
        (delivery,) = await tried(house, alert, ana)

        await hears_back(house, delivery, DeliveryStatus.FAILED, Reason.UNREACHABLE)
        await house.send_out()

        assert "Flood at" in phone.said[-1].text
        assert (await recipient(house, alert.id, ana)).state is S.SENT


async def test_a_late_failure_of_an_earlier_round_sends_nothing_twice(tmp_path: Path) -> None:
    """The next round is out by then: its reader has it."""
    async with muster(tmp_path) as house:
        ana, phone = await with_phone(house)
        alert = await alerted(house, repeats=(MINUTES, MINUTES))
        (first,) = await tried(house, alert, ana)
        house.clock.forward(MINUTES)
        await house.send_out()
        before = await recipient(house, alert.id, ana)

        await hears_back(house, first, DeliveryStatus.FAILED, Reason.UNREACHABLE)
        await house.send_out()

        after = await recipient(house, alert.id, ana)
        assert (after.state, after.round, after.due_at) == (S.SENT, before.round, before.due_at)
        assert not phone.said


async def test_a_failed_repeat_takes_nothing_back_from_who_was_reached(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house, repeats=(MINUTES,))
        (first,) = await tried(house, alert, ana)
        await hears_back(house, first, DeliveryStatus.DELIVERED)
        house.broken[ana.address] = SendError(Reason.UNREACHABLE)
        house.clock.forward(MINUTES)
        await house.send_out()
        after = await recipient(house, alert.id, ana)
        assert (after.state, after.reason) == (S.DELIVERED, None)


async def test_r8_who_is_still_sent_the_alert_at_its_cancel_is_told_of_the_cancel(tmp_path: Path) -> None:
    """The provider took it when the cancel came: its record is written afterwards."""
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        author, _ = await people(house)
        alert = await approved(house)
        pairs = await claimed(house)
        outcomes = await sent(house, pairs[:1])
        word = await house.desk.cancel(author, alert.id)

        await house.outreach.look()
        outcomes += await sent(house, pairs[1:])
        await house.outreach.keep(outcomes)
        await house.send_out()

        assert (await recipient(house, alert.id, ana)).state is S.SENT
        assert (await recipient(house, word.id, ana)).state is S.SENT
        assert "CANCEL" in ana.said[-1].text.upper()
        assert not luis.said
        assert (await recipient(house, alert.id, luis)).state is S.CANCELLED


async def test_r8_whose_sender_died_is_told_of_the_cancel_too(tmp_path: Path) -> None:
    """Nobody knows whether they have the alert: better a cancel too many than one too few."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        alert = await approved(house)
        await sent(house, await claimed(house))  # and dies
        await house.desk.cancel(author, alert.id)
        house.clock.forward(DEFAULT_CLAIM)

        await house.send_out()

        assert "CANCEL" in ana.said[-1].text.upper()
        async with house.store.look() as unit:
            assert await unit.deliveries.doubts(alert.id) == 1


async def test_what_is_to_be_tried_again_when_the_cancel_comes_is_not(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        alert = await approved(house)
        house.broken[ana.address] = SendError(Reason.TOO_FAST, retry_after=1)
        outcomes = await sent(house, await claimed(house))
        await house.desk.cancel(author, alert.id)
        await house.outreach.keep(outcomes)
        assert [one.status for one in await tried(house, alert, ana)] == [DeliveryStatus.CANCELLED]
        assert (await recipient(house, alert.id, ana)).state is S.CANCELLED


async def test_a_broadcast_that_begins_during_a_look_is_not_taken_for_stopped(tmp_path: Path) -> None:
    """What a look sees is older than what another line has claimed meanwhile."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        looking, go_on = asyncio.Event(), asyncio.Event()
        look = house.store.look

        class Slow:
            """Opens its view of the database, and then is kept waiting."""

            def __init__(self) -> None:
                self.view = look()

            async def __aenter__(self) -> object:
                unit = await self.view.__aenter__()
                await unit.broadcasts.in_status()
                looking.set()
                await go_on.wait()
                return unit

            async def __aexit__(self, *error: object) -> None:
                await self.view.__aexit__(*error)  # type: ignore[arg-type]

        house.outreach.store = _Looking(house.store, Slow)  # type: ignore[assignment]
        slow = asyncio.create_task(house.outreach.look())
        await looking.wait()
        await approved(house)
        pairs = await claimed(house)
        go_on.set()
        await slow
        ((outcome, _),) = await sent(house, pairs)
        assert outcome.status is DeliveryStatus.SENT
        assert ana.said


class _Looking:
    """The store, with another way of looking."""

    def __init__(self, store: object, look: object) -> None:
        self.transaction = store.transaction  # type: ignore[attr-defined]
        self.look = look


async def test_a_database_away_for_a_moment_repeats_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await approved(house)
        outcomes = await sent(house, await claimed(house))
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        house.outreach.sender = replace(house.outreach.sender, sleep=sleep)
        keep = house.outreach._keep_together

        async def failing(them: Sequence[Pair]) -> None:
            if len(slept) < 2:
                raise Unavailable("away")
            await keep(them)

        monkeypatch.setattr(house.outreach, "_keep_together", failing)
        await house.outreach.keep(outcomes)
        assert len(slept) == 2
        assert (await recipient(house, alert.id, ana)).state is S.SENT


async def test_an_outcome_that_cannot_be_kept_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        alert = await approved(house)
        outcomes = await sent(house, await claimed(house))
        poison = (await ana.contact()).id
        keep = house.outreach._keep_together

        async def failing(them: Sequence[Pair]) -> None:
            if any(contact.id == poison for _, contact in them):
                raise ZeroDivisionError
            await keep(them)

        monkeypatch.setattr(house.outreach, "_keep_together", failing)
        await house.outreach.keep(outcomes)
        assert (await recipient(house, alert.id, ana)).state is S.WAITING
        assert (await recipient(house, alert.id, luis)).state is S.SENT


async def test_a_delivery_whose_outcome_is_always_lost_is_given_up(tmp_path: Path) -> None:
    """So that a fault of ours never sends the same alert for ever."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await approved(house)
        for _ in range(30):
            await sent(house, await claimed(house))
            house.clock.forward(DEFAULT_CLAIM)
        assert len(ana.said) < 10
        await house.send_out()
        assert (await recipient(house, alert.id, ana)).state is S.FAILED


async def test_a_lost_answer_of_the_provider_is_counted_as_a_doubt(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await approved(house)
        house.broken[ana.address] = SendError(Reason.PROVIDER_DOWN, is_doubtful=True)
        await house.outreach.keep(await sent(house, await claimed(house)))
        async with house.store.look() as unit:
            assert await unit.deliveries.doubts(alert.id) == 1


async def test_nobody_goes_round_in_circles_between_channels_that_take_nothing(tmp_path: Path) -> None:
    """Telegram has failed and nobody more may be opened on WhatsApp today: that is the end of it."""
    async with muster(tmp_path, whatsapp_template="HX1", whatsapp_reach=0) as house:
        ana = await employed(house, Channel.TELEGRAM)
        contact = await ana.contact()
        chat = Address(scheme=Scheme.WHATSAPP, path="+15005559999")
        async with house.store.transaction() as unit:
            await unit.contacts.save(replace(contact, reaches=(*contact.reaches, Reach(address=chat))))
        house.broken[ana.address] = SendError(Reason.UNREACHABLE)
        alert = await approved(house)
        await asyncio.wait_for(house.send_out(), 20)
        ended = await recipient(house, alert.id, ana)
        assert (ended.state, ended.reason, ended.due_at) == (S.FAILED, Reason.UNREACHABLE, None)


async def test_who_was_reached_stays_so_when_the_next_round_finds_no_way(tmp_path: Path) -> None:
    async with muster(tmp_path, whatsapp_template="HX1", whatsapp_reach=0) as house:
        ana = await employed(house, Channel.WHATSAPP)
        async with house.store.transaction() as unit:
            await unit.contacts.heard(ana.address, house.clock.now() - timedelta(hours=23, minutes=55))
        alert = await alerted(house, repeats=(MINUTES,))
        assert (await recipient(house, alert.id, ana)).state is S.SENT
        house.clock.forward(MINUTES)
        await house.send_out()
        after = await recipient(house, alert.id, ana)
        assert (after.state, after.due_at) == (S.SENT, None)


async def test_a_letter_that_cannot_be_written_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    """R20: a fault of ours in one language. The others read theirs; whoever does not is in the account as failed."""
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house, language="es")
        alert = await approved(house)
        async with house.store.transaction() as unit:
            stored = await unit.broadcasts.get(alert.id)
            assert stored is not None
            await unit.broadcasts.save(replace(stored, infos={"en": stored.infos["en"]}))
        await house.send_out()
        assert "Flood at" in ana.said[-1].text
        missed = await recipient(house, alert.id, luis)
        assert (missed.state, missed.reason, missed.due_at) == (S.FAILED, Reason.UNKNOWN, None)
