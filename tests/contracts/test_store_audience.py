"""A broadcast's audience on both databases: who is meant, and the one best way to reach each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.broadcast import Audience
from bot.domain.checkin import RecipientState
from bot.domain.contact import Address, Channel, ContactId, Listing, Permission, Reach, Scheme
from bot.domain.delivery import Lane
from bot.domain.employer import SiteId
from bot.domain.errors import Reason
from bot.storage.store import SqlStore
from tests.contracts.accounts import (
    ALERT,
    MILL,
    UNTIL,
    add,
    begin,
    broadcast,
    chat,
    of,
    person,
    phone,
    plan,
    take,
    whatsapp,
)
from tests.contracts.conftest import StillClock
from tests.storage.samples import FARM, MINUTE, NOON

S = RecipientState


async def test_everybody_of_the_audience_is_entered_once_however_often(farm: SqlStore) -> None:
    await add(farm, *(person(number) for number in range(5)), person(9, employer=MILL, site=SiteId("st3")))
    assert await begin(farm) == 5
    async with farm.transaction() as unit:
        assert await unit.recipients.expand(broadcast(), plan()) == 5
    first = await of(farm, 0)
    assert (first.state, first.channel, first.due_channel, first.due_at) == (S.WAITING, Channel.SMS, Channel.SMS, NOON)
    assert (first.round, first.language, first.is_fallback, first.site) == (0, "en", False, SiteId("st1"))


async def test_the_organisation_warns_the_people_of_all(farm: SqlStore) -> None:
    await add(farm, person(1), person(2, employer=MILL, site=SiteId("st3")), person(3, employer=None, site=None))
    assert await begin(farm, broadcast(employer=None), plan(employer=None)) == 3


@pytest.mark.parametrize(
    ("audience", "numbers"),
    [
        (Audience(sites=(SiteId("st2"),)), [2]),
        (Audience(languages=("es", "ne")), [3, 4]),
        (Audience(groups=("night",)), [3]),
        (Audience(sites=(SiteId("st1"),), groups=("night",)), [3]),
        (Audience(sites=(SiteId("st2"),), groups=("night",)), []),
    ],
)
async def test_what_is_named_narrows_the_audience(farm: SqlStore, audience: Audience, numbers: list[int]) -> None:
    said = [("en", {}), ("en", {"site": SiteId("st2")}), ("es", {"groups": ("night",)}), ("ne", {})]
    people = [person(n, listing=Listing(language=tag), **more) for n, (tag, more) in enumerate(said, start=1)]
    await add(farm, *people)
    assert await begin(farm, None, plan(audience=audience)) == len(numbers)
    for number in numbers:
        assert (await of(farm, number)).state is S.WAITING


async def test_who_left_or_asked_to_be_forgotten_is_not_meant(farm: SqlStore) -> None:
    await add(farm, person(1, left_at=NOON), person(2, erase_at=NOON), person(3))
    assert await begin(farm) == 1


async def test_r20_nobody_is_left_out_silently(farm: SqlStore) -> None:
    """Each is entered with the best way to reach them, or with the reason why there is none."""
    heard = NOON - timedelta(hours=1)
    await add(
        farm,
        person(1, Reach(address=phone(1), permission=Permission.REFUSED)),
        person(2, Reach(address=whatsapp(2))),
        person(3, Reach(address=whatsapp(3), last_heard_at=heard)),
        person(4, Reach(address=Address(scheme=Scheme.WEBCHAT, path="w4"))),
        person(5, Reach(address=phone(5)), Reach(address=chat(5))),
        person(6, Reach(address=chat(6)), Reach(address=phone(6), last_heard_at=heard)),
        person(7, Reach(address=chat(7), permission=Permission.REFUSED), Reach(address=phone(7))),
        replace(person(8), reaches=()),
    )
    assert await begin(farm) == 8
    ways = [(one.channel, one.reason, one.state) for one in [await of(farm, number) for number in range(1, 9)]]
    assert ways == [
        (None, Reason.OPTED_OUT, S.NOT_REACHED),
        (None, Reason.OUTSIDE_WINDOW, S.NOT_REACHED),
        (Channel.WHATSAPP, None, S.WAITING),
        (None, Reason.CHANNEL_OFF, S.NOT_REACHED),
        (Channel.TELEGRAM, None, S.WAITING),
        (Channel.SMS, None, S.WAITING),  # where they wrote from last
        (Channel.SMS, None, S.WAITING),
        (None, Reason.NO_ADDRESS, S.NOT_REACHED),
    ]
    await begin(farm, broadcast("opened"), plan(can_open=frozenset({Channel.WHATSAPP}), overrides_opt_out=True))
    assert [(await of(farm, number, "opened")).channel for number in (1, 2)] == [Channel.SMS, Channel.WHATSAPP]


async def test_each_reads_their_own_language_or_the_fallback(farm: SqlStore) -> None:
    await add(farm, *(person(n, language=tag) for n, tag in enumerate(["es", "es-MX", "ne", "en-GB", None])))
    await begin(farm)
    read = [(one.language, one.is_fallback) for one in [await of(farm, number) for number in range(5)]]
    assert read == [("es", False), ("es", False), ("en", True), ("en", False), ("en", False)]


async def test_shares_foretell_what_an_expansion_gives(farm: SqlStore) -> None:
    await add(farm, person(1), person(2), person(3, language="ne"), person(4, Reach(address=whatsapp(4))))
    async with farm.look() as unit:
        shares = await unit.recipients.shares(plan(can_open=frozenset({Channel.WHATSAPP})))
        closed = await unit.recipients.shares(plan())
    counted = {(one.channel, one.language, one.is_fallback, one.opens_window): one.count for one in shares}
    assert counted == {
        (Channel.SMS, "en", False, False): 2,
        (Channel.SMS, "en", True, False): 1,
        (Channel.WHATSAPP, "en", False, True): 1,
    }
    assert {one.reason: one.count for one in closed if one.channel is None} == {Reason.OUTSIDE_WINDOW: 1}
    assert {one.own_language for one in shares if one.is_fallback} == {"ne"}


async def test_r8_what_follows_goes_to_those_who_were_sent_it_or_may_have_been(
    farm: SqlStore, clock: StillClock
) -> None:
    """On the same channel, wherever they work by now; not to those who were not reached."""
    both = (Reach(address=chat(1)), Reach(address=phone(1)))
    await add(farm, person(1, *both), person(2), person(3), person(4))
    await begin(farm)
    (first,) = await take(farm, channel=Channel.TELEGRAM)
    await take(farm, limit=2)
    async with farm.transaction() as unit:
        one, two, three = [await of(farm, number) for number in (1, 2, 3)]
        await unit.recipients.sent([one.number], Channel.SMS, NOON)  # in the end by SMS
        await unit.recipients.sent([two.number], Channel.SMS, NOON)
        (again, _) = await unit.deliveries.claim_outreach(Channel.SMS, Lane.EMERGENCY, UNTIL, UNTIL + MINUTE, 5)
        assert {again.outreach.recipient} <= {two.number, three.number} if again.outreach else False
        await unit.roster.set_left(FARM.id, [ContactId("p002")], NOON)
    following = plan(audience=Audience(of=ALERT))
    assert await begin(farm, broadcast("cancel"), following) == 3
    assert (await of(farm, 1, "cancel")).channel is Channel.SMS
    assert (await of(farm, 3, "cancel")).state is S.WAITING, "a send in doubt may have been made"
    waiting = plan(audience=Audience(of=ALERT, includes_waiting=True))
    assert await begin(farm, broadcast("update"), waiting) == 4
    assert first.channel is Channel.TELEGRAM
