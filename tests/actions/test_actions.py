"""Every action: what it takes, how it ends, and what it changes for the contact it is run for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

import actions
from bot.config import Retention
from bot.domain.case import CaseStatus, Topic, Urgency
from bot.domain.contact import Address, Contact, Permission, Scheme
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.errors import InputError
from bot.domain.place import Place, PlaceId, PlaceKind
from bot.domain.session import Session, SessionId
from bot.domain.values import Position, Value
from bot.engine.effects import Called
from bot.i18n import Catalogs
from bot.services.cases import CaseDesk
from bot.services.checkins import CheckInDesk
from bot.services.places import PlaceDirectory
from bot.services.ports import ActionSpec, Occasion
from bot.services.privacy import Privacy
from bot.storage.store import SqlStore, SqlUnit
from tests.stand import NOW, CountingIds, StillClock, met

HERE = Position(latitude=-30.0, longitude=-51.2)
FAR = Position(latitude=-25.0, longitude=-51.2)
ZONE = ZoneInfo("America/Sao_Paulo")
SITE = Site(id=SiteId("s1"), employer=EmployerId("e1"), name="Lajeado plant", code="LAJ1", position=FAR)


@pytest.fixture
def registry(store: SqlStore, clock: StillClock, ids: CountingIds, catalogs: Catalogs) -> Mapping[str, ActionSpec]:
    return actions.registry(
        cases=CaseDesk(ids=ids),
        places=PlaceDirectory(catalogs=catalogs, zone=ZONE),
        privacy=Privacy(store=store, clock=clock, retention=Retention()),
        check_ins=CheckInDesk(store=store, clock=clock, region="BR"),
        catalogs=catalogs,
        retention=Retention(messages=180, documents=365, cases=730),
        given={"organisation": "IOM demo", "hotline": "123", "emergency_number": "190", "other": "not for flows"},
    )


@dataclass
class Stage:
    """Runs actions for one contact, as a turn does, and holds them to what their spec promises."""

    registry: Mapping[str, ActionSpec]
    unit: SqlUnit
    contact: Contact
    language: str = "en"

    async def run(self, name: str, /, answers: Mapping[str, Value] | None = None, **arguments: Value) -> Called:
        spec = self.registry[name]
        assert set(arguments) <= spec.arguments
        session = Session(
            id=SessionId("s1"), contact=self.contact.id, flow="f", version=1, step="x", answers=answers or {},
            started_at=NOW,
        )  # fmt: skip
        address = self.contact.heard_last
        assert address is not None
        occasion = Occasion(
            unit=self.unit,
            contact=self.contact,
            address=address,
            session=session,
            arguments=arguments,
            language=self.language,
            now=NOW,
        )
        called = await spec.run(occasion)
        assert called.outcome in spec.outcomes
        assert set(called.values) <= spec.values
        known = await self.unit.contacts.get(self.contact.id)
        assert known is not None
        self.contact = known
        return called


@pytest.fixture
async def stage(registry: Mapping[str, ActionSpec], unit: SqlUnit, contact: Contact) -> Stage:
    return Stage(registry=registry, unit=unit, contact=contact)


def a_place(name: str, kind: PlaceKind = PlaceKind.SHELTER, **changes: object) -> Place:
    known = Place(
        id=PlaceId(name), kind=kind, name=name, position=HERE, source="test", is_always_open=True,
        checked_on=NOW.date(), expires_on=NOW.date() + timedelta(days=9),
    )  # fmt: skip
    return replace(known, **changes)  # type: ignore[arg-type]


def test_the_registry_has_every_action_that_flows_may_call(registry: Mapping[str, ActionSpec]) -> None:
    assert set(registry) == {
        "find_places", "open_case", "case_status", "set_language", "opt_out", "opt_in", "erase_me", "what_you_know",
        "contact_facts", "record_check_in", "vouch", "ask_safety", "join_site", "leave_site", "employer_of",
        "record_consent", "consents_given", "take_back_consent",
    }  # fmt: skip


# --- places ---------------------------------------------------------------------------------------------------------


async def test_places_are_found_for_the_location_given(stage: Stage) -> None:
    await stage.unit.places.put([a_place("near"), a_place("far", position=FAR)])
    called = await stage.run("find_places", kind="shelter", near=FAR)
    assert called.outcome == "found"
    assert called.values["count"] == 2
    text = called.values["places_text"]
    assert isinstance(text, str)
    assert text.index("far") < text.index("near")


async def test_fewer_places_are_told_by_sms_which_costs(stage: Stage) -> None:
    await stage.unit.places.put([a_place(name) for name in "abcd"])
    by_sms = await stage.run("find_places", kind="shelter")
    chat = replace(stage.contact.reaches[0], address=Address(scheme=Scheme.WEBCHAT, path="77"))
    stage.contact = replace(stage.contact, reaches=(chat,))
    await stage.unit.contacts.save(stage.contact)
    by_chat = await stage.run("find_places", kind="shelter")
    assert (by_sms.values["count"], by_chat.values["count"]) == (2, 3)


@pytest.mark.parametrize("argument", ["near", "site"])
async def test_places_are_found_for_a_site_by_its_code(stage: Stage, argument: str) -> None:
    await stage.unit.sites.put(Employer(id=EmployerId("e1"), name="Serra"), [SITE])
    await stage.unit.places.put([a_place("near"), a_place("far", position=FAR)])
    text = str((await stage.run("find_places", kind="shelter", **{argument: "laj1"})).values["places_text"])
    assert text.startswith("far")
    assert text.endswith("This is near Lajeado plant.")


async def test_several_kinds_may_be_asked_for_at_once(stage: Stage) -> None:
    await stage.unit.places.put([a_place("h", PlaceKind.HOSPITAL), a_place("c", PlaceKind.CLINIC), a_place("s")])
    assert (await stage.run("find_places", kind="hospital, clinic")).values["count"] == 2


async def test_nothing_found_has_its_own_outcome(stage: Stage) -> None:
    assert await stage.run("find_places", kind="food", near=HERE) == Called(outcome="none")


async def test_an_expired_place_is_not_found(stage: Stage) -> None:
    """R5."""
    await stage.unit.places.put([a_place("old", expires_on=NOW.date() - timedelta(days=1))])
    assert (await stage.run("find_places", kind="shelter")).outcome == "none"


@pytest.mark.parametrize(
    ("argument", "own", "expected"),
    [
        ("NP", None, "Nepal"),
        ("np", None, "Nepal"),
        (None, "BD", "Bangla"),
        ("NP", "BD", "Nepal"),
        ("??", "BD", "Bangla"),
    ],
)
async def test_the_consulate_is_that_of_the_nationality_said_else_the_contacts_own(
    argument: str | None, own: str | None, expected: str, stage: Stage
) -> None:
    stage.contact = replace(stage.contact, nationality=own)
    await stage.unit.contacts.save(stage.contact)
    await stage.unit.places.put(
        [a_place(name, PlaceKind.CONSULATE, nationality=code) for name, code in (("Nepal", "NP"), ("Bangla", "BD"))]
    )
    given = "" if argument == "??" else argument
    called = await stage.run("find_places", kind="consulate", nationality=given)
    assert called.values["count"] == 1
    assert str(called.values["places_text"]).startswith(expected)


@pytest.mark.parametrize("near", [None, "", 5, True])
async def test_a_location_that_is_none_is_left_out(near: Value, stage: Stage) -> None:
    await stage.unit.places.put([a_place("a")])
    assert (await stage.run("find_places", kind="shelter", near=near)).outcome == "found"


@pytest.mark.parametrize("kind", [None, "", "shelters", "shelter,", 3])
async def test_a_kind_that_does_not_exist_is_a_fault_of_the_flow(kind: Value, stage: Stage) -> None:
    with pytest.raises(InputError, match="must be one of shelter"):
        await stage.run("find_places", kind=kind)


# --- cases ----------------------------------------------------------------------------------------------------------


async def test_a_case_is_opened_with_the_answers_and_its_number_told(stage: Stage) -> None:
    called = await stage.run("open_case", {"months": 3}, topic="wages", urgency="high")
    (case,) = await stage.unit.cases.of(stage.contact.id)
    assert called == Called(outcome="done", values={"case_number": case.number})
    assert (case.topic, case.urgency, case.facts) == (Topic.WAGES, Urgency.HIGH, {"months": 3})


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("urgency", [one.name.lower() for one in Urgency])
async def test_every_topic_and_urgency_can_be_named_in_a_flow(topic: Topic, urgency: str, stage: Stage) -> None:
    await stage.run("open_case", topic=topic.value, urgency=urgency)
    (case,) = await stage.unit.cases.of(stage.contact.id)
    assert (case.topic, case.urgency.name.lower()) == (topic, urgency)


async def test_without_an_urgency_a_case_is_a_normal_one(stage: Stage) -> None:
    await stage.run("open_case", topic="person")
    assert (await stage.unit.cases.of(stage.contact.id))[0].urgency is Urgency.NORMAL


@pytest.mark.parametrize(
    "arguments", [{}, {"topic": "money"}, {"topic": "wages", "urgency": "soon"}, {"topic": "wages", "urgency": 4}]
)
async def test_a_topic_or_urgency_that_does_not_exist_is_a_fault_of_the_flow(
    arguments: Mapping[str, Value], stage: Stage
) -> None:
    with pytest.raises(InputError, match="must be one of"):
        await stage.run("open_case", **arguments)


@pytest.mark.parametrize("written", [None, "", "{number}", "case {number} please", "m {code}", "{lower}"])
async def test_a_contact_learns_how_their_case_goes(written: str | None, stage: Stage) -> None:
    number = str((await stage.run("open_case", topic="wages")).values["case_number"])
    asked = written and written.format(number=number, code=number[2:], lower=number.lower())
    called = await stage.run("case_status", case_number=asked)
    assert called.outcome == "found"
    assert called.values == {
        "case_number": number,
        "status_text": f"Case {number} is open since 6 May 2026. It waits for the next free person.",
    }


async def test_without_a_case_there_is_nothing_to_tell(stage: Stage) -> None:
    assert await stage.run("case_status") == Called(outcome="none")


@pytest.mark.parametrize("written", ["M-ZZZZZZ", "no idea", "M-", "{anothers}"])
async def test_an_unknown_number_and_anothers_number_end_alike(written: str, stage: Stage, ids: CountingIds) -> None:
    """Nobody finds out that a number exists."""
    other = await met(stage.unit, Address(scheme=Scheme.TELEGRAM, path="77"), "c2")
    case = await CaseDesk(ids=ids).open(
        stage.unit, contact=other, topic=Topic.WAGES, urgency=Urgency.LOW, facts={}, now=NOW
    )
    await stage.run("open_case", topic="wages")
    called = await stage.run("case_status", case_number=written.format(anothers=case.number))
    assert called == Called(outcome="none")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (CaseStatus.OPEN, "Case {number} is open since 6 May 2026. It waits for the next free person."),
        (CaseStatus.IN_PROGRESS, "A person works on case {number}. It was opened on 6 May 2026."),
        (
            CaseStatus.WAITING,
            (
                "A person works on case {number}. They wait for an answer, from you or from somebody else. "
                "It was opened on 6 May 2026."
            ),
        ),
        (CaseStatus.RESOLVED, "Case {number} was closed on 6 May 2026."),
        (CaseStatus.CLOSED, "Case {number} was closed on 6 May 2026."),
    ],
)
async def test_each_state_of_a_case_has_plain_words_without_its_topic(
    status: CaseStatus, sentence: str, stage: Stage
) -> None:
    await stage.run("open_case", topic="abuse")
    (case,) = await stage.unit.cases.of(stage.contact.id)
    await stage.unit.cases.save(replace(case, status=status, closed_at=None if status.is_open else NOW))
    text = (await stage.run("case_status")).values["status_text"]
    assert text == sentence.format(number=case.number)


async def test_a_case_closed_without_a_day_is_simply_closed(stage: Stage) -> None:
    await stage.run("open_case", topic="wages")
    (case,) = await stage.unit.cases.of(stage.contact.id)
    await stage.unit.cases.save(replace(case, status=CaseStatus.CLOSED))
    assert (await stage.run("case_status")).values["status_text"] == f"Case {case.number} is closed."


# --- language -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "language"),
    [("ne", "ne"), (" AR ", "ar"), ("Nepali", "ne"), ("नेपाली", "ne"), ("español", "es"), ("العربية", "ar")],
)
async def test_a_language_is_chosen_by_its_code_or_its_name_and_kept(written: str, language: str, stage: Stage) -> None:
    """R12."""
    assert (await stage.run("set_language", language=written)).outcome == "done"
    assert (stage.contact.language, stage.contact.is_language_confirmed) == (language, True)


@pytest.mark.parametrize("written", [None, "", "fr", "Klingon", 5, "!"])
async def test_a_language_that_is_not_offered_changes_nothing(written: Value, stage: Stage) -> None:
    before = stage.contact
    assert (await stage.run("set_language", language=written)).outcome == "unknown"
    assert stage.contact == before


async def test_choosing_the_guessed_language_confirms_it(stage: Stage) -> None:
    stage.contact = replace(stage.contact, language="ne")
    await stage.run("set_language", language="ne")
    assert stage.contact.is_language_confirmed


# --- their own data -------------------------------------------------------------------------------------------------


async def test_opting_out_and_in_again(stage: Stage) -> None:
    """R19."""
    for action, permission in (("opt_out", Permission.REFUSED), ("opt_in", Permission.GRANTED)):
        assert (await stage.run(action)).outcome == "done"
        (reach,) = stage.contact.reaches
        assert (reach.permission, reach.permission_at) == (permission, NOW)


@pytest.mark.parametrize(("scope", "closed"), [(None, ["telegram"]), ("all", ["tel", "telegram"])])
async def test_opting_out_closes_the_address_it_was_said_at_or_all(
    scope: str | None, closed: list[str], stage: Stage
) -> None:
    """R19."""
    chat = replace(
        stage.contact.reaches[0],
        address=Address(scheme=Scheme.TELEGRAM, path="77"),
        last_heard_at=NOW + timedelta(seconds=1),
    )
    stage.contact = replace(stage.contact, reaches=(*stage.contact.reaches, chat))
    await stage.unit.contacts.save(stage.contact)
    await stage.run("opt_out", scope=scope)
    refused = [reach.address.scheme.value for reach in stage.contact.reaches if not reach.is_open]
    assert sorted(refused) == closed


async def test_erase_me_only_marks_the_contact_so_that_the_farewell_can_be_sent(stage: Stage) -> None:
    """R18."""
    assert (await stage.run("erase_me")).outcome == "done"
    assert stage.contact.erase_at == NOW


def test_where_nothing_was_heard_nothing_is_known(contact: Contact) -> None:
    assert replace(contact, reaches=()).heard_last is None


async def test_what_is_known_is_told(stage: Stage) -> None:
    """R18."""
    summary = (await stage.run("what_you_know")).values["summary"]
    assert "Where we can write to you: SMS." in str(summary)


async def test_what_is_known_is_told_in_the_contacts_language(stage: Stage) -> None:
    stage.language = "es"
    assert "Usted no tiene ningún caso" in str((await stage.run("what_you_know")).values["summary"])


# --- facts ----------------------------------------------------------------------------------------------------------


async def test_a_flow_gets_the_deployments_facts_and_only_what_is_known_of_the_contact(stage: Stage) -> None:
    called = await stage.run("contact_facts")
    assert called.values == {"organisation": "IOM demo", "hotline": "123", "emergency_number": "190"}


@pytest.mark.parametrize(("shared", "expected"), [(HERE, HERE), (None, FAR)])
async def test_the_known_position_is_the_shared_one_else_the_place_of_work(
    shared: Position | None, expected: Position, stage: Stage
) -> None:
    await stage.unit.sites.put(Employer(id=EmployerId("e1"), name="Serra"), [SITE])
    stage.contact = replace(
        stage.contact, nationality="NP", site=SITE.id, employer=SITE.employer, position=shared
    )  # fmt: skip
    values = (await stage.run("contact_facts")).values
    assert (values["nationality"], values["site_name"], values["known_position"]) == ("NP", "Lajeado plant", expected)
