"""What the operators' desk keeps, on both databases: claims, histories, consents, duty, alarms, links and the audit."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.activity import Activity, ActivityId, ActivityKind
from bot.domain.audit import GENESIS, AuditEntry, first_break
from bot.domain.case import CaseId, CaseStatus, Compartment, Topic, Urgency
from bot.domain.claim import Claim
from bot.domain.consent import Consent, ConsentId, ConsentState
from bot.domain.contact import ContactId
from bot.domain.duty import Presence, Shift, ShiftId
from bot.domain.errors import Conflict
from bot.domain.message import MessageId
from bot.domain.staff import StaffId
from bot.services.desk_ports import Alarm, AlarmKind, CannedReply, Correction, QueueRow, Translation
from bot.storage.store import SqlStore
from tests.contracts.accounts import chat
from tests.storage import samples
from tests.storage.samples import ANA, MINUTE, NOON

OLGA, OMAR = StaffId("olga"), StaffId("omar")
BOB = ContactId("bob")


@pytest.fixture(autouse=True)
async def _people(store: SqlStore) -> None:
    await samples.meet(store)
    await samples.meet(store, chat(2), BOB)
    async with store.transaction() as unit:
        for name in (OLGA, OMAR):
            await unit.staff.add(replace(samples.staff(name), totp_secret=None))


def claim(staff: StaffId = OLGA, contact: ContactId = ANA, **fields: object) -> Claim:
    return Claim(**{"contact": contact, "staff": staff, "claimed_at": NOON, **fields})  # type: ignore[arg-type]


def activity(id_: str = "a1", contact: ContactId = ANA, **fields: object) -> Activity:
    known: dict[str, object] = {"kind": ActivityKind.NOTE, "at": NOON, "staff": OLGA}
    return Activity(id=ActivityId(id_), contact=contact, **(known | fields))  # type: ignore[arg-type]


def entry(subject: str = "ana", **fields: object) -> AuditEntry:
    known: dict[str, object] = {
        "at": NOON,
        "reader": OLGA,
        "role": "operator",
        "deed": "read",
        "matter": "conversation",
        "is_allowed": True,
    }
    return AuditEntry(subject=subject, **(known | fields))  # type: ignore[arg-type]


# --- claims -----------------------------------------------------------------------------------------------------------


async def test_a_conversation_has_one_owner(store: SqlStore) -> None:
    """R14."""
    async with store.transaction() as unit:
        assert await unit.claims.take(claim())
        assert not await unit.claims.take(claim(OMAR))
        assert await unit.claims.take(claim(OMAR, BOB))
        assert await unit.claims.of(ANA) == claim()
        assert {one.contact: one for one in await unit.claims.all()} == {ANA: claim(), BOB: claim(OMAR, BOB)}


async def test_of_many_transactions_at_once_one_takes_it(store: SqlStore) -> None:
    """R14: also where the contact's row is not held."""

    async def take(staff: StaffId) -> bool:
        async with store.transaction() as unit:
            return await unit.claims.take(claim(staff))

    taken = await asyncio.gather(*(take(random.Random(number).choice((OLGA, OMAR))) for number in range(30)))
    assert sum(taken) == 1


async def test_a_claim_changes_hands_and_ends_once(store: SqlStore) -> None:
    handed = claim(OMAR, claimed_at=NOON + MINUTE, answered_at=NOON + 2 * MINUTE)
    async with store.transaction() as unit:
        await unit.claims.take(claim())
        await unit.claims.save(handed)
        assert await unit.claims.of(ANA) == handed
        assert await unit.claims.by(OLGA) == []
        assert await unit.claims.by(OMAR) == [handed]
        assert await unit.claims.end(ANA)
        assert not await unit.claims.end(ANA)
        assert await unit.claims.of(ANA) is None


async def test_a_claim_that_has_ended_cannot_be_changed(store: SqlStore) -> None:
    """Who writes with an old screen does not bring a claim back."""
    async with store.transaction() as unit:
        with pytest.raises(Conflict):
            await unit.claims.save(claim())


async def test_what_somebody_has_comes_oldest_first(store: SqlStore) -> None:
    older = claim(contact=BOB, claimed_at=NOON - MINUTE)
    async with store.transaction() as unit:
        await unit.claims.take(claim())
        await unit.claims.take(older)
        assert await unit.claims.by(OLGA) == [older, claim()]


# --- activities -------------------------------------------------------------------------------------------------------


async def test_a_history_is_in_the_order_of_time_and_of_its_making_where_that_is_the_same(store: SqlStore) -> None:
    full = activity("a1", case=CaseId("k1"), text="speaks \ud83d softly", details={"was": "open", "is": "waiting"})
    made = [full, activity("a2", at=NOON - MINUTE), activity("a3", staff=None), activity("a4", contact=BOB)]
    async with store.transaction() as unit:
        await unit.cases.add(samples.case())
        await unit.activities.add(made[:2])
        await unit.activities.add(made[2:])
        await unit.activities.add([])
        kept = await unit.activities.of(ANA, 10)
        assert [one.id for one in kept] == ["a2", "a1", "a3"]
        assert [one.id for one in await unit.activities.of(ANA, 2)] == ["a1", "a3"]
        assert [one.id for one in await unit.activities.of_case(CaseId("k1"))] == ["a1"]
    assert [kept[0], kept[2]] == made[1:3]
    assert replace(kept[1], text=full.text) == full


async def test_what_was_done_without_a_case_is_let_go_by_its_age_and_a_case_s_goes_with_it(store: SqlStore) -> None:
    """R18."""
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("k1", status=CaseStatus.CLOSED, closed_at=NOON))
        await unit.activities.add(
            [activity("a1"), activity("a2", at=NOON + MINUTE), activity("a3", case=CaseId("k1"), at=NOON - MINUTE)]
        )
        assert await unit.activities.delete_before(NOON, 10) == 0
        assert await unit.activities.delete_before(NOON + MINUTE, 10) == 1
        assert [one.id for one in await unit.activities.of(ANA, 10)] == ["a3", "a2"]
        assert await unit.cases.delete_closed_before(NOON + MINUTE, 10) == 1
        assert [one.id for one in await unit.activities.of(ANA, 10)] == ["a2"]


# --- consents, translations, corrections, canned replies --------------------------------------------------------------


async def test_a_consent_is_kept_with_every_answer_to_it(store: SqlStore) -> None:
    """R4: asked, given by a message, taken back."""
    asked = Consent(
        id=ConsentId("c1"),
        contact=ANA,
        recipient="the consulate",
        purpose="a new passport",
        asked_by=OLGA,
        asked_at=NOON,
    )
    given = replace(asked, answered_at=NOON + MINUTE, is_given=True, message=MessageId("m1"))
    revoked = replace(given, revoked_at=NOON + 2 * MINUTE, note="by phone")
    async with store.transaction() as unit:
        for state, consent in (
            (ConsentState.ASKED, asked),
            (ConsentState.GIVEN, given),
            (ConsentState.REVOKED, revoked),
        ):
            await unit.consents.put(consent)
            kept = await unit.consents.get(consent.id)
            assert kept == consent
            assert kept.state is state
            assert kept.holds is (state is ConsentState.GIVEN)
        newer = replace(asked, id=ConsentId("c2"), asked_at=NOON + MINUTE)
        await unit.consents.put(newer)
        assert await unit.consents.of(ANA) == [newer, revoked]
        assert await unit.consents.of(BOB) == []
        assert await unit.consents.get(ConsentId("none")) is None


async def test_a_case_that_is_let_go_leaves_the_consent_given_in_it(store: SqlStore) -> None:
    consent = Consent(
        id=ConsentId("c1"),
        contact=ANA,
        case=CaseId("k1"),
        recipient="the consulate",
        purpose="-",
        asked_by=OLGA,
        asked_at=NOON,
    )
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("k1", status=CaseStatus.CLOSED, closed_at=NOON))
        await unit.consents.put(consent)
        await unit.cases.delete_closed_before(NOON + MINUTE, 10)
        assert await unit.consents.of(ANA) == [replace(consent, case=None)]


async def test_a_translation_is_kept_by_subject_and_language(store: SqlStore) -> None:
    """R13."""

    def translation(subject: str, language: str, text: str) -> Translation:
        return Translation(subject=subject, contact=ANA, language=language, engine="libre", text=text, at=NOON)

    nepali, english = translation("message:m1", "ne", "मद्दत"), translation("message:m1", "en", "help")
    async with store.transaction() as unit:
        for one in (nepali, english, translation("message:m2", "en", "old"), translation("message:m2", "en", "new")):
            await unit.translations.put(one)
        found = await unit.translations.beside(["message:m1", "message:m2", "message:m3"])
        assert {(one.subject, one.language): one for one in found} == {
            ("message:m1", "ne"): nepali,
            ("message:m1", "en"): english,
            ("message:m2", "en"): translation("message:m2", "en", "new"),
        }
        assert await unit.translations.beside([]) == []


@pytest.mark.parametrize("kind", ["translations", "corrections"])
async def test_what_stands_beside_messages_is_let_go_by_its_age(store: SqlStore, kind: str) -> None:
    """R18."""
    async with store.transaction() as unit:
        for number in range(3):
            at, id_ = NOON + number * MINUTE, f"m{number}"
            await unit.translations.put(
                Translation(subject=id_, contact=ANA, language="en", engine="libre", text="-", at=at)
            )
            await unit.corrections.put(
                Correction(message=MessageId(id_), contact=ANA, text="-", language="en", intent="-", at=at, staff=OLGA)
            )
        repository = getattr(unit, kind)
        assert await repository.delete_before(NOON, 10) == 0
        assert await repository.delete_before(NOON + 5 * MINUTE, 1) == 1
        assert await repository.delete_before(NOON + 2 * MINUTE, 10) == 1
        left = {
            "translations": [one.subject for one in await unit.translations.beside(["m0", "m1", "m2"])],
            "corrections": list(await unit.corrections.of([MessageId(f"m{number}") for number in range(3)])),
        }
    assert left[kind] == ["m2"]


async def test_a_correction_is_the_last_that_was_said_of_its_message(store: SqlStore) -> None:
    def correction(id_: str, intent: str, minutes: int = 0) -> Correction:
        at = NOON + minutes * MINUTE
        return Correction(
            message=MessageId(id_), contact=ANA, text="where sleep", language="en", intent=intent, at=at, staff=OLGA
        )

    async with store.transaction() as unit:
        for one in (correction("m1", "greet"), correction("m2", "thanks", 2), correction("m1", "shelter", 1)):
            await unit.corrections.put(one)
        assert await unit.corrections.of([MessageId("m1")]) == {"m1": correction("m1", "shelter", 1)}
        assert [one.message for one in await unit.corrections.since(NOON, 10)] == ["m1", "m2"]
        assert [one.message for one in await unit.corrections.since(NOON, 1)] == ["m1"]


async def test_canned_replies_are_listed_by_name(store: SqlStore) -> None:
    def canned(id_: str, name: str, **texts: str) -> CannedReply:
        return CannedReply(id=id_, name=name, topic=Topic.WAGES, texts=texts, changed_at=NOON, changed_by=OLGA)

    first, second = canned("r1", "B", en="Hello {name}", ne="नमस्ते {name}"), canned("r2", "A", en="Bye")
    async with store.transaction() as unit:
        for one in (first, second, replace(first, topic=None)):
            await unit.canned_replies.put(one)
        assert await unit.canned_replies.all() == [second, replace(first, topic=None)]
        await unit.canned_replies.delete("r2")
        assert await unit.canned_replies.get("r2") is None
        assert await unit.canned_replies.get("r1") == replace(first, topic=None)


# --- duty and alarms --------------------------------------------------------------------------------------------------


async def test_who_is_on_duty_stays_so_since_they_came_and_is_seen_forward_only(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.duty.begin(OLGA, NOON)
        await unit.duty.begin(OLGA, NOON + MINUTE)
        await unit.duty.seen(OLGA, NOON)
        await unit.duty.seen(OMAR, NOON)
        assert await unit.duty.present() == [Presence(staff=OLGA, since=NOON, seen_at=NOON + MINUTE)]
        await unit.duty.end(OLGA)
        await unit.duty.end(OLGA)
        assert await unit.duty.present() == []


async def test_shifts_that_lie_between_are_found_by_their_edges(store: SqlStore) -> None:
    shift = Shift(id=ShiftId("s1"), staff=OLGA, begins_at=NOON, ends_at=NOON + timedelta(hours=8))
    async with store.transaction() as unit:
        await unit.duty.put_shift(shift)
        assert await unit.duty.shifts(NOON + MINUTE, NOON) == [shift]
        assert await unit.duty.shifts(NOON, NOON - MINUTE) == [], "begins at the very end of the time asked for"
        assert await unit.duty.shifts(NOON + timedelta(days=1), shift.ends_at) == []
        moved = replace(shift, staff=OMAR)
        await unit.duty.put_shift(moved)
        assert await unit.duty.shifts(NOON + MINUTE, NOON) == [moved]
        await unit.duty.delete_shift(shift.id)
        assert await unit.duty.shifts(NOON + MINUTE, NOON) == []


async def test_an_alarm_is_claimed_by_one_process_at_a_time_until_it_is_done(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.cases.add(samples.case())
        for minutes in (0, 1, 10):
            due = NOON + minutes * MINUTE
            await unit.alarms.add(Alarm(case=CaseId("k1"), kind=AlarmKind.NEW, made_at=NOON, due_at=due))

    async def take() -> list[Alarm]:
        async with store.transaction() as unit:
            return list(await unit.alarms.claim(NOON + MINUTE, NOON + 5 * MINUTE, 10))

    claimed = [alarm for some in await asyncio.gather(*(take() for _ in range(5))) for alarm in some]
    assert len({alarm.number for alarm in claimed}) == len(claimed) == 2
    assert {alarm.attempts for alarm in claimed} == {1}
    async with store.transaction() as unit:
        await unit.alarms.save(replace(claimed[0], due_at=None))
        assert [alarm.number for alarm in await unit.alarms.claim(NOON + 5 * MINUTE, NOON + 9 * MINUTE, 10)] == [
            claimed[1].number
        ]


# --- the queue and links ----------------------------------------------------------------------------------------------


async def queue(store: SqlStore) -> dict[str, QueueRow]:
    async with store.look() as unit:
        return {row.contact: row for row in await unit.queue.read()}


async def test_the_queue_is_whoever_has_an_open_case_or_is_in_somebody_s_hands(store: SqlStore) -> None:
    assert await queue(store) == {}
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("k1", status=CaseStatus.RESOLVED, closed_at=NOON))
    assert await queue(store) == {}
    async with store.transaction() as unit:
        await unit.cases.add(samples.case("k2", opened_at=NOON - MINUTE, due_at=NOON, urgency=Urgency.LOW))
        await unit.cases.add(samples.case("k3", topic=Topic.DANGER, urgency=Urgency.CRITICAL, answered_at=NOON))
        await unit.claims.take(claim(OMAR, BOB))
        await unit.messages.add(samples.message("m1", at=NOON + MINUTE))
        await unit.messages.add(samples.message("m2", at=NOON))
    rows = await queue(store)
    ana, bob = rows[ANA], rows[BOB]
    assert (ana.urgency, ana.topics, ana.numbers) == (
        Urgency.CRITICAL,
        frozenset({Topic.WAGES, Topic.DANGER}),
        ("M-K2", "M-K3"),
    )
    assert (ana.opened_at, ana.waiting_since, ana.due_at) == (NOON - MINUTE, NOON - MINUTE, NOON)
    assert (ana.heard_at, ana.claim) == (NOON + MINUTE, None)
    assert (bob.claim, bob.opened_at, bob.topics, bob.due_at) == (claim(OMAR, BOB), NOON, frozenset(), None)


async def test_whoever_ever_had_a_protection_case_is_protected_in_the_queue(store: SqlStore) -> None:
    """R16: closed or open, what was told stays told."""
    async with store.transaction() as unit:
        closed = samples.case("k1", topic=Topic.ABUSE, status=CaseStatus.CLOSED, closed_at=NOON)
        await unit.cases.add(replace(closed, compartment=Compartment.PROTECTION))
        await unit.cases.add(samples.case("k2"))
    row = (await queue(store))[ANA]
    assert row.compartment is Compartment.PROTECTION
    assert Topic.ABUSE not in row.topics


async def test_what_is_overdue_is_open_unanswered_and_not_yet_told(store: SqlStore) -> None:
    async with store.transaction() as unit:
        kinds: tuple[dict[str, Any], ...] = (
            {},
            {"due_at": NOON - MINUTE},
            {"due_at": NOON + 2 * MINUTE},
            {"answered_at": NOON},
            {"escalated_at": NOON},
            {"status": CaseStatus.CLOSED, "closed_at": NOON},
        )
        for number, fields in enumerate(kinds):
            await unit.cases.add(samples.case(f"k{number}", **fields))
        assert [case.id for case in await unit.queue.overdue(NOON + MINUTE, 10)] == ["k1", "k0"]
        assert [case.id for case in await unit.queue.overdue(NOON + MINUTE, 1)] == ["k1"]


async def test_links_lead_both_ways_and_go_with_their_case(store: SqlStore) -> None:
    async with store.transaction() as unit:
        for number in (1, 2, 3):
            await unit.cases.add(samples.case(f"k{number}", status=CaseStatus.CLOSED, closed_at=NOON))
        k1, k2, k3 = CaseId("k1"), CaseId("k2"), CaseId("k3")
        await unit.case_links.link(k2, k1)
        await unit.case_links.link(k1, k2)
        await unit.case_links.link(k2, k3)
        assert sorted(await unit.case_links.of(k2)) == [k1, k3]
        assert await unit.case_links.of(k1) == [k2]
        await unit.case_links.unlink(k1, k2)
        assert await unit.case_links.of(k1) == []
        await unit.cases.delete_closed_before(NOON + MINUTE, 10)
        assert await unit.case_links.of(k2) == []


# --- the audit --------------------------------------------------------------------------------------------------------


async def entries(store: SqlStore) -> list[AuditEntry]:
    async with store.look() as unit:
        return list(await unit.audit.after(0, 1000))


async def test_entries_of_many_processes_make_one_chain(store: SqlStore) -> None:
    """R17."""

    async def add(number: int) -> None:
        async with store.transaction(ANA if number % 2 else None) as unit:
            await unit.contacts.get(ANA)  # a transaction that has read before it comes to the chain's end
            await asyncio.sleep(0)
            await unit.audit.add(entry(f"subject-{number}"))

    await asyncio.gather(*(add(number) for number in range(40)))
    made = await entries(store)
    assert [one.number for one in made] == list(range(1, 41))
    assert made[0].before == GENESIS
    assert first_break(made) is None


async def test_an_entry_that_was_undone_leaves_no_gap(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.transaction() as unit:
            await unit.audit.add(entry("undone"))
            raise ZeroDivisionError

    async with store.transaction() as unit:
        await unit.audit.add(entry("first"))
    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.transaction() as unit:
        await unit.audit.add(entry("second"))
    made = await entries(store)
    assert [one.subject for one in made] == ["first", "second"]
    assert first_break(made) is None


async def test_the_audit_is_searched_newest_first_a_page_at_a_time(store: SqlStore) -> None:
    async with store.transaction() as unit:
        for number in range(6):
            reader = (OLGA, OMAR)[number % 2]
            await unit.audit.add(entry(f"s{number % 3}", reader=reader, at=NOON + number * MINUTE))
        search = unit.audit.search
        assert [one.number for one in await search(limit=2)] == [6, 5]
        assert [one.number for one in await search(limit=2, before=5)] == [4, 3]
        assert [one.number for one in await search(limit=9, subject="s0")] == [4, 1]
        assert [one.number for one in await search(limit=9, reader=OMAR)] == [6, 4, 2]
        assert [one.number for one in await search(limit=9, matter="case")] == []
        between = await search(limit=9, since=NOON + MINUTE, until=NOON + 3 * MINUTE)
        assert [one.number for one in between] == [3, 2]


@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_changed_left_out_or_put_in_breaks_the_chain_at_its_place(data: st.DataObject) -> None:
    chain: list[AuditEntry] = []
    for number in range(1, 8):
        before = chain[-1].hash if chain else GENESIS
        made = entry(f"s{number}", at=NOON + number * MINUTE)
        chain.append(replace(made, number=number, before=before, hash=made.hashed(number, before)))
    assert first_break(chain) is None
    place = data.draw(st.integers(0, 5))
    how = data.draw(
        st.sampled_from(["subject", "reader", "deed", "is_allowed", "at", "role", "matter", "detail", "cut"])
    )
    if how == "cut":
        del chain[place]
    else:
        value = {"is_allowed": False, "at": NOON}.get(how, "x")
        chain[place] = replace(chain[place], **{how: value})  # type: ignore[arg-type]
    assert first_break(chain) == place + 1
