"""The domain's values come back from storage as they went in."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.values import Evidence, Money, Period, Position, Value
from bot.storage import values

texts = st.text(st.characters(exclude_categories=()))  # half surrogate pairs too: phones send them
decimals = st.decimals(allow_nan=False, allow_infinity=False)
anything: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    texts,
    decimals,
    st.dates(),
    st.builds(Money, value=decimals, currency=texts),
    st.builds(Period, count=st.integers(), unit=texts),
    st.builds(Position, latitude=st.floats(allow_nan=False), longitude=st.floats(allow_nan=False)),
    st.builds(Evidence, document_id=texts, kind=texts),
)


@given(st.dictionaries(texts, anything))
def test_answers_come_back_as_they_were(answers: dict[str, Value]) -> None:
    read = values.read_all(values.from_bytes(values.to_bytes(values.written_all(answers))))
    assert read == answers
    assert {name: type(value) for name, value in read.items()} == {name: type(value) for name, value in answers.items()}


def test_every_kind_of_value_is_tried() -> None:
    """A kind that joins Value must join the round trip."""
    tried = {bool, int, str, Decimal, date, Money, Period, Position, Evidence, type(None)}
    assert set(Value.__args__) == tried


def test_the_digits_of_an_amount_are_kept() -> None:
    assert str(values.read(values.written(Decimal("1200.50")))) == "1200.50"


@pytest.mark.parametrize("wrong", [1.5, b"x", [1], {"a": 1}, datetime(2026, 1, 1, tzinfo=UTC), object()])
def test_what_is_no_value_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        values.written(wrong)
