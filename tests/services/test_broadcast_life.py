"""What becomes of broadcasts by themselves: begun, halted and ended, also when a process dies or one is broken."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import BroadcastKind, BroadcastStatus
from bot.domain.checkin import RecipientState
from bot.domain.delivery import BroadcastId
from bot.domain.errors import InputError, Unavailable
from bot.services.broadcast_life import BroadcastLife
from tests.dialogue import Muster, muster
from tests.services.alarm import alerted, drafted, employed, let_out, people, recipient

HOURS = timedelta(hours=2)


async def test_a_broadcast_that_cannot_begin_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        at = house.clock.now() + HOURS
        broken, whole = [await drafted(house, send_at=at) for _ in range(2)]
        for draft in (broken, whole):
            await let_out(house, draft.id, 1)
        begin = BroadcastLife._begin

        async def failing(self: BroadcastLife, unit: object, broadcast: object) -> object:
            if broadcast.id == broken.id:  # type: ignore[attr-defined]
                raise ZeroDivisionError
            return await begin(self, unit, broadcast)  # type: ignore[arg-type]

        monkeypatch.setattr(BroadcastLife, "_begin", failing)
        house.clock.forward(HOURS)
        await house.send_out()

        assert len(ana.said) == 1
        assert (await _stored(house, broken.id), await _stored(house, whole.id)) == (
            BroadcastStatus.APPROVED,
            BroadcastStatus.LIVE,
        )


async def _stored(house: Muster, broadcast: BroadcastId) -> BroadcastStatus:
    async with house.store.look() as unit:
        found = await unit.broadcasts.get(broadcast)
    assert found is not None
    return found.status


async def _dies_before_the_update(house: Muster, monkeypatch: pytest.MonkeyPatch) -> tuple[BroadcastId, BroadcastId]:
    """An alert that everybody still waits for, halted for an update that no process has begun."""
    alert = await drafted(house)
    await let_out(house, alert.id, 1)
    author, _ = await people(house)
    update = await house.desk.update(author, alert.id)

    async def dies(self: BroadcastLife, broadcast: BroadcastId) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as death:
        death.setattr(BroadcastLife, "begin_approved", dies)
        with pytest.raises(Unavailable):
            await let_out(house, update.id, 1)
    return alert.id, update.id


@pytest.mark.parametrize("is_called_off", [False, True])
async def test_r20_an_alert_halted_for_an_update_that_never_began_closes_its_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_called_off: bool
) -> None:
    """All processes die as the update is approved, and come back when it is over, or it is called off before."""
    async with muster(tmp_path) as house:
        luis = await employed(house)
        alert, update = await _dies_before_the_update(house, monkeypatch)
        author, _ = await people(house)
        if is_called_off:
            await house.desk.cancel(author, update)
        else:
            house.clock.forward(timedelta(days=3))
            await house.send_out()

        assert await _stored(house, update) is BroadcastStatus.CANCELLED
        assert (await recipient(house, alert, luis)).state is RecipientState.CANCELLED


async def test_r8_an_update_whose_process_died_begins_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with muster(tmp_path) as house:
        luis = await employed(house)
        _, update = await _dies_before_the_update(house, monkeypatch)
        await house.send_out()
        assert await _stored(house, update) is BroadcastStatus.LIVE
        assert len(luis.said) == 1


async def test_r9_no_form_makes_an_alert_of_a_drill(tmp_path: Path) -> None:
    """Else one person could replace an alert by a drill that has become real, or an alert by a drill."""
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        update = await house.desk.update(author, (await alerted(house)).id)
        changed = await house.desk.change(author, replace(update, kind=BroadcastKind.DRILL))
        assert changed.kind is BroadcastKind.ALERT


async def test_r8_a_second_update_of_one_alert_is_refused(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, approver = await people(house)
        alert = await alerted(house)
        first, second = [await house.desk.update(author, alert.id) for _ in range(2)]
        await let_out(house, first.id, 1)
        with pytest.raises(InputError, match="replaced this alert already"):
            await let_out(house, second.id, 1)
        await house.send_out()
        assert len(ana.said) == 2
        assert (await house.desk.get(approver, alert.id)).replaced_by == first.id


async def test_r8_of_two_updates_for_later_only_the_first_goes_out(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        alert = await alerted(house)
        later = [await house.desk.update(author, alert.id) for _ in range(2)]
        for draft, hours in zip(later, (1, 2), strict=True):
            await house.desk.change(author, replace(draft, send_at=house.clock.now() + timedelta(hours=hours)))
            await let_out(house, draft.id, 1)
        house.clock.forward(timedelta(minutes=61))
        await house.send_out()
        house.clock.forward(timedelta(minutes=61))
        await house.send_out()
        assert sum(content.text.startswith("UPDATE") for content in ana.said) == 1
        assert [await _stored(house, draft.id) for draft in later] == [BroadcastStatus.LIVE, BroadcastStatus.CANCELLED]


async def test_an_alert_whose_approved_update_was_called_off_can_be_updated_again(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        alert = await alerted(house)
        first = await house.desk.update(author, alert.id)
        await house.desk.change(author, replace(first, send_at=house.clock.now() + timedelta(hours=1)))
        await let_out(house, first.id, 1)
        await house.desk.cancel(author, first.id)
        second = await house.desk.update(author, alert.id)
        assert (await let_out(house, second.id, 1)).status is BroadcastStatus.LIVE
