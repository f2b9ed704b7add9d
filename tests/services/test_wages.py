"""A wage claim is worked out exactly, by period and currency, and refuses what cannot be."""

from datetime import date
from decimal import Decimal

import pytest

from bot.domain.errors import InputError
from bot.domain.wages import Fault, Pay, digits_of, faults, work_out

TODAY = date(2026, 5, 6)


def pay(month: int, agreed: str, paid: str = "0", *, currency: str = "BRL", deducted: str = "0", why: str = "") -> Pay:
    return Pay(
        begins=date(2026, month, 1), ends=date(2026, month, 28), currency=currency, agreed=Decimal(agreed),
        paid=Decimal(paid), deducted=Decimal(deducted), why=why,
    )  # fmt: skip


def test_each_line_is_agreed_less_deductions_less_paid_and_the_sum_is_exact() -> None:
    working = work_out([pay(2, "0.30", "0.10"), pay(1, "1500.50", "400", deducted="100", why="advance")], TODAY)
    assert [line.owed for line in working.lines] == [Decimal("1000.50"), Decimal("0.20")]  # by their beginning
    assert working.totals == {"BRL": Decimal("1000.70")}
    assert working.is_owed


def test_currencies_are_never_added_together() -> None:
    working = work_out([pay(1, "100"), pay(1, "50", currency="USD")], TODAY)
    assert working.totals == {"BRL": Decimal(100), "USD": Decimal(50)}


def test_what_was_paid_above_the_due_counts_against_the_rest() -> None:
    assert work_out([pay(1, "100"), pay(2, "100", "150")], TODAY).totals == {"BRL": Decimal(50)}
    assert not work_out([pay(1, "100", "100")], TODAY).is_owed


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (pay(12, "100"), Fault.NOT_YET),
        (pay(1, "-1"), Fault.NEGATIVE),
        (pay(1, "100", currency="R$"), Fault.CURRENCY),
        (pay(1, "100.5", currency="JPY"), Fault.DIGITS),
        (pay(1, "100.0005", currency="KWD"), Fault.DIGITS),
        (pay(1, "Infinity"), Fault.TOO_LARGE),
        (pay(1, "1e30"), Fault.TOO_LARGE),
        (pay(1, "100", deducted="101", why="rent"), Fault.DEDUCTED),
        (pay(1, "100", deducted="5"), Fault.NO_REASON),
    ],
)
def test_a_line_that_cannot_be_is_named_with_its_fault(line: Pay, fault: Fault) -> None:
    assert faults([pay(2, "1"), line], TODAY) == [(1, fault)]
    with pytest.raises(InputError, match=f"line 2: {fault.value}"):
        work_out([pay(2, "1"), line], TODAY)


def test_days_are_claimed_once() -> None:
    assert faults([pay(1, "100"), pay(1, "50")], TODAY) == [(1, Fault.OVERLAP)]
    assert faults([pay(1, "100"), pay(1, "50", currency="USD")], TODAY) == []


def test_three_digits_of_a_dinar_are_kept_and_trailing_zeros_harm_nobody() -> None:
    assert digits_of("KWD") == 3
    assert work_out([pay(1, "100.125", currency="KWD"), pay(2, "1.5000", currency="KWD")], TODAY).totals == {
        "KWD": Decimal("101.625")
    }


def test_nothing_at_all_is_no_claim() -> None:
    assert faults([], TODAY) == [(0, Fault.NO_LINES)]
    assert faults([pay(1, "1")] * 61, TODAY) == [(0, Fault.TOO_MANY)]
