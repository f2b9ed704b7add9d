"""Owns finding every typed value in a message at once, as the intents' contract names them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bot.engine.extract.cases import case_numbers
from bot.engine.extract.countries import countries
from bot.engine.extract.lexicon import Token
from bot.engine.extract.money import Amount, amounts
from bot.engine.extract.people import people
from bot.engine.extract.periods import Period, periods
from bot.engine.extract.vocabulary import vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A value found in a text; `kind` is country, amount, period, people_count or case_number.

    `str(value)` is its plain form. `start` and `end` are indices of the text as given, and `text` what stands there.
    """

    kind: str
    value: str | int | Amount | Period
    text: str
    start: int
    end: int


def entities(
    text: str, language: str | None, today: date | None = None, *, default_currency: str | None = None
) -> list[Entity]:
    """Every value in the text, in order, never two in the same place. Without `today`, "since March" is no period.

    A number alone is no entity: money needs its currency, a count its noun. `default_currency` says what "riyal" means.
    """
    kept: list[Entity] = []
    for kind, value, start, end in _candidates(text, language, today, default_currency):
        if all(end <= one.start or one.end <= start for one in kept):
            kept.append(Entity(kind=kind, value=value, text=text[start:end], start=start, end=end))
    return sorted(kept, key=lambda one: one.start)


def _candidates(
    text: str, language: str | None, today: date | None, currency: str | None
) -> Iterator[tuple[str, str | int | Amount | Period, int, int]]:
    """Kinds in the order in which they win a place in the text."""
    words = vocabulary(language)
    tokens = words.tokens(text)
    for number, start, end in case_numbers(text):
        yield "case_number", number, start, end
    for money in amounts(tokens, words, currency):
        yield "amount", money.amount, *_span(tokens, money.first, money.last)
    for length in periods(tokens, words, today):
        yield "period", length.period, *_span(tokens, length.first, length.last)
    nations = list(countries(text, language))
    for group in people(tokens, words):
        yield "people_count", group.count, *_span(tokens, group.first, group.last)
    for nation in nations:
        yield "country", nation.code, nation.start, nation.end


def _span(tokens: tuple[Token, ...], first: int, last: int) -> tuple[int, int]:
    return tokens[first].start, tokens[last].end
