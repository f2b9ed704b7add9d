"""Owns the answer by key words when Rasa cannot: the words of the training messages, with modest confidence."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.message import Understanding
from bot.nlu.bayes import NaiveBayes
from bot.nlu.examples import Example

MODESTY = 12.0  # temperature: parts of words overlap, so the plain probabilities are far too sure of themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Keywords:
    """Understands by words alone, in any of the languages."""

    bayes: NaiveBayes

    @classmethod
    def learn(cls, examples: Iterable[Example]) -> "Keywords":
        return cls(bayes=NaiveBayes.learn((example.text, example.intent) for example in examples))

    async def understand(self, text: str, _: str | None) -> Understanding:
        return Understanding(ranking=tuple(self.bayes.ranking(text, temperature=MODESTY)), source="keywords")
