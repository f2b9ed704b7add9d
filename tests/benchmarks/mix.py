"""Owns the messages of a benchmark: half choices, a fifth repeated short texts, the rest new; always the same ones."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count, cycle
from pathlib import Path

import yaml

SEED = 2
SHORT_TEXTS = 8  # a language: the shortest lines, which are sent again and again
# Whoever sends these is not answered any more, or is forgotten: no phone for a benchmark.
_LAST_WORDS = frozenset({"stop", "delete_data"})


class Kind(StrEnum):
    """What a message asks of its reader."""

    CHOICE = "choice"  # a number that answers an open question
    SHORT = "short"  # a text that many send
    NEW = "new"  # a text that nobody has sent before


# The order in one conversation: 5 of 10 choices, 2 short, 3 new; each choice finds a question that is open.
PATTERN = (
    Kind.SHORT,
    Kind.CHOICE,
    Kind.NEW,
    Kind.CHOICE,
    Kind.CHOICE,
    Kind.NEW,
    Kind.CHOICE,
    Kind.SHORT,
    Kind.CHOICE,
    Kind.NEW,
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One message from one phone."""

    phone: str
    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Texts:
    """What people write in one language: a few short texts, and the others in a fixed order."""

    short: Sequence[str]
    new: Sequence[str]


def read_texts(folder: Path) -> Mapping[str, Texts]:
    """The evaluation lines by language (`folder` holds one Rasa file a language), shuffled by a fixed seed."""
    return {file.stem: _texts(_lines(file)) for file in sorted(folder.glob("*.yml"))}


def _lines(file: Path) -> list[str]:
    document = yaml.safe_load(file.read_text("utf-8"))
    blocks = [item["examples"] for item in document["nlu"] if item.get("intent") not in _LAST_WORDS]
    lines = [line.strip().removeprefix("- ").strip() for block in blocks for line in block.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


def _texts(lines: list[str]) -> Texts:
    by_length = sorted(lines, key=lambda line: (len(line), line))
    new = by_length[SHORT_TEXTS:]
    random.Random(SEED).shuffle(new)
    return Texts(by_length[:SHORT_TEXTS], new)


def never_seen(lines: Sequence[str]) -> Iterator[str]:
    """The lines without end; from the second time on with a number, so that none is ever the same."""
    for lap in count(1):
        yield from lines if lap == 1 else (f"{line} {lap}" for line in lines)


class Crowd:
    """Phones that write in turn, each in its language and its own conversation; `messages` never repeats a new text."""

    def __init__(self, texts: Mapping[str, Texts], *, phones: int) -> None:
        self._random = random.Random(SEED)
        self._new = {language: never_seen(spoken.new) for language, spoken in texts.items()}
        self._short = {language: cycle(spoken.short) for language, spoken in texts.items()}
        languages = sorted(texts)
        self._phones = [(f"+1500{number:07d}", languages[number % len(languages)]) for number in range(phones)]
        self._turns = [number // len(languages) for number in range(phones)]  # begin at different places of PATTERN
        self._next = cycle(range(phones))

    def greetings(self) -> list[Sent]:
        """A first message from each phone, which opens a conversation."""
        return [Sent(phone, next(self._short[language]), Kind.SHORT) for phone, language in self._phones]

    def messages(self, number: int) -> list[Sent]:
        """The next messages, from one phone after the other."""
        return [self._message(next(self._next)) for _ in range(number)]

    def texts(self, number: int) -> list[str]:
        """New texts alone, one language after the other."""
        languages = cycle(sorted(self._new))
        return [next(self._new[next(languages)]) for _ in range(number)]

    def _message(self, at: int) -> Sent:
        phone, language = self._phones[at]
        kind = PATTERN[self._turns[at] % len(PATTERN)]
        self._turns[at] += 1
        match kind:
            case Kind.CHOICE:
                return Sent(phone, str(self._random.randint(1, 3)), kind)
            case Kind.SHORT:
                return Sent(phone, next(self._short[language]), kind)
            case Kind.NEW:
                return Sent(phone, next(self._new[language]), kind)
