"""Owns how far each offered language is: which texts are there, which a speaker has read, which are drafts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bot.engine import flow as made
from bot.engine import patience
from bot.engine.flow import Flow
from bot.engine.variables import wordings
from bot.i18n import SOURCE_LANGUAGE, Catalogs, base
from bot.services.hazards import Hazard, draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of `total` texts, how many the language has in full, and how many of those a speaker has reviewed."""

    total: int
    complete: int
    reviewed: int

    @property
    def drafted(self) -> int:
        """Complete, but no speaker has read them."""
        return self.complete - self.reviewed

    @property
    def is_complete(self) -> bool:
        return self.complete == self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """How many messages understanding was taught with, and how many it is tried on."""

    training: int
    evaluation: int


def msgids_of(flow: Flow) -> tuple[str, ...]:
    """Every text and label of a flow, once."""
    found = [flow.title] if flow.title else []
    for step in flow.steps:
        found += [wording.text.msgid for wording in wordings(step)]
        if isinstance(step, made.Choose):
            found += [option.label for option in step.options]
    return tuple(dict.fromkeys(found))


def msgids_of_all(flows: Iterable[Flow]) -> tuple[str, ...]:
    """Every text of all flows and of the engine itself, once."""
    return tuple(dict.fromkeys([*(msgid for flow in flows for msgid in msgids_of(flow)), *patience.msgids()]))


def known_msgids(catalogs: Catalogs, domain: str) -> tuple[str, ...]:
    """Every text that the catalogs of any language know: what one has and another lacks is missing there."""
    languages = dict.fromkeys(base(language) for language in catalogs.languages)
    return tuple(dict.fromkeys(entry.msgid for language in languages for entry in catalogs.entries(language, domain)))


def coverage(msgids: Collection[str], language: str, domain: str, catalogs: Catalogs) -> Coverage:
    """The source language has everything: the texts are written in it."""
    if base(language) == SOURCE_LANGUAGE:
        return Coverage(total=len(msgids), complete=len(msgids), reviewed=len(msgids))
    complete = [msgid for msgid in msgids if catalogs.has(msgid, language, domain)]
    reviewed = sum(catalogs.is_reviewed(language, domain, msgid) for msgid in complete)
    return Coverage(total=len(msgids), complete=len(complete), reviewed=reviewed)


def hazards_reviewed(hazards: Collection[Hazard], language: str, catalogs: Catalogs) -> int:
    """How many alert templates may go out in the language: a speaker has read all of their texts (R12)."""
    return sum(draft(hazard, language, catalogs, {}).is_reviewed for hazard in hazards)


def by_language(msgids: Collection[str], domain: str, catalogs: Catalogs) -> Mapping[str, Coverage]:
    return {language: coverage(msgids, language, domain, catalogs) for language in catalogs.languages}
