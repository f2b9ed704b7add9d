"""Owns employers and their sites in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from bot.domain.employer import Employer, EmployerId, OnCall, Sector, Site, SiteId
from bot.domain.values import Position
from bot.storage.schema import employers
from bot.storage.schema import sites as table
from bot.storage.upsert import put
from bot.storage.work import Work


class SqlSites:
    def __init__(self, work: Work) -> None:
        self._db = work.connection

    async def put(self, employer: Employer, sites: Sequence[Site]) -> None:
        """Insert or replace the employer and these sites; raises Conflict when a code is another site's."""
        on_call = [{"name": one.name, "phone": one.phone} for one in employer.on_call]
        known = {"id": employer.id, "name": employer.name, "on_call": on_call, "sector": employer.sector}
        await put(self._db, employers, [known])
        await put(self._db, table, [_row(site) for site in sites])

    async def get(self, site: SiteId) -> Site | None:
        return await self._one(select(table).where(table.c.id == site))

    async def by_code(self, code: str) -> Site | None:
        return await self._one(select(table).where(table.c.code_key == _key(code)))

    async def all(self) -> Sequence[Site]:
        rows = await self._db.execute(select(table).order_by(table.c.name, table.c.id))
        return [_site(row) for row in rows]

    async def of(self, employer: EmployerId) -> Sequence[Site]:
        mine = table.c.employer_id == employer
        rows = await self._db.execute(select(table).where(mine).order_by(table.c.name, table.c.id))
        return [_site(row) for row in rows]

    async def employer(self, employer: EmployerId) -> Employer | None:
        row = (await self._db.execute(select(employers).where(employers.c.id == employer))).first()
        return _employer(row) if row is not None else None

    async def employers(self) -> Sequence[Employer]:
        rows = await self._db.execute(select(employers).order_by(employers.c.name, employers.c.id))
        return [_employer(row) for row in rows]

    async def _one(self, query: Select[Any]) -> Site | None:
        row = (await self._db.execute(query)).first()
        return _site(row) if row is not None else None


def _key(code: str) -> str:
    return code.strip().casefold()


def _row(site: Site) -> dict[str, Any]:
    return {
        "id": site.id,
        "employer_id": site.employer,
        "name": site.name,
        "code": site.code,
        "code_key": _key(site.code),
        "latitude": site.position.latitude,
        "longitude": site.position.longitude,
        "assembly_point": site.assembly_point,
        "timezone": site.timezone,
        "languages": list(site.languages),
        "contact_phone": site.contact_phone,
    }


def _site(row: Any) -> Site:
    return Site(
        id=SiteId(row.id),
        employer=EmployerId(row.employer_id),
        name=row.name,
        code=row.code,
        position=Position(latitude=row.latitude, longitude=row.longitude),
        assembly_point=row.assembly_point,
        timezone=row.timezone,
        languages=tuple(row.languages or ()),
        contact_phone=row.contact_phone or "",
    )


def _employer(row: Any) -> Employer:
    on_call = tuple(OnCall(name=one["name"], phone=one["phone"]) for one in row.on_call or ())
    sector = Sector(row.sector) if row.sector else None
    return Employer(id=EmployerId(row.id), name=row.name, on_call=on_call, sector=sector)
