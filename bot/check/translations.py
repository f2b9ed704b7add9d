"""Owns the comparison of texts with their translations: missing, doubtful, with other numbers or variables, unused."""

from collections.abc import Iterable, Iterator

from babel.messages.plurals import get_plural

from bot import i18n
from bot.check.texts import Used
from bot.engine.flow import Problem

DOMAIN = "flows"


def problems(
    texts: Iterable[Used],
    catalogs: i18n.Catalogs,
    *,
    is_whole: bool = True,
    domain: str = DOMAIN,
    languages: Iterable[str] | None = None,
) -> Iterator[Problem]:
    """Problems of every offered language, or of these `languages`.

    Unused entries are told of only when everything that says texts could be read (`is_whole`).
    """
    used = {text.msgid: text for text in texts}
    asked = catalogs.languages if languages is None else languages
    offered = [language for language in asked if i18n.base(language) != i18n.SOURCE_LANGUAGE]
    yield from _missing(used.values(), catalogs, offered, domain)
    for language in dict.fromkeys(i18n.base(language) for language in offered):
        for entry in catalogs.entries(language, domain):
            for message in _entry(entry, used.get(entry.msgid), language):
                yield _problem(language, domain, entry, message)
            if is_whole and entry.msgid not in used:
                unused = f"nothing says this text any more: {_short(entry.msgid)}"
                yield _problem(language, domain, entry, unused, is_note=True)


def _missing(texts: Iterable[Used], catalogs: i18n.Catalogs, languages: list[str], domain: str) -> Iterator[Problem]:
    for text in texts:
        lacking = [language for language in languages if not catalogs.has(text.msgid, language, domain)]
        if lacking:
            file, line = text.places[0]
            message = f"no translation in {', '.join(lacking)}: {_short(text.msgid)}"
            yield Problem(file=file, line=line, message=message)


def _entry(entry: i18n.Translation, used: Used | None, language: str) -> Iterator[str]:
    if entry.is_fuzzy:
        yield f"marked fuzzy, so it is not used: {_short(entry.msgid)}"
    if used is not None and used.plural != entry.plural:
        yield f"its plural is not the source's: {_short(entry.msgid)}"
    if not any(entry.forms):
        return
    needed = int(get_plural(i18n.base(language)).num_plurals) if entry.plural is not None else 1
    given = sum(1 for form in entry.forms if form)
    if given < needed:
        yield f"{given} of its {needed} plural forms are given: {_short(entry.msgid)}"
    for form in filter(None, entry.forms):
        for fault in _faults(entry, form, used):
            yield f"the translation {fault}: {_short(form)}"


def _faults(entry: i18n.Translation, form: str, used: Used | None) -> list[str]:
    """A plural form may leave its number out ("one day", the Arabic dual), and follows either of the English ones."""
    if entry.plural is None:
        return i18n.faults(entry.msgid, form)
    names = ("n", used.count) if used else ("n",)
    forgiven = {"lacks the number 1", *(f"lacks the variable {{{name}}}" for name in names)}
    both = (i18n.faults(text, form) for text in (entry.msgid, entry.plural))
    found = [[fault for fault in faults if fault not in forgiven] for faults in both]
    return min(found, key=len)


def _problem(language: str, domain: str, entry: i18n.Translation, message: str, *, is_note: bool = False) -> Problem:
    file = f"locales/{language.replace('-', '_')}/LC_MESSAGES/{domain}.po"
    return Problem(file=file, line=entry.line, message=message, is_note=is_note)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line[:57]}..."' if len(line) > 60 else f'"{line}"'
