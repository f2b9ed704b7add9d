"""The public address of a file opens this file only, to its last minute only, and is kept nowhere (R17)."""

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.domain.document import DocumentId
from bot.domain.errors import SendError
from bot.services.documents import Documents
from bot.services.outgoing import LINK_LIFE, OutgoingFiles
from bot.storage.store import SqlStore
from bot.web import media, server
from tests.services.test_documents import JPEG
from tests.stand import NOW, PHONE, CountingIds, StillClock, clock, ids, met, store

__all__ = ["clock", "ids", "store"]


def sign(text: str) -> str:
    return hmac.digest(b"key of this test", text.encode(), "sha256").hex()


@dataclass
class Scene:
    client: TestClient  # type: ignore[type-arg]
    files: OutgoingFiles
    store: SqlStore
    clock: StillClock
    document: DocumentId
    other: DocumentId


@pytest.fixture
async def scene(store: SqlStore, clock: StillClock, ids: CountingIds) -> AsyncIterator[Scene]:
    documents = Documents(ids=ids, life=timedelta(days=30))
    files = OutgoingFiles(
        store=store, documents=documents, clock=clock, sign=sign, public_url="https://help.example.org"
    )
    async with store.transaction() as unit:
        contact = (await met(unit, PHONE)).id
        kept = [
            await documents.store(unit, contact=contact, kind="photo", body=JPEG, media_type="image/jpeg", now=NOW)
            for _ in range(2)
        ]
    async with TestClient(TestServer(server.build(media.routes(files=files)))) as client:
        yield Scene(client, files, store, clock, *(DocumentId(one.document_id) for one in kept))


async def test_its_address_opens_the_file_and_asks_nobody_to_keep_it(scene: Scene) -> None:
    link = scene.files.link(scene.document)
    assert link.startswith("https://help.example.org/media/")
    answer = await scene.client.get(scene.files.path(scene.document))
    assert (answer.status, answer.content_type, await answer.read()) == (200, "image/jpeg", JPEG)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == 'inline; filename="photo.jpg"'
    async with scene.store.look() as unit:
        (entry,) = await unit.audit.search(subject=scene.document, limit=5)
    assert (entry.role, entry.deed, entry.is_allowed) == ("contact", "read", True)


async def test_it_opens_nothing_after_its_time(scene: Scene) -> None:
    path = scene.files.path(scene.document)
    scene.clock.pass_(LINK_LIFE - timedelta(minutes=1))
    assert (await scene.client.get(path)).status == 200
    scene.clock.pass_(timedelta(minutes=1))
    answer = await scene.client.get(path)
    assert answer.status == 404
    assert answer.headers["Cache-Control"] == "private, no-store"


async def test_it_opens_no_other_file_no_longer_and_cannot_be_made_up(scene: Scene) -> None:
    document, until, mark = scene.files.path(scene.document).removeprefix("/media/").split(".")
    later = f"{int(until, 16) + 9999:x}"
    forged = [
        f"{scene.other}.{until}.{mark}",
        f"{document}.{later}.{mark}",
        f"{document}.{until}.{'0' * 40}",
        f"{document}.{until}.{mark[:-1]}",
        f"{document}.{until}",
        f"{document}..{mark}",
        "x",
        f"nobody.{until}.{sign(f'nobody.{until}')[:40]}",
    ]
    for token in forged:
        answer = await scene.client.get(f"/media/{token}")
        assert answer.status == 404, token
        assert await answer.text() == "404: Not Found"


async def test_what_is_erased_is_gone_from_its_address_too(scene: Scene) -> None:
    """R18."""
    path = scene.files.path(scene.document)
    async with scene.store.transaction() as unit:
        contact = await unit.contacts.find(PHONE)
        assert contact is not None
        await unit.contacts.erase(contact.id)
    assert (await scene.client.get(path)).status == 404


def test_without_a_public_address_there_is_no_link(scene: Scene) -> None:
    with pytest.raises(SendError):
        replace(scene.files, public_url="").link(scene.document)
