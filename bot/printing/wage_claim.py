"""Owns the statement of a wage claim as PDF: what is owed with its working, evidence, consent, a place to sign."""

from datetime import datetime

from bot.printing.side_by_side import NOTE, PART, STRONG, TEXT, TITLE, TwoColumns, named
from bot.services.wages import Cell, Statement

SIGNING = 12.0  # millimetres to write in


def draw_wage_claim(statement: Statement, made_at: datetime) -> bytes:
    """The statement as PDF, made at that time."""
    paper = TwoColumns(title=statement.title.host, languages=statement.languages, made_at=made_at)
    paper.write(_both(statement.title), TITLE)
    paper.gap()
    for name, value in statement.about:
        paper.write([named(text, value) for text in _both(name)])
    _part(paper, statement.heading)
    for days, working in statement.lines:
        paper.room(14)
        paper.line(days, STRONG)
        paper.write(_both(working))
        paper.gap(1)
    paper.rule()
    for name, total in statement.totals:
        paper.write([named(text, sum_) for text, sum_ in zip(_both(name), _both(total), strict=True)], STRONG)
    if statement.evidence:
        _part(paper, statement.evidence_heading)
        for place, one in enumerate(statement.evidence, start=1):
            paper.write([f"{place}. {text}" for text in _both(one)])
    paper.gap(5)
    paper.room(60)  # consent and signature stay together
    paper.rule()
    paper.write(_both(statement.consent), TEXT)
    for name in statement.signature:
        paper.gap(SIGNING)
        paper.write([f"{text}: ____________________" for text in _both(name)])
    paper.gap(5)
    paper.write(_both(statement.note), NOTE)
    return paper.pdf()


def _part(paper: TwoColumns, title: Cell) -> None:
    paper.gap(4)
    paper.room(25)  # a heading never stands alone at the foot of a page
    paper.write(_both(title), PART)
    paper.gap(1)


def _both(cell: Cell) -> tuple[str, str]:
    return cell.host, cell.theirs
