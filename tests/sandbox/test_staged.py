"""The demo's employer is ready for an alert: its crew is on the list, its staff may sign in, nothing is done twice."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from aiohttp import ClientSession
from argon2 import PasswordHasher

from bot.domain.contact import Address, Channel, Contact, Permission, Scheme
from bot.domain.staff import Role
from bot.sandbox import scenario
from bot.sandbox.badges import Badge, seconds_left
from bot.sandbox.crew import Member, read_crew
from bot.sandbox.phones_page import create_phones
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.twilio import TwilioStandIn
from bot.services.roster import RosterDesk
from bot.services.staff import StaffDesk
from bot.storage.store import SqlStore
from tests.sandbox.conftest import SMS, WHATSAPP
from tests.stand import NOW, PHONE, CountingIds, StillClock, clock, ids, met, store

__all__ = ["clock", "ids", "store"]

CREW = read_crew()


@pytest.fixture
async def roster(store: SqlStore, clock: StillClock, ids: CountingIds) -> RosterDesk:
    await scenario.load(store, NOW)
    return RosterDesk(store=store, clock=clock, ids=ids, region="BR")


@pytest.fixture
def staff(store: SqlStore, clock: StillClock, ids: CountingIds) -> StaffDesk:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return StaffDesk(store=store, clock=clock, ids=ids, hasher=cheap)


async def contact_of(store: SqlStore, member: Member) -> Contact:
    async with store.transaction() as unit:
        found = await unit.contacts.find(Address(scheme=Scheme.TEL, path=member.phone))
    assert found is not None
    return found


def some(channel: str, *, has_written: bool = True) -> Member:
    return next(member for member in CREW if (member.channel, member.has_written) == (channel, has_written))


# --- the list ---------------------------------------------------------------------------------------------------------


async def test_everybody_is_on_the_employers_list_at_their_site(roster: RosterDesk, store: SqlStore) -> None:
    assert await scenario.enlist(roster, CREW, NOW) == 60
    _, sites = scenario.read_sites()
    codes = {site.id: site.code for site in sites}
    for member in CREW:
        contact = await contact_of(store, member)
        assert contact.site is not None
        assert (contact.name_for_employer, contact.language, codes[contact.site]) == (
            member.name,
            member.language,
            member.site,
        )


@pytest.mark.parametrize(
    ("channel", "has_written", "first", "is_open"),
    [
        ("telegram", True, Channel.TELEGRAM, True),
        ("whatsapp", True, Channel.WHATSAPP, True),
        ("whatsapp", False, Channel.WHATSAPP, False),
        ("sms", False, Channel.SMS, True),
    ],
)
async def test_each_is_reached_first_where_they_answer(
    roster: RosterDesk, store: SqlStore, channel: str, has_written: bool, first: Channel, is_open: bool
) -> None:
    await scenario.enlist(roster, CREW, NOW)
    member = some(channel, has_written=has_written)
    contact = await contact_of(store, member)
    reach = contact.reaches[0]
    assert (reach.address.channel, reach.address.path, reach.is_in_window(NOW)) == (first, member.number, is_open)
    assert (contact.met_at is not None) == has_written


async def test_a_second_start_opens_whatsapp_again_and_changes_nothing_else(
    roster: RosterDesk, store: SqlStore, clock: StillClock
) -> None:
    await scenario.enlist(roster, CREW, NOW)
    member = some("whatsapp")
    moved = replace(await contact_of(store, member), site=None, groups=("kitchen",))
    async with store.transaction() as unit:
        await unit.contacts.save(moved)
    clock.pass_(timedelta(days=3))
    assert await scenario.enlist(roster, CREW, clock.now()) == 60
    after = await contact_of(store, member)
    assert (after.site, after.groups) == (None, ("kitchen",))
    assert after.reaches[0].is_in_window(clock.now())


async def test_somebody_who_joined_before_does_not_keep_the_crew_away(roster: RosterDesk, store: SqlStore) -> None:
    employer, sites = scenario.read_sites()
    async with store.transaction() as unit:
        joined = await met(unit, PHONE)
        await unit.contacts.save(replace(joined, employer=employer.id, site=sites[0].id))
    assert await scenario.enlist(roster, CREW, NOW) == 61


async def test_a_stop_outlives_the_restart(roster: RosterDesk, store: SqlStore) -> None:
    """R19."""
    await scenario.enlist(roster, CREW, NOW)
    member = some("telegram")
    before = await contact_of(store, member)
    async with store.transaction() as unit:
        await unit.contacts.save(before.permitting(before.reaches[0].address, Permission.REFUSED, NOW))
    await scenario.enlist(roster, CREW, NOW)
    assert (await contact_of(store, member)).reaches[0].permission is Permission.REFUSED


# --- the staff --------------------------------------------------------------------------------------------------------


async def test_each_badge_signs_in_with_its_password_and_its_present_code(
    roster: RosterDesk, staff: StaffDesk, store: SqlStore, clock: StillClock
) -> None:
    """R7: an author and an approver, who are two people; and no way around the second factor."""
    badges = await scenario.hire(staff, store)
    assert [badge.role for badge in badges] == [
        Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR, Role.OPERATOR, Role.SUPERVISOR, Role.SPECIALIST,
    ]  # fmt: skip
    for badge in badges:
        half = await staff.sign_in(badge.login, badge.password)
        code = badge.code(clock.now())
        assert half is not None
        assert code is not None
        assert await staff.second_factor(half, "000000" if code != "000000" else "111111") is None
        token = await staff.second_factor(half, code)
        assert token is not None
        signed_in = await staff.of_session(token)
        assert signed_in is not None
        assert signed_in.is_full


async def test_accounts_are_made_once_and_each_house_has_secrets_of_its_own(
    roster: RosterDesk, staff: StaffDesk, store: SqlStore
) -> None:
    first = await scenario.hire(staff, store)
    assert await scenario.hire(staff, store) == first
    assert len({badge.totp_secret for badge in first}) == len(first)
    told = (scenario.FOLDER / "staff.csv").read_text("utf-8")
    assert not any(str(badge.totp_secret) in told for badge in first)


async def test_who_has_begun_anew_shows_no_code(roster: RosterDesk, staff: StaffDesk, store: SqlStore) -> None:
    [ana, *_] = await scenario.hire(staff, store)
    await staff.renew(ana.login, "another river, another night")
    [after, *_] = await scenario.hire(staff, store)
    assert after.code(NOW) is None


def test_the_seconds_of_a_code_run_down_to_the_next_one() -> None:
    start = NOW.replace(second=0)
    assert [seconds_left(start + timedelta(seconds=passed)) for passed in (0, 1, 29, 30)] == [30, 29, 1, 30]


# --- the page of phones -----------------------------------------------------------------------------------------------

BADGE = Badge(
    login="ana", name="Ana", role="author", password="a password", totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)


@pytest.fixture
async def page(telegram: TelegramStandIn, serve: Any) -> Any:
    twilio = TwilioStandIn(account_sid="AC", auth_token="x", senders=(SMS, WHATSAPP))
    told = create_phones(
        twilio=twilio, telegram=telegram, crew=CREW, badges=[BADGE], console_url="http://here/console/"
    )
    async with ClientSession(await serve(told)) as session:
        yield session


async def test_the_page_shows_the_present_codes(page: ClientSession) -> None:
    async with page.get("/badges") as answer:
        shown = await answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
    [badge] = shown["badges"]
    assert (shown["console"], badge["login"], badge["password"]) == ("http://here/console/", "ana", "a password")
    assert pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").verify(badge["code"], valid_window=1)
    assert "totp_secret" not in badge


async def test_codes_are_shown_to_this_machine_only(page: ClientSession) -> None:
    """A name of another site that is made to lead here finds nothing to read."""
    async with page.get("/badges", headers={"Host": "elsewhere.example:8081"}) as answer:
        assert answer.status == 403
        assert "ana" not in await answer.text()


async def test_the_crews_phones_are_on_the_page_beside_the_newcomers_own(page: ClientSession) -> None:
    async with page.get("/events") as answer:
        phones = json.loads((await answer.content.readline()).removeprefix(b"data: "))["phones"]
    own, crew = phones[:3], phones[3:]
    assert not any(phone["crew"] for phone in own)
    assert [(phone["kind"], phone["number"], phone["crew"]) for phone in crew] == [
        (member.channel, member.number, f"{member.site}, {member.language}") for member in CREW
    ]
    assert len({phone["id"] for phone in phones}) == len(phones) == 63
