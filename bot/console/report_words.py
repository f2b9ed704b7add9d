"""Owns the words of the after-action report: its figures as the parts of a page, in the reader's language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.console.alert_words import CHANNELS, KINDS, MESSAGE_TYPES, status
from bot.console.standing_words import CLOSINGS, STANDINGS, account_line
from bot.console.words import N_, Words
from bot.domain.broadcast import Broadcast, BroadcastKind, MessageType
from bot.domain.contact import Channel
from bot.domain.employer import SiteId
from bot.i18n import base, written
from bot.services.board import Account
from bot.services.disclosure import FEWEST, Row, Table
from bot.services.paper import Grid, Paper, Part
from bot.services.reports import Read, Report, Summary

HIDDEN = "*"
DRILL = N_("DRILL: practice, no danger")
HIDDEN_NOTE = N_(
    "{mark} is hidden: a count below {n}, or one from which such a count could be worked out. "
    "Small rows and columns are put together."
)
MOST_NAMES = 3  # of rows that are put together; more are counted


def headline(broadcast: Broadcast) -> str:
    """What the broadcast is called."""
    return broadcast.title or broadcast.id


def mark(broadcast: Broadcast, _: Words) -> str:
    """What it is, before all else: a drill is never taken for the real thing (R9)."""
    kind = _(DRILL) if broadcast.kind is BroadcastKind.DRILL else _(KINDS[broadcast.kind])
    type_ = MESSAGE_TYPES.get(broadcast.message_type)
    return f"{kind} · {_(type_)}" if type_ else kind


def paper(report: Report, _: Words, zone: ZoneInfo) -> Paper:
    """The report in words, its times in that zone."""
    return _Writer(report=report, _=_, zone=zone).paper()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    report: Report
    _: Words
    zone: ZoneInfo

    def paper(self) -> Paper:
        _, broadcast = self._, self.report.broadcast
        return Paper(
            title=headline(broadcast),
            mark=mark(broadcast, _),
            is_drill=broadcast.kind is BroadcastKind.DRILL,
            subtitle=_("Report as of {time}.", time=self._when(self.report.at)),
            language=_.language,
            parts=tuple(self._parts()),
        )

    def _parts(self) -> Iterator[Part]:
        _, report = self._, self.report
        yield self._what_happened()
        yield self._who()
        if report.broadcast.asks_check_in:
            standings = [(_(STANDINGS[one]), count) for one, count in report.standings.items()]
            yield Part(title=_("Who is safe"), grid=self._counted(_("Standing"), standings))
            yield self._paces()
        account = [(account_line(line, _), count) for line, count in report.account.items()]
        yield Part(title=_("How far the message came"), grid=self._counted(_("State"), account))
        if report.is_whole or report.recipients >= FEWEST:  # of fewer even the names of rows tell: their language (R2)
            yield self._breakdown(_("By language"), _("Language"), report.by_language, self._language)
            yield self._breakdown(_("By channel"), _("Channel"), report.by_channel, self._channel)
        yield self._breakdown(_("By site"), _("Site"), report.by_site, self._site)
        if report.closings:
            closings = [(_(CLOSINGS[one]), count) for one, count in report.closings.items()]
            yield Part(title=_("Closed by a person"), grid=self._counted(_("Reason"), closings))
        if report.drill is not None:
            yield self._comparison(report.drill)

    # --- what was done ----------------------------------------------------------------------------------------------

    def _what_happened(self) -> Part:
        _, report, broadcast = self._, self.report, self.report.broadcast
        course = report.course
        facts = [
            (_("Status"), _(status(broadcast))),
            (_("Recipients"), self._number(report.recipients)),
            (_("Reached"), self._share(report.summary.reached, report.recipients)),
        ]
        if broadcast.asks_check_in:
            facts.append((_("Answered themselves"), self._share(report.summary.answered, report.recipients)))
        facts += [
            (_("Began"), self._when(broadcast.begun_at)),
            (_("First message sent"), self._when(course.first_sent_at)),
            (_("Last message sent"), self._when(course.last_sent_at)),
            (_("Ended"), self._when(broadcast.ended_at)),
            (_("Messages sent, repeats included"), self._number(report.sends)),
            (_("Most messages to one person"), self._number(max(course.rounds, default=0))),
            (_("Perhaps sent twice, after a fault"), self._few(report.doubts)),
        ]
        return Part(title=_("What happened"), facts=tuple(facts))

    def _who(self) -> Part:
        _, report, broadcast = self._, self.report, self.report.broadcast
        facts = [
            (_("Written by"), self._by(report.author, broadcast.created_at)),
            (_("Approved by"), self._by(report.approver, broadcast.approved_at)),
        ]
        facts += [(_("It replaces"), self._named(one)) for one in report.follows]
        facts += [
            (_("Cancelled by") if one.message_type is MessageType.CANCEL else _("Updated by"), self._named(one))
            for one in report.followed_by
        ]
        return Part(title=_("Who did it"), facts=tuple(facts))

    def _by(self, name: str | None, at: datetime | None) -> str:
        return self._("{name}, {time}", name=name, time=self._when(at)) if name else "–"

    def _named(self, other: Broadcast) -> str:
        return f"{mark(other, self._)}: {headline(other)}, {self._when(other.begun_at)}"

    # --- figures ----------------------------------------------------------------------------------------------------

    def _paces(self) -> Part:
        _ = self._
        rows = tuple(
            (f"{pace.share:.0%}", self._lasted(pace.of_all), self._lasted(pace.of_reached))
            for pace in self.report.summary.paces
        )
        columns = (_("Answered"), _("Of all recipients"), _("Of those reached"))
        line = _("How long after the beginning so many had answered for themselves.")
        return Part(title=_("How fast they answered"), lines=(line,), grid=Grid(columns=columns, rows=rows))

    def _counted(self, name: str, counts: list[tuple[str, int]]) -> Grid:
        _ = self._
        return Grid(
            columns=(name, _("People")),
            rows=tuple((text, self._number(count)) for text, count in counts),
            sums=(_("All"), self._number(sum(count for text, count in counts))),
        )

    def _breakdown(self, title: str, name: str, table: Table[Row, Account], label: Callable[[Row], str]) -> Part:
        _ = self._
        columns = tuple(" / ".join(account_line(line, _) for line in column) for column in table.columns)
        rows = tuple(
            (self._together([label(key) for key in line.keys]), *map(self._cell, line.cells), self._number(line.total))
            for line in table.lines
        )
        sums = (_("All"), *map(self._number, table.totals), self._number(sum(table.totals)))
        lines = () if table.is_whole else (_(HIDDEN_NOTE, mark=HIDDEN, n=FEWEST),)
        return Part(title=title, lines=lines, grid=Grid(columns=(name, *columns, _("All")), rows=rows, sums=sums))

    def _comparison(self, drill: Summary) -> Part:
        _, now = self._, self.report.summary
        rows = [
            (_("Recipients"), self._number(now.recipients), self._number(drill.recipients)),
            (_("Reached"), self._share(now.reached, now.recipients), self._share(drill.reached, drill.recipients)),
            (
                _("Answered themselves"),
                self._share(now.answered, now.recipients),
                self._share(drill.answered, drill.recipients),
            ),
        ]
        rows += [
            (
                _("Until {share} of all had answered", share=f"{mine.share:.0%}"),
                self._lasted(mine.of_all),
                self._lasted(theirs.of_all),
            )
            for mine, theirs in zip(now.paces, drill.paces, strict=True)
        ]
        when = _("{mark}, {time}", mark=mark(drill.broadcast, _), time=self._when(drill.broadcast.begun_at))
        return Part(
            title=_("Beside the last drill"),
            lines=(_("A drill is never counted with real ones: it stands here to compare."),),
            grid=Grid(columns=("", _("This one"), when), rows=tuple(rows)),
        )

    # --- words ------------------------------------------------------------------------------------------------------

    def _language(self, read: Read) -> str:
        name = self._.tongue(base(read.language))
        return self._("{language}, not their own", language=name) if read.is_fallback else name

    def _channel(self, channel: Channel | None) -> str:
        return self._(CHANNELS[channel]) if channel is not None else self._("No channel")

    def _site(self, site: SiteId | None) -> str:
        return self.report.sites[site].name if site is not None else self._("No site")

    def _together(self, names: list[str]) -> str:
        if len(names) > MOST_NAMES:
            return self._.plural("{n} together", "{n} together", len(names))
        return " / ".join(names)

    def _cell(self, count: int | None) -> str:
        return HIDDEN if count is None else self._number(count)

    def _few(self, count: int) -> str:
        is_small = 0 < count < FEWEST and not self.report.is_whole
        return self._("fewer than {n}", n=FEWEST) if is_small else self._number(count)

    def _number(self, count: int) -> str:
        return written(count, self._.language)

    def _share(self, count: int, of: int) -> str:
        return f"{self._number(count)} ({count / of:.0%})" if of else self._number(count)

    def _when(self, at: datetime | None) -> str:
        return self._.when(at, self.zone) if at is not None else "–"

    def _lasted(self, span: timedelta | None) -> str:
        return lasted(span, self._)


def lasted(span: timedelta | None, _: Words) -> str:
    """A time that something took, as exactly as its length asks for."""
    if span is None:
        return _("not reached yet")
    seconds = int(span.total_seconds())
    if seconds < 3600:
        return _("{minutes} min {seconds} s", minutes=seconds // 60, seconds=seconds % 60)
    return _("{hours} h {minutes} min", hours=seconds // 3600, minutes=seconds % 3600 // 60)
