"""Alerts as tests give them: an employer's author writes one, its approver lets it go out."""

from dataclasses import replace

from bot.domain.broadcast import Broadcast, BroadcastKind, Info
from bot.domain.checkin import Recipient
from bot.domain.contact import Address, Channel, Listing, Reach, Scheme
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId
from bot.domain.staff import Role, StaffId
from bot.services.access import Reader
from tests.dialogue import Muster, Worker

EMPLOYER = EmployerId("demo-employer")
AUTHOR = Reader(role=Role.AUTHOR, id="ana", employer=EMPLOYER)
APPROVER = Reader(role=Role.APPROVER, id="ben", employer=EMPLOYER)
STRANGER = Reader(role=Role.APPROVER, id="eve", employer=EmployerId("another-company"))

FLOOD = {
    "en": Info(headline="Flood at {site}: leave the lower floors now.", instruction="Go up. Take nothing."),
    "es": Info(
        headline="Inundación en {site}: deje las plantas bajas ahora.",
        instruction="Suba. No lleve nada.",
        reviewed_by=StaffId("ana"),
    ),
}


async def employed(house: Muster, channel: Channel = Channel.SMS, language: str = "en", **facts: object) -> Worker:
    """Somebody of the employer's, known from its list, who has never written to us."""
    async with house.store.transaction() as unit:
        sites = await unit.sites.all()
    worker = house.worker(channel)
    async with house.store.transaction() as unit:
        contact = await unit.contacts.meet(worker.address, house.desk.ids.new())  # type: ignore[arg-type]
        known = {"language": language, "met_at": house.clock.now(), "listing": _listing(worker, language), **facts}
        site = sites[0]
        await unit.contacts.save(replace(contact, employer=site.employer, site=site.id, **known))  # type: ignore[arg-type]
    return worker


def _listing(worker: Worker, language: str) -> Listing | None:
    """What the list says of them: no list has people's chats."""
    path = worker.address.path
    match worker.address.channel:
        case Channel.SMS:
            return Listing(language=language, phones=(path,))
        case Channel.WHATSAPP:
            return Listing(language=language, whatsapp=(path,))
        case _:
            return None


async def with_phone(house: Muster, channel: Channel = Channel.TELEGRAM) -> tuple[Worker, Worker]:
    """Somebody on a channel who also has a phone for SMS: both as they are written to."""
    worker = await employed(house, channel)
    sms = Address(scheme=Scheme.TEL, path=worker.address.path)
    house.workers[sms] = house.worker(Channel.SMS, sms.path)
    contact = await worker.contact()
    async with house.store.transaction() as unit:
        await unit.contacts.save(replace(contact, reaches=(*contact.reaches, Reach(address=sms))))
    return worker, house.workers[sms]


async def employer_of(house: Muster) -> EmployerId:
    async with house.store.transaction() as unit:
        return (await unit.sites.all())[0].employer


async def people(house: Muster) -> tuple[Reader, Reader]:
    """The author and the approver of the demo's employer."""
    employer = await employer_of(house)
    return replace(AUTHOR, employer=employer), replace(APPROVER, employer=employer)


async def drafted(house: Muster, kind: BroadcastKind = BroadcastKind.ALERT, **fields: object) -> Broadcast:
    author, _ = await people(house)
    draft = house.desk.new(author, kind)
    draft = replace(draft, **{"event": "Flood", "infos": FLOOD, **fields})  # type: ignore[arg-type]
    return await house.desk.draft(author, draft)


async def approved(house: Muster, kind: BroadcastKind = BroadcastKind.ALERT, **fields: object) -> Broadcast:
    """A broadcast for everybody there is, of which nothing has gone out yet."""
    _, approver = await people(house)
    draft = await drafted(house, kind, **fields)
    return await let_out(house, draft.id, (await house.desk.preview(approver, draft.id)).recipients)


async def alerted(house: Muster, kind: BroadcastKind = BroadcastKind.ALERT, **fields: object) -> Broadcast:
    """A broadcast that is out, as far as the providers took it."""
    live = await approved(house, kind, **fields)
    await house.send_out()
    return live


async def let_out(house: Muster, broadcast: BroadcastId, recipients: int) -> Broadcast:
    """Submitted by the author, approved by the approver who types that many; nothing is sent yet."""
    author, approver = await people(house)
    await house.desk.submit(author, broadcast)
    return await house.desk.approve(approver, broadcast, recipients=recipients)


async def recipient(house: Muster, broadcast: BroadcastId, worker: Worker) -> Recipient:
    contact = await worker.contact()
    async with house.store.transaction() as unit:
        found = await unit.recipients.of(broadcast, contact.id)
    assert found is not None
    return found
