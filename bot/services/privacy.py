"""Owns what a contact may ask of their own data: what is held, no more messages, and to be forgotten (R18, R19)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.case import Case, Topic, Urgency
from bot.domain.consent import Consent, ConsentState
from bot.domain.contact import Address, Channel, Contact, ContactId, Permission
from bot.domain.employer import Site
from bot.domain.errors import Conflict
from bot.domain.message import Message
from bot.log import logger
from bot.services import audit
from bot.services.ports import Clock, Store, Unit
from bot.services.voice import Voice

log = logger("privacy")

FORGET_LIMIT = 500  # of each kind in one round: the next tick takes the next ones
COUNTED = 500  # messages that are counted for a contact; beyond it is "or more"


class Retention(Protocol):
    """How many days each kind of data is kept."""

    @property
    def messages(self) -> int: ...
    @property
    def documents(self) -> int: ...
    @property
    def cases(self) -> int: ...
    @property
    def audit(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """Answers for a contact's own data, and lets go what has come to its end."""

    store: Store
    clock: Clock
    retention: Retention

    async def forget_due(self) -> int:
        """Erase who asked for it and what is past its end; returns how many contacts and things of theirs went."""
        now = self.clock.now()
        return await self._erase_due(now) + await self._delete_old(now)

    async def _delete_old(self, now: datetime) -> int:
        """Delete what has been kept for its time. What goes with messages lives as long as they do."""
        said = now - timedelta(days=self.retention.messages)
        closed = now - timedelta(days=self.retention.cases)
        async with self.store.transaction() as unit:
            counts = {
                "documents": await unit.documents.delete_expired(now, FORGET_LIMIT),
                "messages": await unit.messages.delete_before(said, FORGET_LIMIT),
                "sessions": await unit.sessions.delete_ended_before(said, FORGET_LIMIT),
                "deliveries": await unit.deliveries.delete_before(said, FORGET_LIMIT),
                "recipients": await unit.recipients.forget_before(said, FORGET_LIMIT),
                "activities": await unit.activities.delete_before(said, FORGET_LIMIT),
                "translations": await unit.translations.delete_before(said, FORGET_LIMIT),
                "corrections": await unit.corrections.delete_before(said, FORGET_LIMIT),
                "cases": await unit.cases.delete_closed_before(closed, FORGET_LIMIT),
                "audit": await audit.let_go(unit, now - timedelta(days=self.retention.audit)),  # last: it is held
            }
            deleted = sum(counts.values())
            if deleted:
                await unit.figures.note_deleted(counts, now)
        if deleted:
            log.info("old_deleted", **counts)
        return deleted

    async def _erase_due(self, now: datetime) -> int:
        async with self.store.look() as unit:
            due = await unit.contacts.erasable(now, FORGET_LIMIT)
        erased = 0
        for contact in due:
            try:
                erased += await self._forget(contact, now)
            except Conflict:
                log.info("contact_not_erased_yet", contact=contact)  # they write at this moment: the next round
        return erased

    async def _forget(self, contact: ContactId, now: datetime) -> bool:
        """Erase one contact, unless they have written again since or taken it back."""
        async with self.store.transaction(contact) as unit:
            known = await unit.contacts.get(contact)
            if known is None or known.erase_at is None or known.erase_at > now:
                return False
            if await unit.messages.waiting(contact):
                return False  # they are answered first
            if any(_is_new_need(case, known.erase_at) for case in await unit.cases.of(contact)):
                return False  # somebody who is in danger now must not vanish: erased once that case is closed
            await unit.contacts.erase(contact)
            await unit.figures.note_deleted({"contacts": 1}, now)
        log.info("contact_erased", contact=contact)
        return True

    async def ask_to_forget(self, unit: Unit, contact: Contact, now: datetime) -> None:
        """The contact goes once the farewell is sent: whoever erased them at once could not say goodbye."""
        await unit.contacts.save(replace(contact, erase_at=now))

    async def permit(
        self, unit: Unit, contact: Contact, permission: Permission, address: Address | None, now: datetime
    ) -> None:
        """Note what the contact said about being written to at one address, or (None) at all of theirs."""
        addresses = [address] if address else [reach.address for reach in contact.reaches]
        for one in addresses:
            contact = contact.permitting(one, permission, now)
        await unit.contacts.save(contact)

    async def summary(self, unit: Unit, contact: Contact, retention: Retention, voice: Voice) -> str:
        """What is held of this contact, one thing a line, and when it goes; nothing about anybody else."""
        site = await unit.sites.get(contact.site) if contact.site else None
        history = await unit.messages.history(contact.id, COUNTED)
        cases = await unit.cases.of(contact.id)
        lines = [
            *_about(contact, site, voice),
            _messages(history, retention, voice),
            *_files(history, retention, voice),
            *_cases([case.number for case in cases], retention, voice),
            *_consents(await unit.consents.of(contact.id), voice),
        ]
        return "\n".join(lines)


def _is_new_need(case: Case, asked_at: datetime) -> bool:
    """Whether the contact called for urgent help after they asked to be erased."""
    is_urgent = case.urgency >= Urgency.HIGH and case.topic is not Topic.FAULT
    return is_urgent and case.status.is_open and case.opened_at > asked_at


def _about(contact: Contact, site: Site | None, voice: Voice) -> list[str]:
    """What is known of the person: only what there is."""
    lines = []
    if contact.name:
        lines.append(voice.say("Name: {name}.", name=contact.name))
    if contact.language:
        lines.append(voice.say("Language: {language}.", language=voice.tongue(contact.language)))
    if contact.nationality:
        lines.append(voice.say("Country: {country}.", country=voice.country(contact.nationality)))
    if site is not None:
        lines.append(voice.say("Place of work: {site}.", site=site.name))
    if contact.position is not None and contact.position_at is not None:
        lines.append(voice.say("The last location you shared, on {day}.", day=contact.position_at.date()))
    kinds = dict.fromkeys(reach.address.channel for reach in contact.reaches)
    if kinds:
        channels = [_channel(kind, voice) for kind in kinds]
        lines.append(voice.say("Where we can write to you: {channels}.", channels=channels))
    if contact.listing is not None:
        one = contact.listing
        facts = [one.name, one.employee_number, *one.phones, *one.whatsapp, *contact.groups]
        told = list(dict.fromkeys(fact for fact in facts if fact))
        lines.append(voice.say("What your employer's list says of you: {facts}.", facts=told))
    return lines


def _channel(kind: Channel, voice: Voice) -> str:
    names = {Channel.SMS: "SMS", Channel.WHATSAPP: "WhatsApp", Channel.TELEGRAM: "Telegram"}
    return names.get(kind) or voice.say("the web chat")


def _messages(history: Sequence[Message], retention: Retention, voice: Voice) -> str:
    count = len(history)
    if count >= COUNTED:
        held = voice.say("{n} messages or more from you.", n=COUNTED)
    else:
        held = voice.count("{n} message from you.", "{n} messages from you.", count)
    kept = voice.count(
        "Messages are deleted after {n} day.", "Messages are deleted after {n} days.", retention.messages
    )
    return f"{held} {kept}"


def _files(history: Sequence[Message], retention: Retention, voice: Voice) -> list[str]:
    sent = [attachment for message in history for attachment in message.received.attachments]
    files = sum(attachment.document_id is not None for attachment in sent)
    if not files:
        return []
    held = voice.count("{n} photo or file from you.", "{n} photos or files from you.", files)
    kept = voice.count(
        "Photos and files are deleted after {n} day.",
        "Photos and files are deleted after {n} days.",
        retention.documents,
    )
    return [f"{held} {kept}"]


def _cases(numbers: Sequence[str], retention: Retention, voice: Voice) -> list[str]:
    """Numbers only: what a case is about might be read by whoever holds the phone."""
    if not numbers:
        return [voice.say("You have no case with us.")]
    held = voice.say("Your case numbers: {numbers}.", numbers=", ".join(numbers))
    kept = voice.count("Cases are deleted after {n} day.", "Cases are deleted after {n} days.", retention.cases)
    return [f"{held} {kept}"]


def _consents(consents: Sequence[Consent], voice: Voice) -> list[str]:
    """What the contact was asked to allow, in the words of that question, the first first; and how to take it back."""
    lines = [_consent(one, voice) for one in reversed(consents)]
    if any(one.holds for one in consents):
        lines.append(voice.say('To take back a yes, write "take back" here.'))
    return lines


def _consent(consent: Consent, voice: Voice) -> str:
    said = {"recipient": consent.recipient, "purpose": consent.purpose}
    asked, answered = consent.asked_at.date(), (consent.answered_at or consent.asked_at).date()
    match consent.state:
        case ConsentState.GIVEN:
            return voice.say("To {recipient}, for {purpose}: you said yes on {day}.", day=answered, **said)
        case ConsentState.REFUSED:
            return voice.say("To {recipient}, for {purpose}: you said no on {day}.", day=answered, **said)
        case ConsentState.REVOKED:
            day = (consent.revoked_at or consent.asked_at).date()
            return voice.say("To {recipient}, for {purpose}: you took your yes back on {day}.", day=day, **said)
        case ConsentState.ASKED:
            return voice.say("To {recipient}, for {purpose}: we asked you on {day}.", day=asked, **said)
