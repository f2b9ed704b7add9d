"""Owns reading amounts of money: a number with a currency's name, code or symbol in any of our languages."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import regex
from babel import Locale
from babel.numbers import get_currency_precision

from bot.engine.extract.currencies import currency_names
from bot.engine.extract.lexicon import Lexicon, Token
from bot.engine.extract.quantities import Quantity, quantities
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

_BESIDE = regex.compile(r"[\s.\-/=:]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount of money; `currency` by ISO 4217. Its text is "1500 QAR"."""

    value: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.value.normalize():f} {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAmount:
    """An amount and the tokens it takes, both ends included."""

    amount: Amount
    first: int
    last: int


def amount(text: str, language: str | None, default_currency: str) -> Amount | None:
    """The one amount of the answer to "how much?"; a bare number is in `default_currency` (ISO 4217), the host's.

    Words that several countries share ("riyal", "dollar") mean the default currency where it is one of them. None if
    there is no amount, or several different ones. Phone numbers, periods and counts of people are not amounts.
    """
    words = vocabulary(language)
    tokens = words.tokens(text)
    marked = {one.amount for one in amounts(tokens, words, default_currency)}
    if marked:
        return marked.pop() if len(marked) == 1 else None
    bare = {one.value for one in _bare(tokens, words)}
    if len(bare) != 1 or max(bare) <= 0:
        return None
    return Amount(value=bare.pop(), currency=default_currency)


def amounts(tokens: tuple[Token, ...], words: Vocabulary, default_currency: str | None = None) -> Iterator[FoundAmount]:
    """Every number that stands beside a currency."""
    names = currency_names(words.languages)
    pointed = {Locale(words.languages[0]).number_symbols["latn"]["decimal"]} & {"."}
    taken = -1
    for one in quantities(tokens, words):
        after = names.at(tokens, one.last + 1) if _touches(tokens, one.last + 1) else None
        before = _before(tokens, one.first, names, taken)
        mark = after or before
        if mark is None or one.is_doubtful or one.value <= 0:
            continue
        currency = _resolved(mark[0], default_currency)
        value = _exact(tokens, one, words, currency, "." if pointed else ",")
        first, last = (one.first, one.last + after[1]) if after else (one.first - mark[1], one.last)
        taken = last
        yield FoundAmount(amount=Amount(value=value, currency=currency), first=first, last=last)


def _before(
    tokens: tuple[Token, ...], first: int, names: Lexicon[tuple[str, ...]], taken: int
) -> tuple[tuple[str, ...], int] | None:
    """The longest currency that ends right before token `first` and was not used by the amount before."""
    if not _touches(tokens, first):
        return None
    for width in range(min(3, first - taken - 1), 0, -1):
        found = names.at(tokens[:first], first - width)
        if found is not None and found[1] == width:
            return found
    return None


def _touches(tokens: tuple[Token, ...], at: int) -> bool:
    return 0 < at < len(tokens) and _BESIDE.fullmatch(tokens[at].gap) is not None


def _resolved(candidates: tuple[str, ...], default_currency: str | None) -> str:
    return default_currency if default_currency in candidates and default_currency else candidates[0]


def _exact(tokens: tuple[Token, ...], one: Quantity, words: Vocabulary, currency: str, point: str) -> Decimal:
    """Dinars of three decimals: "1.500 KWD" is one and a half where the language's decimal mark is a point."""
    if get_currency_precision(currency) != 3 or one.first != one.last:
        return one.value
    again = quantities(tokens[one.first : one.first + 1], words, decimal_point=point)
    return again[0].value if again else one.value


def _bare(tokens: tuple[Token, ...], words: Vocabulary) -> Iterator[Quantity]:
    """Numbers that count nothing else."""
    found = quantities(tokens, words)
    for one in found:
        is_whole = one.first == 0 and one.last == len(tokens) - 1
        counts_other = one.last + 1 < len(tokens) and (
            words.units.at(tokens, one.last + 1) is not None or words.people.at(tokens, one.last + 1) is not None
        )
        if not counts_other and (one.is_countable or (is_whole and not one.is_phone_like)):
            yield one
