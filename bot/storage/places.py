"""Owns places in SQL: public facts, in clear, of which only the current ones come out to be told."""

from collections.abc import Sequence
from datetime import date, time
from typing import Any

from sqlalchemy import Select, select

from bot.domain.place import Opening, Place, PlaceId, PlaceKind
from bot.domain.values import Position
from bot.storage.schema import places as table
from bot.storage.upsert import put
from bot.storage.work import Work


class SqlPlaces:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def put(self, places: Sequence[Place]) -> None:
        await put(self._db, table, [_row(place) for place in places])

    async def get(self, place: PlaceId) -> Place | None:
        found = await self._found(select(table).where(table.c.id == place))
        return found[0] if found else None

    async def held(self, places: Sequence[PlaceId]) -> Sequence[Place]:
        return await self._found(select(table).where(table.c.id.in_(places)).with_for_update())

    async def tellable(self, kinds: Sequence[PlaceKind], today: date) -> Sequence[Place]:
        wanted = table.c.kind.in_([kind.value for kind in kinds])
        current = await self._found(select(table).where(wanted, table.c.expires_on >= today))
        return [place for place in current if place.may_be_told(today)]  # the domain has the last word (R5)

    async def expired(self, today: date) -> Sequence[Place]:
        return await self._found(select(table).where(table.c.expires_on < today))

    async def all(self) -> Sequence[Place]:
        return await self._found(select(table))

    async def _found(self, query: Select[Any]) -> list[Place]:
        rows = await self._db.execute(query.order_by(table.c.name, table.c.id))
        return [_place(row) for row in rows]


def _row(place: Place) -> dict[str, Any]:
    return {
        "id": place.id,
        "kind": place.kind.value,
        "name": place.name,
        "phones": list(place.phones),
        "street": place.street,
        "latitude": place.position.latitude if place.position else None,
        "longitude": place.position.longitude if place.position else None,
        "nationality": place.nationality,
        "who_for": place.who_for,
        "languages": list(place.languages),
        "hours": [[hours.weekday, hours.opens.isoformat(), hours.closes.isoformat()] for hours in place.hours],
        "is_always_open": place.is_always_open,
        "timezone": place.timezone,
        "is_id_needed": place.is_id_needed,
        "fee": place.fee,
        "source": place.source,
        "checked_on": place.checked_on,
        "expires_on": place.expires_on,
        "blocked_at": place.blocked_at,
    }


def _place(row: Any) -> Place:
    has_position = row.latitude is not None and row.longitude is not None
    return Place(
        id=PlaceId(row.id),
        kind=PlaceKind(row.kind),
        name=row.name,
        phones=tuple(row.phones),
        street=row.street,
        position=Position(latitude=row.latitude, longitude=row.longitude) if has_position else None,
        nationality=row.nationality,
        who_for=row.who_for,
        languages=tuple(row.languages),
        hours=tuple(_opening(*hours) for hours in row.hours),
        is_always_open=row.is_always_open,
        timezone=row.timezone,
        is_id_needed=row.is_id_needed,
        fee=row.fee,
        source=row.source,
        checked_on=row.checked_on,
        expires_on=row.expires_on,
        blocked_at=row.blocked_at,
    )


def _opening(weekday: int, opens: str, closes: str) -> Opening:
    return Opening(weekday=weekday, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
