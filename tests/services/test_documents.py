"""Files are kept only when their bytes show what they are, and read only by those who may."""

from datetime import timedelta

import pytest

from bot.domain.case import Topic, Urgency
from bot.domain.contact import Contact
from bot.domain.document import ALLOWED_MEDIA_TYPES, MAX_DOCUMENT_BYTES, DocumentId
from bot.domain.errors import Denied, InputError
from bot.domain.staff import Role
from bot.services.access import Reader
from bot.services.cases import CaseDesk
from bot.services.documents import Documents
from bot.storage.store import SqlStore, SqlUnit
from tests.stand import NOW, PHONE, CountingIds, met

REST = b"\0" * 64
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + REST
SAMPLES = {
    "jpeg": (JPEG, "image/jpeg"),
    "exif jpeg": (b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00" + REST, "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + REST, "image/png"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 " + REST, "image/webp"),
    "gif": (b"GIF89a" + REST, "image/gif"),
    "heic of an iPhone": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + REST, "image/heic"),
    "heic of an Android": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + REST, "image/heic"),
    "ogg voice": (b"OggS\x00\x02" + b"\0" * 20 + b"\x01\x13OpusHead\x01" + REST, "audio/ogg"),
    "mp3 with a tag": (b"ID3\x03\x00" + REST, "audio/mpeg"),
    "m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0" + REST, "audio/mp4"),
    "aac": (b"\xff\xf1\x50\x80" + REST, "audio/aac"),
    "amr": (b"#!AMR\n" + REST, "audio/amr"),
    "wide amr": (b"#!AMR-WB\n" + REST, "audio/amr"),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt " + REST, "audio/wav"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + REST, "video/mp4"),
    "3gp": (b"\0\0\0\x18ftyp3gp4\0\0\0\0" + REST, "video/3gpp"),
    "pdf": (b"%PDF-1.4\n1 0 obj\n" + REST + b"%%EOF", "application/pdf"),
}
WEBM = b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81\x01\x42\x82\x84webm" + REST
HOSTILE = {
    "nothing": b"",
    "one byte": b"x",
    "words": b"please open this file",
    "a web page": b"<html><script>alert(1)</script></html>",
    "a drawing with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a Windows program": b"MZ\x90\0" + REST,
    "a Linux program": b"\x7fELF\x02\x01\x01" + REST,
    "a shell script": b"#!/bin/sh\nrm -rf /\n",
    "an archive": b"PK\x03\x04" + REST,
    "an office file": b"PK\x03\x04\x14\x00\x06\x00" + REST,
    "an old office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + REST,
    "a class file": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + REST,
    "zeros": REST,
    "an AVI": b"RIFF\x24\0\0\0AVI LIST" + REST,
}


@pytest.fixture
def documents(ids: CountingIds) -> Documents:
    return Documents(ids=ids, life=timedelta(days=365))


@pytest.mark.parametrize("name", SAMPLES)
def test_what_people_send_is_known_by_its_bytes_whatever_it_is_called(name: str, documents: Documents) -> None:
    """R17."""
    body, media_type = SAMPLES[name]
    for claimed in (media_type, f"{media_type}; codecs=x", media_type.upper(), "application/octet-stream", ""):
        assert documents.inspect(body, claimed) == media_type


def test_every_kind_that_is_allowed_can_really_be_kept(documents: Documents) -> None:
    kept = {documents.inspect(body, media_type) for body, media_type in SAMPLES.values()}
    kept |= {documents.inspect(WEBM, "audio/webm"), documents.inspect(WEBM, "video/webm")}
    assert kept == ALLOWED_MEDIA_TYPES


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("claimed", ["image/jpeg", "text/html", "application/octet-stream", ""])
def test_anything_else_is_refused_whatever_it_claims(name: str, claimed: str, documents: Documents) -> None:
    """R17."""
    with pytest.raises(InputError):
        documents.inspect(HOSTILE[name], claimed)


def test_a_claim_cannot_change_what_the_bytes_show(documents: Documents) -> None:
    assert documents.inspect(JPEG, "application/pdf") == "image/jpeg"
    assert documents.inspect(JPEG, "text/html") == "image/jpeg"


def test_the_largest_file_is_kept_and_one_byte_more_is_not(documents: Documents) -> None:
    largest = JPEG + b"\0" * (MAX_DOCUMENT_BYTES - len(JPEG))
    assert documents.inspect(largest, "image/jpeg") == "image/jpeg"
    with pytest.raises(InputError, match="allowed"):
        documents.inspect(largest + b"\0", "image/jpeg")


async def stored(documents: Documents, unit: SqlUnit, contact: Contact) -> DocumentId:
    evidence = await documents.store(
        unit, contact=contact.id, kind="photo", body=JPEG, media_type="image/jpeg", now=NOW
    )  # fmt: skip
    assert evidence.kind == "photo"
    return DocumentId(evidence.document_id)


async def test_a_file_is_stored_with_its_size_its_type_and_its_end(
    documents: Documents, unit: SqlUnit, contact: Contact
) -> None:
    """R17, R18."""
    known = await unit.documents.get(await stored(documents, unit, contact))
    assert known is not None
    assert (known.media_type, known.size, known.contact) == ("image/jpeg", len(JPEG), contact.id)
    assert known.expires_at == NOW + timedelta(days=365)


async def test_a_refused_file_leaves_nothing_behind(documents: Documents, unit: SqlUnit, contact: Contact) -> None:
    with pytest.raises(InputError):
        await documents.store(
            unit, contact=contact.id, kind="photo", body=b"MZ" + REST, media_type="image/jpeg", now=NOW
        )  # fmt: skip
    assert await unit.documents.get(DocumentId("id00001")) is None


OPERATOR, SPECIALIST = Reader(role=Role.OPERATOR, id="o1"), Reader(role=Role.SPECIALIST, id="s1")


@pytest.fixture
async def document(store: SqlStore, documents: Documents) -> DocumentId:
    """A photo that somebody sent by SMS."""
    async with store.transaction() as unit:
        return await stored(documents, unit, await met(unit, PHONE))


async def looks(store: SqlStore) -> list[tuple[str, str, bool]]:
    """Who looked at what, as the audit has it."""
    async with store.look() as unit:
        entries = await unit.audit.after(0, 10)
    assert {(entry.deed, entry.matter) for entry in entries} == {("read", "document")}
    return [(entry.reader, entry.subject, entry.is_allowed) for entry in entries]


async def test_who_may_reads_the_bytes_and_it_is_in_the_audit(
    documents: Documents, document: DocumentId, store: SqlStore
) -> None:
    """R17."""
    known, body = await documents.read(store, reader=OPERATOR, document=document, now=NOW)
    assert (known.id, body) == (document, JPEG)
    assert await looks(store) == [("o1", document, True)]


async def test_who_may_not_is_refused_in_the_same_words_as_for_what_is_not_there(
    documents: Documents, document: DocumentId, store: SqlStore
) -> None:
    """R2, R17: and the try is in the audit."""
    author = Reader(role=Role.AUTHOR, id="a1")
    for asked in (document, DocumentId("nothing")):
        with pytest.raises(Denied, match="You may not see or do this"):
            await documents.read(store, reader=author, document=asked, now=NOW)
    assert await looks(store) == [("a1", document, False), ("a1", "nothing", False)]


async def test_what_is_not_there_is_refused_even_to_who_may_read_all(documents: Documents, store: SqlStore) -> None:
    with pytest.raises(Denied):
        await documents.read(store, reader=SPECIALIST, document=DocumentId("nothing"), now=NOW)


async def test_a_protection_case_closes_its_contacts_documents_to_all_but_specialists(
    documents: Documents, document: DocumentId, store: SqlStore, ids: CountingIds
) -> None:
    """R16."""
    async with store.transaction() as unit:
        contact = await met(unit, PHONE)
        await CaseDesk(ids=ids).open(
            unit, contact=contact, topic=Topic.ABUSE, urgency=Urgency.HIGH, facts={}, now=NOW
        )  # fmt: skip
    with pytest.raises(Denied):
        await documents.read(store, reader=OPERATOR, document=document, now=NOW)
    assert (await documents.read(store, reader=SPECIALIST, document=document, now=NOW))[1] == JPEG


async def test_past_its_end_a_file_is_not_read_even_before_it_is_deleted(
    documents: Documents, document: DocumentId, store: SqlStore
) -> None:
    """R18."""
    end = NOW + timedelta(days=365)
    await documents.read(store, reader=OPERATOR, document=document, now=end - timedelta(seconds=1))
    with pytest.raises(Denied):
        await documents.read(store, reader=OPERATOR, document=document, now=end)
