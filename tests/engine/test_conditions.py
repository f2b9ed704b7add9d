"""Proves the language of `when`: what holds, what cannot be said, what cannot be read."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.values import Evidence, Money, Position, Value
from bot.engine.conditions import MAX_LENGTH, ConditionError, compare, parse
from bot.engine.graph import surely_known

ANSWERS: dict[str, Value] = {
    "months": 7,
    "half": Decimal("0.5"),
    "amount": Money(value=Decimal(1500), currency="QAR"),
    "safe": "yes",
    "empty": "",
    "agreed": True,
    "refused": False,
    "day": date(2026, 11, 22),
    "where": Position(latitude=1, longitude=2),
    "photo": Evidence(document_id="d", kind="photo"),
    "skipped": None,
}

HOLDS = [
    "months > 6", "months >= 7", "months <= 7", "months < 8", "months = 7", "months == 7.0", "months != 8",
    "7 = months", "half < 1",
    "amount > 1000", "amount = 1500", "amount > months", "-1 < half",
    'safe = "yes"', "safe = 'yes'", 'safe != "no"', "empty = ''", "agreed", "not refused", "agreed = true",
    "refused = false",
    "known(months)", "known(where) and known(photo)", "known(refused)", "not known(skipped)", "not known(never)",
    'safe in ["yes", "perhaps"]', "months in [1, 7]", 'safe not in ["no"]', "months in [half, 7]",
    "months > 6 and agreed", "months > 9 or agreed", "not (months > 9)", "not months > 9", "not not agreed",
    "refused or refused or agreed", "agreed or refused and refused", "(refused or agreed) and not refused",
    "unknown > 3 or agreed", "true", "not false", "months>6 and agreed", "months > ६",
]  # fmt: skip

DOES_NOT_HOLD = [
    "months > 7", "safe = 'no'", "refused", "not agreed", "false", "agreed and refused", "known(never)",
    "known(skipped)",
    "safe not in ['yes']", "months in [1, 2]", "(agreed or agreed) and refused",
    # what is unknown, and what cannot be compared, neither holds nor does its contrary
    "never = 3", "never != 3", "not (never = 3)", "never in [1]", "never not in [1]", "not never", "skipped = ''",
    "never and agreed",
    "safe > 3", "not (safe > 3)", "safe = 3", "safe != 3", "months = 'seven'", "months != 'seven'",
    "agreed = 1", "agreed > 0",
    "safe < 'zz'", "where > 1", "photo = 'd'", "day = '2026-11-22'", "months", "safe", "not months", "amount = 'QAR'",
]  # fmt: skip

CANNOT_BE_READ = [
    ("", 1, "found nothing"),
    ("   ", 4, "found nothing"),
    ("months >", 9, "expected a variable"),
    ("> 6", 1, "expected a variable"),
    ("months 6", 8, "expected `and`, `or` or the end"),
    ("months > 6 and", 15, "found nothing"),
    ("(months > 6", 12, "expected `)`"),
    ("months > 6)", 11, "found `)`"),
    ("safe = \"yes", 8, "is not understood"),
    ("safe = yes!", 11, "is not understood"),
    ("Months > 6", 1, "'M' is not understood"),
    ("known months", 7, "expected `(`"),
    ("known('months')", 7, "expected the name of a variable"),
    ("known(months", 13, "expected `)`"),
    ("months in 1", 11, "expected `[`"),
    ("months in []", 12, "expected a variable"),
    ("months in [1,", 14, "expected a variable"),
    ("months not 3", 12, "expected `in`"),
    ("1.2.3 > 1", 1, "is not understood"),
    ("6months", 1, "is not understood"),
    ("months + 1 > 3", 8, "'+' is not understood"),
    ("__import__('os')", 11, "found `(`"),
    ("a.b = 1", 2, "'.' is not understood"),
    ("a > 1 > 2", 7, "expected `and`"),
    ("not", 4, "found nothing"),
    ("and", 1, "found `and`"),
    ("true = ", 8, "found nothing"),
    ("months>6and agreed", 8, "is not understood"),
]  # fmt: skip


@pytest.mark.parametrize("source", HOLDS)
def test_it_holds(source: str) -> None:
    assert parse(source).holds(ANSWERS)


@pytest.mark.parametrize("source", DOES_NOT_HOLD)
def test_it_does_not_hold(source: str) -> None:
    assert not parse(source).holds(ANSWERS)


@pytest.mark.parametrize(("source", "position", "says"), CANNOT_BE_READ)
def test_what_cannot_be_read_is_refused_with_its_place(source: str, position: int, says: str) -> None:
    with pytest.raises(ConditionError, match="at character") as refused:
        parse(source)
    assert refused.value.position == position
    assert says in str(refused.value)


def test_brackets_without_end_are_refused_and_no_stack_runs_over() -> None:
    for deep in ("(" * 200 + "a" + ")" * 200, "not " * 100 + "a"):
        with pytest.raises(ConditionError, match="too many brackets"):
            parse(deep)
    with pytest.raises(ConditionError, match="500 characters"):
        parse("a" * (MAX_LENGTH + 1))


def test_the_variables_that_a_condition_reads_are_told_apart_from_those_it_only_asks_after() -> None:
    condition = parse("months > 6 and known(employer) and safe in [other, 'x']")
    assert condition.names == {"months", "safe", "other"}
    assert surely_known(condition) == {"employer"}
    assert surely_known(parse("known(a) or known(b)")) == frozenset()
    assert surely_known(parse("not known(a)")) == frozenset()


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.decimals(allow_nan=True),
    st.dates(),
    st.builds(Money, value=st.decimals(allow_nan=True), currency=st.just("QAR")),
    st.builds(Position, latitude=st.floats(), longitude=st.floats()),
)


@given(VALUES, VALUES)
def test_a_comparison_is_true_false_or_unknown_for_any_two_values_and_so_is_its_contrary(
    one: Value, other: Value
) -> None:
    same, different = compare(one, "=", other), compare(one, "!=", other)
    assert (same is None and different is None) or same is not different
    less, more = compare(one, "<", other), compare(other, ">", one)
    assert less is more


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_breaks(source: str) -> None:
    at = 1
    try:
        parse(source).holds(ANSWERS)
    except ConditionError as error:
        at = error.position
    assert 1 <= at <= len(source) + 1


EXPRESSIONS = st.recursive(
    st.sampled_from(["agreed", "refused", "months > 6", "safe = 'no'", "known(never)", "never = 1"]),
    lambda parts: st.one_of(
        st.builds("({} and {})".format, parts, parts),
        st.builds("({} or {})".format, parts, parts),
        st.builds("(not {})".format, parts),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_a_condition_and_its_contrary_never_both_hold(source: str) -> None:
    assert not (parse(source).holds(ANSWERS) and parse(f"not {source}").holds(ANSWERS))
