"""Owns the after-action report as PDF: its parts one below the other on pages of A4."""

from collections.abc import Iterator
from datetime import datetime

from bot.i18n import direction
from bot.printing.typesetting import HEIGHT, LEADING, MARGIN, MM, WIDTH, Sheet, Style
from bot.services.paper import Grid, Paper, Part

INNER = WIDTH - 2 * MARGIN
WHITE, GREY, INK = (255, 255, 255), (80, 80, 80), (0, 0, 0)
DRILL, LIVE = (29, 95, 138), (179, 38, 30)  # as on the screens
TITLE, PART, TEXT, NOTE = 18.0, 13.0, 10.0, 8.5  # points
FIRST = 0.46  # of the width: the names of a table's rows
MOST_COLUMNS = 3  # more are set as a list for each row: no reader can hold a ruler to a screen of print
GAP = 3.0  # millimetres


def draw_report(paper: Paper, made_at: datetime) -> bytes:
    """The report as PDF, made at that time."""
    return _Report(paper, made_at).pdf()


class _Report:
    """A report in the making; `y` is where the next line goes."""

    def __init__(self, paper: Paper, made_at: datetime) -> None:
        self.paper = paper
        self.sheet = Sheet(title=paper.title, language=paper.language, made_at=made_at)
        self.is_rtl = direction(paper.language) == "rtl"
        self.y = self._head()

    def pdf(self) -> bytes:
        self._write(self.paper.title, Style(size=TITLE, is_bold=True))
        self._write(self.paper.subtitle, Style(size=TEXT, colour=GREY))
        for part in self.paper.parts:
            self._part(part)
        return self.sheet.pdf()

    def _head(self) -> float:
        """The band that says what it is about, on every page: a drill in another colour than the real thing (R9)."""
        self.sheet.box(x=0, y=0, width=WIDTH, height=12, colour=DRILL if self.paper.is_drill else LIVE)
        mark = Style(size=11, is_bold=True, colour=WHITE)
        self.sheet.write(self.paper.mark, x=MARGIN, y=3, width=INNER, language=self.paper.language, style=mark)
        return 18.0

    def _part(self, part: Part) -> None:
        self.y += GAP
        self._room(25)  # a heading never stands alone at the foot of a page
        self._write(part.title, Style(size=PART, is_bold=True))
        for line in part.lines:
            self._write(line, Style(size=NOTE, colour=GREY))
        for name, value in part.facts:
            self._row((name, value), Style(size=TEXT))
        if part.grid is not None:
            self._grid(part.grid)

    def _grid(self, grid: Grid) -> None:
        if len(grid.columns) > MOST_COLUMNS:
            for name, text in _as_list(grid):
                self._room(14)
                self._write(name, Style(size=TEXT, is_bold=True))
                self._write(text, Style(size=TEXT))
            return
        bold = Style(size=TEXT, is_bold=True)
        self._row(grid.columns, bold)
        self._rule()
        for row in grid.rows:
            self._row(row, Style(size=TEXT))
        if grid.sums:
            self._rule()
            self._row(grid.sums, bold)

    def _row(self, cells: tuple[str, ...], style: Style) -> None:
        """Texts side by side, the first one widest; they begin where their language begins."""
        widths = [INNER * FIRST, *([INNER * (1 - FIRST) / (len(cells) - 1)] * (len(cells) - 1))]
        placed = list(zip(cells, widths, strict=True))
        self._room(max(self._height(text, style, width - 2) for text, width in placed))
        x, ends = MARGIN, [self.y]
        for text, width in reversed(placed) if self.is_rtl else placed:
            if text:
                ends.append(self._set(text, style, x=x, width=width - 2))
            x += width
        self.y = max(ends)

    def _write(self, text: str, style: Style) -> None:
        self._room(self._height(text, style, INNER))
        self.y = self._set(text, style, x=MARGIN, width=INNER)

    def _set(self, text: str, style: Style, *, x: float, width: float) -> float:
        return self.sheet.write(text, x=x, y=self.y, width=width, language=self.paper.language, style=style)

    def _height(self, text: str, style: Style, width: float) -> float:
        if not text:
            return style.size * MM * LEADING
        return self.sheet.height(text, width=width, language=self.paper.language, style=style)

    def _rule(self) -> None:
        self.sheet.line(y=self.y)
        self.y += 0.5

    def _room(self, height: float) -> None:
        """Go to the next page where so much does not fit on this one."""
        if self.y + height > HEIGHT - MARGIN:
            self.sheet.page()
            self.y = self._head()


def _as_list(grid: Grid) -> Iterator[tuple[str, str]]:
    """Each row with its sum, and what it is made of: counts of nobody are left out."""
    rows = [*grid.rows, *([grid.sums] if grid.sums else [])]
    for name, *cells, total in rows:
        parts = [f"{column} {cell}" for column, cell in zip(grid.columns[1:-1], cells, strict=True) if cell != "0"]
        yield f"{name}: {total}", " · ".join(parts) or "–"
