"""Owns a printed page: A4, fonts for every script offered, letters shaped and lines ordered as their language does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from weakref import finalize

import segno
from fpdf import FPDF
from fpdf.enums import Align
from fpdf.fonts import TTFFont

from bot import i18n

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 14.0  # millimetres (A4)
QUIET = 4  # modules of white around a QR code, which readers need (ISO/IEC 18004)
LEADING = 1.4  # line to line, in font sizes: Devanagari's marks above and below need more than Latin
MM = 25.4 / 72  # a point in millimetres
FAMILY = "NotoSans"
FALLBACKS = ("NotoSansDevanagari", "NotoSansArabic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a text is set: its size in points."""

    size: float = 11
    is_bold: bool = False
    colour: tuple[int, int, int] = (0, 0, 0)


class Sheet:
    """A PDF in the making. Positions and widths are in millimetres from the top left corner."""

    def __init__(self, *, title: str, language: str, made_at: datetime) -> None:
        self._pdf = pdf = FPDF(format="A4")
        pdf.set_creation_date(made_at)
        pdf.set_title(_whole(title))
        pdf.set_lang(language)
        pdf.set_auto_page_break(False)
        for family in (FAMILY, *FALLBACKS):
            for style, weight in (("", "Regular"), ("B", "Bold")):
                pdf.add_font(family, style, _font(f"{family}-{weight}.ttf"))
        pdf.set_fallback_fonts(list(FALLBACKS), exact_match=True)
        pdf.add_page()
        finalize(self, _close, pdf)

    def write(
        self,
        text: str,
        *,
        x: float,
        y: float,
        width: float,
        language: str,
        style: Style = Style(),
        is_centred: bool = False,
    ) -> float:
        """Set the text within the width, from the side on which its language begins; returns where the next goes."""
        self._take(language, style)
        side = Align.C if is_centred else Align.R if i18n.direction(language) == "rtl" else Align.L
        self._pdf.set_xy(x, y)
        self._pdf.multi_cell(width, style.size * MM * LEADING, _whole(text), align=side, new_x="LMARGIN", new_y="NEXT")
        return self._pdf.get_y()

    def height(self, text: str, *, width: float, language: str, style: Style = Style()) -> float:
        """How high the text would stand."""
        self._take(language, style)
        height = self._pdf.multi_cell(width, style.size * MM * LEADING, _whole(text), dry_run=True, output="HEIGHT")
        assert isinstance(height, float | int)
        return float(height)

    def code(self, content: str, *, x: float, y: float, width: float) -> None:
        """A QR code, with its quiet zone inside the width."""
        matrix = segno.make_qr(content, error="m").matrix
        module = width / (len(matrix) + 2 * QUIET)
        self._pdf.set_fill_color(0, 0, 0)
        for row, modules in enumerate(matrix):
            for start, length in _runs(modules):
                left, top = x + (start + QUIET) * module, y + (row + QUIET) * module
                # A hair wider, or screens show white seams between the rows.
                self._pdf.rect(left, top, length * module + 0.02, module + 0.02, style="F")

    def box(self, *, x: float, y: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
        self._pdf.set_fill_color(*colour)
        self._pdf.rect(x, y, width, height, style="F")

    def line(self, *, y: float) -> None:
        """A thin line from margin to margin."""
        self._pdf.set_draw_color(160, 160, 160)
        self._pdf.line(MARGIN, y, WIDTH - MARGIN, y)

    def page(self) -> None:
        self._pdf.add_page()

    def pdf(self) -> bytes:
        return bytes(self._pdf.output())

    def _take(self, language: str, style: Style) -> None:
        self._pdf.set_font(FAMILY, "B" if style.is_bold else "", style.size)
        self._pdf.set_text_color(*style.colour)
        # The script is found from the letters: a line may hold two.
        self._pdf.set_text_shaping(True, direction=i18n.direction(language), language=i18n.base(language))


def _whole(text: str) -> str:
    """The text with its halves of characters, which have no place in a file, shown as what is missing."""
    return text.encode("utf-8", "replace").decode()


def _runs(modules: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where black modules begin, and how many stand side by side."""
    start = None
    for at, module in enumerate([*modules, 0]):
        if module and start is None:
            start = at
        elif not module and start is not None:
            yield start, at - start
            start = None


def _close(pdf: FPDF) -> None:
    """Close the files of its fonts, which stay open while it is drawn upon."""
    for font in pdf.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()


def _font(name: str) -> Path:
    with as_file(files("bot.printing").joinpath("fonts", name)) as path:
        return path
