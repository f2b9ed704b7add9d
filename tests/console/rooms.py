"""Owns every room of the console at once, as it is served, with somebody and something in each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import FormData

from bot.app.case_pages import case_pages
from bot.app.desks import Desks
from bot.app.knowledge_pages import knowledge_pages
from bot.app.outside import Outside
from bot.app.report_pages import report_pages
from bot.app.setup_pages import setup_pages
from bot.console import audit_pages, staff_pages
from bot.domain.case import Case, Topic, Urgency
from bot.domain.contact import Channel
from bot.domain.message import Understanding
from bot.domain.staff import Role
from bot.domain.values import Value
from bot.services.audit import AuditDesk
from tests.console.conftest import FARM, Browser
from tests.console.desk_scene import DeskScene
from tests.console.test_case_papers import LINE, TOLD
from tests.console.test_cases import SEEN
from tests.dialogue import Worker

SHEET = (
    b"kind,name,phones,source,checked_on,expires_on\nshelter,Gym,193,CD,2026-05-01,2036-09-01\n"
    b"shelter,Hall,193,,2026-05-01,2036-09-01\n"
)


class Unsure:
    """Understands nothing well."""

    async def understand(self, text: str, language: str | None) -> Understanding:
        return Understanding(ranking=(("shelter", 0.31), ("menu", 0.1)), source="nlu")


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """What the addresses of the rooms need; `browsers` are signed in."""

    case: Case
    missed: Case
    place: str
    shift: str
    preview: str
    browsers: dict[Role, Browser]


def open_rooms(desk: DeskScene) -> None:
    """Serve what the desk's scene does not yet serve."""
    house, settings = desk.house, desk.house.settings
    outside = cast(
        Outside, SimpleNamespace(settings=settings, store=house.store, channels=dict.fromkeys([Channel.SMS]))
    )
    made = replace(Desks.over(house.store, settings), clock=cast(Any, house.clock))
    house.pages += [
        *case_pages(outside, made, desk.muster.operators),
        *knowledge_pages(outside, made),
        *report_pages(outside, made),
        *setup_pages(outside, made, probes={"database": _works, "nlu": _fails}, here="https://muster.example"),
        *staff_pages.routes(
            desk=house.desk, store=house.store, clock=house.clock, ids=house.ids, languages=[("en", "English")]
        ),
        *audit_pages.routes(desk=AuditDesk(store=house.store, clock=house.clock), staff=house.desk),
    ]


async def furnish(desk: DeskScene) -> Rooms:
    """Put somebody and something into each room."""
    open_rooms(desk)
    browsers = {role: await desk.staff(role.value, role) for role in (Role.SPECIALIST, Role.SUPERVISOR)}
    browsers[Role.ADMINISTRATOR] = await desk.staff("ada", Role.ADMINISTRATOR)
    await desk.house.add("abel", Role.APPROVER, FARM)
    specialist, supervisor = browsers[Role.SPECIALIST], browsers[Role.SUPERVISOR]
    case = await _case_with_papers(desk, specialist)
    missed = await _missed(desk)
    await _misunderstood(desk)
    await specialist.post("/console/desk/take", {"contact": case.contact})
    await specialist.post("/console/duty/begin")
    return Rooms(
        case=case,
        missed=missed,
        place=await _blocked_place(desk, supervisor),
        shift=await _shift(desk, supervisor),
        preview=await _preview(supervisor),
        browsers=browsers,
    )


async def _case_with_papers(desk: DeskScene, specialist: Browser) -> Case:
    """A wage claim worked out and consented to, of a worker who sent a photo; another case has the same employer."""
    worker, _ = await desk.waits(Topic.WAGES, Urgency.HIGH, says="hola, necesito ayuda")
    await _named(desk, worker, "Sita Rai")
    await worker.sends_photo()
    facts: dict[str, Value] = {"employer": "Granja Sul", "months": 2}
    case = await _opens(desk, worker, Topic.FORCED_LABOUR, facts, "No pay since May. They keep my passport.")
    other, _ = await desk.waits(Topic.DOCUMENTS)
    await _named(desk, other, "Ahmed Ali")
    await _opens(desk, other, Topic.WAGES, {"employer": "Granja Sul"}, "")
    base = f"/console/cases/{case.number}"
    found = SEEN.search(await specialist.text(f"{base}/wages"))
    assert found is not None
    await specialist.post(f"{base}/wages", {**LINE, "seen": found[1]})
    assert (await specialist.post(f"{base}/record-consent", TOLD)).status == 303
    return case


async def _missed(desk: DeskScene) -> Case:
    """Somebody looks for somebody whom we may know."""
    seeker, _ = await desk.waits()
    await _named(desk, seeker, "Ram Thapa")
    known, _ = await desk.waits()
    await _named(desk, known, "Hari Gurung")
    return await _opens(desk, seeker, Topic.MISSING_PERSON, {"missing_name": "हरि गुरुङ", "last_seen": "Lajeado"}, "")


async def _misunderstood(desk: DeskScene) -> None:
    desk.muster.conversation.listening.understander = Unsure()
    for text in ("blorp zzyx flurb gurung 2500", "فلورب زكسي نورب 2500 غورونغ"):
        worker = desk.muster.worker(Channel.SMS)
        await worker.joins()
        await worker.says(text)


async def _shift(desk: DeskScene, supervisor: Browser) -> str:
    (operator, *_) = [one for one in await desk.house.desk.all() if one.role is Role.SPECIALIST]
    day = f"{desk.house.clock.now() + timedelta(days=1):%Y-%m-%d}"
    typed = {"staff": operator.id, "day": day, "begins": "22:00", "ends": "06:00"}
    assert (await supervisor.post("/console/duty/shifts", typed)).status == 303
    found = re.search(r"/console/duty/shifts/([^\"]+)", await supervisor.text("/console/duty"))
    assert found is not None
    return found[1]


async def _blocked_place(desk: DeskScene, supervisor: Browser) -> str:
    async with desk.house.store.look() as unit:
        (place, *_) = [one for one in await unit.places.all() if one.blocked_at is None]
    assert (await supervisor.post(f"/console/places/{place.id}/block")).status == 303
    return place.id


async def _preview(supervisor: Browser) -> str:
    form = FormData({"csrf": supervisor.csrf})
    form.add_field("file", SHEET, filename="places.csv", content_type="text/csv")
    answer = await supervisor.client.post("/console/places/import", data=form, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def _opens(desk: DeskScene, worker: Worker, topic: Topic, facts: Mapping[str, Value], narrative: str) -> Case:
    contact = await worker.contact()
    async with desk.muster.store.transaction(contact.id) as unit:
        return await desk.muster.conversation.house.cases.open(
            unit,
            contact=contact,
            topic=topic,
            urgency=Urgency.HIGH,
            facts=facts,
            now=desk.muster.clock.now(),
            narrative=narrative,
        )


async def _named(desk: DeskScene, worker: Worker, name: str) -> None:
    known = replace(await worker.contact(), name=name, nationality="NP", language="ne", is_language_confirmed=True)
    async with desk.muster.store.transaction() as unit:
        await unit.contacts.save(known)


async def _works() -> str:
    return "ok"


async def _fails() -> str:
    raise ConnectionRefusedError
