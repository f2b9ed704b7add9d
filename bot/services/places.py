"""Owns finding and telling places: which are nearest, what is said of one, and never one past its date (R5, R6)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import phonenumbers

from bot.domain.contact import Contact
from bot.domain.employer import Site
from bot.domain.place import Opening, Place, PlaceKind
from bot.domain.values import Position
from bot.engine.extract import fold
from bot.i18n import Catalogs
from bot.services.ports import Unit
from bot.services.voice import Voice

NEARBY_KM = 50.0  # within it, an open door counts more than a shorter way; a farther place never comes before these
TOLD_AT_ONCE = 3  # three fit on a small screen and into an SMS that can be paid for
FRESH = timedelta(hours=12)  # a shared location older than this is told with its day, for people move
SHORTEST_TOWN = 4  # letters: a shorter word is found in too many streets
WITHOUT_POSITION = frozenset({PlaceKind.HOTLINE, PlaceKind.EMERGENCY})  # a phone is near everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found, ready to be told: an empty `places` with an empty `text` is nothing."""

    places: tuple[Place, ...]
    text: str


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
        position = await self._position(unit, contact, near, known)
        ranked = nearest(
            known,
            position=position,
            kinds=kinds,
            nationality=nationality,
            now=now,
            zone=self.zone,
            limit=len(known),
        )
        told = ranked[:limit]
        if not told:
            return Found(places=(), text="")
        voice = Voice(catalogs=self.catalogs, language=language)
        texts = [describe(place, voice, now=now, position=position) for place in told]
        if note := self._note(voice, contact, position, now=now, is_more=len(ranked) > len(told), kinds=kinds):
            texts.append(note)
        return Found(places=tuple(told), text="\n\n".join(texts))

    async def _position(
        self, unit: Unit, contact: Contact, near: Position | str | None, known: Sequence[Place]
    ) -> Position | None:
        """Where to measure from: what was said now, else the last shared location, else the place of work."""
        if isinstance(near, Position):
            return near
        if near:
            named = locate(near, await unit.sites.all(), known)
            if named is not None:
                return named
        if contact.position is not None:
            return contact.position
        site = await unit.sites.get(contact.site) if contact.site else None
        return site.position if site else None

    def _note(
        self,
        voice: Voice,
        contact: Contact,
        position: Position | None,
        *,
        now: datetime,
        is_more: bool,
        kinds: Sequence[PlaceKind],
    ) -> str:
        """What the reader should know of the choice: whether it is the nearest, and from where."""
        if position is None:
            is_choice = is_more and not WITHOUT_POSITION.issuperset(kinds)
            return voice.say("Share your location to get the nearest ones.") if is_choice else ""
        shared_at = contact.position_at
        if position == contact.position and shared_at is not None and now - shared_at > FRESH:
            day = shared_at.astimezone(self.zone).date()
            return voice.say(
                "This is near the location you shared on {day}. Share it again if you have moved.", day=day
            )
        return ""


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
    """The places to tell, best first: nearby before far, open before unknown before closed, then by distance.

    Without a position those always open come first, then by name. Only what may be told on the host country's day (R5).
    """
    today = now.astimezone(zone).date()
    fitting = [
        place for place in places if place.kind in kinds and place.may_be_told(today) and _serves(place, nationality)
    ]
    if position is None:
        return sorted(fitting, key=lambda place: (not place.is_always_open, place.name, place.id))[:limit]
    return sorted(fitting, key=lambda place: _rank(place, position, now))[:limit]


def _serves(place: Place, nationality: str | None) -> bool:
    """Whether the place is for this nationality; who has not said theirs is shown all."""
    return place.nationality is None or nationality is None or place.nationality == nationality


def _rank(place: Place, position: Position, now: datetime) -> tuple[bool, int, float, str, str]:
    distance = place.position.kilometres_to(position) if place.position else 0.0
    openness = {True: 0, None: 1, False: 2}[place.is_open(now)]
    return distance > NEARBY_KM, openness, distance, place.name, place.id


def locate(text: str, sites: Iterable[Site], places: Iterable[Place] = ()) -> Position | None:
    """Where a typed name is: a site's code or name, else a town or street of a known place; None if it is neither."""
    wanted = " ".join(fold(text).split())
    if not wanted:
        return None
    sites = list(sites)
    exact = [site for site in sites if wanted in (fold(site.code), fold(site.name))]
    named = exact or [site for site in sites if _names(wanted, site)]
    if len({site.position for site in named}) == 1:
        return named[0].position
    streets = [place for place in places if place.position and _is_part(wanted, fold(place.street))]
    return streets[0].position if streets else None


def _names(wanted: str, site: Site) -> bool:
    """Whether the text holds the site's code ("I work at poa1"), or is a part of its name."""
    return _has_words(wanted, fold(site.code)) or _is_part(wanted, fold(site.name))


def _is_part(wanted: str, name: str) -> bool:
    return len(wanted) >= SHORTEST_TOWN and _has_words(name, wanted)


def _has_words(text: str, words: str) -> bool:
    """Whether `words` stand in `text` as whole words."""
    return bool(words) and f" {words} " in f" {''.join(c if c.isalnum() else ' ' for c in text)} ".replace("  ", " ")


# --- telling ------------------------------------------------------------------------------------------------------


def describe(place: Place, voice: Voice, *, now: datetime, position: Position | None = None) -> str:
    """What a worker is told of a place, in plain lines: how to reach it, then whether it helps, then how we know."""
    lines = [place.name, _where(place, voice, position)]
    if place.phones:
        lines.append(voice.say("Phone: {phones}", phones=", ".join(map(spaced, place.phones))))
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
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def week_of(hours: Iterable[Opening], voice: Voice) -> str:
    """A week's hours, days with the same hours together: "Mon-Fri 08:00-17:00; Sat 08:00-12:00"."""
    days: dict[int, list[tuple[time, time]]] = {}
    for opening in sorted(hours, key=lambda one: (one.weekday, one.opens)):
        days.setdefault(opening.weekday, []).append((opening.opens, opening.closes))
    runs: list[tuple[int, int]] = []  # first and last day
    for day, spans in days.items():
        if runs and runs[-1][1] == day - 1 and days[day - 1] == spans:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return "; ".join(f"{_days(first, last, voice)} {_spans(days[first])}" for first, last in runs)


def _days(first: int, last: int, voice: Voice) -> str:
    return voice.weekday(first) if first == last else f"{voice.weekday(first)}-{voice.weekday(last)}"


def _spans(spans: Sequence[tuple[time, time]]) -> str:
    return ", ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in spans)
