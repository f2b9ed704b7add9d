"""Owns the form of a draft: a broadcast as what can be typed, and what was typed as a changed broadcast."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bot.console.words import N_
from bot.domain.broadcast import (
    AlertUrgency,
    Area,
    Audience,
    Broadcast,
    Category,
    Certainty,
    Circle,
    Info,
    ResponseType,
    Severity,
)
from bot.domain.employer import SiteId
from bot.domain.errors import InputError
from bot.domain.values import Position
from bot.i18n import placeholders, written
from bot.services.alert_areas import area_drawn
from bot.services.letters import PLACEHOLDERS
from bot.services.proofreading import FIELDS

FILLED = ("place", "time", "authority")  # open places of templates that the author fills
TYPED = "%Y-%m-%dT%H:%M"  # what an input of type datetime-local takes and gives
MAX_REPEATS, LONGEST_PAUSE = 6, 24 * 60  # times, minutes
BAD_PAUSES = N_("Write minutes such as 10, 20, 30: at most 6 times, each up to 1440.")
BAD_AREA = N_("This encloses nothing on the earth. An area has three corners or more, or a centre and kilometres.")
YEARS = range(2000, 2200)
BAD_YEAR = N_("Please check the year.")
BAD_POINT = N_("Each line is one point: latitude and longitude, such as -29.45, -51.97. An empty line begins another.")


class Edited(BaseModel):
    """What the form of a draft sends; texts come as extra fields such as "headline-es"."""

    model_config = ConfigDict(extra="allow")

    revision: int = Field(ge=0, le=2**31)
    event: str = Field("", max_length=200)
    where: str = Field("", max_length=2000)
    category: Category = Category.OTHER
    urgency: AlertUrgency = AlertUrgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    response: ResponseType = ResponseType.NONE
    onset_at: datetime | None = None
    expires_at: datetime | None = None
    send_at: datetime | None = None
    asks_check_in: bool = False
    repeats: str = Field("", max_length=60)
    sites: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    drawn: str = Field("", max_length=60_000)  # 20 shapes of 100 points
    includes_waiting: bool = False
    is_public: bool = False
    overrides_opt_out: bool = False
    place: str = Field("", max_length=80)
    authority: str = Field("", max_length=80)
    time: datetime | None = None
    review: str = ""
    go: str = ""

    @field_validator("onset_at", "expires_at", "send_at", "time")
    @classmethod
    def _near(cls, value: datetime | None) -> datetime | None:
        """At the ends of the calendar no other zone can tell the time, nor any page show it."""
        if value is not None and value.year not in YEARS:
            raise ValueError(BAD_YEAR)
        return value

    @field_validator("repeats")
    @classmethod
    def _pauses(cls, value: str) -> str:
        pauses(value)
        return value

    @field_validator("drawn")
    @classmethod
    def _area(cls, value: str) -> str:
        try:
            read_area(value)
        except InputError as error:
            raise ValueError(str(error) if str(error) == BAD_POINT else BAD_AREA) from error
        return value

    def text(self, name: str, language: str) -> str:
        return str((self.model_extra or {}).get(f"{name}-{language}", "")).strip()


# --- from a broadcast to its form -----------------------------------------------------------------------------------


def typed_values(broadcast: Broadcast, zone: ZoneInfo) -> dict[str, Any]:
    """What the form shows of a stored draft."""
    audience = broadcast.audience
    values: dict[str, Any] = {
        "revision": broadcast.revision,
        "event": broadcast.event,
        "where": broadcast.area.description,
        "repeats": ", ".join(str(int(pause.total_seconds() // 60)) for pause in broadcast.repeats),
        "sites": list(audience.sites),
        "languages": list(audience.languages),
        "groups": list(audience.groups),
        "drawn": written_area(audience.area) if audience.area else "",
    }
    for name in ("category", "urgency", "severity", "certainty", "response"):
        values[name] = getattr(broadcast, name).value
    for name in ("onset_at", "expires_at", "send_at"):
        values[name] = typed_time(getattr(broadcast, name), zone)
    for name, is_on in (
        ("asks_check_in", broadcast.asks_check_in),
        ("is_public", broadcast.is_public),
        ("overrides_opt_out", broadcast.overrides_opt_out),
        ("includes_waiting", audience.includes_waiting),
    ):
        values[name] = "1" if is_on else ""
    values |= {name: value for name, value in broadcast.fillings.items() if name != "time"}
    if "time" in broadcast.fillings:
        values["time"] = typed_time(datetime.fromisoformat(broadcast.fillings["time"]), zone)
    for language, info in broadcast.infos.items():
        values |= {f"{name}-{language}": text for name, text in zip(FIELDS, info.texts, strict=True)}
    return values


def typed_time(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime(TYPED) if at else ""


def fillable(broadcast: Broadcast) -> tuple[str, ...]:
    """The open places of its template that the author fills, those filled already too: not what a reader's site fills.

    What was filled in wrongly is mended in one box, not in the texts of every language.
    """
    found = {name for info in broadcast.infos.values() for text in info.texts for name in placeholders(text)}
    return tuple(name for name in FILLED if name in (found | set(broadcast.fillings)) - PLACEHOLDERS)


# --- and back -------------------------------------------------------------------------------------------------------


def changed(stored: Broadcast, form: Edited, *, languages: Sequence[str], zone: ZoneInfo, now: datetime) -> Broadcast:
    """The stored draft with everything as it was typed; `languages` are those whose texts the form had."""
    area, fillings = read_area(form.drawn), _fillings(stored, form, zone)
    return replace(
        stored,
        revision=form.revision,
        event=form.event.strip(),
        category=form.category,
        urgency=form.urgency,
        severity=form.severity,
        certainty=form.certainty,
        response=form.response,
        area=_told_area(stored, form.where.strip(), area),
        fillings=fillings,
        infos=_filled(_infos(stored, form, languages), stored.fillings, fillings, now.astimezone(zone)),
        audience=_audience(stored, form, area),
        asks_check_in=form.asks_check_in,
        repeats=pauses(form.repeats) if form.asks_check_in else (),
        is_public=form.is_public,
        overrides_opt_out=form.overrides_opt_out,
        onset_at=_time(form.onset_at, stored.onset_at, zone),
        expires_at=_time(form.expires_at, stored.expires_at, zone),
        send_at=_time(form.send_at, stored.send_at, zone),
    )


def is_same(stored: Broadcast, changed: Broadcast) -> bool:
    """Whether nothing was changed: who only reviews does not become the author."""
    bare = replace(changed, infos={tag: replace(info, **_marks(stored, tag)) for tag, info in changed.infos.items()})
    return bare == stored


def _marks(stored: Broadcast, language: str) -> dict[str, Any]:
    info = stored.infos.get(language)
    return {"reviewed_by": info.reviewed_by if info else None, "reviewed_at": info.reviewed_at if info else None}


def _infos(stored: Broadcast, form: Edited, languages: Sequence[str]) -> dict[str, Info]:
    """The texts of each language; one that has none of them is not offered to anybody."""
    infos: dict[str, Info] = {}
    for language in languages:
        headline, description, instruction = (form.text(name, language) for name in FIELDS)
        if headline or description or instruction:
            infos[language] = Info(headline=headline, description=description, instruction=instruction)
    return infos


def _fillings(stored: Broadcast, form: Edited, zone: ZoneInfo) -> dict[str, str]:
    """What the template's open places are filled with now; an emptied box changes nothing."""
    time = _aware(form.time, zone).isoformat() if form.time is not None else ""
    given = {"place": form.place.strip(), "authority": form.authority.strip(), "time": time}
    return {**stored.fillings, **{name: value for name, value in given.items() if value}}


def _filled(
    infos: Mapping[str, Info], before: Mapping[str, str], now: Mapping[str, str], today: datetime
) -> dict[str, Info]:
    """The texts with the template's place, time and authority, in every language at once: they must agree (R12).

    What was filled in before and is another now is changed where it stands. `today` is in the zone of the times.
    """
    return {
        language: _mended(info, [_change(name, language, before, now, today) for name in now])
        for language, info in infos.items()
    }


def _change(
    name: str, language: str, before: Mapping[str, str], now: Mapping[str, str], today: datetime
) -> tuple[str, str]:
    """The pattern of what stands for this value, and how the language says it now."""
    spellings = _spellings(name, now[name], language, today)
    is_new = before.get(name, now[name]) != now[name]
    stale = _spellings(name, before[name], language, today) if is_new else []
    return "|".join(map(re.escape, [f"{{{name}}}", *stale])), spellings[0]


def _mended(info: Info, changes: Sequence[tuple[str, str]]) -> Info:
    """These values alone: what each reader's own site fills later stays as it is."""
    texts = [
        reduce(lambda text, change: re.sub(change[0], lambda _: change[1], text), changes, text) for text in info.texts
    ]
    headline, description, instruction = texts
    return replace(info, headline=headline, description=description, instruction=instruction)


def _spellings(name: str, value: str, language: str, today: datetime) -> list[str]:
    """How a text says this value now, then how it may have said it on another day."""
    if name != "time":
        return [written(value, language, isolate=False)]
    at = datetime.fromisoformat(value).astimezone(today.tzinfo)
    long, short = written(at, language, isolate=False), at.strftime("%H:%M")
    return [short, long] if at.date() == today.date() else [long, short]


def _audience(stored: Broadcast, form: Edited, area: Area | None) -> Audience:
    """Of an earlier broadcast's people only this can be chosen: whether those who still wait are meant too."""
    if stored.audience.of is not None:
        return replace(stored.audience, includes_waiting=form.includes_waiting)
    return Audience(
        sites=tuple(SiteId(site) for site in form.sites), languages=form.languages, groups=form.groups, area=area
    )


def _told_area(stored: Broadcast, description: str, drawn: Area | None) -> Area:
    """CAP's area: what was drawn; else what an imported alert had; else words alone."""
    if drawn is not None:
        return replace(drawn, description=description)
    was_drawn = stored.audience.area is not None and stored.provenance is None
    return Area(description=description) if was_drawn else replace(stored.area, description=description)


def _time(typed: datetime | None, stored: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The time as it was stored where the form still shows it: a form has no seconds."""
    if typed is None:
        return None
    at = _aware(typed, zone)
    return stored if stored is not None and typed_time(stored, zone) == typed_time(at, zone) else at


def _aware(typed: datetime, zone: ZoneInfo) -> datetime:
    return typed.astimezone(zone) if typed.tzinfo else typed.replace(tzinfo=zone)


def pauses(text: str) -> tuple[timedelta, ...]:
    """Minutes between the rounds of asking; raises ValueError."""
    parts = [part for part in re.split(r"[,;،\s]+", text.strip()) if part]
    if not all(part.isdecimal() and 0 < int(part) <= LONGEST_PAUSE for part in parts) or len(parts) > MAX_REPEATS:
        raise ValueError(BAD_PAUSES)
    return tuple(timedelta(minutes=int(part)) for part in parts)


# --- areas as lines of text -----------------------------------------------------------------------------------------


def read_area(text: str) -> Area | None:
    """Shapes with an empty line between them, a point on each line; one line of three numbers is a circle in km.

    Raises InputError.
    """
    if not text.strip():
        return None
    features = [
        _feature([_numbers(line) for line in block.splitlines()]) for block in re.split(r"\n\s*\n", text.strip())
    ]
    return area_drawn({"type": "FeatureCollection", "features": features})


def _numbers(line: str) -> list[float]:
    try:
        found = [float(part) for part in re.split(r"[,;،\s]+", line.strip()) if part]
    except ValueError:
        raise InputError(BAD_POINT) from None
    if len(found) not in (2, 3):
        raise InputError(BAD_POINT)
    return found


def _feature(rows: list[list[float]]) -> dict[str, Any]:
    if len(rows) == 1 and len(rows[0]) == 3:
        latitude, longitude, kilometres = rows[0]
        point = {"type": "Point", "coordinates": [longitude, latitude]}
        return {"type": "Feature", "geometry": point, "properties": {"radius": kilometres * 1000}}
    if any(len(row) != 2 for row in rows):
        raise InputError(BAD_POINT)
    ring = [[longitude, latitude] for latitude, longitude in rows]
    polygon = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    return {"type": "Feature", "geometry": polygon, "properties": {}}


def written_area(area: Area) -> str:
    """The shapes as `read_area` takes them."""
    polygons = ("\n".join(_line(point) for point in ring[:-1]) for ring in area.polygons)
    return "\n\n".join([*polygons, *(_circle(circle) for circle in area.circles)])


def _line(point: Position) -> str:
    return f"{point.latitude}, {point.longitude}"


def _circle(circle: Circle) -> str:
    return f"{_line(circle.centre)}, {circle.radius_km:g}"
