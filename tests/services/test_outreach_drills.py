"""A drill and an alert for the same people at the same time: nobody in danger reads that there is none (R9)."""

from datetime import timedelta
from pathlib import Path

from bot.domain.broadcast import Audience, BroadcastKind
from bot.domain.checkin import RecipientState
from bot.domain.errors import Reason, SendError
from tests.dialogue import Worker, muster
from tests.services.alarm import alerted, employed, people, recipient

PAUSE = timedelta(minutes=10)


def _drills(worker: Worker) -> int:
    return sum(content.text.startswith("DRILL") for content in worker.said)


async def test_r9_a_drill_is_not_repeated_to_whom_an_alert_is_for(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house, groups=("night",))
        drill = await alerted(house, BroadcastKind.DRILL, repeats=(PAUSE, PAUSE))
        await alerted(house, audience=Audience(groups=("night",)))

        house.clock.forward(PAUSE)
        await house.send_out()

        assert (_drills(ana), _drills(luis)) == (2, 1)
        held = await recipient(house, drill.id, luis)
        assert (held.state, held.due_at) == (RecipientState.SENT, None)


async def test_r9_nor_when_the_alert_was_called_off_since(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        await alerted(house, BroadcastKind.DRILL, repeats=(PAUSE,))
        alert = await alerted(house)
        await house.desk.cancel(author, alert.id)
        house.clock.forward(PAUSE)
        await house.send_out()
        assert _drills(ana) == 1


async def test_r9_a_drill_that_begins_beside_a_live_alert_is_not_sent_and_accounted_for(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        await alerted(house)
        drill = await alerted(house, BroadcastKind.DRILL)
        assert _drills(ana) == 0
        assert (await recipient(house, drill.id, ana)).state is RecipientState.CANCELLED


async def test_r9_a_drills_message_that_is_to_be_tried_again_is_given_up(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        house.broken[ana.address] = SendError(Reason.PROVIDER_DOWN)
        drill = await alerted(house, BroadcastKind.DRILL)
        house.broken.clear()
        await alerted(house)
        house.clock.forward(timedelta(minutes=30))
        await house.send_out()
        assert _drills(ana) == 0
        assert (await recipient(house, drill.id, ana)).state is RecipientState.CANCELLED


async def test_a_drill_after_an_alert_that_is_over_is_sent(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        await alerted(house)
        house.clock.forward(timedelta(days=2))
        await house.send_out()
        await alerted(house, BroadcastKind.DRILL, repeats=(PAUSE,))
        house.clock.forward(PAUSE)
        await house.send_out()
        assert _drills(ana) == 2
