"""Cuts text of any script into tokens: words where a script has spaces, single graphemes where it has none."""

from typing import Any

import regex
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

# Scripts written without spaces between words: a word boundary there needs a dictionary, a grapheme does not.
_NO_SPACES = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# Joiners (ZWNJ, ZWJ) belong to words of Devanagari, Bengali, Sinhala, Persian; an apostrophe to "don't".
_WORD = rf"(?:(?![{_NO_SPACES}])[\p{{L}}\p{{M}}\p{{N}}\u200c\u200d])+(?:['’](?:(?![{_NO_SPACES}])[\p{{L}}\p{{M}}])+)*"
_TOKEN = regex.compile(rf"{_WORD}|\X")


def pieces(text: str) -> list[Token]:
    """The tokens of `text` with their offsets (in code points); spaces, controls and punctuation are left out."""
    return [
        Token(match.group(), match.start())
        for match in _TOKEN.finditer(text)
        if not regex.fullmatch(r"[\s\p{P}\p{C}]+", match.group())
    ]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ScriptTokenizer(Tokenizer):
    """Rasa's tokenizer interface over `pieces`; emoji are tokens of their own."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Rasa's own keys for splitting intent names: unused here, demanded by the parent class."""
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_"}

    @staticmethod
    def required_packages() -> list[str]:
        """What must be importable for this component."""
        return ["regex"]

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The tokens of one attribute (the text) of a message."""
        return pieces(message.get(attribute))
