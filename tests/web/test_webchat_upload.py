"""The web chat's uploads: a file is checked, stored encrypted at once, and is a message."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.domain.document import MAX_DOCUMENT_BYTES
from tests.databases import dump, sqlite_url
from tests.stand import StillClock
from tests.web.house import ADDRESS, PNG, SECRET, House

Client = TestClient[Any, Any]
HEADERS = {"Authorization": f"Bearer {SECRET}", "X-Message-Id": "client-id-0001", "Content-Type": "image/png"}


async def upload(client: Client, body: bytes = PNG, **headers: str) -> Any:
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/chat/upload", data=BytesIO(body), headers={**HEADERS, **changed})


async def test_a_photo_is_stored_and_is_a_message(house: House, client: Client) -> None:
    answer = await upload(client, X_Language="ne")
    assert (answer.status, (await answer.json())["id"]) == (200, "client-id-0001")
    [message] = await house.said()
    [attachment] = message.received.attachments
    assert (attachment.kind, attachment.size, message.received.language_hint) == ("photo", len(PNG), "ne")
    assert attachment.document_id is not None
    async with house.store.transaction() as unit:
        document = await unit.documents.get(attachment.document_id)
        assert document is not None
        assert (document.contact, document.media_type) == (message.contact, "image/png")
        assert await unit.documents.body(attachment.document_id) == PNG


async def test_r17_a_photo_is_not_in_the_database_in_clear(house: House, client: Client, tmp_path: Path) -> None:
    await upload(client)
    rows = await dump(sqlite_url(tmp_path / "muster.db"))
    assert rows["documents"]
    assert PNG[:24] not in b"".join(
        value for row in rows["documents"] for value in row.values() if type(value) is bytes
    )


async def test_r23_a_photo_sent_again_is_one_message(house: House, client: Client) -> None:
    assert (await upload(client)).status == 200
    assert (await upload(client)).status == 200
    assert len(await house.said()) == 1


@pytest.mark.parametrize(
    "body", [b"", b"MZ\x90\x00" + b"x" * 100, b"<svg onload=alert(1)>", b"#!/bin/sh\n", b"\x00" * 1000]
)
async def test_r17_what_is_no_photo_is_refused_whatever_it_calls_itself(
    house: House, client: Client, body: bytes
) -> None:
    answer = await upload(client, body)
    assert (answer.status, (await answer.json())["code"]) == (422, "bad_file")
    assert await house.said() == []


async def test_r17_a_file_that_is_too_large_is_refused(house: House, client: Client) -> None:
    answer = await upload(client, PNG + b"\x00" * MAX_DOCUMENT_BYTES)
    assert answer.status == 413
    assert await house.said() == []


@pytest.mark.parametrize("secret", ["", "ab", "zz" * 32, "AB" * 32, SECRET + "00", f" {SECRET}"])
async def test_without_a_chats_secret_nothing_is_taken(house: House, client: Client, secret: str) -> None:
    assert (await upload(client, Authorization=f"Bearer {secret}")).status in (400, 401)
    assert await house.said() == []


@pytest.mark.parametrize("client_id", ["", "short", "x" * 65, "a/../../etc"])
async def test_a_file_needs_an_id(client: Client, client_id: str) -> None:
    assert (await upload(client, X_Message_Id=client_id)).status == 400


async def test_another_sites_page_may_not_upload(house: House, client: Client) -> None:
    assert (await upload(client, Origin="https://evil.example")).status == 403
    assert await house.said(ADDRESS) == []


async def test_many_files_at_once_are_asked_to_wait(client: Client, clock: StillClock) -> None:
    statuses = [(await upload(client, X_Message_Id=f"client-id-{number:04d}")).status for number in range(8)]
    assert statuses == [200] * 6 + [429] * 2
    clock.pass_(timedelta(seconds=30))
    assert (await upload(client, X_Message_Id="client-id-0009")).status == 200
