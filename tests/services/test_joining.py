"""Joining by a site's code on every channel, hearing what the employer sees, and leaving again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.contact import Channel, Contact, Listing
from bot.domain.employer import Employer, EmployerId, Site, SiteId
from bot.domain.message import MessageKind, Received
from bot.domain.values import Position
from bot.services.joining import Outcome, Ways, asked_code, bare_code, code_of, join, leave
from bot.storage.store import SqlUnit
from tests.dialogue import Muster, Worker, muster
from tests.stand import NOW, PHONE

FARM, MILL = Employer(id=EmployerId("farm"), name="Boa Terra"), Employer(id=EmployerId("mill"), name="Serra Mill")


def site(code: str, employer: Employer = FARM) -> Site:
    here = Position(latitude=-29.4, longitude=-51.9)
    return Site(id=SiteId(code.lower()), employer=employer.id, name=f"Site {code}", code=code, position=here)


# --- what people type -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["JOIN LAJ1", "join laj1", "  Join  laj 1 ", "JOIN: LAJ1.", "unirme LAJ1", "जोड LAJ१", "انضم LAJ1", "entrar laj1!"],
)
def test_a_word_that_asks_to_join_and_a_code_are_heard_in_any_spelling(text: str) -> None:
    assert asked_code(text) == "LAJ1"


@pytest.mark.parametrize("text", ["join us", "join", "LAJ1", "i want to join the union 2", "join " + "x1" * 50])
def test_what_only_sounds_like_joining_asks_for_no_site(text: str) -> None:
    assert asked_code(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("LAJ1", "LAJ1"), ("laj 1", "LAJ1"), (" laj1. ", "LAJ1"), ("RIVER-7", "RIVER-7"), ("help", None), ("193", None),
     ("1", None), ("", None), ("i am at LAJ1", None)],
)  # fmt: skip
def test_a_bare_code_has_a_letter_and_a_digit(text: str, code: str | None) -> None:
    assert bare_code(text) == code


def test_a_tapped_option_is_no_code() -> None:
    received = Received(channel=Channel.TELEGRAM, address=PHONE, provider_id="1", text="LAJ1", choice="x:y:z")
    assert code_of(received) is None


def test_a_link_brings_its_code_whatever_it_looks_like() -> None:
    received = Received(
        channel=Channel.TELEGRAM, address=PHONE, provider_id="1", kind=MessageKind.JOINED, text="anything"
    )
    assert code_of(received) == "ANYTHING"


# --- the rules ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def sites(unit: SqlUnit) -> SqlUnit:
    await unit.sites.put(FARM, [site("LAJ1"), site("CAN2")])
    await unit.sites.put(MILL, [site("MIL1", MILL)])
    return unit


async def again(unit: SqlUnit, contact: Contact) -> Contact:
    known = await unit.contacts.get(contact.id)
    assert known
    return known


async def test_joining_sets_employer_and_site_and_counts_as_met(sites: SqlUnit, contact: Contact) -> None:
    ended = await join(sites, contact, "laj 1", NOW)
    assert (ended.outcome, ended.site, ended.employer) == (Outcome.JOINED, site("LAJ1"), FARM)
    known = await again(sites, contact)
    assert (known.employer, known.site, known.met_at, known.listing) == (FARM.id, SiteId("laj1"), NOW, None)


async def test_another_site_of_the_same_employer_keeps_its_listing(sites: SqlUnit, contact: Contact) -> None:
    listed = replace(contact, employer=FARM.id, site=SiteId("laj1"), groups=("night",), listing=Listing(name="Sita"))
    await sites.contacts.save(listed)
    await join(sites, await again(sites, contact), "CAN2", NOW)
    known = await again(sites, contact)
    assert (known.site, known.groups, known.listing) == (SiteId("can2"), ("night",), Listing(name="Sita"))


async def test_who_is_with_another_employer_stays_there_until_they_leave(sites: SqlUnit, contact: Contact) -> None:
    await join(sites, contact, "LAJ1", NOW)
    ended = await join(sites, await again(sites, contact), "MIL1", NOW)
    assert (ended.outcome, ended.employer, ended.site) == (Outcome.OTHER, FARM, None)
    assert (await again(sites, contact)).employer == FARM.id
    assert await leave(sites, await again(sites, contact)) == FARM
    assert (await join(sites, await again(sites, contact), "MIL1", NOW)).outcome is Outcome.JOINED


async def test_who_left_one_employer_may_join_another_and_takes_nothing_along(sites: SqlUnit, contact: Contact) -> None:
    """R2: what the one has written down the other does not get."""
    gone = replace(contact, employer=FARM.id, groups=("night",), listing=Listing(name="Sita"), left_at=NOW)
    await sites.contacts.save(gone)
    await join(sites, await again(sites, contact), "MIL1", NOW)
    known = await again(sites, contact)
    assert (known.employer, known.groups, known.listing, known.left_at) == (MILL.id, (), None, None)


async def test_an_unknown_code_changes_nothing(sites: SqlUnit, contact: Contact) -> None:
    assert (await join(sites, contact, "XYZ9", NOW)).outcome is Outcome.UNKNOWN
    assert await again(sites, contact) == contact


async def test_leaving_without_an_employer_is_nothing(sites: SqlUnit, contact: Contact) -> None:
    assert await leave(sites, contact) is None


# --- the ways on a poster -------------------------------------------------------------------------------------------


def test_each_channel_that_is_on_has_a_way() -> None:
    ways = Ways(
        public_url="https://help.example", telegram_bot="@muster_bot", whatsapp_number="+15005550006",
        sms_number="+15005550009",
    ).to(site("LAJ1"))  # fmt: skip
    assert {way.channel: way.link for way in ways} == {
        Channel.WHATSAPP: "https://wa.me/15005550006?text=JOIN%20LAJ1",
        Channel.TELEGRAM: "https://t.me/muster_bot?start=LAJ1",
        Channel.WEBCHAT: "https://help.example/chat?site=LAJ1",
        Channel.SMS: "SMSTO:+15005550009:JOIN LAJ1",
    }
    assert Ways().to(site("LAJ1")) == ()


# --- the whole road -------------------------------------------------------------------------------------------------


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Muster]:
    async with muster(tmp_path) as opened:
        yield opened


async def joined(worker: Worker) -> str | None:
    return (await worker.contact()).site


@pytest.mark.parametrize("channel", [Channel.TELEGRAM, Channel.WEBCHAT])
async def test_a_link_joins_with_the_first_touch(house: Muster, channel: Channel) -> None:
    """R3: what the employer sees is said at once."""
    worker = house.worker(channel)
    await worker.joins("LAJ1")
    worker.hears("Serra Azulada poultry plant")
    worker.hears("safe, needs help, no answer or not reached")
    worker.hears("never sees what you write")
    worker.hears("STOP")
    assert await joined(worker) == "demo-site-laj1"


@pytest.mark.parametrize("text", ["JOIN LAJ1", "laj1", "unirme laj1"])
async def test_words_join_by_sms(house: Muster, text: str) -> None:
    worker = house.worker(Channel.SMS)
    await worker.says(text)
    worker.hears("LEAVE")
    assert await joined(worker) == "demo-site-laj1"


async def test_a_wrong_code_is_answered_kindly_and_joins_nothing(house: Muster) -> None:
    """R1."""
    worker = house.worker(Channel.SMS)
    await worker.says("JOIN LAJ9")
    worker.hears("I do not know this code")
    worker.hears("193")
    assert await joined(worker) is None


async def test_a_word_that_is_no_sites_code_is_heard_as_any_other(house: Muster) -> None:
    worker = house.worker(Channel.SMS)
    await worker.says("abc123")
    worker.hears_not("code")


async def test_a_code_in_an_answer_to_a_danger_question_is_part_of_the_answer(house: Muster) -> None:
    worker = house.worker()
    await worker.says("we are trapped the water is rising help us")
    await worker.says("LAJ1")
    worker.hears_not("You are on the list")
    assert await joined(worker) is None


async def test_a_code_says_nothing_of_the_language(house: Muster) -> None:
    """R12: it is the phone's language that is asked back, not one that a code resembles."""
    worker = house.worker(Channel.SMS)
    await worker.says("JOIN LAJ1")
    worker.hears("Which language do you want?")


async def test_stop_works_right_after_joining(house: Muster) -> None:
    """R19."""
    worker = house.worker(Channel.TELEGRAM)
    await worker.joins("LAJ1")
    await worker.says("STOP")
    assert not (await worker.contact()).reaches[0].is_open


async def test_leave_asks_once_and_forgets_the_site(house: Muster) -> None:
    worker = house.worker(Channel.TELEGRAM)
    await worker.joins("LAJ1")
    await worker.says("LEAVE")
    worker.hears("Leave the list of")
    await worker.taps("Yes, leave")
    assert (await joined(worker), (await worker.contact()).employer) == (None, None)


async def test_who_joins_is_not_introduced_to_us_twice(house: Muster) -> None:
    worker = house.worker(Channel.SMS)
    await worker.says("JOIN LAJ1")
    await worker.taps("English")
    await worker.says("menu")
    worker.hears_not("program, not a person")
