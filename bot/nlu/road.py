"""Owns the measure of the road that a danger takes, by words, meaning and decision: how many are heard, how falsely.

A message is heard when the decision begins a flow about life and death, or asks whether there is a danger.
"""

import asyncio
import csv
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.breaker import Breaker
from bot.domain.message import Understanding
from bot.nlu.examples import read_examples
from bot.nlu.rasa import RasaClient
from bot.services import routing
from bot.services.ports import Understander
from bot.services.routing import DANGER_INTENTS, Deed, Limits, Signal, Situation, Triggers
from bot.services.signals import Signals

DOUBT = "doubt_danger"
DANGER_FILE = "danger.tsv"  # language, text, expect (danger or not): short cries, and harmless talk that resembles them
PATIENCE = 60.0  # seconds; a measure waits for its answers
AT_ONCE = 32  # questions under way
_FORMAL = (Signal.EMPTY, Signal.EMOJI, Signal.NUMBER, Signal.STOP, Signal.START)  # needs no understanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One labelled message; `group` is its file or its intent."""

    text: str
    language: str
    group: str
    is_danger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of a line: the flow that its decision begins, and whether that one heeds a danger."""

    line: Line
    flow: str | None
    is_heard: bool


def read_lines(folder: Path, languages: tuple[str, ...]) -> Iterator[Line]:
    """The lines of nlu_data/eval: danger.tsv, then every message of the languages' files."""
    with (folder / DANGER_FILE).open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            is_danger = row["expect"] == "danger"
            yield Line(text=row["text"], language=row["language"], group=DANGER_FILE, is_danger=is_danger)
    for example in read_examples(folder, languages):
        is_danger = example.intent in DANGER_INTENTS
        yield Line(text=example.text, language=example.language, group=example.intent, is_danger=is_danger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """All that decides about a contact's first message, as the conversation puts it together."""

    signals: Signals
    understander: Understander
    triggers: Triggers
    limits: Limits

    async def travel(self, lines: Iterable[Line]) -> list[Heard]:
        """What becomes of each line, in order. Raises what the understander raises."""
        walking = asyncio.Semaphore(AT_ONCE)  # a question's time in line counts against its patience

        async def hear(line: Line) -> Heard:
            async with walking:
                return await self._hear(line)

        return list(await asyncio.gather(*map(hear, lines)))

    async def _hear(self, line: Line) -> Heard:
        reading = self.signals.read(line.text)
        understanding = Understanding()
        if reading.signal not in _FORMAL:
            understanding = await self.understander.understand(line.text, line.language)
        situation = Situation(
            signal=reading.signal, keyword_flow=self.triggers.by_word(line.text), understanding=understanding
        )
        decision = routing.decide(situation, self.triggers, self.limits)
        is_heard = decision.deed is Deed.BEGIN and (decision.flow in self.triggers.life or decision.flow == DOUBT)
        return Heard(line=line, flow=decision.flow, is_heard=is_heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Of `dangers` so many were `heard` (`surely`: without asking back); of `others` so many raised a false alarm."""

    dangers: int
    heard: int
    surely: int
    others: int
    alarms: int
    missed: tuple[Line, ...]

    @classmethod
    def of(cls, travelled: Sequence[Heard]) -> "Recall":
        dangers = [each for each in travelled if each.line.is_danger]
        others = [each for each in travelled if not each.line.is_danger]
        return cls(
            dangers=len(dangers),
            heard=sum(each.is_heard for each in dangers),
            surely=sum(each.is_heard and each.flow != DOUBT for each in dangers),
            others=len(others),
            alarms=sum(each.is_heard for each in others),
            missed=tuple(each.line for each in dangers if not each.is_heard),
        )

    @property
    def recall(self) -> float:
        """The share of dangers that were heard; 1 where there are none."""
        return self.heard / self.dangers if self.dangers else 1.0

    @property
    def alarm_rate(self) -> float:
        """The share of other messages that raised an alarm; 0 where there are none."""
        return self.alarms / self.others if self.others else 0.0


def as_text(travelled: Sequence[Heard]) -> str:
    """The measures for people: all, the short cries, each language, and what was missed."""
    groups = {"all": travelled, DANGER_FILE: [each for each in travelled if each.line.group == DANGER_FILE]}
    for language in dict.fromkeys(each.line.language for each in travelled):
        groups[language] = [each for each in travelled if each.line.language == language]
    rows = [f"  {name:<12}{_row(Recall.of(group))}" for name, group in groups.items()]
    whole = Recall.of(travelled)
    alarms = Counter(each.line.group for each in travelled if each.is_heard and not each.line.is_danger)
    return "\n".join(
        [
            "Danger through the whole routing (words, NLU, doubt):",
            *rows,
            "  false alarms by label: "
            + (", ".join(f"{name} {count}" for name, count in alarms.most_common()) or "none"),
            *(f"  missed: {line.language} {line.group}: {line.text}" for line in whole.missed),
        ]
    )


def _row(found: Recall) -> str:
    return (
        f"heard {found.heard} of {found.dangers} ({found.recall:.1%}), {found.surely} without asking back; "
        f"false alarms {found.alarms} of {found.others} ({found.alarm_rate:.1%})"
    )


async def danger_recall(
    lines: Iterable[Line], *, understander: Understander, languages: tuple[str, ...], triggers: Triggers, limits: Limits
) -> list[Heard]:
    """What becomes of the lines with this understander: the NLU server's (see `served`) or key words alone."""
    road = Road(signals=Signals.load(languages), understander=understander, triggers=triggers, limits=limits)
    return await road.travel(lines)


@asynccontextmanager
async def served(python: Path, model: Path, *, checkout: Path) -> AsyncIterator[RasaClient]:
    """A client of an NLU server of its own over this model, for as long as the block lasts. Raises OSError."""
    command = (
        "-W",
        "ignore",
        "-m",
        "bot.nlu.server",
        "serve",
        "--model",
        str(model),
        "--port",
        "0",
        "--die-with-parent",
    )
    process = await asyncio.create_subprocess_exec(
        str(python), *command, cwd=checkout, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        ready = (await process.stdout.readline()).decode().split()
        if not ready:
            raise OSError("the NLU server ended before it was ready")
        async with aiohttp.ClientSession() as session:
            breaker = Breaker(clock=asyncio.get_running_loop().time)
            yield RasaClient(session=session, url=ready[-1], breaker=breaker, timeout=PATIENCE)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
