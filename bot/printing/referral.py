"""Owns a referral as PDF: to whom, what for, by which consent, and only what was ticked."""

from datetime import datetime

from bot.printing.side_by_side import NOTE, PART, TEXT, TITLE, TwoColumns, named
from bot.services.referrals import Referral


def draw_referral(referral: Referral, made_at: datetime) -> bytes:
    """The referral as PDF, made at that time."""
    paper = TwoColumns(title=referral.title, languages=[referral.language], made_at=made_at)
    paper.write([referral.title], TITLE)
    paper.gap()
    for name, value in referral.head:
        paper.write([named(name, value)])
    paper.gap()
    paper.rule()
    for line in referral.lines:
        paper.gap()
        paper.room(16)  # a name never stands alone at the foot of a page
        paper.write([line.label], PART)
        paper.write([line.text], TEXT)
    paper.gap(4)
    paper.rule()
    paper.write([referral.note], NOTE)
    return paper.pdf()
