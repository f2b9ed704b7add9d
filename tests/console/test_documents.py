"""A file that a worker sent, as browsers ask for it (R17): whole, or in parts to seek in a voice message."""

from __future__ import annotations

import pytest

from bot.domain.case import Topic
from bot.domain.document import DocumentId
from tests.console.desk_scene import DeskScene, desk

__all__ = ["desk"]

VOICE = b"OggS" + bytes(range(256)) * 4
SIZE = len(VOICE)


async def voice(desk: DeskScene, topic: Topic = Topic.PERSON) -> str:
    """The address of a voice message of somebody who waits."""
    _, case = await desk.waits(topic)
    async with desk.muster.store.transaction() as unit:
        kept = await desk.muster.conversation.documents.store(
            unit, contact=case.contact, kind="voice", body=VOICE, media_type="audio/ogg", now=desk.muster.clock.now()
        )
    return f"/console/documents/{kept.document_id}"


@pytest.mark.parametrize(
    ("asked", "begins", "ends"),
    [
        ("bytes=0-1", 0, 1),  # how Safari tries whether parts are known here
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=500-", 500, SIZE - 1),
        ("bytes=4-9", 4, 9),
        ("bytes=1000-99999", 1000, SIZE - 1),
        ("bytes=-5", SIZE - 5, SIZE - 1),
        ("bytes=-99999", 0, SIZE - 1),
    ],
)
async def test_a_part_that_is_asked_for_is_what_comes(desk: DeskScene, asked: str, begins: int, ends: int) -> None:
    path, browser = await voice(desk), await desk.staff()
    answer = await browser.client.get(path, headers={"Range": asked})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {begins}-{ends}/{SIZE}"
    assert answer.headers["Content-Length"] == str(ends - begins + 1)
    assert answer.content_type == "audio/ogg"
    assert await answer.read() == VOICE[begins : ends + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=999999-", "bytes=-0"])
async def test_a_part_that_there_is_not_cannot_be_sent(desk: DeskScene, asked: str) -> None:
    path, browser = await voice(desk), await desk.staff()
    answer = await browser.client.get(path, headers={"Range": asked})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert await answer.read() == b""


@pytest.mark.parametrize("asked", ["", "bytes=-", "bytes=9-4", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "0-1"])
async def test_what_cannot_be_read_and_several_parts_are_the_whole_file(desk: DeskScene, asked: str) -> None:
    path, browser = await voice(desk), await desk.staff()
    answer = await browser.client.get(path, headers={"Range": asked} if asked else {})
    assert answer.status == 200
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert await answer.read() == VOICE


async def test_a_part_of_another_file_than_this_is_the_whole_of_this(desk: DeskScene) -> None:
    path, browser = await voice(desk), await desk.staff()
    etag = (await browser.client.get(path)).headers["ETag"]
    for given, status in ((etag, 206), ('"another"', 200), ("Mon, 01 Mar 2027 10:00:00 GMT", 200)):
        answer = await browser.client.get(path, headers={"Range": "bytes=0-1", "If-Range": given})
        assert answer.status == status, given


async def test_a_part_of_what_one_may_not_see_is_not_there_and_is_entered(desk: DeskScene) -> None:
    """R2, R16, R17: neither a part nor the length."""
    path, browser = await voice(desk, Topic.ABUSE), await desk.staff()
    for asked in ("bytes=0-1", "bytes=999999-"):
        answer = await browser.client.get(path, headers={"Range": asked})
        assert answer.status == 404
        assert not {"Content-Range", "ETag", "Accept-Ranges"} & set(answer.headers)
    async with desk.muster.store.look() as unit:
        entries = await unit.audit.search(subject=DocumentId(path.rpartition("/")[2]), limit=10)
    assert [entry.is_allowed for entry in entries] == [False, False]
