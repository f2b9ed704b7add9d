"""Owns places in files: the export, and the import by way of a preview, before which nothing is written."""

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.console.forms import blank, upload
from bot.console.guard import require
from bot.console.people_import import MAX_BYTES, SHOWN, ReadRows
from bot.console.place_words import FIELDS
from bot.console.previews import Previews
from bot.console.render import page
from bot.console.sheets import BEGINS_FORMULA
from bot.console.visit import reader, see_other, words
from bot.domain.errors import InputError
from bot.services.access import PLACE, Deed
from bot.services.place_desk import PlaceDesk
from bot.services.place_rows import COLUMNS, REQUIRED, Change, Sheet, read_places

HOME: Final = "/console/places"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that was read and not yet imported."""

    name: str
    sheet: Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPages:
    desk: PlaceDesk
    read_rows: ReadRows
    previews: Previews[File]

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, PLACE)
        return page(request, "places/import.html", form=blank(), columns=COLUMNS, required=REQUIRED)

    async def read(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, PLACE)
        try:
            name, body = await upload(request, "file", max_bytes=MAX_BYTES)
            # A large file takes seconds: others must not wait for it.
            sheet = await asyncio.to_thread(self._read, body, name[:80])
        except InputError as refusal:
            form = blank().failed(words(request).of(refusal), "file")
            return page(request, "places/import.html", status=422, form=form, columns=COLUMNS, required=REQUIRED)
        kept = self.previews.keep(request, File(name=name[:80], sheet=sheet))
        return see_other(f"{HOME}/import/{kept}", request=request)

    def _read(self, body: bytes, name: str) -> Sheet:
        rows = self.read_rows(body, name)
        return read_places(rows, today=self.desk.today, timezone=self.desk.zone.key, region=self.desk.region)

    async def preview(self, request: web.Request) -> web.Response:
        require(request, Deed.CHANGE, PLACE)
        file = self.previews.of(request, request.match_info["preview"])
        if file is None:
            return self._ended(request)
        return self._page(request, file, await self.desk.plan(reader(request), file.sheet))

    async def confirm(self, request: web.Request) -> web.Response:
        """Carry out what the preview showed; with problems only if leaving their rows out was chosen."""
        _ = words(request)
        require(request, Deed.CHANGE, PLACE)
        file = self.previews.of(request, request.match_info["preview"])
        if file is None:
            return self._ended(request)
        skips_bad = "skip_bad" in await request.post()
        if not file.sheet.places or (file.sheet.problems and not skips_bad):
            return self._page(request, file, await self.desk.plan(reader(request), file.sheet), status=422)
        done = await self.desk.carry_out(reader(request), file.sheet)
        self.previews.drop(request.match_info["preview"])
        new = sum(change.is_new for change in done)
        told = _("Imported: {new} new, {changed} changed.", new=new, changed=len(done) - new)
        return see_other(HOME, told, request=request)

    def _ended(self, request: web.Request) -> web.Response:
        told = words(request)("This preview has ended. Nothing was imported. Choose the file again.")
        return see_other(f"{HOME}/import", told, kind="problem", request=request)

    def _page(self, request: web.Request, file: File, found: Sequence[Change], status: int = 200) -> web.Response:
        _ = words(request)
        new = [change.place for change in found if change.is_new]
        changed = [change for change in found if not change.is_new]
        return page(
            request,
            "places/preview.html",
            status=status,
            file=file,
            new=new[:SHOWN],
            changed=changed[:SHOWN],
            problems=file.sheet.problems[:SHOWN],
            counts={"new": len(new), "changed": len(changed), "same": len(file.sheet.places) - len(found)},
            bad_rows=len({problem.row for problem in file.sheet.problems}),
            expired=file.sheet.expired(self.desk.today),
            named=lambda change: list(dict.fromkeys(_(FIELDS.get(name, name)) for name in change.fields)),
        )


def as_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """A file that can be imported again: CSV UTF-8 with Excel's mark; the import takes the apostrophes off."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(row[name]) for name in COLUMNS] for row in rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode("utf-8", "replace")


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run."""
    return f"'{cell}" if cell.lstrip().startswith(BEGINS_FORMULA) else cell


def routes(*, desk: PlaceDesk, read_rows: ReadRows) -> Sequence[web.RouteDef]:
    pages = ImportPages(desk=desk, read_rows=read_rows, previews=Previews(desk.clock))
    return [
        web.get("/places/import", pages.show),
        web.post("/places/import", pages.read),
        web.get("/places/import/{preview}", pages.preview),
        web.post("/places/import/{preview}", pages.confirm),
    ]
