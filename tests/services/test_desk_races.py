"""R14, R23: many who click at once, and the bot among them, on both databases: one owner, one voice, nobody unheard."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.activity import ActivityKind
from bot.domain.audit import first_break
from bot.domain.contact import ContactId
from bot.domain.errors import Conflict, Denied
from bot.domain.message import Received
from bot.domain.staff import StaffId
from bot.services.access import REFUSAL, Reader
from bot.services.desk import HandBack
from bot.services.ports import Inbound
from bot.services.timeline import DESK_ORIGIN
from tests.dialogue import Muster, Worker, muster
from tests.services.takeover import (
    UNPAID,
    WANTS_A_PERSON,
    begin_to_listen,
    claim_of,
    deliveries,
    id_of,
    is_the_bots,
    row_of,
    written,
)

CROWD = 100
ROUNDS = 12


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Muster]:
    if request.param == "sqlite":
        async with muster(tmp_path) as opened:
            yield opened
        return
    async with request.getfixturevalue("postgres").fresh() as url, muster(tmp_path, database_url=url) as opened:
        yield opened


async def asking(house: Muster, first: str = WANTS_A_PERSON) -> tuple[Worker, ContactId]:
    worker = house.worker()
    await worker.says(first)
    return worker, await id_of(worker)


async def test_a_hundred_who_take_it_at_once_make_one_owner_and_the_others_see_who_it_is(house: Muster) -> None:
    worker, contact = await asking(house)
    crowd = [await house.operator(f"operator{number}") for number in range(CROWD)]
    begin_to_listen(worker)
    ends = await asyncio.gather(*(house.operators.claim(one, contact) for one in crowd), return_exceptions=True)
    owners = [end for end in ends if not isinstance(end, BaseException)]
    assert len(owners) == 1
    assert [type(end) for end in ends].count(Conflict) == CROWD - 1
    owner = owners[0].staff
    for one in random.Random(7).sample(crowd, 5):
        view = await house.operators.open(one, contact)
        assert view.claim is not None
        assert (view.claim.staff, view.names[owner]) == (owner, owner.capitalize())
    assert worker.heard.count("writing with a person") == 1
    async with house.store.look() as unit:
        done = await unit.activities.of(contact, 1000)
        entries = await unit.audit.search(subject=contact, limit=1000)
    assert [one.staff for one in done if one.kind is ActivityKind.CLAIMED] == [owner]
    assert {case.owner for case in await worker.cases()} == {owner}
    assert len([one for one in entries if one.detail == "claim"]) == 1


async def test_the_bot_never_speaks_after_the_word_that_a_person_is_here(house: Muster) -> None:
    """A message on its way to the bot while somebody takes the conversation: answered by one of the two, never both."""
    for number in range(ROUNDS):
        worker, contact = await asking(house, UNPAID)
        olga = await house.operator("olga")
        before = len(await deliveries(house, contact))
        await house.inbox.take(_message(worker, "Yes", number))
        await asyncio.gather(
            house.conversation.handle(contact), _after(number * 5, house.operators.claim(olga, contact))
        )
        said = (await deliveries(house, contact))[before:]
        joined = next(place for place, one in enumerate(said) if one.origin.startswith(DESK_ORIGIN))
        assert not [one for one in said[joined:] if is_the_bots(one)]
        async with house.store.look() as unit:
            assert await unit.messages.waiting(contact) == []
        if joined == 0:
            view = await house.operators.open(olga, contact)
            assert "Yes" in [entry.text for entry in view.entries], "it is before the eyes of the person"


async def test_the_bot_answers_or_a_person_has_it_when_it_is_handed_back_meanwhile(house: Muster) -> None:
    for number in range(ROUNDS // 2):
        worker, contact = await asking(house, UNPAID)
        olga = await house.operator("olga")
        await house.operators.claim(olga, contact)
        before = len(await deliveries(house, contact))
        await house.inbox.take(_message(worker, "where is a shelter", number))
        await asyncio.gather(
            house.conversation.handle(contact),
            _after(number * 10, house.operators.hand_back(olga, contact, HandBack.END)),
        )
        said = (await deliveries(house, contact))[before:]
        assert said[0].origin.startswith(DESK_ORIGIN), "the bot speaks after the word that it does, or not at all"
        assert [one for one in said if one.origin.startswith(DESK_ORIGIN)] == said[:1]
        assert await claim_of(house, contact) is None


async def test_taking_giving_back_and_handing_over_at_once_leave_one_true_state(house: Muster) -> None:
    """Whatever wins, the claim, the cases and what the contact heard last tell the same."""
    _, contact = await asking(house)
    crew = [await house.operator(name) for name in ("olga", "omar", "pia")]
    dice = random.Random(11)
    for _ in range(ROUNDS // 2):
        await asyncio.gather(*(_anything(house, one, crew, contact, dice) for one in crew * 3), return_exceptions=False)
        claim, row = await claim_of(house, contact), await row_of(house, contact)
        assert row is not None
        assert {status.value for status in row.statuses} == ({"in_progress"} if claim else {"open"})
        async with house.store.look() as unit:
            cases = await unit.cases.of(contact)
        assert {case.owner for case in cases} == {claim.staff if claim else None}
        last = [one for one in await deliveries(house, contact) if one.origin.startswith(DESK_ORIGIN)][-1].content.text
        assert (("person: " in last) or ("writes with you" in last)) is (claim is not None)
        if claim is not None:
            assert claim.staff.capitalize() in last


async def test_two_who_answer_while_it_is_handed_over_are_one_after_the_other(house: Muster) -> None:
    _, contact = await asking(house)
    olga, omar = await house.operator("olga"), await house.operator("omar")
    await house.operators.claim(olga, contact)
    ends = await asyncio.gather(
        house.operators.reply(olga, contact, written("from olga")),
        house.operators.transfer(olga, contact, StaffId("omar")),
        house.operators.reply(omar, contact, written("from omar")),
        return_exceptions=True,
    )
    assert ends[1] is None
    heard = [one.content.text for one in await deliveries(house, contact)]
    change = next(place for place, text in enumerate(heard) if "Another person" in text)
    assert "from olga" not in heard[change:]
    assert "from omar" not in heard[:change]


async def test_the_audit_s_chain_is_whole_after_all_of_it(house: Muster) -> None:
    """R17: of many who are entered at once each has its place."""
    _, contact = await asking(house)
    crew = [await house.operator(name) for name in ("olga", "omar", "pia")]
    looks = (house.operators.open(one, contact) for one in crew * 8)
    takes = (_quietly(house.operators.claim(one, contact)) for one in crew)
    strangers = (_quietly(house.operators.open(one, ContactId("nobody"))) for one in crew)
    await asyncio.gather(*looks, *takes, *strangers)
    async with house.store.look() as unit:
        entries = await unit.audit.after(0, 10_000)
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert first_break(entries) is None
    assert len([entry for entry in entries if entry.deed == "read"]) == len(crew) * 9
    assert [entry.is_allowed for entry in entries].count(False) == len(crew)


@pytest.mark.parametrize(
    "contact", ["", "nobody", "x" * 500, "a\x00b", "\ud83d", "' OR 1=1 --", "../..", "%00", "🆘" * 40]
)
async def test_what_no_conversation_is_called_is_not_there_like_any_other(house: Muster, contact: str) -> None:
    """R2: the same refusal, entered in a chain that stays whole, whatever an address holds."""
    olga = await house.operator("olga")
    for deed in (
        lambda: house.operators.open(olga, ContactId(contact)),
        lambda: house.operators.claim(olga, ContactId(contact)),
        lambda: house.operators.note(olga, ContactId(contact), "x"),
    ):
        with pytest.raises(Denied) as refused:
            await deed()
        assert str(refused.value) == REFUSAL
    async with house.store.look() as unit:
        entries = await unit.audit.after(0, 100)
    assert first_break(entries) is None
    assert [entry.is_allowed for entry in entries] == [False] * 3


# --- what these scenes need -----------------------------------------------------------------------------------------


async def _anything(house: Muster, one: Reader, crew: list[Reader], contact: ContactId, dice: random.Random) -> None:
    desk = house.operators
    other = StaffId(dice.choice(crew).id)
    deed = dice.choice(
        (
            lambda: desk.claim(one, contact),
            lambda: desk.give_back(one, contact),
            lambda: desk.hand_back(one, contact, HandBack.END),
            lambda: desk.transfer(one, contact, other),
            lambda: desk.reply(one, contact, written(f"from {one.id}")),
        )
    )
    await _quietly(deed())


async def _quietly(deed: object) -> None:
    try:
        await deed  # type: ignore[misc]
    except (Conflict, Denied):
        return


async def _after(turns: int, deed: object) -> None:
    """Let the other road get some turns ahead."""
    for _ in range(turns):
        await asyncio.sleep(0)
    await deed  # type: ignore[misc]


_NUMBERS = itertools.count()


def _message(worker: Worker, text: str, number: int) -> Inbound:
    id_ = f"race-{number}-{next(_NUMBERS)}"
    return Inbound(messages=(Received(channel=worker.channel, address=worker.address, provider_id=id_, text=text),))
