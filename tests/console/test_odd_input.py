"""What strangers put into names, files and forms of the desk: shown as what it is, or refused, and never a failure."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import UTC, datetime

import pytest

from bot.domain.case import Topic
from bot.domain.contact import Channel, plain_name
from bot.printing.side_by_side import TwoColumns, named
from bot.services.pixels import MOST_PIXELS, pixels
from tests.console.desk_scene import DeskScene, desk

__all__ = ["desk"]

TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Sita\u202eiaR", "SitaiaR"),
        (f"{TURNS}Ram", "Ram"),
        ("Ram\r\nThapa\x1b[31m\u2028x", "Ram Thapa[31m x"),
        ("\ud83dRam", "Ram"),
        ("क्\u200dष محمد\u200cي", "क्\u200dष محمد\u200cي"),  # joiners are letters' own
        (" José  Peña ", "José Peña"),
        ("\u202e\u2069", ""),
    ],
)
def test_a_name_is_one_line_and_turns_nothing_around(typed: str, kept: str) -> None:
    assert plain_name(typed) == kept


async def test_a_name_that_turns_text_around_is_kept_without_its_marks(desk: DeskScene) -> None:
    """As Telegram gives whatever somebody calls themselves; a page's title has no marks of its own to hold it."""
    worker = desk.muster.worker(Channel.SMS)
    await worker._sends(text="hola", name="Ana\u202e321")
    assert (await worker.contact()).name == "Ana321"


async def test_a_picture_that_unfolds_to_gigabytes_is_saved_and_never_shown(desk: DeskScene) -> None:
    _, case = await desk.waits(Topic.PERSON)
    browser, shown = await desk.staff(), []
    for body in (png(400, 300), png(20_000, 20_000)):
        async with desk.muster.store.transaction() as unit:
            kept = await desk.muster.conversation.documents.store(
                unit, contact=case.contact, kind="photo", body=body, media_type="image/png", now=desk.muster.clock.now()
            )
        answer = await browser.get(f"/console/documents/{kept.document_id}")
        shown.append((answer.content_type, answer.headers["Content-Disposition"].partition(";")[0]))
        assert await answer.read() == body
    assert shown == [("image/png", "inline"), ("application/octet-stream", "attachment")]


@pytest.mark.parametrize("do", ["open", "translate", "canned", "send", "as_is"])
async def test_no_language_tag_makes_composing_fail_or_goes_out(desk: DeskScene, do: str) -> None:
    _, case = await desk.waits()
    browser = await desk.staff()
    await browser.post("/console/desk/take", {"contact": case.contact})
    for tag in ("../../etc/passwd", "zz-ZZ-zz-x-y", "en_US.UTF-8", "-", "\u202een", "١٢", "a" * 35):
        form = {"do": do, "text": "The boat comes.", "language": tag, "translate_to": tag, "written_in": tag}
        for typed in (form, {**form, "original": "El barco"}):
            answer = await browser.post(f"/console/desk/{case.contact}/compose", typed)
            assert answer.status in (200, 303, 422), (answer.status, typed)
    async with desk.muster.store.look() as unit:
        sent = await unit.deliveries.history(case.contact, 50)
    assert {one.content.language for one in sent} <= {"en", "es"}


@pytest.mark.parametrize(
    "text",
    ["\u202eabc 123", "a\x00b\x07c\x1b[31m", ") Tj ET (x", "\ud83d half", "\u2028x", "😀中文", "x" * 3000],
)
def test_a_paper_is_drawn_whatever_is_written_in_it(text: str) -> None:
    paper = TwoColumns(title=text, languages=("en", "ar"), made_at=datetime(2026, 5, 1, tzinfo=UTC))
    paper.write([text, text])
    paper.line(named("Name", text))
    assert re.search(rb"(?<!\\)\) Tj ET \(x", paper.pdf()) is None


def test_no_name_turns_around_what_stands_beside_it_on_paper() -> None:
    assert named("Name", f"{TURNS}Ram") == "Name: \u2068Ram\u2069"


# --- pictures ---------------------------------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def jpeg(width: int, height: int) -> bytes:
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + b"\0" * 9
    return b"\xff\xd8" + app + b"\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width) + b"\x01\x01\x11\0"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0"


def webp(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + sides


@pytest.mark.parametrize("made", [png, jpeg, gif, webp])
def test_a_pictures_size_is_read_from_its_head(made: object) -> None:
    assert callable(made)
    assert pixels(made(4000, 3000)) == 12_000_000
    assert pixels(made(20_000, 20_000)) > MOST_PIXELS


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xd8", b"\xff\xd8\xff\xff\xff\xff", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBPVP8 ", b"%PDF"]
)
def test_what_has_no_size_has_none(body: bytes) -> None:
    assert pixels(body) == 0
