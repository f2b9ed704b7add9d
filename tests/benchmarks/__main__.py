"""Measures replies against stock Rasa, broadcasts and the desk: `python -m tests.benchmarks [--json] [--only PART]`."""

import argparse
import asyncio
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import orjson
import uvloop

from tests.benchmarks import broadcasts, desk, report
from tests.benchmarks.mix import Crowd, Sent, read_texts
from tests.benchmarks.muster import Muster, muster
from tests.benchmarks.parsing import ask
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.provider import Road, TimedTwilio, drive, provider
from tests.benchmarks.report import Row, Speed
from tests.benchmarks.stock_rasa import Rasa, ensure_model, provision, say, stock_rasa
from tests.databases import postgres_server
from tests.journeys.processes import ROOT

T = TypeVar("T")

MUSTER, RECEIPTS, RASA = "muster", "muster with receipts", "rasa"
PARSED, TAKEN = " parses", " takes"


@dataclass(kw_only=True)
class Bench:
    """Both sides up, and what was measured so far."""

    twilio: TimedTwilio
    muster: Muster
    rasa: Rasa
    crowd: Crowd
    senders: int
    speeds: dict[str, list[Speed]] = field(default_factory=lambda: defaultdict(list))
    unanswered: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    accepted: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    work: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # milliseconds a message

    async def warm_up(self) -> None:
        """Every phone says something to both sides, and the NLU servers see a batch."""
        greetings = self.crowd.greetings()
        for side in (MUSTER, RASA):
            await self._drive(side, greetings)
        for url in (self.muster.parse, self.rasa.parse):
            await ask(url, self.crowd.texts(32), clients=self.senders)

    async def round(self, messages: int) -> None:
        """The same messages to each side, one side after the other; then new texts to both NLU servers."""
        for side, sent in (
            (MUSTER, batch := self.crowd.messages(messages)),
            (RASA, batch),
            (RECEIPTS, self.crowd.messages(messages)),
        ):
            before = cpu_seconds()
            road = await self._drive(side, sent)
            self._note_work(side, cpu_seconds() - before, messages)
            self.speeds[side].append(Speed.of(road.replies, road.seconds))
            self.speeds[side + TAKEN].append(Speed.of(road.webhooks, road.seconds))
            self.unanswered[side] += road.unanswered
            self.accepted[side].append(road.accepted / messages)
            say(f"  {side}: {len(road.replies) / road.seconds:.0f} messages/s")
        texts = self.crowd.texts(messages // 2)
        for side, url in ((MUSTER, self.muster.parse), (RASA, self.rasa.parse)):
            parsed = await ask(url, texts, clients=self.senders)
            self.speeds[side + PARSED].append(Speed.of(parsed.answers, parsed.seconds))

    def _worked(self, side: str) -> str:
        rounds = len(self.speeds[side])
        return ", ".join(f"{name} {spent / rounds:.1f}" for name, spent in self.work[side].most_common())

    def _note_work(self, side: str, seconds: Counter[int], messages: int) -> None:
        names = {process.pid: name for name, process in self.muster.processes.items()}
        names |= {self.rasa.process.pid: "rasa", os.getpgrp(): "phones and provider"}
        for group, spent in seconds.items():
            self.work[side][names.get(group, "redis")] += 1000 * spent / messages  # type: ignore[assignment]

    async def take_alone(self, messages: int) -> None:
        """Muster's webhooks with nobody at work behind them."""
        await self.muster.stop_worker()
        self.twilio.post_to(self.muster.webhook)
        sent = self.crowd.messages(messages)
        road = await drive(self.twilio, sent, senders=self.senders, waits=False)
        self.speeds["alone"].append(Speed.of(road.webhooks, road.seconds))

    async def _drive(self, side: str, messages: list[Sent]) -> Road:
        self.twilio.post_to(self.rasa.webhook if side == RASA else self.muster.webhook)
        self.twilio.give_receipts(side == RECEIPTS)
        return await drive(self.twilio, messages, senders=self.senders)

    def rows(self) -> list[Row]:
        """The medians, beside what they are compared with."""
        middle = {name: Speed.median(rounds) for name, rounds in self.speeds.items()}
        accepted = {side: sum(shares) / len(shares) for side, shares in self.accepted.items()}
        told = "\n".join(
            f"{side}: {accepted[side]:.1f} texts a message, {self.unanswered[side]} unanswered; "
            f"processor ms a message: {self._worked(side)}"
            for side in accepted
        )
        return [
            Row(name="webhook to reply", muster=middle[MUSTER], rasa=middle[RASA], note=told),
            Row(name="  with delivery receipts", muster=middle[RECEIPTS], rasa=middle[RASA]),
            Row(name="NLU server alone, new texts", muster=middle[MUSTER + PARSED], rasa=middle[RASA + PARSED]),
            Row(
                name="webhook to its 200, alone",
                muster=middle["alone"],
                rasa=middle[RASA + TAKEN],
                note="Stock Rasa answers a webhook when it has replied; Muster once the message is on disk.",
            ),
        ]


async def measure(options: argparse.Namespace, scratch: Path) -> list[Row]:
    """Bring both sides up on this machine and measure them in turns."""
    async with AsyncExitStack() as stack:
        nlu = provision()
        model = options.model or await ensure_model(nlu, scratch)
        twilio = await stack.enter_async_context(provider())
        say("Starting Muster and stock Rasa ...")
        own = await stack.enter_async_context(muster(nlu, model, scratch, api_url=twilio.url))
        other = await stack.enter_async_context(stock_rasa(nlu, model, scratch, api_url=twilio.url))
        crowd = Crowd(read_texts(ROOT / "nlu_data" / "eval"), phones=options.phones)
        bench = Bench(twilio=twilio, muster=own, rasa=other, crowd=crowd, senders=options.senders)
        say("Warming up ...")
        await bench.warm_up()
        for number in range(options.rounds):
            say(f"Round {number + 1} of {options.rounds} ...")
            await bench.round(options.messages)
        await bench.take_alone(options.messages)
        told = (scratch / "worker.log").read_text("utf-8", "replace").count("answered_by_keywords")
        say(f"Key words answered instead of the NLU server: {told} times")
        return bench.rows()


def main() -> int:
    """Measure, then print a table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=200, help="in a round")
    parser.add_argument("--senders", type=int, default=32, help="under way at once")
    parser.add_argument("--phones", type=int, default=256)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--model", type=Path, help="a model of an earlier run, from .nlu/bench")
    parser.add_argument("--only", choices=("replies", "broadcasts", "desk"), help="one part of the measures")
    parser.add_argument("--workers", type=int, default=1, help="worker processes that send the broadcasts")
    parser.add_argument("--large", action="store_true", help="broadcasts: 1,000,000 entered, 100,000 sent")
    parser.add_argument("--logs", type=Path, help="keep the processes' logs and data in this new folder")
    options = parser.parse_args()
    around = report.circumstances(" ".join(["python -m tests.benchmarks", *sys.argv[1:]]))
    with TemporaryDirectory(prefix="muster-bench-") as passing:
        scratch = (options.logs or Path(passing)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        if options.only in (None, "replies"):
            rows = _fast(measure(options, scratch))
            ended = {**around, "load after": f"{os.getloadavg()[0]:.1f}"}
            _print(options, report.as_json(rows, ended), report.table(rows, ended))
        if options.only in (None, "broadcasts"):
            with postgres_server() as server:
                figures = _fast(broadcasts.measure(server, scratch, _sizes(options), workers=options.workers))
            ended = {**around, "load after": f"{os.getloadavg()[0]:.1f}"}
            _print(options, broadcasts.as_json(figures, ended), broadcasts.table(figures, ended))
        if options.only in (None, "desk"):
            with postgres_server() as server:
                figures = _fast(desk.measure(server, scratch))
            ended = {**around, "load after": f"{os.getloadavg()[0]:.1f}"}
            _print(options, desk.as_json(figures, ended), broadcasts.table(figures, ended))
    return 0


def _sizes(options: argparse.Namespace) -> broadcasts.Sizes:
    if options.large:
        return broadcasts.Sizes(rounds=options.rounds, grown=(10_000, 100_000, 1_000_000), sent=100_000)
    return broadcasts.Sizes(rounds=options.rounds)


def _fast(measures: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measures)


def _print(options: argparse.Namespace, for_programs: Mapping[str, object], for_people: str) -> None:
    print(orjson.dumps(for_programs, option=orjson.OPT_INDENT_2).decode() if options.json else for_people)


if __name__ == "__main__":
    sys.exit(main())
