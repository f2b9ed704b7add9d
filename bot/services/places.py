"""Owns finding and telling places: which are nearest, what is said of one, and never one past its date (R5, R6)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import phonenumbers

from bot.domain.contact import Contact
from bot.domain.employer import Site
from bot.domain.place import Opening, Place, PlaceKind
from bot.domain.values import Position
from bot.engine.extract import fold
from bot.i18n import Catalogs
from bot.services.opening_hours import write_week
from bot.services.ports import Unit
from bot.services.voice import Voice

NEARBY_KM = 50.0  # within it, an open door counts more than a shorter way; a farther place never comes before these
TOLD_AT_ONCE = 3  # three fit on a small screen
FRESH = timedelta(hours=12)  # a shared location older than this is told with its day, for people move
SHORTEST_TOWN = 4  # letters: a shorter word is found in too many streets
WITHOUT_POSITION = frozenset({PlaceKind.HOTLINE, PlaceKind.EMERGENCY})  # a phone is near everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found, ready to be told: an empty `places` with an empty `text` is nothing."""

    places: tuple[Place, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whence:
    """Where distances are measured from, and what the reader should know of that."""

    position: Position | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A named point."""

    name: str
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDirectory:
    """Finds places for a contact. `zone` is the host country's: its midnight ends a place's last day."""

    catalogs: Catalogs
    zone: ZoneInfo

    async def find(
        self,
        unit: Unit,
        *,
        kinds: Sequence[PlaceKind],
        contact: Contact,
        language: str,
        now: datetime,
        near: Position | str | None = None,
        nationality: str | None = None,
        limit: int = TOLD_AT_ONCE,
    ) -> Found:
        """The best places of these kinds near where the contact is, says to be, or works; in their language."""
        known = await unit.places.tellable(kinds, now.astimezone(self.zone).date())
        voice = Voice(catalogs=self.catalogs, language=language)
        whence = await self._whence(unit, contact=contact, near=near, known=known, voice=voice, now=now)
        ranked = nearest(
            known,
            position=whence.position,
            kinds=kinds,
            nationality=nationality,
            now=now,
            zone=self.zone,
            limit=len(known),
        )
        told = ranked[:limit]
        texts = [describe(place, voice, now=now, position=whence.position) for place in told]
        if told and whence.note and not WITHOUT_POSITION.issuperset(kinds):
            texts.append(whence.note)
        return Found(places=tuple(told), text="\n\n".join(texts))

    async def _whence(
        self,
        unit: Unit,
        *,
        contact: Contact,
        near: Position | str | None,
        known: Sequence[Place],
        voice: Voice,
        now: datetime,
    ) -> Whence:
        """Where to measure from: what was said now, else the last shared location, else the place of work."""
        if isinstance(near, Position):
            is_old = near == contact.position and self._is_old(contact, now)
            return Whence(position=near, note=self._of_day(contact, voice) if is_old else "")
        spot = locate(near, await unit.sites.all(), known) if near else None
        if spot is not None:
            return Whence(position=spot.position, note=voice.say("This is near {place}.", place=spot.name))
        unknown = voice.say("I do not know the place that you wrote.") if near else ""
        if contact.position is not None:
            is_said = bool(unknown) or self._is_old(contact, now)
            return Whence(
                position=contact.position, note=_joined(unknown, self._of_day(contact, voice) if is_said else "")
            )
        site = await unit.sites.get(contact.site) if contact.site else None
        if site is not None:
            here = voice.say("This is near {place}.", place=site.name)
            return Whence(position=site.position, note=_joined(unknown, here))
        return Whence(position=None, note=_joined(unknown, voice.say("Share your location to get the nearest ones.")))

    def _is_old(self, contact: Contact, now: datetime) -> bool:
        return contact.position_at is None or now - contact.position_at > FRESH

    def _of_day(self, contact: Contact, voice: Voice) -> str:
        """A word about a location shared earlier, for people move."""
        if contact.position_at is None:
            return ""
        day = contact.position_at.astimezone(self.zone).date()
        return voice.say("This is near the location you shared on {day}. Share it again if you have moved.", day=day)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


# --- choosing -----------------------------------------------------------------------------------------------------


def nearest(
    places: Iterable[Place],
    *,
    position: Position | None,
    kinds: Collection[PlaceKind],
    nationality: str | None,
    now: datetime,
    zone: ZoneInfo,
    limit: int,
) -> list[Place]:
    """The places to tell, best first: nearby ones (open before unknown before closed), then by distance.

    Without a position those always open come first, then those for everyone, then by name. Only what may be told on
    the host country's day (R5).
    """
    today = now.astimezone(zone).date()
    fitting = [
        place for place in places if place.kind in kinds and place.may_be_told(today) and _serves(place, nationality)
    ]
    if position is None:
        return sorted(fitting, key=_openness)[:limit]
    return sorted(fitting, key=lambda place: _rank(place, position, now))[:limit]


def _serves(place: Place, nationality: str | None) -> bool:
    """Whether the place is for this nationality; who has not said theirs is shown all."""
    return place.nationality is None or nationality is None or place.nationality == nationality


def _openness(place: Place) -> tuple[bool, bool, str, str]:
    return not place.is_always_open, bool(place.who_for), place.name, place.id


def _rank(place: Place, position: Position, now: datetime) -> tuple[bool, int, float, str, str]:
    distance = place.position.kilometres_to(position) if place.position else 0.0
    is_far = distance > NEARBY_KM
    openness = {True: 0, None: 1, False: 2}[place.is_open(now)]
    return is_far, 0 if is_far else openness, distance, place.name, place.id


def locate(text: str, sites: Iterable[Site], places: Iterable[Place] = ()) -> Spot | None:
    """Where a typed name is: a site's code or name, else a town or street of a known place.

    None where it is neither, or may be any of several sites.
    """
    wanted = " ".join(fold(text).split())
    if not wanted:
        return None
    sites = list(sites)
    exact = [site for site in sites if wanted in (fold(site.code), fold(site.name))]
    named = exact or [site for site in sites if _names(wanted, site)]
    if len({site.position for site in named}) == 1:
        return Spot(name=named[0].name, position=named[0].position)
    for place in places:
        if place.position is not None and _is_part(wanted, fold(place.street)):
            return Spot(name=place.street, position=place.position)
    return None


def _names(wanted: str, site: Site) -> bool:
    """Whether the text holds the site's code ("I work at poa1") or name, or is a part of its name."""
    return any(_has_words(wanted, fold(name)) for name in (site.code, site.name)) or _is_part(wanted, fold(site.name))


def _is_part(wanted: str, name: str) -> bool:
    return len(wanted) >= SHORTEST_TOWN and _has_words(name, wanted)


def _has_words(text: str, words: str) -> bool:
    """Whether `words` stand in `text` as whole words, whatever stands between them."""
    return bool(words.strip()) and f" {_spelled(words)} " in f" {_spelled(text)} "


def _spelled(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text).split())


# --- telling ------------------------------------------------------------------------------------------------------


def describe(place: Place, voice: Voice, *, now: datetime, position: Position | None = None) -> str:
    """What a worker is told of a place, in plain lines: how to reach it, then whether it helps, then how we know."""
    lines = [place.name, _where(place, voice, position)]
    if place.phones:
        lines.append(voice.say("Phone: {phones}", phones=[spaced(phone) for phone in place.phones]))
    lines += [_hours(place, voice, now), _terms(place, voice)]
    if place.languages:
        lines.append(voice.say("Languages: {languages}", languages=[voice.tongue(code) for code in place.languages]))
    lines.append(voice.say("Checked on {day}. Source: {source}", day=place.checked_on, source=place.source))
    return "\n".join(line for line in lines if line)


def _where(place: Place, voice: Voice, position: Position | None) -> str:
    if position is None or place.position is None:
        return place.street
    away = _away(place.position.kilometres_to(position), voice)
    return f"{place.street}. {away}" if place.street else away


def _away(kilometres: float, voice: Voice) -> str:
    """A distance as the crow flies: to 100 m below 10 km, else to the kilometre."""
    if kilometres < 0.1:
        return voice.say("Less than 0.1 km away.")
    exact = Decimal(str(kilometres))
    rounded = round(exact, 1) if kilometres < 10 else round(exact)
    return voice.say("About {distance} km away.", distance=rounded)


def _hours(place: Place, voice: Voice, now: datetime) -> str:
    if place.is_always_open:
        return voice.say("Open day and night.")
    is_open = place.is_open(now)
    if is_open is None:
        unknown = voice.say("We do not know the opening hours.")
        return f"{unknown} {voice.say('Call first.')}" if place.phones else unknown
    week = week_of(place.hours, voice)
    if is_open:
        return voice.say("Open now. Hours: {week}", week=week)
    return voice.say("Closed now. Hours: {week}", week=week)


def _terms(place: Place, voice: Voice) -> str:
    """Free or not, ID or not, for whom (R6)."""
    fee = voice.say("It costs: {fee}.", fee=voice.known(place.fee)) if place.fee else voice.say("Free.")
    papers = {
        True: voice.say("Bring an ID."),
        False: voice.say("No ID needed."),
        None: voice.say("Ask if you need an ID."),
    }[place.is_id_needed]
    return " ".join(part for part in (fee, papers, _who(place, voice)) if part)


def _who(place: Place, voice: Voice) -> str:
    if place.who_for:
        return voice.say("For: {who}.", who=voice.known(place.who_for))
    if place.nationality:
        return voice.say("For people from {country}.", country=voice.country(place.nationality))
    return voice.say("For everyone.")


def spaced(phone: str) -> str:
    """A phone number in the groups that people read it in, with its country code; a short code such as 190 as it is."""
    if not phone.startswith("+"):
        return phone
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return phone
    if phonenumbers.number_type(number) is phonenumbers.PhoneNumberType.TOLL_FREE:
        return phonenumbers.format_number(
            number, phonenumbers.PhoneNumberFormat.NATIONAL
        )  # 0800: only so it is dialled
    if not phonenumbers.is_valid_number(number):
        return _in_fours(number)  # of a plan that phonenumbers does not know
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _in_fours(number: phonenumbers.PhoneNumber) -> str:
    national = phonenumbers.national_significant_number(number)
    head = len(national) % 4
    groups = [national[:head], *(national[at : at + 4] for at in range(head, len(national), 4))]
    return " ".join([f"+{number.country_code}", *filter(None, groups)])


def week_of(hours: Iterable[Opening], voice: Voice) -> str:
    """A week's hours in the reader's language: "Mon-Fri 08:00-17:00; Sat 08:00-12:00"."""
    return write_week(hours, voice.weekday)
