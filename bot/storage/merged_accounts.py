"""Owns what a merge does to the accounts of broadcasts: one person who was a recipient twice answers once (R20)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bot.domain.checkin import Closing, RecipientState, Source
from bot.domain.contact import ContactId
from bot.domain.staff import StaffId
from bot.storage.schema import Moment, check_ins
from bot.storage.schema import recipients as table
from bot.storage.work import Work

_ANSWER = ("state", "reason", "due_at", "safety", "safety_source", "answered_at")
_CLOSING = ("closing", "closed_at", "closed_by")
_KEPT, _SPARE = _ANSWER, (*_ANSWER, *_CLOSING)
# What is left of an account whose person is counted elsewhere: never waited for, never an answer.
_AFTER = {RecipientState.WAITING: RecipientState.CANCELLED, RecipientState.ANSWERED: RecipientState.READ}


class MergedAccounts:
    """Two accounts of one broadcast: what was said in either counts in the kept one, the newest last.

    The other stays, so that the sums are what they were (R20), closed as a duplicate and without its person.
    """

    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def join(self, kept: ContactId, other: ContactId, staff: StaffId, at: datetime) -> dict[str, Any]:
        """Bring the accounts together; returns what `part` needs, as JSON holds it."""
        mine = {row.broadcast_id: row for row in await self._of(kept)}
        theirs = await self._of(other)
        twice = [(mine[row.broadcast_id], row) for row in theirs if row.broadcast_id in mine]
        pairs = [await self._pair(own, spare, staff, at) for own, spare in twice]
        once = [row.number for row in theirs if row.broadcast_id not in mine]
        await self._db.execute(update(table).where(table.c.contact_id == other).values(contact_id=kept))
        return {"moved": once, "pairs": pairs}

    async def part(self, moved: Mapping[str, Any], kept: ContactId, other: ContactId) -> None:
        for start in range(0, len(moved["moved"]), 500):
            some = table.c.number.in_(moved["moved"][start : start + 500]), table.c.contact_id == kept
            await self._db.execute(update(table).where(*some).values(contact_id=other))
        for pair in moved["pairs"]:
            said = update(check_ins).where(check_ins.c.number.in_(pair["said"]))
            await self._db.execute(said.values(recipient=pair["spare"]))
            await self._back(pair["kept"], pair["kept_before"], pair["kept_after"])
            if await self._back(pair["spare"], pair["spare_before"], pair["spare_after"]):
                mine = update(table).where(table.c.number == pair["spare"])
                await self._db.execute(mine.values(contact_id=other))

    async def _of(self, contact: ContactId) -> Sequence[Any]:
        rows = await self._db.execute(select(table).where(table.c.contact_id == contact).order_by(table.c.number))
        return rows.all()

    async def _pair(self, kept: Any, spare: Any, staff: StaffId, at: datetime) -> dict[str, Any]:
        both = check_ins.c.recipient.in_([kept.number, spare.number])
        said = (
            await self._db.execute(select(check_ins).where(both).order_by(check_ins.c.at, check_ins.c.number))
        ).all()
        moved = [one.number for one in said if one.recipient == spare.number]
        after, left = _answered(kept, spare, said), _left(spare, staff, at)
        await self._db.execute(update(check_ins).where(check_ins.c.number.in_(moved)).values(recipient=kept.number))
        await self._db.execute(update(table).where(table.c.number == kept.number).values(**after))
        await self._db.execute(
            update(table).where(table.c.number == spare.number).values(**left, contact_id=None, due_channel=None)
        )
        return {
            "kept": kept.number,
            "spare": spare.number,
            "said": moved,
            "kept_before": _plain(kept._mapping, _KEPT),
            "kept_after": _plain(after, _KEPT),
            "spare_before": _plain(spare._mapping, (*_SPARE, "due_channel")),
            "spare_after": _plain({**left, "due_channel": None}, (*_SPARE, "due_channel")),
        }

    async def _back(self, number: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """What is still as the merge left it is as it was before; False when the account is not there any more."""
        row = (await self._db.execute(select(table).where(table.c.number == number))).first()
        if row is None:
            return False
        now = _plain(row._mapping, tuple(before))
        values = {name: _read(name, value) for name, value in before.items() if now[name] == after[name]}
        if values:
            await self._db.execute(update(table).where(table.c.number == number).values(**values))
        return True


def _answered(kept: Any, spare: Any, said: Sequence[Any]) -> dict[str, Any]:
    """The kept account with the newest thing that was said in either; the person's own word goes before others'."""
    after = {name: kept._mapping[name] for name in _KEPT}
    own = [one for one in said if one.source == Source.SELF.value]
    if own:
        times = [at for at in (kept.answered_at, spare.answered_at) if at is not None]
        after |= {"state": RecipientState.ANSWERED.value, "reason": None, "due_at": None}
        after |= {"safety": own[-1].safety, "safety_source": own[-1].source, "answered_at": min(times, default=None)}
    elif said:
        after |= {"safety": said[-1].safety, "safety_source": said[-1].source}
    return after


def _left(spare: Any, staff: StaffId, at: datetime) -> dict[str, Any]:
    state = RecipientState(spare.state)
    left = dict.fromkeys(("due_at", "safety", "safety_source", "answered_at"))
    closed = {"closing": Closing.DUPLICATE.value, "closed_at": at, "closed_by": staff}
    if spare.closed_at is not None:
        closed = {name: spare._mapping[name] for name in _CLOSING}
    return {**left, **closed, "state": _AFTER.get(state, state).value, "reason": spare.reason}


def _plain(values: Mapping[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    read = {name: values[name] for name in names}
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in read.items()}


def _read(name: str, value: Any) -> Any:
    is_time = isinstance(table.c[name].type, Moment) and value is not None
    return datetime.fromisoformat(value) if is_time else value
