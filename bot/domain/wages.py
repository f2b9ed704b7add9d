"""Owns wage claims: what is owed by period and in all, worked out line by line, so that anybody can check it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from bot.domain.errors import InputError

MAX_LINES = 60  # five years of months
LARGEST = Decimal(10) ** 12  # of any one amount: more is a slip of the finger
_LONGEST_YEARS = 30
_CODE = re.compile("[A-Z]{3}")
# ISO 4217's minor units where they are not two (list one of 2024).
_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """The pay of one period, first and last day included: what was agreed, what was paid.

    `deducted` is what may rightly be taken off (an advance, an agreed rent) and `why`; what was taken off wrongly is
    simply not paid.
    """

    begins: date
    ends: date
    currency: str  # ISO 4217
    agreed: Decimal
    deducted: Decimal = Decimal(0)
    why: str = ""
    paid: Decimal = Decimal(0)

    @property
    def owed(self) -> Decimal:
        """Below zero where more was paid than was due."""
        return self.agreed - self.deducted - self.paid


class Fault(StrEnum):
    """What is wrong with a line of a claim."""

    NO_LINES = "no_lines"
    TOO_MANY = "too_many"
    BACKWARDS = "backwards"  # it ends before it begins
    NOT_YET = "not_yet"  # it ends in the future
    TOO_LONG_AGO = "too_long_ago"
    NEGATIVE = "negative"
    TOO_LARGE = "too_large"
    DIGITS = "digits"  # more digits after the point than the currency has
    CURRENCY = "currency"
    DEDUCTED = "deducted"  # more is taken off than was agreed
    NO_REASON = "no_reason"  # something is taken off, and nobody says what for
    OVERLAP = "overlap"  # two lines claim the same days


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """A claim worked out: its lines by their beginning, and what is owed in each currency."""

    lines: tuple[Pay, ...]
    totals: Mapping[str, Decimal]

    @property
    def is_owed(self) -> bool:
        """Whether anything is owed at all."""
        return any(total > 0 for total in self.totals.values())


def digits_of(currency: str) -> int:
    """How many digits after the point the currency has (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def faults(lines: Sequence[Pay], today: date) -> list[tuple[int, Fault]]:
    """Everything that is wrong, with the place of its line from 0 (0 for the claim as a whole)."""
    if not lines:
        return [(0, Fault.NO_LINES)]
    if len(lines) > MAX_LINES:
        return [(0, Fault.TOO_MANY)]
    found = [(place, fault) for place, line in enumerate(lines) for fault in _of_line(line, today)]
    return found or _overlaps(lines)


def work_out(lines: Sequence[Pay], today: date) -> Working:
    """What is owed; raises InputError, which names the first fault, for a claim that cannot stand."""
    wrong = faults(lines, today)
    if wrong:
        place, fault = wrong[0]
        raise InputError(f"line {place + 1}: {fault.value}")
    ordered = tuple(sorted(lines, key=lambda line: (line.currency, line.begins, line.ends)))
    currencies = dict.fromkeys(line.currency for line in ordered)
    totals = {one: sum((line.owed for line in ordered if line.currency == one), Decimal(0)) for one in currencies}
    return Working(lines=ordered, totals=totals)


def _of_line(line: Pay, today: date) -> Iterator[Fault]:
    amounts = (line.agreed, line.deducted, line.paid)
    if not _CODE.fullmatch(line.currency):
        yield Fault.CURRENCY
    if line.ends < line.begins:
        yield Fault.BACKWARDS
    if line.ends > today:
        yield Fault.NOT_YET
    if line.begins.year < today.year - _LONGEST_YEARS:
        yield Fault.TOO_LONG_AGO
    if not all(amount.is_finite() for amount in amounts) or any(amount > LARGEST for amount in amounts):
        yield Fault.TOO_LARGE
        return
    if any(amount < 0 for amount in amounts):
        yield Fault.NEGATIVE
    if any(_digits(amount) > digits_of(line.currency) for amount in amounts):
        yield Fault.DIGITS
    if 0 <= line.agreed < line.deducted:
        yield Fault.DEDUCTED
    if line.deducted > 0 and not line.why.strip():
        yield Fault.NO_REASON


def _overlaps(lines: Sequence[Pay]) -> list[tuple[int, Fault]]:
    """Days that two lines of one currency claim: nobody is paid twice for them."""
    ordered = sorted(enumerate(lines), key=lambda pair: (pair[1].currency, pair[1].begins))
    return [
        (place, Fault.OVERLAP)
        for (_, before), (place, line) in pairwise(ordered)
        if line.currency == before.currency and line.begins <= before.ends
    ]


def _digits(amount: Decimal) -> int:
    """How many digits after the point it truly has: 1.50 has one."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
