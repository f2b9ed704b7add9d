"""Owns printing in two languages side by side: each text in its own column, from the side on which it begins."""

from collections.abc import Sequence
from datetime import datetime

from bot.printing.typesetting import HEIGHT, MARGIN, WIDTH, Sheet, Style

INNER = WIDTH - 2 * MARGIN
GUTTER = 6.0  # millimetres between the columns
GAP = 2.5
TITLE, PART, TEXT, NOTE = Style(size=16, is_bold=True), Style(size=11, is_bold=True), Style(size=9.5), Style(size=8)
STRONG = Style(size=10.5, is_bold=True)
_ISOLATE, _POP = "\u2068", "\u2069"
# Marks of direction in a value would end the isolate, or turn around what stands beside it.
_TURNS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


def named(name: str, value: str) -> str:
    """A name and its value, whose figures keep their order in text that begins on the right."""
    return f"{name}: {_ISOLATE}{value.translate(_TURNS)}{_POP}"


class TwoColumns:
    """A paper in the making: what is written goes below what was; `languages` are those of the columns.

    One language is written once, over the whole width.
    """

    def __init__(self, *, title: str, languages: Sequence[str], made_at: datetime) -> None:
        self.languages = tuple(dict.fromkeys(languages))
        self.sheet = Sheet(title=title, language=self.languages[0], made_at=made_at)
        self.y = MARGIN

    @property
    def width(self) -> float:
        """Of one column."""
        count = len(self.languages)
        return (INNER - GUTTER * (count - 1)) / count

    def write(self, texts: Sequence[str], style: Style = TEXT) -> None:
        """The same thing in each language, side by side."""
        columns = list(zip(self.languages, texts, strict=False))
        self.room(max(self.height(text, language, style) for language, text in columns))
        self.y = max(
            self.sheet.write(text, x=self._x(place), y=self.y, width=self.width, language=language, style=style)
            for place, (language, text) in enumerate(columns)
        )

    def line(self, text: str, style: Style = TEXT) -> None:
        """One text that needs no language: a number, days, a name; over the whole width."""
        language = self.languages[0]
        self.room(self.sheet.height(text, width=INNER, language=language, style=style))
        self.y = self.sheet.write(text, x=MARGIN, y=self.y, width=INNER, language=language, style=style)

    def height(self, text: str, language: str, style: Style) -> float:
        return self.sheet.height(text, width=self.width, language=language, style=style) if text else 0.0

    def gap(self, height: float = GAP) -> None:
        self.y += height

    def rule(self) -> None:
        self.room(GAP)
        self.sheet.line(y=self.y)
        self.y += 1.0

    def room(self, height: float) -> None:
        """Go to the next page where so much does not fit on this one."""
        if self.y + height > HEIGHT - MARGIN:
            self.sheet.page()
            self.y = MARGIN

    def pdf(self) -> bytes:
        return self.sheet.pdf()

    def _x(self, place: int) -> float:
        return MARGIN + place * (self.width + GUTTER)
