"""Owns a report in words, before anybody draws it as a page or a PDF: parts with facts, lines and tables."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of finished texts. Each row begins with its name; the last column and `sums` add up what is before."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sums: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section: its facts by name, its sentences and its table."""

    title: str
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    grid: Grid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A whole report in one language. `mark` says what it is about: that a drill was a drill, first of all."""

    title: str
    mark: str
    is_drill: bool
    subtitle: str
    language: str
    parts: tuple[Part, ...]
