"""Owns saying the house's own sentences (domain "bot") in one reader's language."""

from dataclasses import dataclass
from typing import Any

from babel import Locale

from bot import i18n
from bot.i18n import Catalogs


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One language's voice. Sentences are given as literals, so that they can be collected for translators."""

    catalogs: Catalogs
    language: str

    def say(self, msgid: str, /, **variables: Any) -> str:
        """The sentence in this language, or in the next of its chain that has it."""
        return self.catalogs.text(msgid, self.language, domain="bot", **variables)

    def count(self, singular: str, plural: str, n: int, /, **variables: Any) -> str:
        """The sentence in the form that `n` takes; the text may name it as {n}."""
        return self.catalogs.plural(singular, plural, n, self.language, domain="bot", **variables)

    def known(self, text: str) -> str:
        """A text from data: translated where a catalog has it, else as it stands, braces and all."""
        return self.say(text.replace("{", "{{").replace("}", "}}"))

    def country(self, code: str) -> str:
        """The country's name; the code itself where CLDR has none."""
        return str(self._locale.territories.get(code, code))

    def tongue(self, code: str) -> str:
        """The language's name."""
        return str(self._locale.languages.get(code, code))

    def weekday(self, day: int) -> str:
        """The short name of a day; Monday is 0."""
        return str(self._locale.days["stand-alone"]["abbreviated"][day])

    @property
    def _locale(self) -> Locale:
        return i18n.locale(self.language)
