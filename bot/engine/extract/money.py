"""Owns reading amounts of money: a number with a currency's name, code or symbol in any of our languages."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import regex
from babel import Locale
from babel.numbers import get_currency_name, get_currency_precision

from bot.engine.extract.lexicon import Lexicon, Token, folded_phrases
from bot.engine.extract.quantities import Quantity, quantities
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

# Where migrants work and come from; the codes that are everyday words (ALL, TRY, SOS, CUP) are left to their names.
CURRENCIES = [
    "AED",
    "AFN",
    "AMD",
    "AOA",
    "ARS",
    "AUD",
    "AZN",
    "BDT",
    "BHD",
    "BIF",
    "BND",
    "BOB",
    "BRL",
    "BTN",
    "CAD",
    "CDF",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CRC",
    "CZK",
    "DJF",
    "DKK",
    "DOP",
    "DZD",
    "EGP",
    "ERN",
    "ETB",
    "EUR",
    "GBP",
    "GEL",
    "GHS",
    "GMD",
    "GNF",
    "GTQ",
    "HKD",
    "HNL",
    "HTG",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "IQD",
    "IRR",
    "JMD",
    "JOD",
    "JPY",
    "KES",
    "KGS",
    "KHR",
    "KRW",
    "KWD",
    "KZT",
    "LAK",
    "LBP",
    "LKR",
    "LYD",
    "MAD",
    "MGA",
    "MMK",
    "MNT",
    "MRU",
    "MUR",
    "MVR",
    "MWK",
    "MXN",
    "MYR",
    "MZN",
    "NAD",
    "NGN",
    "NIO",
    "NOK",
    "NPR",
    "NZD",
    "OMR",
    "PEN",
    "PGK",
    "PHP",
    "PKR",
    "PLN",
    "PYG",
    "QAR",
    "RON",
    "RUB",
    "RWF",
    "SAR",
    "SDG",
    "SEK",
    "SGD",
    "SOS",
    "SSP",
    "SYP",
    "SZL",
    "THB",
    "TJS",
    "TND",
    "TRY",
    "TWD",
    "TZS",
    "UAH",
    "UGX",
    "USD",
    "UYU",
    "UZS",
    "VES",
    "VND",
    "XAF",
    "XOF",
    "YER",
    "ZAR",
    "ZMW",
]
_NOT_CODES = frozenset({"SOS", "TRY", "PEN", "GEL", "COP", "LAK", "RON", "MAD"})
_SYMBOLS = {
    "$": "USD CAD AUD SGD HKD MXN COP ARS CLP", "€": "EUR", "£": "GBP EGP LBP SYP", "₹": "INR", "₨": "NPR PKR LKR INR", "৳": "BDT", "₱": "PHP",
    "฿": "THB", "₫": "VND", "₦": "NGN", "₩": "KRW", "¥": "JPY CNY", "₺": "TRY", "₪": "ILS", "₽": "RUB", "₴": "UAH", "﷼": "SAR QAR OMR YER IRR",
    "៛": "KHR", "₭": "LAK", "₵": "GHS", "R$": "BRL", "S/": "PEN", "Bs": "BOB VES", "US$": "USD", "ر.س": "SAR", "ر.ق": "QAR", "د.إ": "AED", "د.ك": "KWD",
    "ج.م": "EGP", "ل.ل": "LBP", "د.ا": "JOD", "ر.ع": "OMR", "د.ب": "BHD",
}  # fmt: skip
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
    """The one amount of the answer to "how much?"; a bare number is in `default_currency` (ISO 4217), the host country's.

    Words that several countries share ("riyal", "dollar") mean the default currency where it is one of them. None if there is
    no amount, or several different ones. Phone numbers, periods and counts of people in the same text are not amounts.
    """
    words = vocabulary(language)
    tokens = words.tokens(text)
    marked = {one.amount for one in amounts(tokens, words, default_currency)}
    if marked:
        return marked.pop() if len(marked) == 1 else None
    bare = {one.value for one in _bare(tokens, words)}
    return Amount(value=bare.pop(), currency=default_currency) if len(bare) == 1 else None


def amounts(tokens: tuple[Token, ...], words: Vocabulary, default_currency: str | None = None) -> Iterator[FoundAmount]:
    """Every number that stands beside a currency."""
    names = _currency_names(words.languages)
    pointed = {Locale(words.languages[0]).number_symbols["latn"]["decimal"]} & {"."}
    taken = -1
    for one in quantities(tokens, words):
        after = names.at(tokens, one.last + 1) if _touches(tokens, one.last + 1) else None
        before = _before(tokens, one.first, names, taken)
        mark = after or before
        if mark is None or (one.is_doubtful and after is None) or one.value <= 0:
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
        if one.value > 0 and not counts_other and (one.is_countable or (is_whole and not one.is_phone_like)):
            yield one


@lru_cache(maxsize=32)
def _currency_names(languages: tuple[str, ...]) -> Lexicon[tuple[str, ...]]:
    """Names, codes and symbols of CURRENCIES by CLDR and by our own tables; own tables of the first language win."""
    names: dict[str, tuple[str, ...]] = {}
    for language in reversed(languages):
        locale = Locale(language)
        for code in CURRENCIES:
            listed = {get_currency_name(code, count, locale) for count in (None, 1, 2, 5, 100)}
            names.update({name: (code,) for name in listed if name != code})
    names.update({code: (code,) for code in CURRENCIES if code not in _NOT_CODES})
    names.update({symbol: tuple(codes.split()) for symbol, codes in _SYMBOLS.items()})
    for words in reversed(vocabulary(languages[0] if len(languages) < 3 else None).words):
        for codes, listed_words in words.currencies.items():
            names.update({word: tuple(codes.split()) for word in folded_phrases(listed_words)})
    return Lexicon(names, vocabulary(languages[0] if len(languages) < 3 else None).affixes)
