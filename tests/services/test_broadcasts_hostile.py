"""A broadcast's life attacked: one person alone, drills that replace alerts, people between an alert and its update."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import Audience, BroadcastKind, BroadcastStatus, MessageType
from bot.domain.checkin import RecipientState
from bot.domain.errors import InputError, Reason, SendError
from tests.dialogue import muster
from tests.services.alarm import alerted, drafted, employed, let_out, people, recipient


async def test_r7_a_live_alert_that_nobody_submitted_is_let_out_by_nobody(tmp_path: Path) -> None:
    """Else an approver sends an author's forgotten draft alone."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        _, approver = await people(house)
        draft = await drafted(house)
        with pytest.raises(InputError, match="has not submitted"):
            await house.desk.approve(approver, draft.id, recipients=1)
        await house.send_out()
        assert not ana.said


async def test_r7_what_was_taken_back_names_nobody_as_its_approver(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        draft = await drafted(house, send_at=house.clock.now() + timedelta(hours=2))
        await let_out(house, draft.id, 1)
        taken = await house.desk.take_back(author, draft.id)
        assert (taken.status, taken.approver, taken.approved_at) == (BroadcastStatus.DRAFT, None, None)


@pytest.mark.parametrize("kind", [BroadcastKind.ALERT, BroadcastKind.DRILL])
async def test_r9_a_drill_never_replaces_what_is_real_nor_the_other_way_round(
    tmp_path: Path, kind: BroadcastKind
) -> None:
    """As an imported message might: an exercise that says it updates an alert of ours would stop that alert."""
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        out = await alerted(house, kind)
        other = BroadcastKind.DRILL if kind is BroadcastKind.ALERT else BroadcastKind.ALERT
        draft = replace(
            house.desk.new(author, other),
            infos=out.infos,
            message_type=MessageType.UPDATE,
            references=(out.id,),
            audience=Audience(of=out.id),
        )
        with pytest.raises(InputError, match="A drill cannot replace"):
            await house.desk.draft(author, draft)


async def test_r8_a_cancellation_cannot_be_cancelled(tmp_path: Path) -> None:
    """Its readers would be told once more that the danger is over."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        word = await house.desk.cancel(author, (await alerted(house)).id)
        await house.send_out()
        with pytest.raises(InputError, match="itself a cancellation"):
            await house.desk.cancel(author, word.id)
        await house.send_out()
        assert len(ana.said) == 2


async def test_r8_whom_an_update_did_not_reach_is_told_of_its_cancellation(tmp_path: Path) -> None:
    """Luis was sent the alert and not the update: he still does as the alert said."""
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        alert = await alerted(house)
        house.broken[luis.address] = SendError(Reason.PROVIDER_DOWN)
        author, _ = await people(house)
        update = await house.desk.update(author, alert.id)
        await let_out(house, update.id, 2)
        await house.send_out()
        assert (len(ana.said), len(luis.said)) == (2, 1)

        word = await house.desk.cancel(author, update.id)
        house.broken.clear()
        house.clock.forward(timedelta(minutes=20))
        await house.send_out()

        assert [len(ana.said), len(luis.said)] == [3, 2]
        assert luis.said[-1].text.startswith("CANCELLED")
        assert (await recipient(house, update.id, luis)).state is RecipientState.CANCELLED
        assert (await recipient(house, word.id, luis)).state is RecipientState.SENT


async def test_r8_who_was_sent_nothing_of_an_alert_is_not_told_of_its_end(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        house.broken[luis.address] = SendError(Reason.PROVIDER_DOWN)
        alert = await alerted(house)
        author, _ = await people(house)
        update = await house.desk.update(author, alert.id, includes_waiting=False)
        await let_out(house, update.id, 1)
        await house.send_out()
        await house.desk.cancel(author, update.id)
        house.broken.clear()
        house.clock.forward(timedelta(minutes=20))
        await house.send_out()
        assert (len(ana.said), luis.said) == (3, [])
