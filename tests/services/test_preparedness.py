"""Who of a list can be reached and why others cannot, what a plan lacks, and what none of it tells (R2)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import BroadcastKind
from bot.domain.contact import Address, Channel, Contact, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.employer import Employer, EmployerId, OnCall, Site, SiteId
from bot.domain.values import Position
from bot.services.preparedness import (
    Barrier,
    BroadcastDrills,
    Gap,
    LastDrill,
    Means,
    Preparedness,
    Share,
    assess,
    standing,
)
from tests.dialogue import muster
from tests.services import alarm
from tests.stand import NOW

FARM = Employer(id=EmployerId("farm"), name="Farm", on_call=(OnCall(name="Rosa", phone="+5551999990001"),))
SITE = Site(
    id=SiteId("a1"), employer=FARM.id, name="Site A", code="A1", position=Position(latitude=1, longitude=1),
    assembly_point="Gate 2", contact_phone="+5551999990002",
)  # fmt: skip
EVERYTHING = Means(
    channels=frozenset(Channel),
    has_template=True,
    languages=("en", "ne"),
    is_reviewed=lambda language: language == "en",
)
DRILL = LastDrill(at=NOW, recipients=10, answered=7)


def person(
    number: int = 1, *, language: str | None = "en", phone: bool = True, whatsapp: bool = False, **facts: object
) -> Contact:
    path = f"+97798000{number:05}"
    listing = Listing(phones=(path,) if phone else (), whatsapp=(path,) if whatsapp else (), language=language)
    reaches = tuple(Reach(address=address, permission=Permission.NONE) for address in listing.addresses)
    known = Contact(id=ContactId(f"p{number}"), reaches=reaches, employer=FARM.id, site=SITE.id, listing=listing)
    return replace(known, **facts)  # type: ignore[arg-type]


def refused(contact: Contact) -> Contact:
    return replace(contact, reaches=tuple(replace(one, permission=Permission.REFUSED) for one in contact.reaches))


@pytest.mark.parametrize(
    ("contact", "means", "state"),
    [
        (person(), EVERYTHING, Channel.SMS),
        (person(whatsapp=True), EVERYTHING, Channel.WHATSAPP),
        (person(whatsapp=True), replace(EVERYTHING, has_template=False), Channel.SMS),
        (person(whatsapp=True, phone=False), replace(EVERYTHING, has_template=False), Barrier.NEEDS_TEMPLATE),
        (person(phone=False), EVERYTHING, Barrier.NO_ADDRESS),
        (refused(person()), EVERYTHING, Barrier.REFUSED),
        (person(), replace(EVERYTHING, channels=frozenset({Channel.TELEGRAM})), Barrier.CHANNEL_OFF),
    ],
)
def test_each_person_is_reachable_on_a_channel_or_not_for_one_reason(
    contact: Contact, means: Means, state: Channel | Barrier
) -> None:
    assert standing(contact, means) is state


def test_having_written_to_us_changes_nothing_that_an_employer_sees() -> None:
    """R2: not the open window, not a further channel, not a chosen language."""
    means = replace(EVERYTHING, has_template=False)
    quiet = person(whatsapp=True, phone=False)
    chat = Reach(address=Address(scheme=Scheme.TELEGRAM, path="4711"), last_heard_at=NOW)
    heard = tuple(replace(reach, permission=Permission.WROTE, last_heard_at=NOW) for reach in quiet.reaches)
    writer = replace(quiet, reaches=(chat, *heard), language="ne", is_language_confirmed=True)
    assert assess(FARM, [SITE], [writer], means, DRILL) == assess(FARM, [SITE], [quiet], means, DRILL)


def test_a_listed_number_that_somebody_else_holds_looks_like_any_other() -> None:
    """R2."""
    assert standing(replace(person(), reaches=()), EVERYTHING) is Channel.SMS


def told(
    *people: Contact, employer: Employer = FARM, site: Site = SITE, drill: LastDrill | None = DRILL
) -> Preparedness:
    return assess(employer, [site], people, EVERYTHING, drill)


def test_people_are_counted_by_channel_language_and_site() -> None:
    found = told(person(1), person(2, language="ne"), refused(person(3)), person(4, left_at=NOW), person(5, site=None))
    assert found.total == Share(reachable=3, people=4)
    assert found.by_channel == {Channel.SMS: 3}
    assert found.by_language == {"en": Share(reachable=2, people=3), "ne": Share(reachable=1, people=1)}
    assert found.by_site == {"a1": Share(reachable=2, people=3), "": Share(reachable=1, people=1)}
    assert found.barriers == {Barrier.REFUSED: 1}


def test_who_joined_by_a_code_counts_as_reachable_but_not_by_a_language_that_they_told_us() -> None:
    """R2."""
    chat = Reach(address=Address(scheme=Scheme.TELEGRAM, path="4711"), last_heard_at=NOW)
    found = told(replace(person(1, phone=False), listing=None, language="ne", reaches=(chat,)))
    assert (found.total, found.joined) == (Share(reachable=1, people=1), 1)
    assert found.by_language == {}
    assert found.by_channel == {Channel.TELEGRAM: 1}


def test_a_whole_plan_lacks_nothing() -> None:
    assert told(person()).lacks == ()


def test_each_lack_of_a_plan_is_named() -> None:
    bare = replace(SITE, assembly_point=" ", contact_phone="")
    found = told(
        person(1, language="bn"), person(2, language="ne"), person(3, language=None),
        employer=replace(FARM, on_call=()), site=bare, drill=None,
    )  # fmt: skip
    assert {(lack.gap, lack.language, lack.people) for lack in found.lacks} == {
        (Gap.NO_ON_CALL, "", 0),
        (Gap.NO_ASSEMBLY_POINT, "", 0),
        (Gap.NO_CONTACT_PHONE, "", 0),
        (Gap.NOT_OFFERED, "bn", 1),
        (Gap.NOT_REVIEWED, "ne", 1),
        (Gap.NO_LANGUAGE, "", 1),
        (Gap.NEVER_DRILLED, "", 0),
    }
    assert assess(FARM, [], [], EVERYTHING, DRILL).lacks[0].gap is Gap.NO_SITES


def test_a_drill_is_told_as_it_was() -> None:
    drill = LastDrill(at=NOW - timedelta(days=3), recipients=10, answered=7)
    assert told(person(), drill=drill).last_drill == drill


async def test_the_last_drill_is_found_with_those_who_answered_themselves(tmp_path: Path) -> None:
    """R9: an alert is never taken for a drill, and one that asked nobody tells of no answers."""
    async with muster(tmp_path) as house:
        worker, _silent = await alarm.employed(house), await alarm.employed(house)
        employer = await alarm.employer_of(house)
        drills = BroadcastDrills(store=house.store)
        await alarm.alerted(house, BroadcastKind.ALERT)
        assert await drills.last_drill(employer) is None
        house.clock.forward(timedelta(days=15))  # the alert is over: until then it would go before a drill
        await house.desk.life.keep_time()
        drill = await alarm.alerted(house, BroadcastKind.DRILL, asks_check_in=True)
        await worker.says("1")
        await alarm.alerted(house, BroadcastKind.DRILL, asks_check_in=False)
        found = await drills.last_drill(employer)
    assert found
    assert (found.at, found.recipients, found.answered) == (drill.begun_at, 2, 1)
