"""Owns the words of the report on the service: its parts as a paper, and the same as one long table of figures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.console.alert_words import CHANNELS
from bot.console.board import since
from bot.console.desk_words import TOPICS, URGENCIES
from bot.console.sheets import Cell, Column
from bot.console.words import N_, Words
from bot.domain.activity import ActivityKind
from bot.domain.employer import SiteId
from bot.i18n import base, written
from bot.services.paper import Grid, Paper, Part
from bot.services.service_reports import ServiceReport, Spans, Volume

DEEDS: Final = {
    ActivityKind.CLAIMED: N_("Conversations taken"),
    ActivityKind.ANSWERED: N_("First answers"),
    ActivityKind.TRANSFERRED: N_("Given to somebody else"),
    ActivityKind.GIVEN_BACK: N_("Given back to the queue"),
    ActivityKind.HANDED_BACK: N_("Handed back to the bot"),
    ActivityKind.ESCALATED: N_("Escalated: nobody answered in time"),
}
NONE: Final = "–"
Figure = tuple[str, str, str, str, Cell]  # table, row, figure, unit, value


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWords:
    """One report in one language."""

    report: ServiceReport
    words: Words

    def paper(self) -> Paper:
        _, period = self.words, self.report.period
        return Paper(
            title=_("The service"),
            mark=_("Report"),
            is_drill=False,
            subtitle=_(
                "{first} to {last} ({zone})", first=str(period.first), last=str(period.last), zone=period.zone.key
            ),
            language=_.language,
            parts=tuple(self._parts()),
        )

    def _parts(self) -> Iterator[Part]:
        _ = self.words
        yield self._waiting()
        yield self._reached()
        yield self._times()
        yield self._days()
        volumes = (_("Messages"), _("Cases opened"))
        report = self.report
        yield self._volumes(
            _("By language"),
            (_("Language"), *volumes),
            [(self._language(key), one) for key, one in report.by_language.items()],
        )
        yield self._volumes(
            _("By site"), (_("Site"), *volumes), [(self._site(key), one) for key, one in report.by_site.items()]
        )
        yield self._counts(_("By channel"), (_("Channel"), _("Messages")), self._by_channel())
        yield self._counts(_("By topic"), (_("Topic"), _("Cases opened")), self._by_topic())
        deeds = [(_(DEEDS[kind]), count) for kind, count in report.done.items()]
        yield self._counts(_("Between bot and people"), (_("What was done"), _("Times")), deeds)
        if report.loads is not None:
            yield self._loads()

    # --- parts ------------------------------------------------------------------------------------------------------

    def _waiting(self) -> Part:
        _ = self.words
        rows = tuple(
            (_(URGENCIES[row.urgency]), self._number(row.count), self._number(row.late), self._ago(row.since))
            for row in self.report.waiting
        )
        columns = (_("Urgency"), _("Waiting"), _("Beyond the target"), _("The longest"))
        line = _("As of {time}.", time=_.when(self.report.at, self.report.period.zone))
        return Part(title=_("Waiting now for a first answer"), lines=(line,), grid=Grid(columns=columns, rows=rows))

    def _reached(self) -> Part:
        _, reached = self.words, self.report.reached
        share = f"{reached.misunderstood / reached.wrote:.0%}" if reached.wrote else NONE
        facts = (
            (_("People who wrote"), self._number(reached.wrote)),
            (_("People written to"), self._number(reached.written_to)),
            (_("People who were not understood"), f"{self._number(reached.misunderstood)} ({share})"),
        )
        return Part(title=_("People reached"), facts=facts)

    def _times(self) -> Part:
        _ = self.words
        rows = []
        for pace in self.report.paces:
            name = _(URGENCIES[pace.urgency])
            rows.append((_("{urgency}: first answer", urgency=name), *self._spans(pace.answer, pace.opened)))
            rows.append((_("{urgency}: resolution", urgency=name), *self._spans(pace.resolution, pace.opened)))
        columns = ("", _("Cases opened"), _("Done"), _("Median"), _("90% within"), _("Within target"))
        line = _("Of cases opened in this period. A case counts against its target once the target's time has come.")
        return Part(title=_("First answer and resolution"), lines=(line,), grid=Grid(columns=columns, rows=tuple(rows)))

    def _days(self) -> Part:
        _ = self.words
        rows = [(str(day), volume) for day, volume in self.report.by_day.items()]
        return self._volumes(_("By day"), (_("Day"), _("Messages"), _("Cases opened")), rows)

    def _loads(self) -> Part:
        _, loads = self.words, self.report.loads or ()
        kinds = (ActivityKind.CLAIMED, ActivityKind.ANSWERED, ActivityKind.GIVEN_BACK)
        rows = tuple(
            (load.name, *(self._number(load.done.get(kind, 0)) for kind in kinds), self._number(load.held))
            for load in loads
        )
        columns = (_("Name"), *(_(DEEDS[kind]) for kind in kinds), _("In hand now"))
        lines = () if rows else (_("Nobody has taken a conversation in this period."),)
        return Part(title=_("Load"), lines=lines, grid=Grid(columns=columns, rows=rows) if rows else None)

    def _volumes(self, title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, Volume]]) -> Part:
        cells = tuple((name, self._number(one.messages), self._number(one.cases)) for name, one in rows)
        return self._table(title, columns, cells)

    def _counts(self, title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, int]]) -> Part:
        return self._table(title, columns, tuple((name, self._number(count)) for name, count in rows))

    def _table(self, title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Part:
        _ = self.words
        if not rows:
            return Part(title=title, lines=(_("Nothing in this period."),))
        return Part(title=title, grid=Grid(columns=columns, rows=rows))

    # --- the file ---------------------------------------------------------------------------------------------------

    def rows(self) -> list[list[Cell]]:
        """One figure a row; spans in minutes."""
        period = self.report.period
        common: list[Cell] = [str(period.first), str(period.last), period.zone.key]
        return [[*common, *figure] for figure in self._figures()]

    def _figures(self) -> Iterator[Figure]:
        _, report = self.words, self.report
        people, cases, minutes = _("people"), _("cases"), _("minutes")
        table = _("Waiting now for a first answer")
        for row in report.waiting:
            yield table, _(URGENCIES[row.urgency]), _("Waiting"), cases, row.count
            yield table, _(URGENCIES[row.urgency]), _("Beyond the target"), cases, row.late
        reached = report.reached
        table = _("People reached")
        yield table, "", _("People who wrote"), people, reached.wrote
        yield table, "", _("People written to"), people, reached.written_to
        yield table, "", _("People who were not understood"), people, reached.misunderstood
        for pace in report.paces:
            name = _(URGENCIES[pace.urgency])
            yield _("First answer and resolution"), name, _("Cases opened"), cases, pace.opened
            for table, spans in ((_("First answer"), pace.answer), (_("Resolution"), pace.resolution)):
                yield table, name, _("Done"), cases, spans.count
                yield table, name, _("Median"), minutes, _minutes(spans.median)
                yield table, name, _("90% within"), minutes, _minutes(spans.ninety)
                yield table, name, _("Within target"), cases, spans.in_time
                yield table, name, _("Target's time has come"), cases, spans.due
        yield from self._volume_figures()
        times = _("times")
        for kind, count in report.done.items():
            yield _("Between bot and people"), _(DEEDS[kind]), _("Times"), times, count
        for load in report.loads or ():
            for kind, count in load.done.items():
                yield _("Load"), load.name, _(DEEDS[kind]), times, count
            yield _("Load"), load.name, _("In hand now"), _("conversations"), load.held

    def _volume_figures(self) -> Iterator[Figure]:
        _, report = self.words, self.report
        volumes = [
            *((_("By day"), str(day), one) for day, one in report.by_day.items()),
            *((_("By language"), self._language(key), one) for key, one in report.by_language.items()),
            *((_("By site"), self._site(key), one) for key, one in report.by_site.items()),
        ]
        for table, name, one in volumes:
            yield table, name, _("Messages"), _("messages"), one.messages
            yield table, name, _("Cases opened"), _("cases"), one.cases
        for name, count in self._by_channel():
            yield _("By channel"), name, _("Messages"), _("messages"), count
        for name, count in self._by_topic():
            yield _("By topic"), name, _("Cases opened"), _("cases"), count

    # --- words ------------------------------------------------------------------------------------------------------

    def _by_channel(self) -> list[tuple[str, int]]:
        return [(self.words(CHANNELS[channel]), count) for channel, count in self.report.by_channel.items()]

    def _by_topic(self) -> list[tuple[str, int]]:
        return [(self.words(TOPICS[topic]), count) for topic, count in self.report.by_topic.items()]

    def _language(self, language: str | None) -> str:
        _ = self.words
        return _.tongue(base(language)) if language is not None else _("Not known")

    def _site(self, site: SiteId | None) -> str:
        _ = self.words
        return self.report.sites.get(site, _("No site")) if site is not None else _("No site")

    def _spans(self, spans: Spans, opened: int) -> tuple[str, ...]:
        share = f"{spans.in_time / spans.due:.0%}" if spans.due else NONE
        counts = self._number(opened), self._number(spans.count)
        return (*counts, self._lasted(spans.median), self._lasted(spans.ninety), share)

    def _lasted(self, span: timedelta | None) -> str:
        return since(span, self.words) if span is not None else NONE

    def _ago(self, at: datetime | None) -> str:
        return self._lasted(self.report.at - at) if at is not None else NONE

    def _number(self, count: int) -> str:
        return written(count, self.words.language)


def _minutes(span: timedelta | None) -> Cell:
    return round(span.total_seconds() / 60, 1) if span is not None else ""


def columns(_: Words) -> list[Column]:
    """Of the file: one figure a row, so that any program can sort, filter and add them."""
    return [
        Column(heading=_("From"), tag="#date +start"),
        Column(heading=_("To"), tag="#date +end"),
        Column(heading=_("Time zone"), tag="#meta +zone"),
        Column(heading=_("Table"), tag="#meta +table"),
        Column(heading=_("Row"), tag="#meta +row"),
        Column(heading=_("Figure"), tag="#indicator +name"),
        Column(heading=_("Unit"), tag="#indicator +unit"),
        Column(heading=_("Value"), tag="#indicator +value +num"),
    ]
