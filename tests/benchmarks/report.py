"""Owns the figures: medians over the rounds, ratios, the table and the JSON."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles

from tests.journeys.processes import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What one side did in one round, or in the middle of several: a second, and milliseconds to an answer."""

    per_second: float
    p50_ms: float
    p95_ms: float

    @classmethod
    def of(cls, waits: Sequence[float], seconds: float) -> "Speed":
        """From the seconds that each answer took and those of the whole round."""
        cuts = quantiles(waits, n=20)
        return cls(per_second=len(waits) / seconds, p50_ms=1000 * cuts[9], p95_ms=1000 * cuts[18])

    @classmethod
    def median(cls, rounds: Sequence["Speed"]) -> "Speed":
        """Each figure's median."""
        return cls(
            per_second=median(speed.per_second for speed in rounds),
            p50_ms=median(speed.p50_ms for speed in rounds),
            p95_ms=median(speed.p95_ms for speed in rounds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure of both sides; `note` says what the figures leave out."""

    name: str
    muster: Speed
    rasa: Speed
    note: str = ""

    @property
    def throughput(self) -> float:
        """Muster's messages a second, in stock Rasa's."""
        return self.muster.per_second / self.rasa.per_second

    @property
    def patience(self) -> float:
        """Muster's p95, in stock Rasa's."""
        return self.muster.p95_ms / self.rasa.p95_ms


NOT_COMPARABLE = """\
What is not comparable: Muster checks signatures, encrypts, commits every message, reply and case to disk, holds each
contact's turn across processes and asks for delivery receipts; stock Rasa checks no signature and keeps conversations
in memory. Stock Rasa sends one text a message, Muster as many as its flow says; it answers choices by the model too.
Muster is web, worker, NLU server and Redis on the cores that stock Rasa, one process, shares with nobody but the
stand-in and the phones, which take part of them. Real providers add TLS and distance to both."""


def circumstances(command: str) -> Mapping[str, str]:
    """Where and on what this was measured."""
    return {
        "command": command,
        "commit": _commit(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = " with uncommitted changes" if git("status", "--porcelain", "--", "bot", "flows", "actions") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def table(rows: Sequence[Row], around: Mapping[str, str]) -> str:
    """The figures for a terminal."""
    lines = ["  ".join(f"{name}: {value}" for name, value in around.items()), ""]
    lines.append(f"{'':34}{'Muster':>26}{'stock Rasa':>26}{'ratio':>18}")
    lines.append(f"{'':34}{'msg/s  p50 ms  p95 ms':>26}{'msg/s  p50 ms  p95 ms':>26}{'msg/s     p95':>18}")
    lines += [_line(row) for row in rows]
    lines += ["", "Aim of the reply road: 10 x the messages, 0.10 x the p95.", *(row.note for row in rows if row.note)]
    return "\n".join([*lines, "", NOT_COMPARABLE])


def _line(row: Row) -> str:
    sides = "".join(
        f"{side.per_second:>10.0f}{side.p50_ms:>8.0f}{side.p95_ms:>8.0f}" for side in (row.muster, row.rasa)
    )
    return f"{row.name:34}{sides}{row.throughput:>8.1f} x{row.patience:>6.2f} x"


def as_json(rows: Sequence[Row], around: Mapping[str, str]) -> Mapping[str, object]:
    """The same for a program."""
    measures = [{**asdict(row), "throughput_ratio": row.throughput, "p95_ratio": row.patience} for row in rows]
    return {**around, "measures": measures, "not_comparable": NOT_COMPARABLE}
