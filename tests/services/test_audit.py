"""The audit's chain shows every entry that was changed, removed, put in or moved."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from bot.domain.audit import GENESIS, AuditEntry, first_break
from bot.domain.staff import Role
from bot.services.access import Deed, Matter, Reader
from bot.services.audit import AuditDesk
from bot.storage.schema import audit
from bot.storage.store import SqlStore
from tests.stand import NOW, StillClock

OLGA = Reader(role=Role.OPERATOR, id="olga")


def chain(length: int) -> list[AuditEntry]:
    entries, before = [], GENESIS
    for number in range(1, length + 1):
        bare = AuditEntry(
            at=NOW + timedelta(seconds=number),
            reader="olga",
            role="operator",
            deed="read",
            matter="case",
            subject=f"case-{number}",
            is_allowed=True,
        )
        entries.append(replace(bare, number=number, before=before, hash=bare.hashed(number, before)))
        before = entries[-1].hash
    return entries


def test_r17_a_chain_that_nobody_touched_is_whole() -> None:
    assert first_break(chain(20)) is None
    assert first_break([]) is None


CHANGES = {"reader": "nobody", "subject": "case-0", "is_allowed": False, "deed": "export", "detail": "x", "at": NOW}


@pytest.mark.parametrize("field", CHANGES)
@given(at=st.integers(0, 9))
def test_r17_a_changed_field_is_found_where_it_was_changed(field: str, at: int) -> None:
    entries = chain(10)
    entries[at] = replace(entries[at], **{field: CHANGES[field]})
    assert first_break(entries) == at + 1


@given(at=st.integers(0, 8))
def test_r17_a_removed_entry_is_found(at: int) -> None:
    entries = chain(10)
    del entries[at]
    assert first_break(entries) == at + 1


@given(at=st.integers(0, 9))
def test_r17_an_entry_that_was_put_in_is_found(at: int) -> None:
    entries = chain(10)
    entries.insert(at, replace(entries[at], subject="case-0"))
    assert first_break(entries) == at + 1


@given(st.permutations(range(6)).filter(lambda order: list(order) != list(range(6))))
def test_r17_another_order_is_found(order: list[int]) -> None:
    entries = chain(6)
    assert first_break([entries[at] for at in order]) is not None


def test_a_changed_entry_with_a_new_hash_is_found_by_the_next_one() -> None:
    """Whoever changes one and hashes it anew has to hash all that follow, and the last hash is known elsewhere."""
    entries = chain(5)
    changed = replace(entries[2], subject="case-0")
    entries[2] = replace(changed, hash=changed.hashed(3, changed.before))
    assert first_break(entries) == 4


async def noted(store: SqlStore, clock: StillClock, count: int) -> AuditDesk:
    desk = AuditDesk(store=store, clock=clock)
    for number in range(count):
        await desk.note(OLGA, Deed.READ, Matter.CASE, f"case-{number}")
    return desk


async def test_r17_what_is_stored_is_a_whole_chain(
    store: SqlStore, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.audit.CHUNK", 3)
    desk = await noted(store, clock, 8)
    assert await desk.first_break() is None
    last = await desk.last()
    assert last is not None
    assert (last.number, last.subject, last.role) == (8, "case-7", "operator")


@pytest.mark.parametrize("crime", ["change", "remove", "put in"])
async def test_r17_a_row_that_somebody_touched_is_found(
    crime: str, store: SqlStore, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.audit.CHUNK", 3)
    desk = await noted(store, clock, 8)
    async with store._engine.begin() as connection:
        if crime == "change":
            await connection.execute(update(audit).where(audit.c.number == 5).values(subject="other"))
        elif crime == "remove":
            await connection.execute(delete(audit).where(audit.c.number == 5))
        else:
            row = dict((await connection.execute(select(audit).where(audit.c.number == 4))).mappings().one())
            await connection.execute(delete(audit).where(audit.c.number == 5))
            await connection.execute(insert(audit).values({**row, "number": 5}))
    assert await desk.first_break() == 5
