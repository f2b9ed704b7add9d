"""Proves that typed values are read from what frightened people type, in four languages and any script's digits."""

from bot.engine.extract import amount, number, period


def test_reads_a_number_in_any_script() -> None:
    assert [number(text, None) for text in ("12", "१२", "١٢", "۱۲", "၁၂", "twelve", "doce")] == [12] * 7


def test_reads_an_amount_and_a_period() -> None:
    assert str(amount("5 hajar riyal", "ne", "QAR")) == "5000 QAR"
    assert str(period("منذ شهرين", "ar")) == "P2M"
