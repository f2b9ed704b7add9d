"""Owns reading typed values from what a worker types: pure functions without a clock, one file a kind of value.

Runs on Python 3.10 too, with babel, regex, phonenumbers and dateparser alone: the NLU server reads entities with it.
`language` is a BCP 47 tag, or None when it is unknown: then the words of all languages are read.
Tables are built at the first call for a language and kept.
"""

from collections.abc import Iterable
from datetime import date

from bot.engine.extract.cases import case_number
from bot.engine.extract.countries import country
from bot.engine.extract.days import day
from bot.engine.extract.entities import Entity, entities
from bot.engine.extract.folding import digits, fold
from bot.engine.extract.languages import language_named
from bot.engine.extract.money import Amount, amount
from bot.engine.extract.options import option
from bot.engine.extract.people import people_count
from bot.engine.extract.periods import Period, period
from bot.engine.extract.phones import phone
from bot.engine.extract.quantities import number

__all__ = [
    "Amount",
    "Entity",
    "Period",
    "amount",
    "case_number",
    "country",
    "day",
    "digits",
    "entities",
    "fold",
    "language_named",
    "number",
    "option",
    "people_count",
    "period",
    "phone",
    "prepare",
]


def prepare(languages: Iterable[str]) -> None:
    """Builds the tables of these languages now, about a second's work, so that no contact waits for it."""
    codes = tuple(languages)
    for language in (*codes, None):
        entities("1", language, date(2000, 1, 1))
    language_named("", codes)
