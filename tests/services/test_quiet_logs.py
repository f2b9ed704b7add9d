"""A drill and an alert from end to end, with every line of the log at every level: no words, no numbers, no names."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import log
from bot.domain.broadcast import BroadcastKind
from bot.domain.checkin import Closing
from bot.domain.contact import Channel, Listing
from bot.domain.errors import Reason, SendError
from bot.services.checkins import CheckInDesk
from tests.dialogue import Muster, Worker, muster
from tests.services.alarm import alerted, employed, people, recipient

PRIVATE = ("Sita Gurung", "Sita", "Gurung", "beats", "salary", "E-4711", "Flood at", "Go up")
PHONE = re.compile(r"\+?\d{9,}")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


async def _named(house: Muster, worker: Worker) -> None:
    contact = await worker.contact()
    listing = Listing(name="Sita Gurung", phones=(worker.address.path,), employee_number="E-4711")
    async with house.store.transaction() as unit:
        await unit.contacts.save(replace(contact, listing=listing, name="Sita Gurung"))


async def _practised(house: Muster, kind: BroadcastKind) -> None:
    """One answers, one is vouched for and closed, one cannot be reached, one says STOP, one writes in private."""
    sita, ana, luis, omar = [await employed(house) for _ in range(4)]
    await _named(house, sita)
    house.broken[omar.address] = SendError(Reason.UNKNOWN)
    out = await alerted(house, kind)
    for words in ("1", "3", "Sita Gurung"):
        await ana.says(words)
    await sita.says("my boss beats me, call +5551987654321")
    await luis.says("STOP")
    house.clock.forward(timedelta(minutes=15))
    await house.send_out()
    author, _ = await people(house)
    desk = CheckInDesk(store=house.store, clock=house.clock, region="BR")
    await desk.close(author, out.id, [(await recipient(house, out.id, luis)).number], Closing.FOUND)
    await house.desk.cancel(author, out.id)
    await house.send_out()
    await sita.says("my boss did not pay my salary")


@pytest.mark.parametrize("kind", [BroadcastKind.DRILL, BroadcastKind.ALERT])
async def test_no_line_of_the_log_says_what_was_written_or_by_whom(
    tmp_path: Path, capsys: Any, kind: BroadcastKind
) -> None:
    log.configure(level="DEBUG")
    async with muster(tmp_path) as house:
        await _practised(house, kind)
        talker = house.worker(Channel.TELEGRAM)
        await talker.says("Sita Gurung beats me \ud800")  # half a character, which nothing can store
    written = capsys.readouterr().err
    assert "broadcast_begun" in written
    lines = [line for line in written.splitlines() if PHONE.search(re.sub(r"[0-9a-f]{8}-?[0-9a-f-]{8,}", "", line))]
    assert not lines
    assert not [word for word in PRIVATE if word in written]
