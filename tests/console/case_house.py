"""Owns what the tests of case pages stand on: the desk behind the console, workers with cases, people of every role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from bot.app.desks import Desks, converse, flows
from bot.app.outside import ask_rasa
from bot.console import cases, missing, referrals, wages
from bot.console.case_words import FactWords
from bot.domain.case import Case, Topic, Urgency
from bot.domain.contact import Address, Channel, ContactId, Scheme
from bot.domain.document import DocumentId
from bot.domain.message import Attachment, Message, MessageId, Received
from bot.domain.staff import Role
from bot.domain.values import Value
from bot.i18n import Catalogs
from bot.printing.referral import draw_referral
from bot.printing.wage_claim import draw_wage_claim
from bot.services.access import Reader
from bot.services.case_list import CaseList
from bot.services.casework import CaseWork
from bot.services.consenting import ConsentDesk
from bot.services.desk import Desk
from bot.services.missing import MissingDesk
from bot.services.referrals import ReferralDesk
from bot.services.wages import WageDesk
from bot.simulate import NoBell, Terminal
from tests.console.conftest import FARM, Browser, House

ROOT = Path(__file__).resolve().parents[2]
PAPERS = ("pt", "en", "es", "ne", "ar")
OUTSIDERS = (Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR)


@dataclass(kw_only=True)
class CaseHouse:
    """The console with its cases. `case` makes a worker with one; `as_` is the browser of somebody of that role."""

    house: House
    desk: Desk
    work: CaseWork
    desks: Desks

    async def case(
        self,
        name: str = "Sita Rai",
        topic: Topic = Topic.WAGES,
        urgency: Urgency = Urgency.NORMAL,
        *,
        facts: Mapping[str, Value] | None = None,
        narrative: str = "",
        **about: Any,
    ) -> Case:
        """Somebody of that name, whom a later call with the same name finds again, with a case."""
        now, slug = self.house.clock.now(), name.lower().replace(" ", "-")
        async with self.house.store.transaction() as unit:
            address = Address(scheme=Scheme.TEL, path="+55519" + f"{sum(map(ord, slug)):08d}")
            contact = await unit.contacts.meet(address, ContactId(f"c-{slug}"))
            await unit.contacts.heard(address, now)
            contact = await unit.contacts.get(contact.id) or contact
            contact = replace(contact, name=name, language="ne", **about)
            await unit.contacts.save(contact)
            return await self.desks.cases.open(
                unit, contact=contact, topic=topic, urgency=urgency, facts=facts or {}, now=now, narrative=narrative
            )

    async def photo(self, case: Case, body: bytes = b"\x89PNG\r\n\x1a\n" + b"\0" * 64) -> str:
        """A photo that the case's contact has sent; its document id."""
        now = self.house.clock.now()
        async with self.house.store.transaction() as unit:
            contact = await unit.contacts.get(case.contact)
            assert contact is not None
            kept = await self.desks.documents.store(
                unit, contact=case.contact, kind="photo", body=body, media_type="image/png", now=now
            )
            received = Received(
                channel=Channel.SMS, address=contact.reaches[0].address, provider_id=kept.document_id,
                attachments=(Attachment(kind="photo", source="x", media_type="image/png",
                                        document_id=DocumentId(kept.document_id)),),
            )  # fmt: skip
            message = Message(
                id=MessageId(self.house.ids.new()), contact=case.contact, received=received, received_at=now,
                handled_at=now,
            )  # fmt: skip
            await unit.messages.add(message)
        return kept.document_id

    async def again(self, case: Case) -> Case:
        """The case as it is now."""
        async with self.house.store.look() as unit:
            known = await unit.cases.get(case.id)
        assert known is not None
        return known

    async def as_(self, role: Role, login: str = "") -> Browser:
        return await self.house.signed_in(login or role.value, role, FARM if role.is_employers else None)

    async def reader(self, role: Role, login: str) -> Reader:
        staff = await self.house.add(login, role)
        return Reader(role=role, id=staff.id)


@asynccontextmanager
async def case_house(house: House) -> AsyncIterator[CaseHouse]:
    """The pages of cases on this house, with no NLU server: key words answer."""
    made = Desks.over(house.store, house.settings)
    made = replace(made, clock=house.clock, cases=replace(made.cases, ids=house.ids))  # type: ignore[arg-type]
    async with aiohttp.ClientSession() as session:
        phones = {Channel.SMS: Terminal(name=Channel.SMS, fitting=lambda content: (content,), write=lambda _: None)}
        conversation = converse(
            house.settings, made, store=house.store, bell=NoBell(), channels=phones,
            rasa=ask_rasa(house.settings, session),
        )  # fmt: skip
        desk = Desk(store=house.store, bell=NoBell(), clock=house.clock, conversation=conversation)
        work = CaseWork(store=house.store, clock=house.clock, ids=house.ids, desk=desk)
        words = FactWords.of(flows(house.settings).values())
        papers = Catalogs.load(ROOT / "locales", PAPERS)
        about: dict[str, Any] = {"catalogs": papers, "zone": house.settings.zone, "organisation": "Muster"}
        house.pages += [
            *cases.routes(
                cases=CaseList(store=house.store, clock=house.clock),
                work=work,
                consents=ConsentDesk(work=work),
                clock=house.clock,
                facts=words,
            ),
            *wages.routes(
                work=work,
                desk=WageDesk(work=work, currency="BRL", **about),
                printer=draw_wage_claim,
                hosts=PAPERS,
            ),
            *referrals.routes(
                work=work,
                desk=ReferralDesk(work=work, **about),
                facts=words,
                printer=draw_referral,
                catalogs=papers,
                languages=PAPERS,
            ),
            *missing.routes(desk=MissingDesk(work=work, catalogs=made.catalogs)),
        ]
        yield CaseHouse(house=house, desk=desk, work=work, desks=made)
