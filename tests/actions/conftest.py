"""Owns the fixtures of these tests: those of tests/stand.py."""

from tests.stand import catalogs, clock, contact, ids, store, unit

__all__ = ["catalogs", "clock", "contact", "ids", "store", "unit"]
