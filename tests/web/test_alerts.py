"""The public addresses of alerts: what the world may read and nothing more, in documents that others' readers take."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.cap.document import Element, check, child_text, parse
from bot.cap.feeds import read_feed
from bot.cap.publishing import Publisher
from bot.cap.reading import read_alert
from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus, MessageType
from bot.domain.delivery import BroadcastId
from bot.domain.employer import Employer, EmployerId
from bot.storage.store import SqlStore
from bot.web import alerts, server
from tests.cap.alerts import NOW, flood, info
from tests.stand import StillClock

HOME = "https://muster.example"
ATOM = "{http://www.w3.org/2005/Atom}"
Client = TestClient[Any, Any]


@pytest.fixture
async def client(store: SqlStore, clock: StillClock) -> AsyncIterator[Client]:
    publisher = Publisher(
        sender="muster.example", sender_name="Muster", public_url=HOME, zone=ZoneInfo("America/Sao_Paulo")
    )
    routes = alerts.routes(store=store, clock=clock, publisher=publisher)
    async with TestClient(TestServer(server.build(routes))) as opened:
        yield opened


async def keep(store: SqlStore, *broadcasts: Broadcast) -> None:
    async with store.transaction() as unit:
        await unit.sites.put(Employer(id=EmployerId("mill"), name="Mill"), [])
        for broadcast in broadcasts:
            await unit.broadcasts.add(broadcast)


async def feed_of(client: Client) -> Element:
    answer = await client.get("/alerts.cap")
    assert (answer.status, answer.content_type) == (200, "application/atom+xml")
    return valid_atom(parse(await answer.read()))


def valid_atom(feed: Element) -> Element:
    """By RFC 4287: what a feed and an entry must have, once, and with what in it."""
    assert feed.tag == f"{ATOM}feed"
    for holder in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(holder.findall(f"{ATOM}{name}")) == 1
        assert holder.findtext(f"{ATOM}id").startswith("https://")
        assert datetime.fromisoformat(holder.findtext(f"{ATOM}updated")).tzinfo is not None
        assert all(category.get("term") for category in holder.findall(f"{ATOM}category"))
        assert len(holder.findall(f"{ATOM}summary")) <= 1
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert [link.get("href") for link in feed.findall(f"{ATOM}link[@rel='self']")] == [f"{HOME}/alerts.cap"]
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    return feed


def titles(feed: Element) -> list[str]:
    return [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]


def shown(name: str, **changes: Any) -> Broadcast:
    return flood(id=BroadcastId(name), infos={"en": info(name)}, **changes)


async def test_a_live_alert_is_told_and_can_be_fetched(client: Client, store: SqlStore) -> None:
    await keep(store, flood())
    (link,) = read_feed(await (await client.get("/alerts.cap")).read())
    assert (link.url, link.title) == (f"{HOME}/alerts/a1.cap", "Flood")
    answer = await client.get(link.url.removeprefix(HOME))
    assert (answer.status, answer.content_type) == (200, "application/cap+xml")
    body = await answer.read()
    check(parse(body))
    assert list(read_alert(body).infos) == ["en", "ar", "ne"]


async def test_an_entry_says_what_it_is_about(client: Client, store: SqlStore) -> None:
    await keep(store, flood())
    (entry,) = (await feed_of(client)).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}summary") == "Flood: go up\nFlood: the river rises"
    assert entry.findtext(f"{ATOM}updated") == "2026-05-06T15:00:00+00:00"
    assert [category.get("term") for category in entry.findall(f"{ATOM}category")] == ["Met", "Alert", "Actual"]
    assert [(link.get("type"), link.get("href")) for link in entry.findall(f"{ATOM}link")] == [
        ("application/cap+xml", f"{HOME}/alerts/a1.cap")
    ]


async def test_no_alert_is_a_feed_too(client: Client) -> None:
    assert titles(await feed_of(client)) == []


async def test_the_feed_has_what_holds_now_the_newest_first(client: Client, store: SqlStore, clock: StillClock) -> None:
    hour = timedelta(hours=1)
    await keep(
        store,
        shown("older", begun_at=NOW - hour),
        shown("newer"),
        shown("over", begun_at=NOW - 3 * hour, onset_at=None, expires_at=NOW),
        shown("ended", status=BroadcastStatus.ENDED),
        shown("endless", begun_at=NOW - 2 * hour, expires_at=None),
    )
    assert titles(await feed_of(client)) == ["newer", "older", "endless"]
    clock.pass_(6 * hour)
    assert titles(await feed_of(client)) == ["endless"]


async def test_a_cancellation_is_told_for_a_day(client: Client, store: SqlStore, clock: StillClock) -> None:
    cancelled = shown("alert", status=BroadcastStatus.CANCELLED, begun_at=NOW - timedelta(hours=2))
    cancel = shown(
        "all clear", message_type=MessageType.CANCEL, references=(cancelled.id,), status=BroadcastStatus.ENDED,
        onset_at=None, expires_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    await keep(store, cancelled, replace(cancel, id=BroadcastId("c1")))
    clock.pass_(timedelta(hours=23))
    assert titles(await feed_of(client)) == ["all clear"]
    clock.pass_(timedelta(hours=2))
    assert titles(await feed_of(client)) == []


async def test_an_update_takes_the_place_of_its_alert_and_names_it(client: Client, store: SqlStore) -> None:
    first = shown("first", begun_at=NOW - timedelta(hours=1))
    await keep(store, first, shown("second", message_type=MessageType.UPDATE, references=(first.id,)))
    assert titles(await feed_of(client)) == ["second"]
    update = read_alert(await (await client.get("/alerts/second.cap")).read())
    original = read_alert(await (await client.get("/alerts/first.cap")).read())
    assert update.message_type is MessageType.UPDATE
    assert update.references == (original.provenance,)


async def test_an_update_of_what_the_public_never_read_is_news_to_it(client: Client, store: SqlStore) -> None:
    """And the earlier one's name is not told."""
    hidden = shown("hidden", is_public=False)
    await keep(store, hidden, shown("second", message_type=MessageType.UPDATE, references=(hidden.id,)))
    body = await (await client.get("/alerts/second.cap")).read()
    assert read_alert(body).message_type is MessageType.ALERT
    assert b"hidden" not in body


async def test_a_drill_says_so(client: Client, store: SqlStore) -> None:
    """R9."""
    await keep(store, shown("Flood", kind=BroadcastKind.DRILL))
    assert titles(await feed_of(client)) == ["DRILL: Flood"]
    assert child_text(parse(await (await client.get("/alerts/Flood.cap")).read()), "status") == "Exercise"


HIDDEN = {
    "not public": {"is_public": False},
    "draft": {"status": BroadcastStatus.DRAFT, "begun_at": None},
    "submitted": {"status": BroadcastStatus.SUBMITTED, "begun_at": None},
    "approved": {"status": BroadcastStatus.APPROVED, "begun_at": None},
    "never sent": {"status": BroadcastStatus.CANCELLED, "begun_at": None},
    "notice": {"kind": BroadcastKind.NOTICE},
    "cancels what nobody read": {"message_type": MessageType.CANCEL},
}


@pytest.mark.parametrize("changes", HIDDEN.values(), ids=HIDDEN)
async def test_what_is_not_public_looks_like_what_is_not(
    client: Client, store: SqlStore, changes: dict[str, Any]
) -> None:
    """R7 too: what nobody has approved is not public, whatever its author ticked."""
    await keep(store, shown("hidden", **changes))
    answers = [await client.get(f"/alerts/{name}.cap") for name in ("hidden", "unknown", "~~", "x" * 100)]
    seen = [(answer.status, await answer.read(), {**answer.headers, "Date": ""}) for answer in answers]
    assert all(one == other for one, other in pairwise(seen))
    assert seen[0][0] == 404
    assert titles(await feed_of(client)) == []


async def test_one_that_cannot_be_read_spoils_no_feed(client: Client, store: SqlStore) -> None:
    await keep(store, flood(infos={}), shown("good"))
    assert titles(await feed_of(client)) == ["good"]
    assert (await client.get("/alerts/a1.cap")).status == 404


async def test_no_text_breaks_the_documents(client: Client, store: SqlStore) -> None:
    nasty = "</title><entry>\x00\x1b\"'&xxe;<![CDATA[ ]]>"
    await keep(store, flood(infos={"en": info("Flood", headline=nasty, instruction=nasty)}, event=nasty))
    kept = nasty.replace("\x00\x1b", "")
    assert titles(await feed_of(client)) == [kept]
    assert read_alert(await (await client.get("/alerts/a1.cap")).read()).infos["en"].headline == kept


@pytest.mark.parametrize("path", ["/alerts.cap", "/alerts/a1.cap"])
async def test_who_has_it_already_gets_304_until_it_changes(
    client: Client, store: SqlStore, clock: StillClock, path: str
) -> None:
    await keep(store, flood())
    answer = await client.get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=30"
    tag = answer.headers["ETag"]
    again = await client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag)
    clock.pass_(timedelta(minutes=1))
    assert (await client.get(path)).headers["ETag"] == tag
    await keep(store, shown("a2", begun_at=clock.now()))
    changed = await client.get("/alerts.cap", headers={"If-None-Match": tag})
    assert changed.status == 200


async def test_an_alert_is_as_old_as_its_sending(client: Client, store: SqlStore) -> None:
    await keep(store, flood(begun_at=NOW + timedelta(microseconds=5)))
    answer = await client.get("/alerts/a1.cap")
    moment = answer.headers["Last-Modified"]
    assert moment == "Wed, 06 May 2026 15:00:00 GMT"
    assert (await client.get("/alerts/a1.cap", headers={"If-Modified-Since": moment})).status == 304
    earlier = {"If-Modified-Since": "Wed, 06 May 2026 14:59:59 GMT"}
    assert (await client.get("/alerts/a1.cap", headers=earlier)).status == 200
    other = {"If-Modified-Since": moment, "If-None-Match": '"other"'}
    assert (await client.get("/alerts/a1.cap", headers=other)).status == 200


async def test_head_is_answered_without_a_body(client: Client, store: SqlStore) -> None:
    await keep(store, flood())
    for path in ("/alerts.cap", "/alerts/a1.cap"):
        answer = await client.head(path)
        assert (answer.status, await answer.read()) == (200, b"")
