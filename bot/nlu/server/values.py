"""Finds countries, amounts, periods, counts of people and case numbers, as the dialogue engine itself reads them."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.engine import extract
from bot.nlu.server.native import LANGUAGE


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class ValueExtractor(EntityExtractorMixin, GraphComponent):
    """Adds Rasa's entities with start, end and value; an amount also has its `currency`."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ValueExtractor:
        """The extractor; it learns nothing."""
        return cls()

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to configure."""

    @staticmethod
    def required_packages() -> list[str]:
        """What must be importable for this component."""
        return ["babel", "dateparser", "phonenumbers", "regex"]

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the entities of each message."""
        for message in messages:
            found = extract.entities(message.get(TEXT) or "", message.get(LANGUAGE) or None)
            message.set(ENTITIES, message.get(ENTITIES, []) + [_told(one) for one in found], add_to_output=True)
        return messages


def _told(entity: extract.Entity) -> dict[str, Any]:
    told: dict[str, Any] = {"entity": entity.kind, "start": entity.start, "end": entity.end}
    told["value"] = entity.value if isinstance(entity.value, (str, int)) else str(entity.value)
    if isinstance(entity.value, extract.Amount):
        told["currency"] = entity.value.currency
    return {**told, "extractor": "ValueExtractor"}
