"""Owns the templates of alerts for usual hazards: what CAP calls them, what they say, how long they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from bot.domain.broadcast import AlertUrgency, Category, Certainty, ResponseType, Severity
from bot.i18n import Catalogs, placeholders

DOMAIN = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One template. `event` and the three texts are English msgids; `life_hours` is how long a late copy is still true.

    `response` is CAP's responseType. `placeholders` are the names in the texts that an author has to fill.
    """

    key: str
    event: str
    category: Category
    urgency: AlertUrgency
    severity: Severity
    certainty: Certainty
    response: ResponseType
    headline: str
    description: str
    instruction: str
    life_hours: int
    asks_check_in: bool

    @property
    def texts(self) -> tuple[str, str, str]:
        """Headline, description and instruction, as Info.texts has them."""
        return self.headline, self.description, self.instruction

    @property
    def placeholders(self) -> frozenset[str]:
        return placeholders(" ".join(self.texts))


class Draft(NamedTuple):
    """A template in one language; `is_reviewed` says whether a speaker has read all three of its texts (R12)."""

    headline: str
    description: str
    instruction: str
    is_reviewed: bool


def load() -> tuple[Hazard, ...]:
    """All templates beside this module, in the order in which an author is offered them.

    Raises KeyError, TypeError or ValueError where the file is not as described in its head.
    """
    document: list[dict[str, Any]] = yaml.safe_load(files("bot.services").joinpath("hazards.yml").read_text("utf-8"))
    return tuple(_hazard(entry) for entry in document)


def _hazard(entry: Mapping[str, Any]) -> Hazard:
    fields = {
        **entry,
        "category": Category(entry["category"]),
        "urgency": AlertUrgency(entry["urgency"]),
        "severity": Severity(entry["severity"]),
        "certainty": Certainty(entry["certainty"]),
        "response": ResponseType(entry["response"]),
    }
    return Hazard(**fields)


def draft(hazard: Hazard, language: str, catalogs: Catalogs, values: Mapping[str, object]) -> Draft:
    """The template in the language, or the next of its chain that has it; what `values` lacks stays a placeholder."""
    filled = {name: f"{{{name}}}" for name in hazard.placeholders} | dict(values)
    # Without the marks that keep directions apart: people edit this text, and compare it with others.
    headline, description, instruction = (
        catalogs.text(text, language, domain=DOMAIN, isolate=False, **filled) for text in hazard.texts
    )
    is_reviewed = all(catalogs.is_reviewed(language, DOMAIN, text) for text in hazard.texts)
    return Draft(headline=headline, description=description, instruction=instruction, is_reviewed=is_reviewed)
