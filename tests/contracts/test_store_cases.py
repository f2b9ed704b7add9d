"""Cases, places, sites and documents on both databases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.domain.case import CaseId, CaseStatus, Urgency
from bot.domain.contact import ContactId
from bot.domain.document import DocumentId
from bot.domain.employer import EmployerId, SiteId
from bot.domain.errors import Conflict
from bot.domain.place import PlaceId, PlaceKind
from bot.storage.store import SqlStore
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, MINUTE, NOON


@pytest.fixture(autouse=True)
async def _ana(store: SqlStore) -> None:
    await samples.meet(store)


async def test_a_case_comes_back_as_it_was_stored(store: SqlStore) -> None:
    case = samples.case()
    async with store.transaction() as unit:
        await unit.cases.add(case)
    async with store.transaction() as unit:
        assert await unit.cases.get(case.id) == case
        assert await unit.cases.by_number(case.number) == case
        assert await unit.cases.get(CaseId("none")) is None
        assert await unit.cases.by_number("M-NONE") is None
        done = replace(
            case,
            status=CaseStatus.CLOSED,
            urgency=Urgency.LOW,
            owner="op1",
            narrative="solved",
            facts={},
            closed_at=NOON,
        )
        await unit.cases.save(done)
        assert await unit.cases.get(case.id) == done


async def test_a_contact_s_cases_come_newest_first(store: SqlStore) -> None:
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("k1", opened_at=NOON))
        await unit.cases.add(samples.case("k2", opened_at=NOON + MINUTE))
        await unit.cases.add(samples.case("k3", opened_at=NOON - MINUTE))
        await unit.cases.add(samples.case("k4", bob))
        assert [case.id for case in await unit.cases.of(ANA)] == ["k2", "k1", "k3"]


async def test_a_number_is_given_once(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("k1", number="M-7"))
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.cases.add(samples.case("k2", number="M-7"))


async def test_a_case_that_is_not_stored_cannot_be_changed(store: SqlStore) -> None:
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.cases.save(samples.case("gone"))


# --- places -----------------------------------------------------------------------------------------------------------


async def test_a_place_comes_back_as_it_was_put_and_is_replaced_by_id(store: SqlStore) -> None:
    full, plain = samples.full_place(), samples.place("plain")
    async with store.transaction() as unit:
        await unit.places.put([full, plain])
        await unit.places.put([])
    async with store.transaction() as unit:
        assert await unit.places.get(full.id) == full
        assert await unit.places.all() == [full, plain]
        assert await unit.places.get(PlaceId("none")) is None
        changed = replace(full, phones=(), position=None, hours=(), blocked_at=None, name="A new name")
        await unit.places.put([changed])
        assert await unit.places.all() == [changed, plain]


async def test_only_what_may_be_told_today_comes_out_to_be_told(store: SqlStore) -> None:
    """R5: the last day counts, the day after does not; nothing blocked, without a source or not checked yet."""
    last_day = date(2026, 3, 1)
    async with store.transaction() as unit:
        await unit.places.put(
            [
                samples.place("good"),
                samples.place("blocked", blocked_at=NOON),
                samples.place("no-source", source=""),
                samples.place("tomorrow", checked_on=last_day + timedelta(days=1), expires_on=date(2027, 1, 1)),
                samples.place("clinic", kind=PlaceKind.CLINIC),
                samples.place("hospital", kind=PlaceKind.HOSPITAL),
            ]
        )
    kinds = [PlaceKind.SHELTER, PlaceKind.CLINIC]
    async with store.transaction() as unit:
        assert {place.id for place in await unit.places.tellable(kinds, last_day)} == {"good", "clinic"}
        told_late = await unit.places.tellable(kinds, last_day + timedelta(days=1))
        assert {place.id for place in told_late} == {"tomorrow"}
        assert await unit.places.tellable([], last_day) == []
        assert await unit.places.expired(last_day) == []
        expired = await unit.places.expired(last_day + timedelta(days=1))
        assert {place.id for place in expired} == {"good", "blocked", "no-source", "clinic", "hospital"}


# --- sites ------------------------------------------------------------------------------------------------------------


async def test_a_site_is_found_by_its_code_whatever_its_letters_case(store: SqlStore) -> None:
    orchard = samples.site(assembly_point="Gate 2", timezone="America/Sao_Paulo")
    barn = samples.site("st2", name="Barn", code="ÇELEIRO")
    async with store.transaction() as unit:
        await unit.sites.put(samples.FARM, [orchard, barn])
    async with store.transaction() as unit:
        assert await unit.sites.get(orchard.id) == orchard
        assert await unit.sites.by_code(" pOMAR-7") == orchard
        assert await unit.sites.by_code("çeleiro") == barn
        assert await unit.sites.by_code("") is None
        assert await unit.sites.get(SiteId("none")) is None
        assert await unit.sites.all() == [barn, orchard]
        moved = replace(orchard, code="POMAR-8")
        await unit.sites.put(replace(samples.FARM, name="New name"), [moved])
        assert await unit.sites.by_code("pomar-7") is None
        assert await unit.sites.all() == [barn, moved]


async def test_two_sites_do_not_share_a_code(store: SqlStore) -> None:
    other = replace(samples.FARM, id=EmployerId("e2"))
    async with store.transaction() as unit:
        await unit.sites.put(samples.FARM, [samples.site()])
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.sites.put(other, [samples.site("st2", employer=other.id, code="POMAR-7")])


# --- documents --------------------------------------------------------------------------------------------------------


async def test_a_document_comes_back_byte_for_byte(store: SqlStore) -> None:
    body = bytes(range(256)) * 4096  # 1 MB
    async with store.transaction() as unit:
        await unit.documents.add(samples.document(size=len(body)), body)
    async with store.transaction() as unit:
        assert await unit.documents.get(DocumentId("doc1")) == samples.document(size=len(body))
        assert await unit.documents.body(DocumentId("doc1")) == body
        assert await unit.documents.get(DocumentId("none")) is None
        assert await unit.documents.body(DocumentId("none")) is None


async def test_documents_go_on_their_day(store: SqlStore) -> None:
    """R17, R18."""
    async with store.transaction() as unit:
        for number in range(4):
            expires_at = NOON + number * MINUTE
            await unit.documents.add(samples.document(f"doc{number}", expires_at=expires_at), b"abc")
        assert await unit.documents.delete_expired(NOON - MINUTE, 10) == 0
        assert await unit.documents.delete_expired(NOON + 2 * MINUTE, 2) == 2
        assert await unit.documents.body(DocumentId("doc0")) is None
        assert await unit.documents.body(DocumentId("doc2")) == b"abc"
        assert await unit.documents.delete_expired(NOON + 2 * MINUTE, 2) == 1
        assert await unit.documents.get(DocumentId("doc3")) is not None
