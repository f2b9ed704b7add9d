"""Trains a model archive from a configuration and the training files, and from nothing else."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ruamel.yaml

from bot.nlu.server.configuration import rasa_keys
from bot.nlu.server.errors import ModelError


def train(*, config: Path, data: Sequence[Path], model: Path) -> None:
    """Writes the archive `model` (.tar.gz). Raises ModelError where Rasa finds nothing to train on."""
    from rasa.model_training import train_nlu

    with TemporaryDirectory() as scratch:
        staged = Path(scratch)
        (staged / "data").mkdir()
        for file in data:
            _stage(file, staged / "data" / file.name)
        (staged / "config.yml").write_text(rasa_keys(config.read_text("utf-8")), "utf-8")
        output = train_nlu(str(staged / "config.yml"), str(staged / "data"), str(staged), fixed_model_name="model")
        if output is None:
            raise ModelError("Rasa made no model: the training files hold no examples.")
        model.parent.mkdir(parents=True, exist_ok=True)
        # Copy, then rename: a reader never sees half an archive, even from another file system.
        shutil.copyfile(output, model.with_suffix(".part"))
        model.with_suffix(".part").replace(model)


def _stage(source: Path, target: Path) -> None:
    """Copies a training file, telling each intent the language that the file's name says."""
    yaml = ruamel.yaml.YAML(typ="safe")
    content: dict[str, Any] = yaml.load(source.read_text("utf-8"))
    for item in content.get("nlu", []):
        item["metadata"] = {**item.get("metadata", {}), "language": source.stem}
    writer = ruamel.yaml.YAML()
    writer.width = 10_000
    with target.open("w", encoding="utf-8") as stream:
        writer.dump(_literal(content), stream)


def _literal(content: dict[str, Any]) -> dict[str, Any]:
    from ruamel.yaml.scalarstring import LiteralScalarString

    for item in content.get("nlu", []):
        if isinstance(item.get("examples"), str):
            item["examples"] = LiteralScalarString(item["examples"])
    return content
