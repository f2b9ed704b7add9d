"""What our Rasa components have in common: made from a configuration, stored as one folder of arrays and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from typing_extensions import Self


class StoredComponent(GraphComponent):
    """A component whose training is written by `write` and read back by `read`."""

    def __init__(self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource) -> None:
        self.config = config
        self.name = name
        self._storage = model_storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        """An untrained component."""
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Self:
        """The trained component from the model archive."""
        component = cls(config, execution_context.node_name, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component.read(folder)
        return component

    def persist(self) -> Resource:
        """Stores what was learnt."""
        with self._storage.write_to(self._resource) as folder:
            self.write(folder)
        return self._resource

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """All settings are plain numbers with defaults."""

    def read(self, folder: Path) -> None:
        """Takes from `folder` what `write` put there."""
        raise NotImplementedError

    def write(self, folder: Path) -> None:
        """Puts into `folder` all that was learnt."""
        raise NotImplementedError
