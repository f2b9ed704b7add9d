"""R2, R14, R16, R18, R19: two conversations of one person, put together by whoever may read both, and apart again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.activity import ActivityKind
from bot.domain.case import Case, CaseStatus, Topic, Urgency
from bot.domain.contact import Channel, Contact, ContactId, Listing
from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.merge import Merge, MergeId
from bot.domain.message import Received
from bot.domain.staff import Role, StaffId
from bot.services import merging
from bot.services.access import Reader
from bot.services.desk import HandBack
from bot.services.merging import MergeDesk
from bot.services.ports import Inbound
from bot.simulate import NoBell
from tests.dialogue import Muster, Worker, muster
from tests.services.takeover import (
    UNPAID,
    WANTS_A_PERSON,
    begin_to_listen,
    claim_of,
    deliveries,
    id_of,
    row_of,
    written,
)
from tests.stand import CountingIds

NAME = "Sita Rai"
NOWHERE = ContactId("nowhere")


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Muster]:
    if request.param == "sqlite":
        async with muster(tmp_path) as opened:
            yield opened
        return
    async with request.getfixturevalue("postgres").fresh() as url, muster(tmp_path, database_url=url) as opened:
        yield opened


@pytest.fixture
def desk(house: Muster) -> MergeDesk:
    return MergeDesk(store=house.store, bell=NoBell(), clock=house.clock, ids=CountingIds())


async def two(house: Muster, first: str = WANTS_A_PERSON) -> tuple[Worker, Worker]:
    """One person, who writes by web chat and by Telegram."""
    one, other = house.worker(), house.worker(Channel.TELEGRAM, "7001")
    for worker in (one, other):
        await worker.says(first)
    return one, other


async def ids(*workers: Worker) -> list[ContactId]:
    return [await id_of(worker) for worker in workers]


async def change(house: Muster, contact: ContactId, **facts: object) -> Contact:
    async with house.store.transaction(contact) as unit:
        known = await unit.contacts.get(contact)
        assert known is not None
        changed = replace(known, **facts)  # type: ignore[arg-type]
        await unit.contacts.save(changed)
        return changed


async def opens(house: Muster, contact: ContactId, topic: Topic) -> Case:
    async with house.store.transaction(contact) as unit:
        known = await unit.contacts.get(contact)
        assert known is not None
        return await house.conversation.house.cases.open(
            unit, contact=known, topic=topic, urgency=Urgency.NORMAL, facts={}, now=house.clock.now()
        )


async def test_the_next_message_by_either_address_is_in_one_conversation_and_the_worker_hears_nothing(
    house: Muster, desk: MergeDesk
) -> None:
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    said = len(one.said), len(other.said)
    await desk.merge(olga, mine, theirs)
    assert (len(one.said), len(other.said)) == said, "nobody is told"
    await house.operators.claim(olga, mine)
    await one.says("this is by the web chat")
    await other.says("this is by Telegram")
    view = await house.operators.open(olga, mine)
    texts = [entry.text for entry in view.entries]
    assert {"this is by the web chat", "this is by Telegram"} <= set(texts)
    assert texts.count(WANTS_A_PERSON) == 2
    assert view.merges[0].other == theirs
    await house.operators.reply(olga, mine, written("I am here."))
    await other.house.settle(other.address)
    assert [content.text for content in other.said].count("I am here.") == 1, "by the way they wrote last"
    with pytest.raises(Denied):
        await house.operators.open(olga, theirs)
    assert await house.operators.moved_to(olga, theirs) == mine


async def test_undoing_gives_each_their_own_back(house: Muster, desk: MergeDesk) -> None:
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    cases = {case.id for case in await other.cases()}
    merge = await desk.merge(olga, mine, theirs)
    await other.says("since then")
    await desk.undo(olga, merge.id)
    assert await ids(one, other) == [mine, theirs]
    assert {case.id for case in await other.cases()} == cases
    assert "since then" in [entry.text for entry in (await house.operators.open(olga, theirs)).entries]
    assert "since then" not in [entry.text for entry in (await house.operators.open(olga, mine)).entries]
    with pytest.raises(InputError, match=merging.UNDONE):
        await desk.undo(olga, merge.id)
    for contact in (mine, theirs):
        async with house.store.look() as unit:
            done = [one.kind for one in await unit.activities.of(contact, 100)]
            entries = await unit.audit.search(subject=contact, limit=100)
        assert ActivityKind.UNMERGED in done
        assert {"merge", "undo merge"} <= {entry.detail for entry in entries}


async def test_only_the_newest_is_taken_apart(house: Muster, desk: MergeDesk) -> None:
    one, other = await two(house)
    third = house.worker(Channel.TELEGRAM, "7003")
    await third.says("hello")
    mine, theirs, last = await ids(one, other, third)
    olga = await house.operator("olga")
    first = await desk.merge(olga, theirs, last)
    second = await desk.merge(olga, mine, theirs)
    with pytest.raises(InputError, match=merging.NEWER):
        await desk.undo(olga, first.id)
    assert [known.merge.id for known in await desk.standing(olga, mine)] == [second.id, first.id]
    await desk.undo(olga, second.id)
    await desk.undo(olga, first.id)
    assert await ids(one, other, third) == [mine, theirs, last]


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_kept", [True, False])
async def test_who_may_not_see_one_of_the_two_learns_nothing_of_it(
    house: Muster, desk: MergeDesk, *, is_kept: bool
) -> None:
    """R16: the words for a protection case are those for what does not exist, and the attempt is on record."""
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    await opens(house, theirs, Topic.ABUSE)
    pair = (theirs, mine) if is_kept else (mine, theirs)
    nobody = (NOWHERE, mine) if is_kept else (mine, NOWHERE)
    told = []
    for kept, gone in (pair, nobody):
        for attempt in (desk.preview(olga, kept, gone), desk.merge(olga, kept, gone)):
            with pytest.raises(Denied) as denied:
                await attempt
            told.append(str(denied.value))
    assert len(set(told)) == 1
    async with house.store.look() as unit:
        entries = await unit.audit.search(subject=theirs, reader="olga", limit=10)
    assert {entry.is_allowed for entry in entries} == {False}
    assert await id_of(other) == theirs


async def test_an_employer_and_an_administrator_may_nothing(house: Muster, desk: MergeDesk) -> None:
    """R2."""
    one, other = await two(house)
    mine, theirs = await ids(one, other)
    merge = await desk.merge(await house.operator("olga"), mine, theirs)
    for role in (Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR, Role.CONTACT):
        reader = Reader(role=role, id=mine if role is Role.CONTACT else "x", employer=EmployerId("farm"))
        for attempt in (
            desk.find(reader, mine, ""),
            desk.standing(reader, mine),
            desk.preview(reader, mine, theirs),
            desk.merge(reader, mine, theirs),
            desk.undo(reader, merge.id),
        ):
            with pytest.raises(Denied):
                await attempt
    with pytest.raises(Denied):
        await desk.undo(await house.operator("olga"), MergeId("nothing"))


async def test_the_file_lies_where_the_strictest_of_both_lies_and_that_is_said_before(
    house: Muster, desk: MergeDesk
) -> None:
    """R16."""
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    sofia = await house.operator("sofia", Role.SPECIALIST)
    await opens(house, theirs, Topic.ABUSE)
    assert (await desk.preview(sofia, mine, theirs)).hides
    merge = await desk.merge(sofia, mine, theirs)
    with pytest.raises(Denied):
        await house.operators.open(olga, mine)
    assert await house.operators.moved_to(olga, theirs) is None
    with pytest.raises(Denied):
        await desk.undo(olga, merge.id)
    await desk.undo(sofia, merge.id)
    assert (await house.operators.open(olga, mine)).contact.id == mine
    with pytest.raises(Denied):
        await house.operators.open(olga, theirs)


# --- what stands in the way -------------------------------------------------------------------------------------------


async def test_two_operators_must_agree_first(house: Muster, desk: MergeDesk) -> None:
    """R14: nobody's conversation is taken from them by a merge."""
    one, other = await two(house)
    mine, theirs = await ids(one, other)
    olga, ivan = await house.operator("olga"), await house.operator("ivan")
    await house.operators.claim(olga, mine)
    await house.operators.claim(ivan, theirs)
    assert (await desk.preview(olga, mine, theirs)).problem == merging.TWO_HANDS
    with pytest.raises(InputError, match=merging.TWO_HANDS):
        await desk.merge(olga, mine, theirs)
    await house.operators.transfer(ivan, theirs, StaffId("olga"))
    merge = await desk.merge(olga, mine, theirs)
    assert {case.owner for case in await one.cases()} == {"olga"}
    await house.operators.transfer(olga, mine, StaffId("ivan"))
    with pytest.raises(InputError, match=merging.HELD):
        await desk.undo(olga, merge.id)


async def test_the_conversation_in_hand_takes_the_other_with_it_and_gives_it_to_the_queue_again(
    house: Muster, desk: MergeDesk
) -> None:
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    await house.operators.claim(olga, mine)
    merge = await desk.merge(olga, mine, theirs)
    assert {(case.status, case.owner) for case in await one.cases()} == {(CaseStatus.IN_PROGRESS, "olga")}
    assert await row_of(house, theirs) is None
    begin_to_listen(other)
    await other.says("anybody there?")
    assert other.heard == "", "the bot is mute for both addresses (R14)"
    await desk.undo(olga, merge.id)
    row = await row_of(house, theirs)
    assert row is not None
    assert row.claim is None
    assert {(case.status, case.owner) for case in await other.cases()} == {(CaseStatus.OPEN, None)}
    assert (await claim_of(house, mine)) is not None


async def test_a_claim_of_the_other_goes_along_and_back(house: Muster, desk: MergeDesk) -> None:
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    await house.operators.claim(olga, theirs)
    merge = await desk.merge(olga, mine, theirs)
    assert (claim := await claim_of(house, mine)) is not None
    assert claim.staff == "olga"
    await desk.undo(olga, merge.id)
    assert await claim_of(house, mine) is None
    assert await claim_of(house, theirs) is not None
    assert {case.status for case in await one.cases()} == {CaseStatus.OPEN}


async def test_the_same_one_is_none_and_who_leaves_is_left_alone(house: Muster, desk: MergeDesk) -> None:
    """R18: who asked to be forgotten is not made part of somebody else."""
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    with pytest.raises(InputError, match=merging.SAME):
        await desk.merge(olga, mine, mine)
    await change(house, theirs, erase_at=house.clock.now())
    for kept, gone in ((mine, theirs), (theirs, mine)):
        with pytest.raises(InputError, match=merging.LEAVING):
            await desk.merge(olga, kept, gone)


async def test_people_of_two_employers_or_twice_on_a_list_are_not_put_together(house: Muster, desk: MergeDesk) -> None:
    """R2: no employer gets somebody who is not theirs."""
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    async with house.store.transaction() as unit:
        for name in ("acme", "mill-x"):
            await unit.sites.put(Employer(id=EmployerId(name), name=name), [])
    await change(house, mine, employer=EmployerId("acme"), listing=Listing(name="S. Rai", employee_number="7"))
    await change(house, theirs, employer=EmployerId("mill-x"))
    with pytest.raises(InputError, match=merging.TWO_EMPLOYERS):
        await desk.merge(olga, mine, theirs)
    await change(house, theirs, employer=EmployerId("acme"), listing=Listing(name="Sita Rai"))
    with pytest.raises(InputError, match="on the employer"):
        await desk.merge(olga, mine, theirs)
    await change(house, theirs, employer=None, listing=None, name=NAME)
    merge = await desk.merge(olga, theirs, mine)
    async with house.store.look() as unit:
        kept = (await unit.contacts.many([theirs]))[theirs]
        assert await unit.roster.listed_as(EmployerId("acme"), ["7"]) == {"7": theirs}
    assert (kept.employer, kept.name, kept.employee_number, kept.name_for_employer) == ("acme", NAME, "7", "S. Rai")
    await desk.undo(olga, merge.id)
    async with house.store.look() as unit:
        apart = await unit.contacts.many([mine, theirs])
    assert (apart[theirs].employer, apart[theirs].listing, apart[theirs].name) == (None, None, NAME)
    assert (apart[mine].employer, apart[mine].employee_number) == ("acme", "7")


# --- finding ----------------------------------------------------------------------------------------------------------


async def test_the_other_is_found_by_number_phone_and_name_among_those_one_may_see(
    house: Muster, desk: MergeDesk
) -> None:
    """R16."""
    one, other = await two(house)
    phone = house.worker(Channel.SMS, "+5551555009001")
    await phone.says("hello")
    mine, theirs, third = await ids(one, other, phone)
    olga, sofia = await house.operator("olga"), await house.operator("sofia", Role.SPECIALIST)
    await change(house, mine, name=NAME)
    await change(house, theirs, name="सीता राई")
    (case, *_) = await other.cases()

    async def found(reader: Reader, text: str) -> list[ContactId]:
        return [side.contact.id for side in await desk.find(reader, mine, text)]

    assert await found(olga, case.number) == [theirs]
    assert await found(olga, "+55 51 555 009 001") == [third]
    assert await found(olga, "sita rai") == [theirs]
    assert await found(olga, "") == [theirs], "who is named alike is suggested"
    await opens(house, theirs, Topic.ABUSE)
    for text in (case.number, "sita rai", ""):
        assert await found(olga, text) == []
        assert await found(sofia, text) == [theirs]


# --- what goes on -----------------------------------------------------------------------------------------------------


async def test_the_kept_ones_flow_goes_on(house: Muster, desk: MergeDesk) -> None:
    """R21."""
    one, other = await two(house, UNPAID)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    (before, *_) = await one.sessions()
    assert (await desk.preview(olga, mine, theirs)).ends_flow
    await desk.merge(olga, mine, theirs)
    assert [session.id for session in await one.sessions()] == [before.id]
    await other.says("Yes")
    assert other.heard, "the question that waits is answered by whichever address"


async def test_who_wrote_stop_by_one_address_is_not_written_to_there(house: Muster, desk: MergeDesk) -> None:
    """R19."""
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    await other.says("STOP")
    await desk.merge(olga, mine, theirs)
    said = len(other.said)
    await house.operators.claim(olga, mine)
    await house.operators.reply(olga, mine, written("Are you there?"))
    await house.settle(one.address)
    await house.operators.hand_back(olga, mine, HandBack.END)
    await house.settle(one.address)
    assert len(other.said) == said


async def test_what_the_bot_is_about_to_answer_meanwhile_is_answered_once(house: Muster, desk: MergeDesk) -> None:
    """R22, R23: a message in a worker's hands when its contact is merged is neither lost nor answered twice."""
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    for number in range(6):
        said = Received(
            channel=other.channel, address=other.address, provider_id=f"late-{number}", text="where is a shelter"
        )
        await house.inbox.take(Inbound(messages=(said,)))
        before = await answers(house, mine, theirs)

        async def later(pause: int) -> Merge:
            await asyncio.sleep(pause / 100)
            return await desk.merge(olga, mine, theirs)

        _, merge = await asyncio.gather(house.conversation.handle(theirs), later(number))
        await house.conversation.handle(mine)
        async with house.store.look() as unit:
            assert await unit.messages.waiting(mine) == []
            (message, *_) = [one for one in await unit.messages.history(mine, 100)
                             if one.received.provider_id == f"late-{number}"]  # fmt: skip
        assert message.handled_at is not None
        new = [one for one in await answers(house, mine, theirs) if one not in before]
        assert new, "somebody answered"
        assert set(new) == {f"message:{message.id}"}
        await desk.undo(olga, merge.id)


async def answers(house: Muster, *contacts: ContactId) -> list[str]:
    """What caused each thing that was written to them."""
    return [one.origin for contact in contacts for one in await deliveries(house, contact)]


async def test_a_hundred_merges_and_undoings_at_once_end_in_one_state(house: Muster, desk: MergeDesk) -> None:
    """R23: two who merge the same pair in opposite directions neither lock each other out nor lose anything."""
    one, other = await two(house)
    (mine, theirs), olga = await ids(one, other), await house.operator("olga")
    ends = await asyncio.gather(
        *(desk.merge(olga, *pair) for pair in [(mine, theirs), (theirs, mine)] * 3), return_exceptions=True
    )
    assert [type(end) for end in ends].count(Merge) == 1
    assert all(isinstance(end, Merge | Denied | Conflict) for end in ends)
    merge = next(end for end in ends if isinstance(end, Merge))
    undone = await asyncio.gather(*(desk.undo(olga, merge.id) for _ in range(4)), return_exceptions=True)
    assert [type(end) for end in undone].count(Merge) == 1
    assert await ids(one, other) == [mine, theirs]
