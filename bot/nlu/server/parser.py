"""Parses batches of texts with a trained model, exactly as Rasa's own Agent parses them one by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.engine.runner.interface import GraphRunner
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.server.errors import ModelError

Answer = dict[str, Any]


def load_processor(model: Path) -> MessageProcessor:
    """The processor of exactly this archive. Raises ModelError where Rasa would warn and go on with none or another."""
    if not model.is_file():
        raise ModelError(f"There is no model file {model.name}.")
    processor = Agent.load(model).processor
    if processor is None or Path(processor.model_filename).name != model.name:
        raise ModelError(f"Rasa could not load the model {model.name}.")
    return processor


class Parser:
    """Runs whole batches through the model's graph; remembers the answers to the last `remembered` texts."""

    def __init__(self, processor: MessageProcessor, *, remembered: int = 4_096) -> None:
        self._runner: GraphRunner = processor.graph_runner
        self._target = processor.model_metadata.nlu_target
        self._remembered = remembered
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def parse(self, texts: Sequence[str]) -> list[Answer | Exception]:
        """One answer a text, in order; a text that breaks the graph gets its exception, the others their answers."""
        unknown = [text for text in dict.fromkeys(texts) if text not in self._answers]
        fresh = dict(zip(unknown, self._run_safely(unknown), strict=True))
        results = [fresh[text] if text in fresh else self._answers[text] for text in texts]
        self._remember(texts, fresh)
        return results

    def _run_safely(self, texts: list[str]) -> list[Answer | Exception]:
        try:
            return list(self._run(texts))
        except Exception as problem:
            if len(texts) == 1:
                return [problem]
            middle = len(texts) // 2
            return self._run_safely(texts[:middle]) + self._run_safely(texts[middle:])

    def _run(self, texts: list[str]) -> list[Answer]:
        if not texts:
            return []
        messages = [UserMessage(text) for text in texts]
        tracker = DialogueStateTracker.from_events(messages[0].sender_id, [])
        results = self._runner.run(inputs={"__message__": messages, "__tracker__": tracker}, targets=[self._target])
        blank: Answer = {"text": "", "intent": {"name": None, "confidence": 0.0}, "entities": []}
        return [{**blank, **parsed.as_dict(only_output_properties=True)} for parsed in results[self._target]]

    def _remember(self, texts: Sequence[str], fresh: dict[str, Answer | Exception]) -> None:
        self._answers.update((text, answer) for text, answer in fresh.items() if not isinstance(answer, Exception))
        for text in texts:
            if text in self._answers:
                self._answers.move_to_end(text)
        while len(self._answers) > self._remembered:
            self._answers.popitem(last=False)
