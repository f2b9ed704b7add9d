"""Owns the comparison of texts with their translations: missing, doubtful, with other numbers or variables, unused."""

from collections.abc import Iterable, Iterator

from babel.messages.plurals import get_plural

from bot import i18n
from bot.check.texts import Used
from bot.engine.flow import Problem

DOMAIN = "flows"


def problems(texts: Iterable[Used], catalogs: i18n.Catalogs, *, is_whole: bool = True) -> Iterator[Problem]:
    """Problems of every offered language; unused entries are told of only when all flows could be read (`is_whole`)."""
    used = {text.msgid: text for text in texts}
    offered = [language for language in catalogs.languages if i18n.base(language) != i18n.SOURCE_LANGUAGE]
    yield from _missing(used.values(), catalogs, offered)
    for language in dict.fromkeys(i18n.base(language) for language in offered):
        for entry in catalogs.entries(language, DOMAIN):
            yield from _entry(entry, used.get(entry.msgid), language)
            if is_whole and entry.msgid not in used:
                yield _problem(language, entry, f"nothing says this text any more: {_short(entry.msgid)}", is_note=True)


def _missing(texts: Iterable[Used], catalogs: i18n.Catalogs, languages: list[str]) -> Iterator[Problem]:
    for text in texts:
        lacking = [language for language in languages if not catalogs.has(text.msgid, language, DOMAIN)]
        if lacking:
            file, line = text.places[0]
            message = f"no translation in {', '.join(lacking)}: {_short(text.msgid)}"
            yield Problem(file=file, line=line, message=message)


def _entry(entry: i18n.Translation, used: Used | None, language: str) -> Iterator[Problem]:
    if entry.is_fuzzy:
        yield _problem(language, entry, f"marked fuzzy, so it is not used: {_short(entry.msgid)}")
    if used is not None and used.plural != entry.plural:
        yield _problem(language, entry, f"its plural is not the flow's: {_short(entry.msgid)}")
    if not any(entry.forms):
        return
    needed = int(get_plural(i18n.base(language)).num_plurals) if entry.plural is not None else 1
    given = sum(1 for form in entry.forms if form)
    if given < needed:
        yield _problem(language, entry, f"{given} of its {needed} plural forms are given: {_short(entry.msgid)}")
    for form in filter(None, entry.forms):
        for fault in _faults(entry, form, used):
            yield _problem(language, entry, f"the translation {fault}: {_short(form)}")


def _faults(entry: i18n.Translation, form: str, used: Used | None) -> list[str]:
    """A plural form may leave its number out ("one day", the Arabic dual), and follows either of the English ones."""
    if entry.plural is None:
        return i18n.faults(entry.msgid, form)
    names = ("n", used.count) if used else ("n",)
    forgiven = {"lacks the number 1", *(f"lacks the variable {{{name}}}" for name in names)}
    both = (i18n.faults(text, form) for text in (entry.msgid, entry.plural))
    found = [[fault for fault in faults if fault not in forgiven] for faults in both]
    return min(found, key=len)


def _problem(language: str, entry: i18n.Translation, message: str, *, is_note: bool = False) -> Problem:
    file = f"locales/{language.replace('-', '_')}/LC_MESSAGES/{DOMAIN}.po"
    return Problem(file=file, line=entry.line, message=message, is_note=is_note)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line[:57]}..."' if len(line) > 60 else f'"{line}"'
