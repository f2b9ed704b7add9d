"""Owns what a text is in the reader's language: catalogs, fallbacks, plurals, direction, how values are written."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from gettext import c2py
from io import StringIO
from pathlib import Path
from typing import Final
from unicodedata import bidirectional

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_currency, format_decimal

from bot.domain.errors import ConfigurationError
from bot.domain.values import Evidence, Money, Period, Position

SOURCE_LANGUAGE: Final = "en"  # texts are written in it, and it ends every fallback chain
DOMAINS: Final = ("flows", "bot", "console")
DRAFT_MARK: Final = "machine-drafted, not reviewed"  # in a translator comment: usable, but no speaker has read it

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")
_STRAY_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_LEFT_TO_RIGHT, _FIRST_STRONG, _POP = "\u2066", "\u2068", "\u2069"
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}  # as format_timedelta counts
_INVISIBLE = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)?\d(?:[\s().\-\u2010-\u2015]{0,2}\d){6,}(?!\w)")
_LEFT_TO_RIGHT_RUN = re.compile(rf"https?://\S+|{_PHONE.pattern}")
_FIGURE = re.compile(r"\d+(?:[.,:/٫٬'’\u00a0\u202f]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:[.,٬'’\u00a0\u202f]\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """One entry of a catalog: `forms` has one text, or one for each plural form; `line` is where it stands."""

    msgid: str
    plural: str | None
    forms: tuple[str, ...]
    is_fuzzy: bool
    is_reviewed: bool
    line: int

    @property
    def is_usable(self) -> bool:
        """Translated in full, and not only guessed from a similar text."""
        return not self.is_fuzzy and all(self.forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """One language's texts of one domain, and which plural form a number takes."""

    entries: Mapping[str, Translation]
    plural_form: Callable[[int], int]


class Catalogs:
    """All texts in all languages, read once at the start."""

    def __init__(self, *, languages: Iterable[str], catalogs: Mapping[tuple[str, str], Catalog]) -> None:
        """`languages` are the BCP 47 tags offered; `catalogs` is keyed by language and domain."""
        self.languages = tuple(languages)
        self._catalogs = catalogs

    @classmethod
    def load(cls, folder: Path, languages: Iterable[str]) -> "Catalogs":
        """Reads `folder`/LANGUAGE/LC_MESSAGES/DOMAIN.po; a file that is not there is an empty catalog.

        Raises ConfigurationError with every file that cannot be read, and where.
        """
        offered = tuple(languages)
        catalogs: dict[tuple[str, str], Catalog] = {}
        problems: list[str] = []
        for language in {tag for offer in offered for tag in chain(offer)}:
            for domain in DOMAINS:
                path = folder / language.replace("-", "_") / "LC_MESSAGES" / f"{domain}.po"
                try:
                    if path.exists():
                        catalogs[language, domain] = read_catalog(path, language)
                except (PoFileError, UnicodeDecodeError, ValueError) as error:
                    problems.append(f"{path}: {error}")
        if problems:
            raise ConfigurationError(problems)
        return cls(languages=offered, catalogs=catalogs)

    def text(
        self, msgid: str, language: str, /, *, domain: str = "flows", isolate: bool = True, **variables: object
    ) -> str:
        """The text in the language or the next of its chain that has it, with its variables filled in.

        A variable that is not given is left out. `isolate=False` leaves out the invisible marks that keep phone numbers
        and names in order within right-to-left text: on SMS they cost segments.
        """
        spoken, entry = self._find(msgid, language, domain)
        return fill(entry.forms[0] if entry else msgid, spoken, isolate=isolate, variables=variables)

    def plural(
        self, singular: str, plural: str, n: int, language: str, /, *, domain: str = "flows", isolate: bool = True,
        **variables: object,
    ) -> str:  # fmt: skip
        """As `text`, in the language's form for `n`, which the text may name as {n}."""
        spoken, entry = self._find(singular, language, domain)
        if entry is None:
            chosen = singular if n == 1 else plural
        else:
            form = self._catalogs[spoken, domain].plural_form(abs(n))
            chosen = entry.forms[min(form, len(entry.forms) - 1)]
        return fill(chosen, spoken, isolate=isolate, variables={"n": n, **variables})

    def has(self, msgid: str, language: str, domain: str = "flows") -> bool:
        """Whether the language, or the one it is a variety of, has the text; its English fallback does not count."""
        return base(language) == SOURCE_LANGUAGE or self._find(msgid, language, domain)[1] is not None

    def is_reviewed(self, language: str, domain: str, msgid: str) -> bool:
        """Whether the text is there and no mark says that only a machine drafted it."""
        if base(language) == SOURCE_LANGUAGE:
            return True
        entry = self._find(msgid, language, domain)[1]
        return entry is not None and entry.is_reviewed

    def language_of(self, msgid: str, language: str, domain: str = "flows") -> str:
        """The language in which `text` gives this text."""
        return self._find(msgid, language, domain)[0]

    def translations(self, msgid: str, domain: str = "flows") -> tuple[str, ...]:
        """The text in every language that has it, itself first: what an option may be chosen by."""
        found = (self._find(msgid, language, domain)[1] for language in self.languages)
        return tuple(dict.fromkeys([msgid, *(form for entry in found if entry for form in entry.forms)]))

    def entries(self, language: str, domain: str = "flows") -> Iterator[Translation]:
        """Everything in one catalog file, fuzzy and empty entries too: for `check`."""
        catalog = self._catalogs.get((language, domain))
        return iter(catalog.entries.values() if catalog else ())

    def _find(self, msgid: str, language: str, domain: str) -> tuple[str, Translation | None]:
        for tag in chain(language):
            catalog = self._catalogs.get((tag, domain))
            entry = catalog.entries.get(msgid) if catalog else None
            if entry is not None and entry.is_usable:
                return tag, entry
            if tag == SOURCE_LANGUAGE:
                break
        return SOURCE_LANGUAGE, None


def read_catalog(path: Path, language: str) -> Catalog:
    """One .po file. Raises PoFileError where it is malformed, ValueError for a missing or senseless plural rule."""
    return _parse(path.read_text("utf-8"), language)


@lru_cache(maxsize=128)
def _parse(content: str, language: str) -> Catalog:
    # Pages, conversations and papers each load their languages: the same text is parsed once in a process.
    catalog = read_po(StringIO(content), locale=locale(language), abort_invalid=True)
    entries = [_translation(message) for message in catalog if message.id]
    if "\nmsgid_plural" in content and "Plural-Forms:" not in content:
        # Babel would assume a rule, and its Arabic one orders the forms unlike the rule that translators' tools write.
        raise ValueError("has plurals but no Plural-Forms header")
    return Catalog(entries={entry.msgid: entry for entry in entries}, plural_form=c2py(catalog.plural_expr))


def _translation(message: Message) -> Translation:
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
    comments = [*message.user_comments, *message.auto_comments]
    return Translation(
        msgid=ids[0],
        plural=ids[1] if len(ids) > 1 else None,
        forms=forms,
        is_fuzzy=message.fuzzy,
        is_reviewed=not any(DRAFT_MARK in comment for comment in comments),
        line=message.lineno or 0,
    )


# --- languages ----------------------------------------------------------------------------------------------------


def chain(language: str) -> tuple[str, ...]:
    """The languages in which a text is looked for: "es-419" gives es-419, es, en."""
    return tuple(dict.fromkeys((language, base(language), SOURCE_LANGUAGE)))


def base(language: str) -> str:
    """The tag without script and region: "es" of "es-419"."""
    return language.replace("_", "-").split("-")[0]


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """CLDR's locale of the tag, or of its base; English where CLDR knows neither."""
    for tag in chain(language):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale(SOURCE_LANGUAGE)


@lru_cache(maxsize=64)
def direction(language: str) -> str:
    """ "rtl" or "ltr", as HTML's `dir` takes it."""
    return str(locale(language).text_direction)


def autonym(language: str) -> str:
    """The language's name in itself, as the entry of a list ("Español", "नेपाली")."""
    name = locale(language).get_display_name() or language
    return name[:1].upper() + name[1:]


# --- filling in ---------------------------------------------------------------------------------------------------


def fill(text: str, language: str, *, isolate: bool = True, variables: Mapping[str, object]) -> str:
    """The text with {name} replaced by the value as the language writes it; {{ and }} are braces.

    Names only: no attributes, no format codes. A variable that is not given is left out.
    """
    if "{" not in text and "}" not in text:  # most of what a page says
        return _ordered(text, language, isolate=isolate)
    pieces: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces.append(_ordered(text[end : match.start()], language, isolate=isolate))
        name = match.group(1)
        pieces.append(match.group()[0] if name is None else written(variables.get(name), language, isolate=isolate))
        end = match.end()
    pieces.append(_ordered(text[end:], language, isolate=isolate))
    return "".join(pieces)


def written(value: object, language: str, *, isolate: bool = True) -> str:
    """A value as the language writes it: number, money, day, time (in its own zone), period, list, name.

    None is nothing. Digits are Latin in every language, so that they match what phones, signs and papers show.
    """
    text = _written(value, _formats(language), language, isolate=isolate)
    if isinstance(value, str):
        return _isolated(text, language) if isolate else text.translate(_INVISIBLE)
    text = text.replace("\u00a0", " ").replace("\u202f", " ")  # these two would turn a whole SMS to UCS-2
    return text if isolate else text.translate(_INVISIBLE)


def figure(amount: Decimal, digits: int, language: str) -> str:
    """An amount with so many digits behind the point, grouped as the language does: for sums that are compared."""
    pattern = "#,##0" + (f".{'0' * digits}" if digits else "")
    text = format_decimal(amount, pattern, _formats(language))
    return text.replace("\u00a0", " ").replace("\u202f", " ").translate(_INVISIBLE)


def _formats(language: str) -> Locale:
    """The locale that figures and days follow: plain English is read all over the world, so not the United States'."""
    return locale("en-001" if language == SOURCE_LANGUAGE else language)


def _written(value: object, where: Locale, language: str, *, isolate: bool) -> str:
    match value:
        case None | Position() | Evidence():
            return ""  # a place on the map and a photo have no words
        case bool() | str():
            return str(value)
        case int() | Decimal() | float():
            return format_decimal(value, locale=where)
        case Money():
            pattern = "#,##0.##" if value.value == value.value.to_integral_value() else None
            return format_currency(
                value.value, value.currency, pattern, where, format_type="name", currency_digits=not pattern
            )
        case Period():
            return _period(value, where)
        case datetime():
            day, time = format_date(value, "long", where), format_time(value, "HH:mm", value.tzinfo, where)
            return str(where.datetime_formats["medium"]).format(time, day)
        case date():
            return format_date(value, "long", where)
        case Sequence() | set() | frozenset():
            return format_list([written(item, language, isolate=isolate) for item in value], locale=where)
        case _:
            return str(value)


def _period(value: Period, where: Locale) -> str:
    """By way of a timedelta: Babel's format_unit knows no months in most languages, its format_timedelta does."""
    length = timedelta(days=value.count * _DAYS[value.unit])
    return format_timedelta(length, granularity=value.unit, threshold=sys.maxsize, locale=where)  # type: ignore[arg-type]


def _isolated(text: str, language: str) -> str:
    """A name or number given by a variable, marked where its direction differs from the text's."""
    if direction(language) == "rtl":
        if _LEFT_TO_RIGHT_RUN.fullmatch(text.strip()):
            return f"{_LEFT_TO_RIGHT}{text}{_POP}"
        return f"{_FIRST_STRONG}{text}{_POP}" if _has(text, ("L",)) else text
    return f"{_FIRST_STRONG}{text}{_POP}" if _has(text, ("R", "AL")) else text


def _ordered(text: str, language: str, *, isolate: bool) -> str:
    """The fixed part of a right-to-left text with its phone numbers and links kept left to right."""
    if not isolate or direction(language) == "ltr":
        return text
    return _LEFT_TO_RIGHT_RUN.sub(lambda run: f"{_LEFT_TO_RIGHT}{run.group()}{_POP}", text)


def _has(text: str, directions: tuple[str, ...]) -> bool:
    return any(bidirectional(character) in directions for character in text)


# --- comparing a text with its translation ------------------------------------------------------------------------


def placeholders(text: str) -> frozenset[str]:
    """The names of the variables in the text."""
    return frozenset(name for name in _PLACEHOLDER.findall(text) if name)


def numbers(text: str) -> tuple[str, ...]:
    """Every number of the text, sorted, in ASCII digits and one spelling; phones by digits alone ("+97444551234")."""
    plain = "".join(str(int(c)) if c.isdecimal() else c for c in _without_braces(text).translate(_INVISIBLE))
    phones = [re.sub(r"[^\d+]", "", phone) for phone in _PHONE.findall(plain)]
    figures = [_spelled(figure) for figure in _FIGURE.findall(_PHONE.sub(" ", plain))]
    return tuple(sorted(phones + figures))


def faults(source: str, translation: str) -> list[str]:
    """What a translation changed that it may not, in sentences: variables, numbers, phone numbers, stray braces."""
    said, meant = placeholders(translation), placeholders(source)
    found = [f"lacks the variable {{{name}}}" for name in sorted(meant - said)]
    found += [f"names {{{name}}}, which the source does not" for name in sorted(said - meant)]
    found += [f"has {stray!r}, which is no variable" for stray in stray_braces(translation)]
    here, there = Counter(numbers(translation)), Counter(numbers(source))
    found += [f"lacks the number {number}" for number in sorted((there - here).elements())]
    found += [f"has the number {number}, which the source does not" for number in sorted((here - there).elements())]
    return found


def stray_braces(text: str) -> list[str]:
    """Braces that are neither a variable nor doubled: "{name.x}", "{0}", "{"."""
    return _STRAY_BRACES.findall(_PLACEHOLDER.sub(" ", text))


def _without_braces(text: str) -> str:
    return _STRAY_BRACES.sub(" ", _PLACEHOLDER.sub(" ", text))


def _spelled(figure: str) -> str:
    if _GROUPED.fullmatch(figure):
        return re.sub(r"\D", "", figure)
    return figure.replace(",", ".").replace("٫", ".")
