"""The report's figures: each table adds up to the recipients, and times are told only once they are reached."""

from datetime import timedelta

import pytest
from hypothesis import given, settings

from bot.domain.broadcast import Broadcast, BroadcastKind
from bot.domain.checkin import Closing, RecipientState, Safety, Source
from bot.domain.delivery import BroadcastId
from bot.domain.errors import Reason
from bot.domain.staff import StaffId
from bot.services.board import account_order, by_account
from bot.services.broadcast_ports import Answered, Tally
from bot.services.disclosure import FEWEST
from bot.services.reports import as_on_the_board, breakdown, closings, summary, time_to
from tests.services.tallies import ANY, tally
from tests.stand import NOW

ALERT = Broadcast(
    id=BroadcastId("b1"), employer=None, kind=BroadcastKind.ALERT, author=StaffId("ana"), created_at=NOW, begun_at=NOW
)


def answered(*minutes: int, each: int = 1) -> list[Answered]:
    return [Answered(at=NOW + timedelta(minutes=at), safety=Safety.SAFE, count=each) for at in minutes]


@settings(deadline=None)
@given(ANY)
def test_r20_each_table_of_the_report_adds_up_to_the_recipients(tallies: list[Tally]) -> None:
    recipients, account = sum(one.count for one in tallies), by_account(tallies)
    made = summary(ALERT, tallies, [])
    assert made.recipients == recipients
    assert made.answered <= made.reached <= recipients
    for groups in ([list(account)], as_on_the_board(account)):
        assert sorted((line for group in groups for line in group), key=account_order) == list(account)
        for is_whole in (True, False):
            for key in (lambda one: one.language, lambda one: one.channel, lambda one: one.site):
                table = breakdown(tallies, key, groups, is_whole=is_whole)
                assert sum(table.totals) == sum(line.total for line in table.lines) == recipients
                assert all(
                    count is None or count == 0 or count >= FEWEST or is_whole or len(table.lines) == 1
                    for line in table.lines
                    for count in line.cells
                )


@pytest.mark.parametrize(
    ("share", "people", "expected"),
    [
        (0.5, 10, 5),
        (0.9, 10, 9),
        (0.99, 10, 10),  # rounded up: 99 % of ten are all ten
        (0.5, 9, 5),
        (0.99, 100, None),
        (0.5, 21, None),
        (0.5, 0, None),
    ],
)
def test_the_time_to_a_share_is_told_once_so_many_answered(share: float, people: int, expected: int | None) -> None:
    span = time_to(share, people, answered(*range(1, 11)), NOW)
    assert span == (timedelta(minutes=expected) if expected is not None else None)


def test_many_who_answer_in_one_second_are_counted_together() -> None:
    assert time_to(0.5, 100, answered(3, each=60), NOW) == timedelta(minutes=3)


def test_an_answer_before_the_beginning_by_a_clock_that_is_wrong_took_no_time() -> None:
    assert time_to(0.5, 1, answered(-1), NOW) == timedelta()


def test_times_are_of_all_and_of_those_reached() -> None:
    tallies = [
        tally(5, state=RecipientState.ANSWERED, safety=Safety.SAFE, source=Source.SELF),
        tally(5, state=RecipientState.FAILED, reason=Reason.LANDLINE),
    ]
    made = summary(ALERT, tallies, answered(1, 2, 3, 4, 5))
    assert [(pace.of_all, pace.of_reached) for pace in made.paces] == [
        (timedelta(minutes=5), timedelta(minutes=3)),
        (None, timedelta(minutes=5)),
        (None, timedelta(minutes=5)),
    ]


def test_whoever_answers_after_being_closed_is_not_counted_as_closed() -> None:
    tallies = [
        tally(2, closing=Closing.FOUND),
        tally(3, closing=Closing.LEFT, safety=Safety.SAFE, source=Source.OTHER),
        tally(4, closing=Closing.FOUND, safety=Safety.SAFE, source=Source.SELF, state=RecipientState.ANSWERED),
    ]
    assert closings(tallies) == {Closing.FOUND: 2, Closing.LEFT: 3}


def test_a_reason_counts_only_where_it_is_why_it_ended() -> None:
    tallies = [
        tally(2, state=RecipientState.FAILED, reason=Reason.LANDLINE),
        tally(3, state=RecipientState.SENT, reason=Reason.LANDLINE),  # reached on another address in the end
    ]
    assert by_account(tallies) == {(RecipientState.SENT, None): 3, (RecipientState.FAILED, Reason.LANDLINE): 2}
