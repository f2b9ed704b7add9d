"""Owns reading which language somebody names: "nepali", "in english please", "عربي", "castellano"."""

from collections.abc import Iterable
from functools import lru_cache

from babel import Locale

from bot.engine.extract.folding import fold
from bot.engine.extract.lexicon import Lexicon, Token, folded_phrases
from bot.engine.extract.vocabulary import Vocabulary, vocabulary

_REACH = 3  # how many words before a language's name a negation may stand ("I do not speak English")

_CLOSING = frozenset(
    {"no", "not", "لا"}
)  # deny what stands before them when they end its clause ("English no, Arabic")


def language_named(text: str, offered: Iterable[str]) -> str | None:
    """The one offered language that the text names, in any of them, and does not deny; None if none or several."""
    words = vocabulary(None)
    tokens = words.tokens(text)
    names = list(_names(tuple(offered)).all(tokens))
    denied_after = {at for _, first, width in names for at in _denials_after(tokens, first + width, words)}
    denials = {
        at for _, first, width in words.negations.all(tokens) for at in range(first, first + width)
    } - denied_after
    wanted = {
        code
        for code, first, width in names
        if not _denials_after(tokens, first + width, words) and not _is_denied_before(tokens, first, denials)
    }
    return wanted.pop() if len(wanted) == 1 else None


def _denials_after(tokens: tuple[Token, ...], after: int, words: Vocabulary) -> set[int]:
    """Where a negation that belongs to the name before it stands: a Nepali verb, or a "no" that ends its clause."""
    for at in range(after, min(len(tokens), after + 2)):
        if _is_break(tokens[at]):
            break
        is_last = at + 1 == len(tokens) or _is_break(tokens[at + 1])
        if words.negations_after.at(tokens, at) or (is_last and at == after and tokens[at].text in _CLOSING):
            return {at}
    return set()


def _is_denied_before(tokens: tuple[Token, ...], first: int, denials: set[int]) -> bool:
    for at in range(first - 1, max(-1, first - 1 - _REACH), -1):
        if _is_break(tokens[at + 1]):
            return False
        if at in denials:
            return True
    return False


def _is_break(token: Token) -> bool:
    return any(mark in token.gap for mark in ",.;!?\n")


@lru_cache(maxsize=8)
def _names(offered: tuple[str, ...]) -> Lexicon[str]:
    """Autonyms, CLDR names in every offered language, and our own tables' everyday names."""
    names: dict[str, str] = {}
    locales = [Locale.parse(code.replace("-", "_")) for code in offered]
    for code, own in zip(offered, locales, strict=True):
        base = code.split("-")[0]
        for locale in (*locales, own):
            named = {locale.languages.get(code.replace("-", "_")), locale.languages.get(base)} - {None}
            names.update({fold(name): code for name in named if name})
        for words in vocabulary(None).words:
            names.update(dict.fromkeys(folded_phrases(words.languages.get(base, "")), code))
    return Lexicon(names, vocabulary(None).affixes)
