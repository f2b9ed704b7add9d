"""The alert pages over HTTP: the road from an empty list to a broadcast that is out, and what stands on each page."""

from __future__ import annotations

from bot.domain.broadcast import BroadcastStatus
from tests.console.alert_house import open_alerts, people, plain, revision_in, stored, submitted
from tests.console.conftest import House


async def test_r7_a_drill_goes_from_an_empty_list_to_its_readers(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house, 12)
    assert "Nothing was written yet" in await author.text("/console/alerts")

    path = await submitted(author)
    text = await approver.text(path)
    assert "Send DRILL to 12 people" in text
    answer = await approver.post(f"{path}/approve", {"recipients": "12", "revision": revision_in(text)})

    shown = plain(await (await approver.follow(answer)).text())
    assert "It is going out now." in shown
    assert (await stored(house, path.rpartition("/")[2])).status is BroadcastStatus.LIVE
    listed = plain(await author.text("/console/alerts?show=live"))
    assert "DRILL" in listed
    assert "12 people" in listed
    assert "Written by Ana" in listed
    assert "Approved by Abel" in listed
