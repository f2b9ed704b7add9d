"""Owns the list of texts that pages say: the console's, read from its code and templates, and what others name."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from babel.messages.extract import extract_from_file

from bot.check import translations
from bot.check.texts import Used
from bot.engine.flow import Problem
from bot.i18n import Catalogs

DOMAIN = "console"
FOLDER = "bot/console"
LANGUAGES = ("en", "es", "ar")  # of the console
PUBLIC = "bot/web/"  # what is named there is shown to workers, in every offered language
_KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "ngettext": (1, 2), "plural": (1, 2)}
_METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract"}

Named = Mapping[str, Iterable[str]]


def texts(root: Path, named: Named) -> tuple[Used, ...]:
    """Every text once, with the files where it stands; `named` has texts that other modules list, by file."""
    found: dict[str, Used] = {}
    for used in chain(_named(named), _written(root)):
        known = found.get(used.msgid)
        places = (*(known.places if known else ()), *used.places)
        plural = used.plural or (known.plural if known else None)
        found[used.msgid] = Used(
            msgid=used.msgid, plural=plural, count="n" if plural else None, places=tuple(dict.fromkeys(places))
        )
    return tuple(found.values())


def problems(root: Path, named: Named, catalogs: Catalogs) -> Iterator[Problem]:
    """What the catalogs lack or changed: in the console's languages, and for what workers see in every other."""
    others = [language for language in catalogs.languages if language not in LANGUAGES]
    offered = [language for language in catalogs.languages if language in LANGUAGES]
    yield from translations.problems(texts(root, named), catalogs, domain=DOMAIN, languages=offered)
    public = tuple(_named({file: msgids for file, msgids in named.items() if file.startswith(PUBLIC)}))
    yield from translations.problems(public, catalogs, domain=DOMAIN, languages=others, is_whole=False)


def _named(named: Named) -> Iterator[Used]:
    for file, msgids in named.items():
        for msgid in msgids:
            yield Used(msgid=msgid, places=((file, 1),))


def _written(root: Path) -> Iterator[Used]:
    for path in sorted((root / FOLDER).rglob("*")):
        if path.suffix in _METHODS and path.is_file():
            file = path.relative_to(root).as_posix()
            for line, message, _, _ in extract_from_file(_METHODS[path.suffix], str(path), keywords=_KEYWORDS):
                msgid, plural = (message, None) if isinstance(message, str) else (message[0], message[1])
                if msgid:
                    yield Used(msgid=msgid, plural=plural, count="n" if plural else None, places=((file, line),))
