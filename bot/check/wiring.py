"""Owns whether flows fit what surrounds them: actions and their outcomes, trained intents, key words, one another."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from bot.engine import flow as made
from bot.engine.extract import fold
from bot.engine.flow import FAILED, Flow, Problem
from bot.services.ports import ActionSpec

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Trained = Mapping[str, frozenset[str]]  # language -> intents


def problems(flows: Mapping[str, Flow], actions: Mapping[str, ActionSpec], trained: Trained) -> Iterator[Problem]:
    """Everything that a flow names and that is not there, or is claimed twice."""
    for flow in flows.values():
        if not flow.title:
            yield Problem(file=flow.file, line=flow.line, message="the flow needs a `title`: what an offer calls it")
        for step in flow.steps:
            if isinstance(step, made.Call):
                yield from _call(flow, step, actions)
            if isinstance(step, made.Choose):
                for option in step.options:
                    yield from _untrained(flow, option.line, option.intents, trained)
        yield from _untrained(flow, flow.triggers.line, flow.triggers.intents, trained)
    yield from _claimed_twice(flows.values())
    yield from _rings(flows)


def _call(flow: Flow, step: made.Call, actions: Mapping[str, ActionSpec]) -> Iterator[Problem]:
    spec = actions.get(step.action)
    if spec is None:
        known = ", ".join(sorted(actions)) or "none"
        yield Problem(file=flow.file, line=step.line, message=f"there is no action `{step.action}`; there are {known}")
        return
    for name in sorted(set(step.arguments) - spec.arguments):
        message = f"action `{step.action}` takes no `{name}`; it takes {', '.join(sorted(spec.arguments)) or 'nothing'}"
        yield Problem(file=flow.file, line=step.line, message=message)
    for outcome in sorted(set(step.outcomes) - spec.outcomes - {FAILED}):
        message = f"action `{step.action}` never ends with `{outcome}`; it ends with {', '.join(sorted(spec.outcomes))}"
        yield Problem(file=flow.file, line=step.outcomes[outcome].line, message=message)
    unnamed = sorted(spec.outcomes - set(step.outcomes))
    if step.go is None and unnamed and len(spec.outcomes) > 1:
        message = f"action `{step.action}` can end with {', '.join(unnamed)}: say in `outcomes` what follows then"
        yield Problem(file=flow.file, line=step.line, message=message)


# --- intents and key words ----------------------------------------------------------------------------------------


def trained(folder: Path, languages: Iterable[str]) -> Trained:
    """The intents with at least one training message, by language; a file that cannot be read has none."""
    return {language: _intents(folder / f"{language}.yml") for language in languages}


def _intents(path: Path) -> frozenset[str]:
    try:
        document = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - a safe one
    except (OSError, ValueError, yaml.YAMLError):
        return frozenset()
    entries = document.get("nlu") if isinstance(document, dict) else None
    return frozenset(
        str(entry["intent"])
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and "intent" in entry and str(entry.get("examples") or "").strip()
    )


def _untrained(flow: Flow, line: int, intents: Iterable[str], trained: Trained) -> Iterator[Problem]:
    for intent in intents:
        lacking = sorted(language for language, known in trained.items() if intent not in known)
        if lacking:
            files = ", ".join(f"nlu_data/{language}.yml" for language in lacking)
            yield Problem(file=flow.file, line=line, message=f"intent `{intent}` has no training messages in {files}")


def _claimed_twice(flows: Iterable[Flow]) -> Iterator[Problem]:
    claims: dict[tuple[str, str], Flow] = {}
    for flow in flows:
        words = sorted({fold(word) for spoken in flow.triggers.words.values() for word in spoken})
        for kind, claim in [*(("intent", name) for name in flow.triggers.intents), *(("word", word) for word in words)]:
            first = claims.setdefault((kind, claim), flow)
            if first is not flow:
                message = f"{kind} `{claim}` begins `{first.name}` already ({first.file}:{first.triggers.line})"
                yield Problem(file=flow.file, line=flow.triggers.line, message=message)


# --- flows within flows -------------------------------------------------------------------------------------------


def _rings(flows: Mapping[str, Flow]) -> Iterator[Problem]:
    """Sub-flows that run themselves."""
    runs = {name: [step for step in flow.steps if isinstance(step, made.Run)] for name, flow in flows.items()}
    for name, flow in flows.items():
        for step in runs[name]:
            if name in _run_by(step.flow, runs):
                message = f"`{step.flow}` runs `{name}` again: they would never end"
                yield Problem(file=flow.file, line=step.line, message=message)


def _run_by(name: str, runs: Mapping[str, list[made.Run]]) -> frozenset[str]:
    """The flow and all that it runs, however deep."""
    reached: set[str] = set()
    coming = [name]
    while coming:
        here = coming.pop()
        if here not in reached:
            reached.add(here)
            coming += [step.flow for step in runs.get(here, [])]
    return frozenset(reached)
