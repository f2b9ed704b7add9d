"""Measures a model on evaluation files: accuracy by language, script, intent; confusions; what must not be missed."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DANGER = frozenset({"in_danger", "medical_help"})
OUT_OF_SCOPE = "out_of_scope"
_MOST_CONFUSIONS = 25
_BATCH = 64


@dataclass(frozen=True)
class Judged:
    """One evaluation message with the intent it should have and the one it got (the best ranked, doubt or not)."""

    language: str
    script: str
    wanted: str
    got: str
    confidence: float


def report(*, model: Path, data: Path, as_json: bool) -> str:
    """The measures as text or JSON. Raises ModelError for a bad archive, ValueError where `data` has no messages."""
    from bot.nlu.server.parser import Parser, load_processor

    measures = measured(list(judge(_examples(sorted(data.glob("*.yml"))), Parser(load_processor(model)).parse)))
    return json.dumps(measures, ensure_ascii=False, indent=2) if as_json else as_text(measures)


def _examples(files: Iterable[Path]) -> list[tuple[str, str, str]]:
    """(language, text, intent) of every message in Rasa's YAML files named by language."""
    from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader

    return [
        (file.stem, message.get("text"), message.get("intent"))
        for file in files
        for message in RasaYAMLReader().read(file).intent_examples
    ]


def judge(examples: Sequence[tuple[str, str, str]], parse: Callable[[Sequence[str]], list[Any]]) -> Iterable[Judged]:
    """Parses all texts in batches and sets each answer beside what was wanted."""
    for start in range(0, len(examples), _BATCH):
        batch = examples[start : start + _BATCH]
        for (language, text, wanted), answer in zip(batch, parse([text for _, text, _ in batch]), strict=True):
            ranking = [] if isinstance(answer, Exception) else answer.get("intent_ranking", [])
            best = next(
                (each for each in ranking if each["name"] != "nlu_fallback"), {"name": "none", "confidence": 0.0}
            )
            yield Judged(language, script(text), wanted, best["name"], best["confidence"])


def script(text: str) -> str:
    """The script of most letters: `latin`, `devanagari`, `arabic`, ...; `none` without letters."""
    names = Counter(unicodedata.name(letter, "none").split()[0].lower() for letter in text if letter.isalpha())
    return names.most_common(1)[0][0] if names else "none"


def measured(judged: Sequence[Judged]) -> dict[str, Any]:
    """All measures, ready for JSON; shares are between 0 and 1."""
    if not judged:
        raise ValueError("The evaluation files hold no messages.")
    wrong = Counter((each.wanted, each.got) for each in judged if each.wanted != each.got)
    danger = [each for each in judged if each.wanted in DANGER]
    return {
        "messages": len(judged),
        "accuracy": _share(judged, _is_right),
        "by_language": _grouped(judged, lambda each: each.language),
        "by_language_and_script": _grouped(judged, lambda each: f"{each.language} {each.script}"),
        "by_intent": _grouped(judged, lambda each: each.wanted),
        "danger_recall": _share(danger, lambda each: each.got in DANGER),
        "danger_recall_by_language": _grouped(danger, lambda each: each.language, lambda each: each.got in DANGER),
        "out_of_scope_recall": _share([each for each in judged if each.wanted == OUT_OF_SCOPE], _is_right),
        "confusions": [[*pair, count] for pair, count in wrong.most_common(_MOST_CONFUSIONS)],
        "confidence_when_right": _mean(each.confidence for each in judged if _is_right(each)),
        "confidence_when_wrong": _mean(each.confidence for each in judged if not _is_right(each)),
    }


def as_text(measures: dict[str, Any]) -> str:
    """The measures as plain tables."""
    lines = [f"{measures['messages']} messages, accuracy {_percent(measures['accuracy'])}"]
    for title in ("by_language", "by_language_and_script", "by_intent", "danger_recall_by_language"):
        lines += ["", title.replace("_", " ")]
        lines += [f"  {name:<24}{_percent(one['share'])} of {one['messages']}" for name, one in measures[title].items()]
    lines += ["", f"danger recall (in_danger or medical_help) by intent alone {_percent(measures['danger_recall'])}"]
    lines += [f"out-of-scope recall {_percent(measures['out_of_scope_recall'])}"]
    right, wrong = measures["confidence_when_right"], measures["confidence_when_wrong"]
    lines += [f"mean confidence {right:.2f} when right, {wrong:.2f} when wrong", "", "confusions (wanted -> got)"]
    return "\n".join([*lines, *(f"  {count:>3} {wanted} -> {got}" for wanted, got, count in measures["confusions"])])


def _is_right(each: Judged) -> bool:
    return each.wanted == each.got


def _grouped(
    judged: Iterable[Judged], key: Callable[[Judged], str], test: Callable[[Judged], bool] = _is_right
) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        groups[key(each)].append(each)
    return {name: {"share": _share(groups[name], test), "messages": len(groups[name])} for name in sorted(groups)}


def _share(judged: Sequence[Judged], test: Callable[[Judged], bool]) -> float | None:
    return sum(map(test, judged)) / len(judged) if judged else None


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return sum(kept) / len(kept) if kept else 0.0


def _percent(share: float | None) -> str:
    return "    -" if share is None else f"{share * 100:5.1f} %"
