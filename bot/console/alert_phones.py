"""Owns how a broadcast looks on the phones that get it: each language, on each channel, with its options."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.console import alert_words
from bot.console.words import Words
from bot.domain.broadcast import Broadcast, Info, MessageType, is_sendable
from bot.domain.contact import Channel
from bot.domain.delivery import Content
from bot.i18n import direction
from bot.services.forecast import Way, sample
from bot.services.letters import Letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One channel's screen: the parts as they arrive, what can be tapped, for SMS in how many segments."""

    channel: Channel
    parts: tuple[str, ...]
    taps: tuple[str, ...] = ()
    segments: int | None = None
    is_template: bool = False
    occasion: str = ""  # "introduction" to whom nobody here ever wrote, "reminder" to who has not answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One language with its phones; `is_sendable` when it is complete and somebody stands for it (R12)."""

    language: str
    name: str
    direction: str
    info: Info
    is_source: bool
    is_sendable: bool
    phones: tuple[Phone, ...]
    asides: tuple[Phone, ...]  # what some get besides or instead, on the first of these channels


def phones(
    broadcast: Broadcast,
    letters: Letters,
    ways: Mapping[Channel, Way],
    _: Words,
    used: Collection[tuple[Channel, str]] = (),
) -> tuple[Spoken, ...]:
    """Every language that has texts, the source's first; each on the channels first that are `used` for it now."""
    source = broadcast.source
    if source is None:
        return ()
    languages = sorted(broadcast.infos, key=lambda language: (language != broadcast.source_language, language))
    shown = {language: _ordered(_phones(letters, ways, language), language, used) for language in languages}
    return tuple(
        Spoken(
            language=language,
            name=alert_words.language_name(language, _),
            direction=direction(language),
            info=broadcast.infos[language],
            is_source=language == broadcast.source_language,
            is_sendable=is_sendable(broadcast.infos[language], source),
            phones=shown[language],
            asides=tuple(_asides(letters, ways, language, shown[language])),
        )
        for language in languages
    )


def _ordered(found: Iterable[Phone], language: str, used: Collection[tuple[Channel, str]]) -> tuple[Phone, ...]:
    return tuple(sorted(found, key=lambda one: (one.channel, language) not in used))


def _phones(letters: Letters, ways: Mapping[Channel, Way], language: str) -> Iterator[Phone]:
    for channel, way in ways.items():
        content = sample(letters, channel, language)
        yield _phone(content, channel, way)
        if way.opens:  # to whom has not written within 24 hours
            yield Phone(channel=channel, parts=(_in_template(content, way),), is_template=True)


def _in_template(content: Content, way: Way) -> str:
    """As the variables of a template say it, which hold no line break; its own words stand around them."""
    last = way.channeller.fit(content)[-1]
    lines = [last.text, *(f"{n} {label}" for n, label in enumerate(_taps(last), start=1))]
    return " ".join(" ".join(lines).split())


def _asides(letters: Letters, ways: Mapping[Channel, Way], language: str, shown: Sequence[Phone]) -> Iterator[Phone]:
    if not shown or letters.broadcast.message_type is not MessageType.ALERT:
        return
    channel = shown[0].channel
    first = sample(letters, channel, language, needs_introduction=True)
    yield _phone(first, channel, ways[channel], "introduction")
    if letters.broadcast.repeats:
        yield _phone(sample(letters, channel, language, round=1), channel, ways[channel], "reminder")


def _phone(content: Content, channel: Channel, way: Way, occasion: str = "") -> Phone:
    parts = way.channeller.fit(content)
    return Phone(
        channel=channel,
        parts=tuple(part.text for part in parts),
        taps=_taps(parts[-1]),
        segments=round(sum(map(way.channeller.cost, parts))) if channel is Channel.SMS else None,
        occasion=occasion,
    )


def _taps(last: Content) -> tuple[str, ...]:
    """What can be tapped below the text: nothing where the channel has written its options as lines."""
    labels = tuple(option.label for option in last.options)
    return () if labels and last.text.endswith(f"{len(labels)} {labels[-1]}") else labels
