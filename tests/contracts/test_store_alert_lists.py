"""What lists of alerts ask of both databases: how many each reached, and which groups there are to choose from."""

from dataclasses import replace

from bot.domain.broadcast import Audience, Broadcast, BroadcastKind
from bot.domain.contact import Channel, Listing
from bot.domain.delivery import BroadcastId
from bot.domain.employer import Employer, EmployerId
from bot.domain.staff import StaffId
from bot.services.broadcast_ports import Plan
from bot.storage.store import SqlStore
from tests.contracts.test_store_roster import person
from tests.storage import samples
from tests.storage.samples import FARM, NOON

OTHER = Employer(id=EmployerId("other"), name="Other")


def alert(name: str) -> Broadcast:
    return Broadcast(
        id=BroadcastId(name), employer=FARM.id, kind=BroadcastKind.ALERT, author=StaffId("s1"), created_at=NOON
    )


async def test_groups_are_an_employers_own_of_people_who_are_there(store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [samples.site()])
        await unit.sites.put(OTHER, [])
        await unit.roster.add([
            person(1, groups=("night", "wardens")),
            person(2, groups=("night",)),
            person(3, groups=("gone",), left_at=NOON),
            person(4, OTHER, groups=("theirs",)),
        ])  # fmt: skip
        assert list(await unit.roster.groups(FARM.id)) == ["night", "wardens"]
        assert list(await unit.roster.groups(OTHER.id)) == ["theirs"]
        assert set(await unit.roster.groups(None)) >= {"night", "theirs", "wardens"}


async def test_totals_count_each_broadcasts_recipients(store: SqlStore) -> None:
    first, second = alert("b1"), alert("b2")
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [samples.site()])
        await unit.roster.add([person(number) for number in range(3)])
        await unit.broadcasts.add(first)
        await unit.broadcasts.add(second)
        plan = Plan(
            employer=FARM.id,
            audience=first.audience,
            channels=(Channel.SMS,),
            languages=("en",),
            fallback="en",
            now=NOON,
        )
        await unit.recipients.expand(replace(first, revision=1), plan)
        assert await unit.recipients.totals([first.id, second.id]) == {first.id: 3}
        assert await unit.recipients.totals([]) == {}


async def test_r2_an_employers_audience_by_language_goes_by_its_list_alone(store: SqlStore) -> None:
    """What people chose themselves is not asked; whose language the list does not say is left out by no language."""
    async with store.transaction() as unit:
        await unit.sites.put(FARM, [samples.site()])
        await unit.roster.add([
            person(1, language="hi", listing=Listing(language="es")),
            person(2, language="es", listing=Listing(language="hi")),
            person(3, language="es", listing=Listing()),
            person(4, language="hi", listing=None),
        ])  # fmt: skip
        plan = Plan(
            employer=FARM.id, audience=Audience(languages=("es",)), channels=(Channel.SMS,), languages=("en",),
            fallback="en", now=NOON,
        )  # fmt: skip
        everybody = [person(number).id for number in range(1, 5)]
        assert list(await unit.recipients.meant(plan)) == [everybody[0], *everybody[2:]]
        assert list(await unit.recipients.meant(replace(plan, employer=None))) == everybody[1:3]
        await unit.broadcasts.add(alert("b9"))
        assert await unit.recipients.expand(replace(alert("b9"), revision=1), plan) == 3
