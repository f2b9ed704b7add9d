"""Owns what must be right before a broadcast goes out: complete, in time, the same in every language (R12)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.broadcast import Broadcast, BroadcastKind, Info, MessageType, has_words
from bot.domain.contact import Channel
from bot.i18n import base, fill, numbers, placeholders, stray_braces
from bot.services.forecast import Way, sample
from bot.services.framing import drill_mark
from bot.services.letters import PLACEHOLDERS, Letters
from bot.services.voice import Voice

LONGEST_LIFE = timedelta(days=14)
FIELDS = ("headline", "description", "instruction")
_TURNING = re.compile("[\u202a-\u202e]")  # embeddings and overrides: digits are read in another order than typed
_FIRST_WORD = re.compile(r"[\s.,:;!।۔،؛-]+")
_BRACES = {"open_brace": "{", "close_brace": "}"}  # as variables: in a text to fill they would be placeholders

NO_REFERENCE = "An update must say which alert it replaces."
NOBODY = "Nobody is in this audience. Choose other sites, languages or groups."
NO_HEADLINE = "Write a headline: what happens, and where."
NO_INSTRUCTION = "Write what people should do."
NO_EVENT = "Say what kind of event it is, such as Flood."
NO_END = "Say until when it is of use: late copies are then dropped."
ENDS_EARLY = "It would end before it is sent."
LIVES_LONG = "It may live for 14 days at most."
ENDS_BEFORE_ONSET = "It would end before the danger begins."
NO_PAUSE = "The pause before asking again must be longer than nothing."
FILL_IN = "Fill in {open_brace}{name}{close_brace}."
STRAY = "{what} is no placeholder."
NO_NAME = "It lacks {open_brace}{name}{close_brace}, which the source has."
OTHER_NAME = "It names {open_brace}{name}{close_brace}, which the source does not."
NO_NUMBER = "It lacks the number {number}, which the source has."
OTHER_NUMBER = "It has the number {number}, which the source has not."
NO_PLACE = "It does not name {place}, which the source does."
TURNED = "It has an invisible character that shows numbers turned around. Type the text again without it."
LIKE_A_DRILL = "It begins as a drill does, and is none."
NO_ASSEMBLY_POINT = (
    "{place} has no assembly point. Write it on the page of the site,"
    " or leave {open_brace}assembly_point{close_brace} out."
)
NO_DRILL = "Nothing here can say in this language that it is a drill. Leave its texts out."
TOO_LONG = "This is too long for one message on {channel}."
# Shown on pages, so they are translated.
TEXTS = (
    NO_REFERENCE,
    NOBODY,
    NO_HEADLINE,
    NO_INSTRUCTION,
    NO_EVENT,
    NO_END,
    ENDS_EARLY,
    LIVES_LONG,
    ENDS_BEFORE_ONSET,
    NO_PAUSE,
    FILL_IN,
    STRAY,
    NO_NAME,
    OTHER_NAME,
    NO_NUMBER,
    OTHER_NUMBER,
    NO_PLACE,
    TURNED,
    LIKE_A_DRILL,
    NO_ASSEMBLY_POINT,
    NO_DRILL,
    TOO_LONG,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend: where, in which language's texts if in one's, as a sentence of domain "console"."""

    where: str
    msgid: str
    language: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in English."""
        said = fill(self.msgid, "en", isolate=False, variables=self.variables)
        return f"{self.language}: {said}" if self.language else said


def proofread(
    broadcast: Broadcast, letters: Letters, ways: Mapping[Channel, Way], *, now: datetime, recipients: int
) -> Iterator[Fault]:
    """Everything that keeps this broadcast from going out; only of the texts that would be sent, see `unsent`."""
    yield from _source(broadcast)
    yield from _times(broadcast, now)
    if broadcast.message_type is not MessageType.ALERT and not broadcast.references:
        yield Fault(where="references", msgid=NO_REFERENCE)
    yield from _all_words(broadcast, letters, is_sent=True)
    yield from _assembly_points(broadcast, letters)
    if broadcast.source is not None:
        yield from _lengths(broadcast, letters, ways)
        if not recipients:
            yield Fault(where="audience", msgid=NOBODY)


def unsent(broadcast: Broadcast, letters: Letters) -> Iterator[Fault]:
    """What is wrong in texts that nobody stands for, and so nobody gets: to be mended before somebody does (R12)."""
    yield from _all_words(broadcast, letters, is_sent=False)


def _all_words(broadcast: Broadcast, letters: Letters, *, is_sent: bool) -> Iterator[Fault]:
    sent = {broadcast.source_language, *broadcast.sendable_languages()}
    for language, info in broadcast.infos.items():
        if (language in sent) is is_sent:
            yield from _words(broadcast, letters, language, info)


def _source(broadcast: Broadcast) -> Iterator[Fault]:
    source = broadcast.source
    if source is None or not has_words(source.headline):
        yield Fault(where="headline", msgid=NO_HEADLINE)
    if source is None or not has_words(source.instruction):
        yield Fault(where="instruction", msgid=NO_INSTRUCTION)
    if broadcast.kind is BroadcastKind.ALERT and not broadcast.event.strip():
        yield Fault(where="event", msgid=NO_EVENT)


def _times(broadcast: Broadcast, now: datetime) -> Iterator[Fault]:
    ends = broadcast.expires_at
    begins = max(broadcast.send_at or now, now)
    if ends is None:
        yield Fault(where="expires_at", msgid=NO_END)
    elif ends <= begins:
        yield Fault(where="expires_at", msgid=ENDS_EARLY)
    elif ends - begins > LONGEST_LIFE:
        yield Fault(where="expires_at", msgid=LIVES_LONG)
    if ends is not None and broadcast.onset_at is not None and broadcast.onset_at > ends:
        yield Fault(where="onset_at", msgid=ENDS_BEFORE_ONSET)
    if any(pause <= timedelta(0) for pause in broadcast.repeats):
        yield Fault(where="repeats", msgid=NO_PAUSE)


def _words(broadcast: Broadcast, letters: Letters, language: str, info: Info) -> Iterator[Fault]:
    source = broadcast.source
    if broadcast.kind is BroadcastKind.ALERT and _begins_as_a_drill(letters, language, info.headline):
        yield _fault("headline", language, LIKE_A_DRILL)
    if broadcast.kind is BroadcastKind.DRILL and base(language) not in map(base, letters.catalogs.languages):
        yield _fault("headline", language, NO_DRILL)
    for name, text, meant in zip(FIELDS, info.texts, source.texts if source else info.texts, strict=True):
        for unknown in sorted(placeholders(text) - PLACEHOLDERS):
            yield _fault(name, language, FILL_IN, name=unknown)
        if _TURNING.search(text):
            yield _fault(name, language, TURNED)
        if language == broadcast.source_language:
            for stray in stray_braces(text):
                yield _fault(name, language, STRAY, what=stray)
            continue
        if not has_words(text):
            continue  # not complete: nobody reads this language, and the forecast says who would have
        for msgid, variables in differences(meant, text):
            yield _fault(name, language, msgid, **variables)
        for place in _places_named(letters, meant):
            if place not in text:
                yield _fault(name, language, NO_PLACE, place=place)


def _begins_as_a_drill(letters: Letters, language: str, headline: str) -> bool:
    """Whether a reader would take what is real for practice (R9)."""
    marks = (drill_mark(Voice(catalogs=letters.catalogs, language=tag)) for tag in (language, "en"))
    words = {_FIRST_WORD.split(mark.strip(), maxsplit=1)[0].casefold() for mark in marks}
    return _FIRST_WORD.split(headline.strip(), maxsplit=1)[0].casefold() in words


def differences(meant: str, text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """What a translation changed that it may not: variables, numbers, phone numbers, stray braces."""
    for name in sorted(placeholders(meant) - placeholders(text)):
        yield NO_NAME, {"name": name}
    for name in sorted(placeholders(text) - placeholders(meant)):
        yield OTHER_NAME, {"name": name}
    for stray in stray_braces(text):
        yield STRAY, {"what": stray}
    yield from differing_numbers(meant, text)


def differing_numbers(meant: str, text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The numbers and phone numbers that one text has and the other has not."""
    here, there = Counter(numbers(text)), Counter(numbers(meant))
    for number in sorted((there - here).elements()):
        yield NO_NUMBER, {"number": number}
    for number in sorted((here - there).elements()):
        yield OTHER_NUMBER, {"number": number}


def _assembly_points(broadcast: Broadcast, letters: Letters) -> Iterator[Fault]:
    """Sites whose people would read nothing where the text says where to go."""
    texts = (text for language in broadcast.sendable_languages() for text in broadcast.infos[language].texts)
    if any("assembly_point" in placeholders(text) for text in texts):
        for site in letters.addressed():
            if not has_words(site.assembly_point):
                variables = {"place": site.name, **_BRACES}
                yield Fault(where="audience", msgid=NO_ASSEMBLY_POINT, variables=variables)


def _places_named(letters: Letters, text: str) -> Iterator[str]:
    """Names of sites and assembly points in the text: they are never translated away (voice.md)."""
    names = {name for site in letters.sites.values() for name in (site.name, site.assembly_point) if name}
    return (name for name in sorted(names) if name in text)


def _lengths(broadcast: Broadcast, letters: Letters, ways: Mapping[Channel, Way]) -> Iterator[Fault]:
    for language in broadcast.sendable_languages():
        for channel, way in ways.items():
            if len(way.channeller.fit(sample(letters, channel, language))) > 1:
                yield _fault("instruction", language, TOO_LONG, channel=channel.value)


def _fault(where: str, language: str, msgid: str, **variables: object) -> Fault:
    return Fault(where=where, language=language, msgid=msgid, variables={**variables, **_BRACES})
