"""Owns keeping small counts from readers: what of a table is hidden so that none of them can be computed (R2).

A count from 1 to 4 is hidden. Whoever knows all totals and this very rule could still work it out where it is alone in
its row or column, so larger counts are hidden with it until every small one has at least two values that fit. Rows and
columns that are small as a whole are put together with others, and so are those that no hiding protects.
"""

from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

FEWEST = 5  # a smaller count could tell of a person

Row = TypeVar("Row", bound=Hashable)
Column = TypeVar("Column", bound=Hashable)
Cell = tuple[int, int]  # the numbers of a row and a column
Hidden = list[set[int]]  # of each row, the columns whose cells are hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Generic[Row]):
    """One row, or several put together. A cell is None where it is hidden; the total never is."""

    keys: tuple[Row, ...]
    cells: tuple[int | None, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[Row, Column]):
    """Counts by row and column; a column may be several put together. `totals` are the columns'."""

    columns: tuple[tuple[Column, ...], ...]
    lines: tuple[Line[Row], ...]
    totals: tuple[int, ...]

    @property
    def is_whole(self) -> bool:
        return all(len(line.keys) == 1 and None not in line.cells for line in self.lines)


def whole(counts: Mapping[Row, Mapping[Column, int]], columns: Sequence[Column]) -> Table[Row, Column]:
    """The table with nothing hidden."""
    cells = [[row[column] for column in columns] for row in counts.values()]
    return _Grid(rows=[(row,) for row in counts], groups=[[(column,) for column in columns]], counts=cells).table(set())


def protected(counts: Mapping[Row, Mapping[Column, int]], groups: Sequence[Sequence[Column]]) -> Table[Row, Column]:
    """The table fit for whoever knows the totals of all columns, and of each row within each group of columns.

    A table that comes down to one row has only known totals, and shows them.
    """
    grid = _Grid(
        rows=[(row,) for row in counts],
        groups=[[(column,) for column in group] for group in groups if group],
        counts=[[row[column] for group in groups for column in group] for row in counts.values()],
    )
    while True:
        if grid.join_small():
            continue
        hidden, naked = grid.hide()
        if naked is None:
            return grid.table(hidden | grid.small())
        grid.join(naked)


@dataclass(kw_only=True)
class _Grid(Generic[Row, Column]):
    """A table while it is made fit."""

    rows: list[tuple[Row, ...]]
    groups: list[list[tuple[Column, ...]]]
    counts: list[list[int]]

    def table(self, hidden: Set[Cell]) -> Table[Row, Column]:
        lines = [
            Line(
                keys=keys,
                cells=tuple(None if (row, i) in hidden else count for i, count in enumerate(self.counts[row])),
                total=sum(self.counts[row]),
            )
            for row, keys in enumerate(self.rows)
        ]
        columns = tuple(column for group in self.groups for column in group)
        totals = tuple(sum(row[i] for row in self.counts) for i in range(len(columns)))
        return Table(columns=columns, lines=tuple(lines), totals=totals)

    def spans(self) -> list[range]:
        """The numbers of each group's columns."""
        ends = [sum(map(len, self.groups[: i + 1])) for i in range(len(self.groups))]
        return [range(end - len(group), end) for end, group in zip(ends, self.groups, strict=True)]

    def join_small(self) -> bool:
        """Put one row or column that is small as a whole together with another; False when there is none."""
        if len(self.rows) < 2:
            return False
        for span in self.spans():
            small = [column for column in span if 0 < sum(row[column] for row in self.counts) < FEWEST]
            if small and len(span) > 1:
                self._join_column(small[0], span)
                return True
        small = [row for row, cells in enumerate(self.counts) if sum(cells) < FEWEST]
        if small:
            self._join_row(small[0])
        return bool(small)

    def join(self, cell: Cell) -> None:
        """Put the row of a cell that nothing protects together with another; the column, where it is alone in that."""
        row, column = cell
        span = next(span for span in self.spans() if column in span)
        if any(other != row and cells[column] for other, cells in enumerate(self.counts)):
            self._join_row(row)
        else:
            self._join_column(column, span)

    def _join_row(self, row: int) -> None:
        other = min((i for i in range(len(self.rows)) if i != row), key=lambda i: sum(self.counts[i]))
        first, second = sorted((row, other))
        self.counts[first] = [a + b for a, b in zip(self.counts[first], self.counts.pop(second), strict=True)]
        self.rows[first] += self.rows.pop(second)

    def _join_column(self, column: int, span: range) -> None:
        other = min((i for i in span if i != column), key=lambda i: sum(row[i] for row in self.counts))
        first, second = sorted((column, other))
        for row in self.counts:
            row[first] += row.pop(second)
        group = self.groups[self.spans().index(span)]
        group[first - span.start] += group.pop(second - span.start)

    def small(self) -> Set[Cell]:
        """All small counts: also those that the reader can know from elsewhere are not said here once more."""
        if len(self.rows) < 2:
            return set()
        cells = ((row, column) for row, counts in enumerate(self.counts) for column in range(len(counts)))
        return {cell for cell in cells if 0 < self._count(cell) < FEWEST}

    def hide(self) -> tuple[Set[Cell], Cell | None]:
        """The cells to hide, group by group; or a small one that no hiding protects."""
        hidden: set[Cell] = set()
        for span in self.spans():
            if len(span) == 1 or len(self.rows) == 1:
                continue  # its cells are known totals
            filled = {(row, column) for row, cells in enumerate(self.counts) for column in span if cells[column]}
            small = sorted(cell for cell in filled if self._count(cell) < FEWEST)
            mine: Hidden = [set() for _ in self.rows]
            for row, column in small:
                mine[row].add(column)
            for cell in small:  # what is open stays so, however many more are hidden
                while not self._is_open(cell, mine):
                    further = _candidates(cell, mine, filled)
                    if not further:
                        return hidden, cell
                    row, column = min(further, key=lambda one: (self._count(one), one))
                    mine[row].add(column)
            hidden |= {(row, column) for row, columns in enumerate(mine) for column in columns}
        return hidden, None

    def _count(self, cell: Cell) -> int:
        return self.counts[cell[0]][cell[1]]

    def _is_open(self, cell: Cell, hidden: Hidden) -> bool:
        """Whether the cell could have another value, all totals being as they are and no hidden cell being empty.

        It could where one more here is one less in another hidden cell of its column, one more in the row of that, and
        so on back to its own row; or the same with more and less exchanged.
        """
        return self._leads_back(cell, hidden, is_more=True) or (
            self._count(cell) > 1 and self._leads_back(cell, hidden, is_more=False)
        )

    def _leads_back(self, cell: Cell, hidden: Hidden, *, is_more: bool) -> bool:
        """Follow such changes from the cell's column through hidden cells, in any number of steps, to its row."""
        home, start = cell
        least_before, least_after = (2, 1) if is_more else (1, 2)  # a cell that gets one less must not become empty
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for row, columns in enumerate(hidden):
                if row == home or here not in columns or self.counts[row][here] < least_before:
                    continue
                for column in columns - seen:
                    if self.counts[row][column] < least_after:
                        continue
                    if column in hidden[home] and self.counts[home][column] >= least_before:
                        return True
                    seen.add(column)
                    waiting.append(column)
        return False


def _candidates(naked: Cell, hidden: Hidden, filled: Set[Cell]) -> Set[Cell]:
    """Which cells may be hidden next: in the row or column where it is alone, else where a way back could close."""
    row, column = naked
    shown = {one for one in filled if one[1] not in hidden[one[0]]}
    if hidden[row] == {column}:
        return {one for one in shown if one[0] == row}
    if not any(column in columns for other, columns in enumerate(hidden) if other != row):
        return {one for one in shown if one[1] == column}
    known: set[int] = set().union(*hidden)
    closing = {one for one in shown if hidden[one[0]] and one[1] in known}
    return closing or {one for one in shown if hidden[one[0]] or one[1] in known}
