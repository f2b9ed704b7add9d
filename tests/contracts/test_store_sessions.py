"""Sessions on both databases: a stack, and no stale writer."""

from dataclasses import replace

import pytest

from bot.domain.contact import ContactId
from bot.domain.errors import Conflict
from bot.domain.session import Return, SessionStatus
from bot.storage.store import SqlStore
from tests.storage import samples
from tests.storage.samples import ANA, CHAT, MINUTE, NOON


@pytest.fixture(autouse=True)
async def _ana(store: SqlStore) -> None:
    await samples.meet(store)


async def test_a_session_comes_back_as_it_was_saved_one_revision_later(store: SqlStore) -> None:
    session = samples.session(
        answers=samples.ANSWERS,
        returns=(Return(flow="menu", step="a"), Return(flow="wages", step="b")),
        tries=2,
        is_reminded=True,
        waits_until=NOON + MINUTE,
    )
    async with store.transaction() as unit:
        await unit.sessions.save(session)
        assert await unit.sessions.open(ANA) == [replace(session, revision=1)]
        changed = replace(session, revision=1, step="amount", answers={}, returns=(), waits_until=None)
        await unit.sessions.save(changed)
        assert await unit.sessions.open(ANA) == [replace(changed, revision=2)]


async def test_the_newest_session_lies_on_top_and_ended_ones_are_gone(store: SqlStore) -> None:
    """R21: the same instant for all, as within one turn."""
    first, second, third = (samples.session(id_) for id_ in ("z", "m", "a"))
    async with store.transaction() as unit:
        for session in (first, second, third):
            await unit.sessions.save(session)
        await unit.sessions.save(replace(first, status=SessionStatus.SUSPENDED, revision=1))
        await unit.sessions.save(replace(second, status=SessionStatus.ENDED, revision=1))
        assert [session.id for session in await unit.sessions.open(ANA)] == ["a", "z"]
        assert await unit.sessions.open(ContactId("bob")) == []


@pytest.mark.parametrize("stale", [0, 1, 3])
async def test_a_stale_writer_is_refused(store: SqlStore, stale: int) -> None:
    session = samples.session()
    async with store.transaction() as unit:
        await unit.sessions.save(session)
        await unit.sessions.save(replace(session, revision=1, step="second"))
    with pytest.raises(Conflict):
        async with store.transaction() as unit:
            await unit.sessions.save(replace(session, revision=stale, step="stale"))
    async with store.transaction() as unit:
        assert [session.step for session in await unit.sessions.open(ANA)] == ["second"]


async def test_open_sessions_past_their_time_name_their_contacts(store: SqlStore) -> None:
    bob = (await samples.meet(store, CHAT, ContactId("bob"))).id
    async with store.transaction() as unit:
        await unit.sessions.save(samples.session("s1", waits_until=NOON + MINUTE))
        await unit.sessions.save(samples.session("s2", waits_until=NOON + MINUTE))
        await unit.sessions.save(samples.session("s3", bob, waits_until=NOON))
        await unit.sessions.save(samples.session("s4", bob))
        ended = samples.session("s5", bob, waits_until=NOON - MINUTE, status=SessionStatus.ENDED)
        await unit.sessions.save(ended)
        assert await unit.sessions.lapsed(NOON - MINUTE, 10) == []
        assert await unit.sessions.lapsed(NOON, 10) == [bob]
        assert await unit.sessions.lapsed(NOON + MINUTE, 10) == [bob, ANA]
        assert await unit.sessions.lapsed(NOON + MINUTE, 1) == [bob]
        suspended = samples.session("s6", ANA, waits_until=NOON - MINUTE, status=SessionStatus.SUSPENDED)
        await unit.sessions.save(suspended)
        assert await unit.sessions.lapsed(NOON - MINUTE, 10) == [ANA]
