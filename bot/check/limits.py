"""Owns whether texts and labels fit the channels, in every offered language (figures: channels.md)."""

from collections.abc import Callable, Iterable, Iterator

from bot import i18n
from bot.engine import flow as made
from bot.engine.flow import Flow, Problem, Step
from bot.engine.patience import SKIP
from bot.engine.variables import wordings

WITH_OPTIONS = 1024  # a WhatsApp body with buttons or a list
ALONE = 1600  # one SMS or WhatsApp text by Twilio; Telegram takes 4,096
BUTTON, ROW = 20, 24  # WhatsApp: up to 3 buttons, else the rows of a list
MOST_BUTTONS = 3
FEW_SEGMENTS = 2

Count = Callable[[str], int]


def problems(flows: Iterable[Flow], catalogs: i18n.Catalogs, segments: Count | None = None) -> Iterator[Problem]:
    """Texts and labels that a channel would refuse or cut, and as notes those that cost more than two SMS segments."""
    for flow in flows:
        yield from _label(flow, flow.title, flow.line, BUTTON, catalogs)
        for step in flow.steps:
            yield from _labels(flow, step, catalogs)
            for language in catalogs.languages:
                yield from _texts(flow, step, language, catalogs, segments)


def units(text: str) -> int:
    """UTF-16 units, as the channels count characters."""
    return len(text.encode("utf-16-le")) // 2


def _labels(flow: Flow, step: Step, catalogs: i18n.Catalogs) -> Iterator[Problem]:
    options = step.options if isinstance(step, made.Choose) else ()
    most = BUTTON if len(options) <= MOST_BUTTONS else ROW
    for option in options:
        yield from _label(flow, option.label, option.line, most, catalogs)


def _label(flow: Flow, msgid: str, line: int, most: int, catalogs: i18n.Catalogs) -> Iterator[Problem]:
    for language in catalogs.languages:
        label = catalogs.text(msgid, language)
        if units(label) > most:
            message = f'the {language} label "{label}" has {units(label)} characters, {most} fit'
            yield Problem(file=flow.file, line=line, message=message)


def _texts(flow: Flow, step: Step, language: str, catalogs: i18n.Catalogs, segments: Count | None) -> Iterator[Problem]:
    labels = _offered(step, language, catalogs)
    most = WITH_OPTIONS if labels else ALONE
    for wording in wordings(step):
        for form in _forms(wording, language, catalogs):
            size = units(form)
            if size > most:
                message = f"the {language} text has {size} characters, {most} fit{' beside options' if labels else ''}"
                yield Problem(file=flow.file, line=wording.line, message=message)
            elif segments and (count := segments("\n".join((form, *labels)))) > FEW_SEGMENTS:
                message = f"the {language} text takes {count} SMS segments; {FEW_SEGMENTS} are better"
                yield Problem(file=flow.file, line=wording.line, message=message, is_note=True)


def _offered(step: Step, language: str, catalogs: i18n.Catalogs) -> list[str]:
    """The numbered lines that SMS draws for the options."""
    labels: list[str] = []
    if isinstance(step, made.Choose):
        is_languages = step.source is made.Source.LANGUAGES
        own = [i18n.autonym(code) for code in catalogs.languages] if is_languages else []
        labels = own or [catalogs.text(option.label, language) for option in step.options]
    elif isinstance(step, made.Ask) and step.is_optional and not step.kind.is_digits:
        labels = [catalogs.text(SKIP, language)]
    return [f"{place} {label}" for place, label in enumerate(labels, start=1)]


def _forms(wording: made.Wording, language: str, catalogs: i18n.Catalogs) -> tuple[str, ...]:
    """The text in the language, in all its plural forms; the English ones where it is not translated."""
    for tag in i18n.chain(language):
        for entry in catalogs.entries(tag):
            if entry.msgid == wording.text.msgid and entry.is_usable:
                return entry.forms
    return wording.msgids
