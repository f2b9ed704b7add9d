"""Owns joining a site by its code, leaving it again, and the ways to join that a poster shows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, urlencode

from bot.domain.contact import Channel, Contact
from bot.domain.employer import Employer, Site
from bot.domain.message import MessageKind, Received
from bot.engine.extract import digits, fold
from bot.services.ports import Unit

FLOW = "join_site"
# Before a code these say what it is for. The first one is the word of the posters: it works in every language.
WORDS = frozenset(
    map(
        fold,
        ("join", "unirme", "unirse", "unir", "entrar", "जोड", "जोडिन", "jodnu", "jodinu", "انضم", "انضمام", "الانضمام"),
    )
)
# A code has a letter and a digit, so that no word of any language is one by chance.
CODE = re.compile(r"(?=[A-Z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[0-9])[A-Z0-9][A-Z0-9_-]{2,31}")
MAX_CODE = 32
MAX_TYPED = 60  # characters of a message that may be a code


class Outcome(StrEnum):
    """How joining ends."""

    JOINED = "joined"
    OTHER = "other"  # they are with another employer: leave first
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """The end of it, with the site and employer that the contact belongs to now, if to any."""

    outcome: Outcome
    site: Site | None = None
    employer: Employer | None = None


async def join(unit: Unit, contact: Contact, code: str, now: datetime) -> Joining:
    """Put the contact at the site of this code, unless they are with another employer; the whole flow tells them so."""
    site = await unit.sites.by_code(plain(code))
    if site is None:
        return Joining(outcome=Outcome.UNKNOWN)
    if contact.employer is not None and contact.employer != site.employer and contact.left_at is None:
        employer = await unit.sites.employer(contact.employer)
        return Joining(outcome=Outcome.OTHER, employer=employer)
    is_same = contact.employer == site.employer
    joined = replace(
        contact,
        employer=site.employer,
        site=site.id,
        groups=contact.groups if is_same else (),
        listing=contact.listing if is_same else None,
        left_at=None,
        met_at=contact.met_at or now,
    )
    if joined != contact:
        await unit.contacts.save(joined)
    return Joining(outcome=Outcome.JOINED, site=site, employer=await unit.sites.employer(site.employer))


async def leave(unit: Unit, contact: Contact) -> Employer | None:
    """Forget the contact's employer and site; returns whom they left."""
    if contact.employer is None:
        return None
    employer = await unit.sites.employer(contact.employer)
    await unit.contacts.save(replace(contact, employer=None, site=None, groups=(), listing=None, left_at=None))
    return employer


# --- what people type -----------------------------------------------------------------------------------------------


def plain(code: str) -> str:
    """The code as it is compared: digits of any script in ASCII, no spaces."""
    return "".join(digits(code).split()).upper()


def asked_code(text: str) -> str | None:
    """The code after a word that asks to join ("JOIN LAJ1", "join laj 1"); None when the text asks no such thing."""
    words = digits(text[: MAX_TYPED + 1]).split()
    if len(text) > MAX_TYPED or len(words) < 2 or fold(words[0].strip(".:,!")) not in WORDS:
        return None
    rest = [word.strip(".:,!\"'").upper() for word in words[1:]]
    return next((code for code in (rest[0], "".join(rest)) if CODE.fullmatch(code)), None)


def bare_code(text: str) -> str | None:
    """The text as a code where it can be nothing but one; whether a site has it, storage knows."""
    code = plain(text).strip(".!\"'") if len(text) <= MAX_TYPED and len(text.split()) <= 2 else ""
    return code if CODE.fullmatch(code) else None


def code_of(received: Received) -> str | None:
    """The code of a site that a message brings: by a link, after a word, or alone."""
    if received.kind is MessageKind.JOINED:
        return plain(received.text)[:MAX_CODE] or None
    if received.kind is not MessageKind.WORDS or received.choice is not None:
        return None
    return asked_code(received.text) or bare_code(received.text)


def is_asked(received: Received) -> bool:
    """Whether the message asks to join in so many words, or by a link: then a wrong code is answered too."""
    return received.kind is MessageKind.JOINED or asked_code(received.text) is not None


# --- the ways to join -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to join a site: what the QR code holds, and what to do without a camera."""

    channel: Channel
    link: str
    number: str = ""  # to write to, E.164
    words: str = ""  # what to write
    shown: str = ""  # an address to open or a name to look for


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What a deployment is reached by; empty is off. `telegram_bot` is the bot's name without @."""

    public_url: str = ""
    telegram_bot: str = ""
    whatsapp_number: str = ""
    sms_number: str = ""

    def to(self, site: Site) -> tuple[Way, ...]:
        """Every way to join this site, the cheapest for the worker first."""
        words = f"JOIN {site.code}"
        ways: Mapping[Channel, Way | None] = {
            Channel.WHATSAPP: self._whatsapp(words),
            Channel.TELEGRAM: self._telegram(site.code),
            Channel.WEBCHAT: self._webchat(site.code),
            Channel.SMS: self._sms(words),
        }
        return tuple(way for way in ways.values() if way is not None)

    def _whatsapp(self, words: str) -> Way | None:
        number = self.whatsapp_number.removeprefix("whatsapp:")
        link = f"https://wa.me/{number.lstrip('+')}?text={quote(words)}"
        return Way(channel=Channel.WHATSAPP, link=link, number=number, words=words) if number else None

    def _telegram(self, code: str) -> Way | None:
        bot = self.telegram_bot.lstrip("@")
        link = f"https://t.me/{bot}?{urlencode({'start': code})}"
        return Way(channel=Channel.TELEGRAM, link=link, shown=f"@{bot}", words=f"JOIN {code}") if bot else None

    def _webchat(self, code: str) -> Way | None:
        link = f"{self.public_url}/chat?{urlencode({'site': code})}"
        return Way(channel=Channel.WEBCHAT, link=link, shown=link) if self.public_url else None

    def _sms(self, words: str) -> Way | None:
        # SMSTO is what camera programs of all phones know; "sms:...?body=" only some.
        link = f"SMSTO:{self.sms_number}:{words}"
        return Way(channel=Channel.SMS, link=link, number=self.sms_number, words=words) if self.sms_number else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """What a site's poster says, in which languages."""

    site: Site
    employer: str
    ways: tuple[Way, ...]
    languages: tuple[str, ...]


def poster_of(site: Site, employer: Employer, *, ways: Ways, offered: Sequence[str]) -> Poster:
    """The poster in the site's own languages as far as they are offered, else in all that are."""
    languages = tuple(language for language in site.languages if language in offered) or tuple(offered)
    return Poster(site=site, employer=employer.name, ways=ways.to(site), languages=languages)
