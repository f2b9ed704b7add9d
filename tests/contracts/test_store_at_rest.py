"""At rest on both databases (R17): nothing personal in clear, nothing moved, keys changed without loss."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.case import Clue
from bot.domain.consent import Consent, ConsentId
from bot.domain.contact import Contact, ContactId, Permission, Reach
from bot.domain.document import DocumentId
from bot.domain.errors import KeyMissing
from bot.domain.merge import Merge, MergeId
from bot.domain.message import MessageId, Receipt
from bot.services.desk_ports import Correction, Translation
from bot.storage import rotate as rotation
from bot.storage.crypto import Keyring, Tampered, make_key
from bot.storage.rotate import rotate
from bot.storage.schema import metadata
from bot.storage.store import SqlStore, SqlUnit
from tests.contracts.conftest import StillClock
from tests.databases import dump, programs
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, NOON, PHONE

PRIVATE = {
    "text": "there is blood on the floor",
    "phone": "+5551555001001",
    "chat": "7001001001",
    "shared phone": "+5551555009009",
    "name": "Sita Gurung",
    "answer": "Fazenda Boa Terra",
    "amount": "1200.50",
    "narrative": "He keeps my passport in his safe.",
    "document": "%PDF-1.7 her contract",
    "media": "https://api.example/media/7",
    "sent text": "Go to the gym at once.",
    "choice": "menu:what:wages",
    "position": "-30.0346",
    "latitude": "51.2177",
    "provider id": "7001001001:17",
    "inbound id": "update-7001001001",
    "second factor": "JBSWY3DPEHPK3PXPNEVERCLEAR",
    "note": "She whispers when he is near.",
    "next step": "Ring her sister in Pokhara.",
    "clue": "isolation",
    "consulate": "Consulate of Nepal",
    "translation": "there is much blood",
    "correction": "blood on the ground",
    "merged name": "Sita Kumari Gurung",
}
SEALED = [table.name for table in metadata.sorted_tables if "sealed" in table.c]


async def fill(store: SqlStore) -> None:
    """Something private in every sealed column."""
    ana = await samples.meet(store)
    message = samples.full_message()
    received = replace(message.received, text=PRIVATE["text"], provider_id=PRIVATE["inbound id"])
    async with store.transaction(ANA) as unit:
        reaches = (*ana.reaches, Reach(address=CHAT))
        known = replace(ana, reaches=reaches, name=PRIVATE["name"], position=samples.HERE, nationality="NP")
        await unit.contacts.save(known)
        await unit.messages.add(replace(message, received=received))
        await unit.sessions.save(samples.session(answers=samples.ANSWERS))
        clues = frozenset({Clue(PRIVATE["clue"])})
        await unit.cases.add(samples.case(next_step=PRIVATE["next step"], clues=clues))
        await unit.documents.add(samples.document(), PRIVATE["document"].encode())
        await unit.staff.add(replace(samples.staff(), totp_secret=PRIVATE["second factor"]))
        await fill_desk(unit)
    content = replace(samples.delivery().content, text=PRIVATE["sent text"])
    await samples.send(store, samples.delivery(content=content, address=CHAT), PRIVATE["provider id"])


async def fill_desk(unit: SqlUnit) -> None:
    """What operators write down of Ana."""
    staff, at = samples.staff().id, NOON
    note = Activity(id=ActivityId("a1"), contact=ANA, staff=staff, kind=ActivityKind.NOTE, at=at, text=PRIVATE["note"])
    await unit.activities.add([replace(note, details={"to": PRIVATE["consulate"]})])
    consent = Consent(
        id=ConsentId("c1"), contact=ANA, recipient=PRIVATE["consulate"], purpose="-", asked_by=staff, asked_at=at
    )
    await unit.consents.put(consent)
    text, language = PRIVATE["translation"], "en"
    translation = Translation(subject="message:full", contact=ANA, language=language, engine="libre", text=text, at=at)
    await unit.translations.put(translation)
    correction = Correction(
        message=MessageId("full"),
        contact=ANA,
        text=PRIVATE["correction"],
        language=language,
        intent="medical_help",
        at=at,
        staff=staff,
    )
    await unit.corrections.put(correction)
    await unit.roster.add([Contact(id=ContactId("bob"), reaches=(), name=PRIVATE["merged name"])])
    known = await unit.contacts.many([ANA])
    await unit.merges.join(Merge(id=MergeId("j1"), contact=ANA, other=ContactId("bob"), staff=staff, at=at), known[ANA])


async def everything(store: SqlStore) -> list[object]:
    """All that the store knows, read back."""
    async with store.transaction() as unit:
        return [
            await unit.contacts.find(PHONE),
            await unit.contacts.find(CHAT),
            await unit.messages.waiting(ANA),
            await unit.sessions.open(ANA),
            await unit.cases.of(ANA),
            await unit.documents.body(DocumentId("doc1")),
            await unit.deliveries.after(ANA, CHAT, 0, 10),
            await unit.staff.get(samples.staff().id),
            await unit.activities.of(ANA, 10),
            await unit.consents.of(ANA),
            await unit.translations.beside(["message:full"]),
            await unit.corrections.of([MessageId("full")]),
        ]


def raw(url: str) -> bytes:
    """The database as a thief of the disk has it."""
    parsed = make_url(url)
    if parsed.drivername.startswith("sqlite"):
        assert parsed.database
        return b"".join(path.read_bytes() for path in Path(parsed.database).parent.glob("muster.db*"))
    folder = programs()
    assert folder
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [str(folder / "pg_dump"), "--inserts", plain]
    return subprocess.run(command, capture_output=True, check=True).stdout


async def test_nothing_personal_lies_in_clear(store: SqlStore, database_url: str) -> None:
    """R17: in the file with its write-ahead log, or in a dump."""
    await fill(store)
    tables = await dump(database_url)
    assert all(tables[name] for name in SEALED), "a sealed column without a value proves nothing: fill it"
    stolen = await asyncio.to_thread(raw, database_url)
    assert b"unpaid_wages" in stolen, "what is stored in clear must be found, or the search proves nothing"
    for what, private in PRIVATE.items():
        for form in (private.encode(), private.encode("utf-16-le"), private.encode().hex().encode()):
            assert form not in stolen, f"{what} lies in clear"


async def test_equal_texts_look_different(store: SqlStore, database_url: str) -> None:
    await samples.meet(store)
    async with store.transaction() as unit:
        await unit.messages.add(samples.message("m1"))
        await unit.messages.add(samples.message("m2"))
    first, second = (row["sealed"] for row in (await dump(database_url))["messages"])
    assert first[16:] != second[16:]


@asynccontextmanager
async def tampering(url: str) -> AsyncIterator[Callable[[str], Awaitable[object]]]:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        yield lambda statement: connection.execute(text(statement))
    await engine.dispose()


async def test_values_moved_between_rows_are_refused(store: SqlStore, database_url: str) -> None:
    await samples.meet(store)
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("k1"))
        await unit.cases.add(samples.case("k2"))
    async with tampering(database_url) as run:
        await run("UPDATE cases SET sealed = (SELECT sealed FROM cases AS c WHERE c.id = 'k1') WHERE id = 'k2'")
    async with store.transaction() as unit:
        assert await unit.cases.by_number("M-K1")
        with pytest.raises(Tampered, match=r"cases\.sealed:k2"):
            await unit.cases.by_number("M-K2")


async def test_values_moved_between_tables_are_refused(store: SqlStore, database_url: str) -> None:
    await samples.meet(store)
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("same"))
        await unit.documents.add(samples.document("same"), b"abc")
    async with tampering(database_url) as run:
        await run("UPDATE documents SET sealed = (SELECT sealed FROM cases)")
    async with store.transaction() as unit:
        with pytest.raises(Tampered):
            await unit.documents.body(DocumentId("same"))


# --- keys -------------------------------------------------------------------------------------------------------------


async def reopen(url: str, keys: str, clock: StillClock) -> SqlStore:
    return await SqlStore.open(url=url, keyring=Keyring.parse(keys), clock=clock)


async def test_after_rotation_the_old_key_can_be_dropped(
    store: SqlStore, database_url: str, key: str, clock: StillClock
) -> None:
    await fill(store)
    before = await everything(store)
    new = make_key("k2")
    counts = await rotate(url=database_url, keyring=Keyring.parse(f"{new},{key}"))
    assert counts == {**dict.fromkeys(SEALED, 1), "addresses": 2}
    only_new = await reopen(database_url, new, clock)
    assert await everything(only_new) == before
    again = await samples.meet(only_new, contact=ContactId("new"))
    assert again.id == ANA, "an address is found by its hash, which no rotation changes"
    async with only_new.transaction() as unit:
        assert not await unit.messages.add(samples.message("m2", provider_id=PRIVATE["inbound id"])), (
            "repeats are known as repeats across a rotation"
        )
        receipt = Receipt(channel=samples.delivery().channel, provider_id=PRIVATE["provider id"], status="read")
        assert await unit.deliveries.receive(receipt)
        (merge,) = await unit.merges.of(ANA)
        await unit.merges.part(merge, NOON)
        parted = await unit.contacts.many([merge.other])
        assert parted[merge.other].name == PRIVATE["merged name"], "what was merged can be taken apart"
    await only_new.close()
    assert set((await rotate(url=database_url, keyring=Keyring.parse(new))).values()) == {0}


async def test_a_refusal_outlives_erasure_and_rotation(
    store: SqlStore, database_url: str, key: str, clock: StillClock
) -> None:
    """R19: nobody could hash the address anew, for it is not stored any more."""
    ana = await samples.meet(store)
    async with store.transaction(ANA) as unit:
        await unit.contacts.save(ana.permitting(PHONE, Permission.REFUSED, NOON))
        await unit.contacts.erase(ANA)
    new = make_key("k2")
    await rotate(url=database_url, keyring=Keyring.parse(f"{new},{key}"))
    only_new = await reopen(database_url, new, clock)
    again = await samples.meet(only_new)
    await only_new.close()
    assert again.reaches[0].permission is Permission.REFUSED


async def test_old_and_new_values_are_read_together_before_rotation(
    store: SqlStore, database_url: str, key: str, clock: StillClock
) -> None:
    await fill(store)
    before = await everything(store)
    both = await reopen(database_url, f"{make_key('k2')},{key}", clock)
    assert await everything(both) == before
    async with both.transaction() as unit:
        await unit.messages.add(samples.message("m2"))
    await both.close()
    with pytest.raises(KeyMissing, match="'k2'"):
        async with store.transaction() as unit:
            await unit.messages.waiting(ANA)


async def test_rotation_goes_on_where_it_was_interrupted(
    store: SqlStore, database_url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await samples.meet(store)
    async with store.transaction() as unit:
        for number in range(10):
            await unit.messages.add(samples.message(f"m{number}"))
    monkeypatch.setattr(rotation, "BATCH", 3)
    keyring = Keyring.parse(f"{make_key('k2')},{key}")
    reseal, calls = Keyring.reseal, 0

    def failing(self: Keyring, sealed: bytes, place: str) -> bytes:
        nonlocal calls
        calls += place.startswith("messages")
        if calls == 8:
            raise ZeroDivisionError
        return reseal(self, sealed, place)

    monkeypatch.setattr(Keyring, "reseal", failing)
    with pytest.raises(ZeroDivisionError):
        await rotate(url=database_url, keyring=keyring)
    monkeypatch.setattr(Keyring, "reseal", reseal)
    assert (await rotate(url=database_url, keyring=keyring))["messages"] == 4
    async with store.transaction() as unit:
        with pytest.raises(KeyMissing):
            await unit.messages.waiting(ANA)


async def test_rotation_does_not_undo_what_is_written_meanwhile(
    store: SqlStore, database_url: str, key: str, clock: StillClock
) -> None:
    await samples.meet(store)
    new = make_key("k2")
    both = await reopen(database_url, f"{new},{key}", clock)

    async def rename() -> None:
        for number in range(20):
            async with both.transaction(ANA) as unit:
                contact = await unit.contacts.get(ANA)
                assert contact
                await unit.contacts.save(replace(contact, name=f"{int((contact.name or '0').split()[0]) + 1} {number}"))

    await asyncio.gather(rename(), rotate(url=database_url, keyring=Keyring.parse(f"{new},{key}")))
    async with both.transaction() as unit:
        contact = await unit.contacts.get(ANA)
    await both.close()
    assert contact
    assert contact.name == "20 19"


async def test_a_missing_key_is_named_at_the_start(store: SqlStore, database_url: str, clock: StillClock) -> None:
    with pytest.raises(KeyMissing, match=r"encrypted with the key 'k1': put it back at the end of MUSTER_KEYS"):
        await reopen(database_url, make_key("k9"), clock)


async def test_another_key_under_the_same_name_is_refused_at_the_start(
    store: SqlStore, database_url: str, clock: StillClock
) -> None:
    with pytest.raises(Tampered):
        await reopen(database_url, make_key("k1"), clock)


async def test_processes_that_open_a_new_database_together_agree_on_its_index_key(
    database_url: str, key: str, clock: StillClock
) -> None:
    stores = await asyncio.gather(*(reopen(database_url, key, clock) for _ in range(6)))
    met = [await samples.meet(each, contact=ContactId(f"c{number}")) for number, each in enumerate(stores)]
    assert {contact.id for contact in met} == {"c0"}
    await asyncio.gather(*(each.close() for each in stores))
