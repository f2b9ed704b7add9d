"""Hostile frames: each is answered with what to do, nothing of it is stored or repeated, and the socket lives."""

import json
from typing import Any

import pytest

from tests.web.house import House, Page

SAY = {"type": "say", "id": "client-id-0001", "text": "x"}
POINT = {"latitude": 1.0, "longitude": 1.0}
UNREADABLE = [
    "", " ", "x", "{", "}", "[]", "null", "true", "1", '"say"', "{}", "[[[[[[", '{"type":"say"', "\x00", "\ufeff{}",
    '{"type":"say","id":"client-id-0001","text":"\\ud800"}', "[" * 15_000, '{"a":' * 3000 + "1" + "}" * 3000,
    "<script>alert(1)</script>", "NaN", '{"type":"say","id":"client-id-0001","text":NaN}',
]  # fmt: skip
WRONG: list[Any] = [
    {"type": None}, {"type": 5}, {"type": "SAY"}, {"type": "delete"}, {"type": ["say"]}, {"type": "__class__"},
    {"type": "hello"}, {"type": "hello", "secret": "ab" * 32},
    {"type": "hello", "secret": "AB" * 32}, {"type": "hello", "secret": "' OR 1=1"},
    {"type": "say"}, {**SAY, "id": ""}, {**SAY, "id": "short"}, {**SAY, "id": "x" * 65}, {**SAY, "id": "a/../../etc"},
    {**SAY, "id": 12345678}, {**SAY, "id": "client-id-0001\n"}, {**SAY, "text": None}, {**SAY, "text": 5},
    {**SAY, "text": ["x"]}, {**SAY, "text": "x" * 4097}, {**SAY, "text": ""}, {**SAY, "text": " \n\t "},
    {**SAY, "text": "\x00\x01"}, {**SAY, "choice": ""}, {**SAY, "choice": "x" * 65}, {**SAY, "choice": {"a": 1}},
    {**SAY, "position": []}, {**SAY, "position": {}}, {**SAY, "position": {"latitude": 1.0}},
    {**SAY, "position": {**POINT, "latitude": 90.1}}, {**SAY, "position": {**POINT, "longitude": -181}},
    {**SAY, "position": {**POINT, "latitude": "1"}}, {**SAY, "position": {**POINT, "latitude": float("inf")}},
    {**SAY, "position": {**POINT, "height": 1}}, {**SAY, "language": "en; drop"}, {**SAY, "language": "x" * 17},
    {**SAY, "address": "somebody else"}, {**SAY, "contact": "c1"}, {**SAY, "__proto__": {"a": 1}},
    {"type": "join", "site": "a b"}, {"type": "join", "site": "x" * 33}, {"type": "join", "site": "<b>"},
    {"type": "join", "site": None}, {"type": "seen"}, {"type": "seen", "ids": []}, {"type": "seen", "ids": "abcdefgh"},
    {"type": "seen", "ids": ["x"]}, {"type": "seen", "ids": ["abcdefgh"] * 101},
    {"type": "seen", "ids": ["abcdefgh"], "is_read": "yes"}, {"type": "ping", "payload": "x" * 100},
]  # fmt: skip
FRAMES = [*UNREADABLE, *(json.dumps(frame) for frame in WRONG)]


async def test_each_hostile_frame_gets_an_error_and_stores_nothing(house: House, page: Page) -> None:
    await page.hello()
    for frame in FRAMES:
        house.clock.time += house.clock.time.resolution * 1_000_000  # a second, so that the pace is bearable
        await page.ws.send_str(frame)
        error = await page.hear()
        assert error["type"] == "error", frame[:80]
        assert error["text"].endswith("."), frame[:80]
        assert "script" not in error["text"]
        assert "OR 1=1" not in error["text"]
    await page.say({"type": "ping"})
    assert (await page.hear())["type"] == "pong"
    assert await house.said() == []


async def test_a_binary_frame_gets_an_error(page: Page) -> None:
    await page.hello()
    await page.ws.send_bytes(b"\xff\x00")
    assert (await page.hear())["code"] == "not_json"


async def test_a_frame_above_16_kb_gets_an_error_and_the_socket_lives(page: Page) -> None:
    await page.hello()
    await page.say({**SAY, "text": "न" * 6000})
    error = await page.hear()
    assert error["code"] == "too_long"
    await page.say({"type": "ping"})
    assert (await page.hear())["type"] == "pong"


async def test_an_error_names_the_message_it_is_about(page: Page) -> None:
    await page.hello()
    await page.say({**SAY, "text": "x" * 5000})
    error = await page.hear()
    assert (error["code"], error["id"]) == ("too_long", "client-id-0001")


@pytest.mark.parametrize("frame", [SAY, {"type": "ping"}, {"type": "join"}, {"type": "seen", "ids": ["abcdefgh"]}])
async def test_before_hello_nothing_is_done(house: House, page: Page, frame: Any) -> None:
    await page.say(frame)
    assert (await page.hear())["code"] == "no_hello"
    assert (await page.hello())["items"] == []
    assert await house.said() == []
