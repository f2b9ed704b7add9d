"""Small counts stay hidden, whoever knows the totals and the rule (R2)."""

from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services.disclosure import FEWEST, Table, protected, whole

COLUMNS = ("a", "b", "c")
COUNTS = st.lists(st.tuples(*(st.integers(0, 8) for _ in COLUMNS)), max_size=4)
GROUPS = st.sampled_from([[COLUMNS], [("a",), ("b", "c")]])
Filling = dict[tuple[int, int], int]


def table(rows: Sequence[Sequence[int]]) -> dict[int, dict[str, int]]:
    return {i: dict(zip(COLUMNS, row, strict=True)) for i, row in enumerate(rows)}


def shown(made: Table[int, str]) -> list[list[int | None]]:
    return [list(line.cells) for line in made.lines]


def truth(rows: Sequence[Sequence[int]], made: Table[int, str], line: int, column: int) -> int:
    return sum(rows[key][COLUMNS.index(name)] for key in made.lines[line].keys for name in made.columns[column])


def cells(made: Table[int, str]) -> list[tuple[int, int]]:
    return list(product(range(len(made.lines)), range(len(made.columns))))


def is_single(made: Table[int, str], column: int, groups: Sequence[Sequence[str]]) -> bool:
    """Whether the column is all that its group has, so that its cells are totals which the reader knows."""
    return any(set(group) == set(made.columns[column]) for group in groups)


@settings(deadline=None)
@given(COUNTS, GROUPS)
def test_nobody_is_lost_and_no_small_count_is_shown(rows: list[tuple[int, ...]], groups: list[Sequence[str]]) -> None:
    made = protected(table(rows), groups)
    assert sorted(key for line in made.lines for key in line.keys) == list(range(len(rows)))
    assert sorted(name for column in made.columns for name in column) == list(COLUMNS)
    assert sum(line.total for line in made.lines) == sum(made.totals) == sum(map(sum, rows))
    assert all(line.total >= FEWEST for line in made.lines) or len(made.lines) <= 1
    for i, j in cells(made):
        count = made.lines[i].cells[j]
        assert count in (None, truth(rows, made, i, j))
        assert not count or count >= FEWEST or len(made.lines) == 1


@settings(max_examples=150, deadline=None)
@given(COUNTS, GROUPS)
def test_no_small_count_can_be_computed_from_what_is_shown(
    rows: list[tuple[int, ...]], groups: list[Sequence[str]]
) -> None:
    made = protected(table(rows), groups)
    hidden = [(i, j) for i, j in cells(made) if made.lines[i].cells[j] is None]
    small = [(i, j) for i, j in hidden if truth(rows, made, i, j) < FEWEST and not is_single(made, j, groups)]
    for group in groups:
        span = [j for j in range(len(made.columns)) if set(made.columns[j]) <= set(group)]
        fitting = list(fillings(rows, made, span))
        for cell in (cell for cell in small if cell[1] in span):
            assert len({one[cell] for one in fitting}) > 1, (rows, shown(made))


def fillings(rows: Sequence[Sequence[int]], made: Table[int, str], span: list[int]) -> Iterator[Filling]:
    """Every filling of a group's hidden cells, none of them empty, that agrees with all totals."""
    fitting: list[Filling] = [{}]
    for i in range(len(made.lines)):
        known = sum(truth(rows, made, i, j) for j in span if made.lines[i].cells[j] is None)
        names = [(i, j) for j in span if made.lines[i].cells[j] is None]
        ways = [
            dict(zip(names, counts, strict=True))
            for counts in product(range(1, known + 1), repeat=len(names))
            if sum(counts) == known
        ]
        fitting = [{**one, **way} for one in fitting for way in ways or [{}] if is_within({**one, **way}, rows, made)]
    return (one for one in fitting if is_within(one, rows, made, is_full=True))


def is_within(filled: Filling, rows: Sequence[Sequence[int]], made: Table[int, str], *, is_full: bool = False) -> bool:
    for j in {j for _, j in filled}:
        hidden = [i for i in range(len(made.lines)) if made.lines[i].cells[j] is None]
        given_ = sum(filled.get((i, j), 0) for i in hidden)
        meant = sum(truth(rows, made, i, j) for i in hidden)
        if given_ > meant or (is_full and given_ != meant):
            return False
    return True


def test_a_lone_small_count_takes_others_of_its_row_and_column_with_it() -> None:
    made = protected(table([(20, 3, 0), (30, 9, 0), (25, 12, 0)]), [COLUMNS])
    assert shown(made) == [[None, None, 0], [None, None, 0], [25, 12, 0]]


def test_a_column_of_few_people_is_put_together_with_another() -> None:
    made = protected(table([(20, 9, 2), (30, 9, 0)]), [COLUMNS])
    assert (made.columns, shown(made)) == ((("a",), ("b", "c")), [[20, 11], [30, 9]])


def test_rows_of_few_people_are_put_together_with_the_smallest_other() -> None:
    made = protected(table([(3, 0, 0), (10, 20, 0), (40, 9, 0)]), [COLUMNS])
    assert [(line.keys, line.cells) for line in made.lines] == [((0, 1), (13, 20, 0)), ((2,), (40, 9, 0))]


def test_what_no_hiding_protects_is_put_together() -> None:
    made = protected(table([(20, 3, 0), (30, 0, 0), (0, 9, 0)]), [COLUMNS])
    assert all(not count or count >= FEWEST for row in shown(made) for count in row)


def test_columns_whose_sums_are_known_by_row_are_protected_among_themselves() -> None:
    made = protected(table([(20, 3, 9), (30, 9, 9), (25, 12, 9)]), [("a",), ("b", "c")])
    assert shown(made) == [[20, None, None], [30, None, None], [25, 12, 9]]


def test_the_organisation_sees_the_whole_table() -> None:
    made = whole(table([(1, 2, 3)]), COLUMNS)
    assert (shown(made), made.totals, made.is_whole) == ([[1, 2, 3]], (1, 2, 3), True)


def test_an_empty_table_stays_empty() -> None:
    assert protected({}, [COLUMNS]).lines == ()
