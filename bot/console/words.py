"""Owns the console's languages: which one a page is in, its texts, and how it writes times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web
from markupsafe import Markup

from bot.i18n import Catalogs, autonym, base, direction, locale, written

LANGUAGES = ("en", "es", "ar")
DOMAIN = "console"
COOKIE = "muster_language"


def N_(msgid: str) -> str:  # noqa: N802 (the name that extractors of texts know)
    """Marks a text that is translated later: `_(LABELS[kind])`."""
    return msgid


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts of one page: `_ = words(request)`, then `_("People")` and `_.plural("{n} person", "{n} people", n)`."""

    catalogs: Catalogs
    language: str

    def __call__(self, msgid: str, /, **variables: Any) -> str:
        return self.catalogs.text(msgid, self.language, domain=DOMAIN, **variables)

    def plural(self, singular: str, plural: str, n: int, /, **variables: Any) -> str:
        return self.catalogs.plural(singular, plural, n, self.language, domain=DOMAIN, **variables)

    def of(self, error: Exception) -> str:
        """An error's own words: translated if they are a text of ours, to the letter if they quote what was sent."""
        return self(str(error).replace("{", "{{").replace("}", "}}"))

    def tongue(self, code: str) -> str:
        """A language's name; its code where CLDR has none."""
        name = str(locale(self.language).languages.get(code.replace("-", "_"), code))
        return name[:1].upper() + name[1:]

    def country(self, code: str) -> str:
        """A country's name by its ISO 3166-1 code; the code where CLDR has none."""
        return str(locale(self.language).territories.get(code, code))

    @property
    def direction(self) -> str:
        return direction(self.language)

    def when(self, at: datetime, zone: str | ZoneInfo) -> str:
        """A time as the language writes it, in that zone, which it names."""
        local = at.astimezone(zone if isinstance(zone, ZoneInfo) else zone_named(zone, ZoneInfo("UTC")))
        return f"{written(local, self.language)} ({_zone_name(local)})"

    def when_tag(self, at: datetime | None, zone: str | ZoneInfo) -> Markup:
        """The same as an HTML `time`; a dash for none."""
        if at is None:
            return Markup("–")
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), self.when(at, zone))


def choose(request: web.Request, spoken: Sequence[str] = ()) -> str:
    """The language of the page: the one chosen, else the first that the reader or the browser speaks, else English."""
    asked = [request.cookies.get(COOKIE, ""), *spoken, *_accepted(request.headers.get("Accept-Language", ""))]
    return next((base(tag) for tag in asked if base(tag) in LANGUAGES), LANGUAGES[0])


def names() -> dict[str, str]:
    """The console's languages, each by its own name."""
    return {language: autonym(language) for language in LANGUAGES}


def _accepted(header: str) -> list[str]:
    return [part.split(";")[0].strip().lower() for part in header[:256].split(",")]


def _zone_name(local: datetime) -> str:
    """ "CET"; where a zone has no letters, "UTC-03", kept left to right."""
    name = local.tzname() or "UTC"
    return name if name.isalpha() else f"\u2066UTC{name}\u2069"


def zone_named(name: str | None, default: ZoneInfo) -> ZoneInfo:
    """The time zone of that name; the other where there is none: what is shown must not fail for a slip in a list."""
    try:
        return ZoneInfo(name) if name else default
    except (ZoneInfoNotFoundError, ValueError):
        return default
