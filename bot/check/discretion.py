"""Owns the rule that a discreet flow shows nothing sensitive in a first line before an answer (voice.md 9)."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from bot import i18n
from bot.engine import flow as made
from bot.engine.extract import fold
from bot.engine.flow import Flow, Problem, Step
from bot.engine.graph import edges
from bot.engine.variables import wordings

_MARKS = ".,;:!?¿¡()[]{}\"'«»…-–—।؟،؛"
_STAR = "*"
_WORDS_FILE = Path(__file__).with_name("sensitive.yml")


def problems(flows: Iterable[Flow], catalogs: i18n.Catalogs) -> Iterator[Problem]:
    """Sensitive words in the first lines of discreet flows, in every offered language."""
    words = _words()
    for flow in flows:
        for step in _unasked(flow) if flow.is_discreet else ():
            for wording in wordings(step):
                for language in catalogs.languages:
                    text = catalogs.text(wording.text.msgid, language)
                    for word in _found(text, words.get(i18n.base(language), ())):
                        message = f'the {language} text says "{word}" in its first line, and somebody may look on'
                        yield Problem(file=flow.file, line=wording.line, message=message)


def _unasked(flow: Flow) -> Iterator[Step]:
    """The steps up to the first question on every way: what is said before the contact has shown that it is safe."""
    ways = edges(flow)
    reached: set[str] = set()
    coming = [flow.first.id]
    while coming:
        here = coming.pop()
        step = flow.find(here)
        if step is None or here in reached:
            continue
        reached.add(here)
        yield step
        if not isinstance(step, made.Ask | made.Choose):
            coming += [edge.target for edge in ways if edge.source == here]


def _found(text: str, words: Iterable[str]) -> Iterator[str]:
    said = dict.fromkeys(token.strip(_MARKS).casefold() for token in text.strip().split("\n")[0].split())
    yield from (token for token in said if any(_stands_for(fold(token), fold(word)) for word in words))


def _stands_for(token: str, word: str) -> bool:
    """A word with a star is found with any ending: Nepali joins its postpositions to the noun."""
    return token.startswith(word.rstrip(_STAR)) if word.endswith(_STAR) else token == word


@lru_cache(maxsize=1)
def _words() -> Mapping[str, tuple[str, ...]]:
    document = yaml.safe_load(_WORDS_FILE.read_text(encoding="utf-8"))
    return {language: tuple(words) for language, words in document.items()}
