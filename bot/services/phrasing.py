"""Owns the step from what a flow says to what a contact reads: their language, their options, their channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.contact import Channel
from bot.domain.delivery import Content, Option
from bot.domain.values import Value
from bot.engine.effects import Choice, Say
from bot.i18n import Catalogs


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasing:
    """Turns English flow texts into finished contents; `given` are the variables that every text may name."""

    catalogs: Catalogs
    given: Mapping[str, Value]

    def content(self, say: Say, language: str, channel: Channel) -> Content:
        """One text in the reader's language, with its options."""
        return Content(
            text=self._text(say, language, channel),
            language=language,
            options=tuple(self._option(choice, language) for choice in say.choices),
            asks_position=say.asks_position,
        )

    def contents(self, says: Sequence[Say], language: str, channel: Channel) -> tuple[Content, ...]:
        """The texts of one answer: one message where messages cost, else one each."""
        contents = tuple(self.content(say, language, channel) for say in says)
        if not channel.joins_texts or len(contents) < 2:
            return contents
        asking = next(
            (content for content in reversed(contents) if content.options or content.asks_position), contents[-1]
        )
        return (replace(asking, text="\n\n".join(content.text for content in contents)),)

    def _text(self, say: Say, language: str, channel: Channel) -> str:
        known = {name: value for name, value in say.variables.items() if value is not None}
        variables: dict[str, Any] = {**self.given, **known}
        isolate = channel is not Channel.SMS  # invisible marks would make every SMS a UCS-2 one
        if say.text.plural is not None and say.text.count is not None:
            count = variables.get(say.text.count)
            number = count if isinstance(count, int) else 0
            return self.catalogs.plural(say.text.msgid, say.text.plural, number, language, isolate=isolate, **variables)
        return self.catalogs.text(say.text.msgid, language, isolate=isolate, **variables)

    def _option(self, choice: Choice, language: str) -> Option:
        label = choice.label if choice.is_literal else self.catalogs.text(choice.label, language, isolate=False)
        return Option(label=label, payload=choice.payload)
