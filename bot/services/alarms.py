"""Owns word to people outside the console: that a case waits, never whose or about what (R11, R16)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from bot.domain.case import Case, Urgency
from bot.domain.errors import Unavailable
from bot.log import logger
from bot.services.desk_ports import Alarm, AlarmKind
from bot.services.escalation import is_protected
from bot.services.ports import Clock, Store

log = logger("alarms")

LIMIT = 20  # in one round
HOLD = timedelta(minutes=2)  # how long one process has for those it took; then another tries
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
LIFE = timedelta(days=1)  # after which nobody is told any more: the console has said so all along

TITLES = {
    AlarmKind.NEW: "{number}: somebody needs a person now",
    AlarmKind.OVERDUE: "{number}: nobody has answered in time",
}
URGENCIES = {
    Urgency.CRITICAL: "Urgency: critical.",
    Urgency.HIGH: "Urgency: high.",
    Urgency.NORMAL: "Urgency: normal.",
    Urgency.LOW: "Urgency: low.",
}
OPEN_CONSOLE = "Open the console:"
NOBODY = (
    "Nobody outside is told that a critical case waits: only open consoles ring. Set an e-mail or webhook for alarms."
)
NO_SPECIALIST = (
    "No specialist outside is told that a protection case waits: only open consoles ring. "
    "Set an e-mail or webhook of specialists for alarms."
)
TEXTS = (*TITLES.values(), *URGENCIES.values(), OPEN_CONSOLE, NOBODY, NO_SPECIALIST)  # written, so translated


class Write(Protocol):
    """A text in the language of this deployment's staff."""

    def __call__(self, text: str, /, **variables: object) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What goes out. It holds a case's number and nothing of a person."""

    id: str  # the same for each try at the same alarm
    number: str
    urgency: str
    kind: AlarmKind
    is_protection: bool
    title: str
    text: str
    url: str


class Notifier(Protocol):
    """One way out of the house, such as e-mail."""

    @property
    def name(self) -> str: ...

    def reaches(self, *, is_protection: bool) -> bool:
        """Whether there is anybody to tell: what is protected goes to specialists only."""
        ...

    async def tell(self, notice: Notice) -> None:
        """Raises Unavailable when it cannot be handed over now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmDesk:
    """Sends alarms by every way there is, and again where it failed, for a day."""

    store: Store
    clock: Clock
    notifiers: Sequence[Notifier]
    write: Write
    console_url: str

    async def send_due(self) -> int:
        """Send what is due; returns how many alarms were settled."""
        now = self.clock.now()
        async with self.store.look() as unit:
            if not await unit.alarms.has_due(now):
                return 0
        async with self.store.transaction() as unit:
            claimed = await unit.alarms.claim(now, now + HOLD, LIMIT)
        settled = 0
        for alarm in claimed:
            after = await self._send(alarm)
            async with self.store.transaction() as unit:
                await unit.alarms.save(after)
            settled += after.due_at is None
        return settled

    async def _send(self, alarm: Alarm) -> Alarm:
        """The alarm as it stands after this try."""
        notice = await self._notice(alarm)
        if notice is None:
            return replace(alarm, due_at=None)
        ways = [one for one in self.notifiers if one.reaches(is_protection=notice.is_protection)]
        if self.notifiers and not ways:
            log.warning("alarm_for_nobody", case=notice.number)
        told = set(alarm.told)
        for way in ways:
            if way.name not in told and await _tell(way, notice):
                told.add(way.name)
        alarm = replace(alarm, told=frozenset(told))
        left = sorted(way.name for way in ways if way.name not in told)
        now = self.clock.now()
        if not left or now - alarm.made_at >= LIFE:
            if left:
                log.error("alarm_given_up", case=notice.number, ways=left, attempts=alarm.attempts)
            return replace(alarm, due_at=None)
        return replace(alarm, due_at=now + wait_after(alarm.attempts))

    async def _notice(self, alarm: Alarm) -> Notice | None:
        """What to say; None when there is no need any more."""
        async with self.store.look() as unit:
            case = await unit.cases.get(alarm.case)
            if case is None or not case.status.is_open or case.answered_at is not None:
                return None
            is_secret = await is_protected(unit, case)
        return self._drawn(alarm, case, is_protection=is_secret)

    def _drawn(self, alarm: Alarm, case: Case, *, is_protection: bool) -> Notice:
        title = self.write(TITLES[alarm.kind], number=case.number)
        lines = (f"{title}.", self.write(URGENCIES[case.urgency]), f"{self.write(OPEN_CONSOLE)} {self.console_url}")
        return Notice(
            id=f"{alarm.number}-{alarm.kind}",
            number=case.number,
            urgency=case.urgency.name.casefold(),
            kind=alarm.kind,
            is_protection=is_protection,
            title=title,
            text="\n".join(lines),
            url=self.console_url,
        )


def unheard(*, is_told: bool, is_specialist_told: bool) -> Sequence[str]:
    """What is to be said loudly where nobody outside hears of critical cases, or no specialist of protected ones."""
    return [text for text, holds in ((NOBODY, is_told), (NO_SPECIALIST, is_specialist_told)) if not holds]


async def _tell(way: Notifier, notice: Notice) -> bool:
    try:
        await way.tell(notice)
    except Unavailable as error:
        log.warning("alarm_not_out", case=notice.number, way=way.name, error=error)
        return False
    return True


def wait_after(attempts: int) -> timedelta:
    """How long until the next try: 30 seconds, doubling up to an hour."""
    return min(FIRST_WAIT * (1 << min(attempts - 1, 10)), LONGEST_WAIT)
