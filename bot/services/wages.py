"""Owns wage claims on a case: entered line by line, worked out, and stated on paper in two languages side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.domain.activity import ActivityKind
from bot.domain.case import Case
from bot.domain.contact import Contact
from bot.domain.document import Document
from bot.domain.errors import InputError
from bot.domain.values import Money, Period
from bot.domain.wages import Fault, Pay, Working, digits_of, faults, work_out
from bot.i18n import Catalogs, figure
from bot.services import audit
from bot.services.access import Deed, Matter, Reader
from bot.services.case_file import evidence_of
from bot.services.casework import CaseWork, require_same
from bot.services.voice import Voice

NOTHING = "Enter at least one period first."
TEXTS = (NOTHING,)


class Unsound(InputError):
    """A claim with faults: `found` are pairs of a line's place, from 0, and what is wrong with it."""

    def __init__(self, found: Sequence[tuple[int, Fault]]) -> None:
        self.found = found
        super().__init__(f"line {found[0][0] + 1}: {found[0][1].value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One text in both languages: the host country's first, the worker's second."""

    host: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A claim in words, before anybody prints it. `languages` are the two; the same one twice is printed once."""

    languages: tuple[str, str]
    title: Cell
    about: Sequence[tuple[Cell, str]]  # a name in both languages, and its value
    heading: Cell
    lines: Sequence[tuple[str, Cell]]  # a period by its days, and its working
    totals: Sequence[tuple[Cell, Cell]]  # a name and an amount
    evidence_heading: Cell
    evidence: Sequence[Cell]
    consent: Cell
    signature: Sequence[Cell]
    note: Cell


Printer = Callable[[Statement, datetime], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class WageDesk:
    """What staff do with a wage claim."""

    work: CaseWork
    catalogs: Catalogs
    zone: ZoneInfo
    organisation: str
    currency: str

    @property
    def today(self) -> date:
        return self.work.clock.now().astimezone(self.zone).date()

    def proposed(self, case: Case) -> tuple[Pay, ...]:
        """What is entered; before that, what the worker's answers tell, as one line to be completed."""
        if case.pay:
            return case.pay
        amount, months = case.facts.get("amount"), _months(case)
        if not isinstance(amount, Money):
            return ()
        ends = self.today.replace(day=1)
        begins = _months_before(ends, months)
        return (Pay(begins=begins, ends=self.today, currency=amount.currency, agreed=amount.value),)

    def working(self, case: Case) -> Working | None:
        """The claim worked out; None while there is none that stands."""
        return work_out(case.pay, self.today) if case.pay and not faults(case.pay, self.today) else None

    async def enter(self, reader: Reader, number: str, lines: Sequence[Pay], *, seen: str) -> None:
        """Keep the lines; raises Unsound with everything that is wrong, Conflict, Denied."""
        wrong = faults(lines, self.today)
        if wrong:
            raise Unsound(wrong)
        async with self.work.enter(reader, Deed.CHANGE, number, detail="wage claim") as folder:
            require_same(folder.case, seen)
            ordered = work_out(lines, self.today).lines
            if ordered != folder.case.pay:
                await folder.save(replace(folder.case, pay=ordered))
                folder.note(ActivityKind.NARRATIVE, text=_plain(folder.case.pay))

    async def statement(self, reader: Reader, number: str, host: str, draw: Printer) -> bytes:
        """The claim as PDF; entered in the audit as what leaves the house. Raises InputError with no claim, Denied.

        Whoever works on the case may make it: it is one person's paper, theirs to sign and to give to whom they choose,
        and operators are who they talk to (product.md). Deed.EXPORT is for what takes many people's data away.
        """
        async with self.work.enter(reader, Deed.CHANGE, number, detail="make a wage statement") as folder:
            working = self.working(folder.case)
            if working is None:
                raise InputError(NOTHING)
            evidence = await evidence_of(folder.unit, folder.contact.id, folder.cases)
            stated = self.state(folder.case, folder.contact, working, evidence, host)
            now = folder.now
            await audit.record(
                folder.unit, reader, Deed.EXPORT, Matter.CASE, folder.case.id, at=now, detail="wage statement"
            )
        return draw(stated, now)

    def state(
        self, case: Case, contact: Contact, working: Working, evidence: Sequence[Document], host: str
    ) -> Statement:
        """The claim in words, in the host country's language and in the worker's."""
        theirs = contact.language or host
        return _Writer(
            voices=(Voice(catalogs=self.catalogs, language=host), Voice(catalogs=self.catalogs, language=theirs)),
            organisation=self.organisation,
            zone=self.zone,
            today=self.today,
        ).statement(case, contact, working, evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    voices: tuple[Voice, Voice]
    organisation: str
    zone: ZoneInfo
    today: date

    def statement(self, case: Case, contact: Contact, working: Working, evidence: Sequence[Document]) -> Statement:
        totals = [
            (self._both(lambda voice: voice.say("Owed in all")), self._amount(total, currency))
            for currency, total in working.totals.items()
        ]
        return Statement(
            languages=(self.voices[0].language, self.voices[1].language),
            title=self._both(lambda voice: voice.say("Statement of unpaid wages")),
            about=self._about(case, contact),
            heading=self._both(lambda voice: voice.say("How it is worked out: agreed, less deductions, less paid")),
            lines=[self._line(line) for line in working.lines],
            totals=totals,
            evidence_heading=self._both(lambda voice: voice.say("Evidence")),
            evidence=[self._file(one) for one in evidence],
            consent=self._both(
                lambda voice: voice.say(
                    "I agree that {organisation} gives this statement and the evidence named above to: ____________. "
                    "I can take this back at any time.",
                    organisation=self.organisation,
                )
            ),
            signature=[
                self._both(lambda voice: voice.say("Name")),
                self._both(lambda voice: voice.say("Place and day")),
                self._both(lambda voice: voice.say("Signature")),
            ],
            note=self._both(
                lambda voice: voice.say(
                    "Worked out from what the worker says. It is no decision, and nobody promises that it is paid."
                )
            ),
        )

    def _about(self, case: Case, contact: Contact) -> list[tuple[Cell, str]]:
        employer = case.facts.get("employer")
        told = [
            (self._both(lambda voice: voice.say("Worker")), contact.name or ""),
            (self._both(lambda voice: voice.say("Employer")), employer if isinstance(employer, str) else ""),
            (self._both(lambda voice: voice.say("Case number")), case.number),
            (self._both(lambda voice: voice.say("Day")), self.today.isoformat()),
        ]
        return [(name, value or "____________________") for name, value in told]

    def _line(self, line: Pay) -> tuple[str, Cell]:
        """Days as ISO 8601 writes them, the same in both languages, and the working."""
        days = f"{line.begins.isoformat()} – {line.ends.isoformat()}"
        return days, self._both(lambda voice: _worked(line, voice))

    def _file(self, document: Document) -> Cell:
        day = document.stored_at.astimezone(self.zone).date()
        return self._both(lambda voice: _received(document.kind, day, voice))

    def _amount(self, amount: Decimal, currency: str) -> Cell:
        return self._both(lambda voice: _money(amount, currency, voice.language))

    def _both(self, say: Callable[[Voice], str]) -> Cell:
        return Cell(host=say(self.voices[0]), theirs=say(self.voices[1]))


def _received(kind: str, day: date, voice: Voice) -> str:
    names: Mapping[str, str] = {
        "photo": voice.say("Photo, received on {day}", day=day),
        "image": voice.say("Photo, received on {day}", day=day),
        "voice": voice.say("Voice message, received on {day}", day=day),
        "audio": voice.say("Voice message, received on {day}", day=day),
    }
    return names.get(kind) or voice.say("File, received on {day}", day=day)


def _worked(line: Pay, voice: Voice) -> str:
    """One line's working, as anybody can check it."""
    parts = [voice.say("agreed {amount}", amount=_money(line.agreed, line.currency, voice.language))]
    if line.deducted:
        parts.append(
            voice.say(
                "deductions {amount} ({why})", amount=_money(line.deducted, line.currency, voice.language), why=line.why
            )
        )
    parts.append(voice.say("paid {amount}", amount=_money(line.paid, line.currency, voice.language)))
    owed = voice.say("owed {amount}", amount=_money(line.owed, line.currency, voice.language))
    return " − ".join(parts) + " = " + owed


def _money(amount: Decimal, currency: str, language: str) -> str:
    """An amount as the reader's language writes it, with its currency's own digits and by its code."""
    return f"{figure(amount, digits_of(currency), language)} {currency}"


def _plain(lines: Sequence[Pay]) -> str:
    """The lines for the case's history, whose readers have several languages: no grouping to be taken for a point."""
    return "\n".join(
        f"{line.begins.isoformat()} – {line.ends.isoformat()}: {line.agreed} − {line.deducted} − {line.paid} = "
        f"{line.owed} {line.currency}"
        for line in lines
    )


def _months(case: Case) -> int:
    months, period = case.facts.get("months"), case.facts.get("period")
    if isinstance(period, Period) and period.unit == "month":
        return period.count
    return int(months) if isinstance(months, int | Decimal) and 0 < months < 240 else 1


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many months before."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
