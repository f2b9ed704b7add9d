"""Owns the list of all texts that can be said and where they stand: what translators get."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from bot.engine import flow as made
from bot.engine import patience
from bot.engine.flow import Flow
from bot.engine.variables import wordings

ENGINE, SERVICES = "bot/engine/patience.py", "bot/services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A text (with its plural) and the places where it stands; `note` tells the translator what it is."""

    msgid: str
    plural: str | None = None
    count: str | None = None  # the variable that the plural follows
    places: tuple[tuple[str, int], ...]
    note: str = ""


def texts_of(flows: Iterable[Flow], spoken: Iterable[str] = ()) -> tuple[Used, ...]:
    """Every text once, in the order of its first place: the flows', the engine's own, and those that services say."""
    found: dict[str, Used] = {}
    for used in _all(flows, spoken):
        known = found.get(used.msgid)
        if known is None:
            found[used.msgid] = used
        else:
            found[used.msgid] = Used(
                msgid=used.msgid,
                plural=known.plural or used.plural,
                count=known.count or used.count,
                places=tuple(dict.fromkeys((*known.places, *used.places))),
                note=known.note or used.note,
            )
    return tuple(found.values())


def _all(flows: Iterable[Flow], spoken: Iterable[str]) -> Iterator[Used]:
    for flow in flows:
        if flow.title:
            yield Used(msgid=flow.title, places=((flow.file, flow.line),), note=_BUTTON)
        for step in flow.steps:
            for wording in wordings(step):
                text, places = wording.text, ((flow.file, wording.line),)
                yield Used(msgid=text.msgid, plural=text.plural, count=text.count, places=places)
            yield from _labels(flow, step)
    labels = (*patience.SKIP_LABELS, patience.NO_LABEL)
    for msgid in patience.msgids():
        yield Used(msgid=msgid, places=((ENGINE, 1),), note=_BUTTON if msgid in labels else "")
    for msgid in spoken:
        yield Used(msgid=msgid, places=((SERVICES, 1),))


_BUTTON = "a button: at most 20 characters"
_ROW = "a line of a list: at most 24 characters"


def _labels(flow: Flow, step: made.Step) -> Iterator[Used]:
    if isinstance(step, made.Choose):
        note = _BUTTON if len(step.options) <= 3 else _ROW
        for option in step.options:
            yield Used(msgid=option.label, places=((flow.file, option.line),), note=note)


# Header lines that would change with every run, or ask for somebody who is not there.
_UNSAID = ('"POT-Creation', '"PO-Revision', '"Generated-By', '"Last-Tr', '"Report-', '"Language-Team')


def pot(texts: Iterable[Used], header: str = "# What Muster says in its flows.", *, has_lines: bool = True) -> bytes:
    """The template that translations begin from; the same texts give the same bytes."""
    catalog = Catalog(project="Muster", version="1", fuzzy=False, header_comment=header)
    for used in texts:
        msgid = used.msgid if used.plural is None else (used.msgid, used.plural)
        catalog.add(msgid, locations=used.places, auto_comments=[used.note] if used.note else [])
    written = BytesIO()
    write_po(written, catalog, width=120, omit_header=False, include_lineno=has_lines)
    lines = written.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_UNSAID)).encode()
