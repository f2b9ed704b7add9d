"""Owns reading what a contact sent as the answer to a question: values of the kind asked for, options, skipping."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.domain.values import Money, Period, Value
from bot.engine import extract
from bot.engine.effects import Answered, Fit, Setting
from bot.engine.flow import AnswerKind, Ask, Choose, Flow, Option, Question, Source, payload
from bot.engine.patience import NO_LABEL, SKIP_LABELS

SURE = 0.6  # how probable an option's meaning must be, at least
_SHORT = 5  # words: a value inside a longer message may be by the way
_STICKER = "sticker"
QUESTION_MARKS = "?¿؟？፧"
OFFERS = "offers"  # the variable that names the flows to offer
ALWAYS_OFFERED = ("menu", "talk_to_human")  # after those


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An answer that fits: what it saves, and the option it chose."""

    fit: Fit
    saves: Mapping[str, Value] = field(default_factory=dict)
    option: Option | None = None


def read(flow: Flow, question: Question, answered: Answered, setting: Setting) -> Reading | None:
    """The answer to the question, which has the options that it offers now; None when it does not fit."""
    if isinstance(question, Ask):
        return _asked(flow, question, answered, setting)
    option = _chosen(flow, question, answered, setting)
    if option is None:
        return None
    return Reading(fit=Fit.EXACT, saves={question.save: option.value} if question.save else {}, option=option)


# --- asking -------------------------------------------------------------------------------------------------------


def skip_payload(flow: Flow, question: Ask) -> str:
    return payload(flow.name, question.id, "skip")


def _asked(flow: Flow, question: Ask, answered: Answered, setting: Setting) -> Reading | None:
    if answered.choice is not None:
        is_skipped = question.is_optional and answered.choice == skip_payload(flow, question)
        return _skipped(question) if is_skipped else None
    if question.kind.is_evidence and answered.evidence:
        return _evidence(question, answered)
    if question.is_optional and (_says_skip(question, answered.text, setting) or _has_none(question, answered)):
        return _skipped(question)
    value = _value(question, answered, setting)
    if value is None or not _is_within(question, value):
        return None
    return Reading(fit=_fit(question, answered, value), saves={question.save: value})


def _skipped(question: Ask) -> Reading:
    count = {count_name(question): 0} if question.kind.is_evidence else {}
    return Reading(fit=Fit.EXACT, saves={question.save: None, **count})


def count_name(question: Ask) -> str:
    """The variable that counts the photos or papers that came in one message."""
    return f"{question.save}_count"


def _evidence(question: Ask, answered: Answered) -> Reading | None:
    """The first one under the question's own name, the others as name_2, name_3; a sticker is none."""
    kept = [one for one in answered.evidence if one.kind != _STICKER]
    names = [question.save, *(f"{question.save}_{place}" for place in range(2, len(kept) + 1))]
    saves: dict[str, Value] = dict(zip(names, kept, strict=False))
    return Reading(fit=Fit.EXACT, saves={**saves, count_name(question): len(kept)}) if kept else None


def _says_skip(question: Ask, text: str, setting: Setting) -> bool:
    labels = (*SKIP_LABELS, NO_LABEL) if question.kind.is_evidence else SKIP_LABELS
    spoken = {_plain(form) for label in labels for form in (label, *setting.labels(label))}
    is_first = not question.kind.is_digits and extract.digits(text).strip() == "1"  # the number of the one option
    return bool(_plain(text)) and (is_first or _plain(text) in spoken)


def _has_none(question: Ask, answered: Answered) -> bool:
    """Whether the contact says, in whatever words, that there is no photo or paper to send."""
    understanding = answered.understanding
    return question.kind.is_evidence and understanding.intent == "deny" and understanding.confidence >= SURE


def _plain(text: str) -> str:
    return "".join(character for character in extract.fold(text) if character.isalnum())


def _value(question: Ask, answered: Answered, setting: Setting) -> Value:
    """The value of the kind asked for; the words of the contact's language first, then those of all."""
    if question.kind is AnswerKind.PLACE and answered.position is not None:
        return answered.position
    if question.kind is AnswerKind.PHONE and answered.phone is not None:
        return answered.phone
    if question.kind in (AnswerKind.TEXT, AnswerKind.PLACE):
        return answered.text.strip() or None
    if not answered.text.strip():
        return None
    for language in (setting.language, None):
        value = _extracted(question.kind, answered.text, language, setting)
        if value is not None:
            return value
    return next(
        (entity.value for entity in answered.understanding.entities if entity.kind == question.kind.value), None
    )


def _extracted(kind: AnswerKind, text: str, language: str | None, setting: Setting) -> Value:
    match kind:
        case AnswerKind.NUMBER:
            number = extract.number(text, language)
            return int(number) if number is not None and number == int(number) else number
        case AnswerKind.AMOUNT:
            return value_of(extract.amount(text, language, setting.currency))
        case AnswerKind.DATE:
            return extract.day(text, language, _today(setting))
        case AnswerKind.PHONE:
            return extract.phone(text, setting.region)
        case AnswerKind.COUNTRY:
            return extract.country(text, language)
        case _:
            return None


def value_of(found: Value | extract.Amount | extract.Period) -> Value:
    """What was read from a text, as the domain has it."""
    if isinstance(found, extract.Amount):
        return Money(value=found.value, currency=found.currency)
    if isinstance(found, extract.Period):
        return Period(count=found.count, unit=found.unit)
    return found


def _today(setting: Setting) -> date:
    return setting.now.astimezone(ZoneInfo(setting.timezone)).date()


def _is_within(question: Ask, value: Value) -> bool:
    size = value.value if isinstance(value, Money) else value
    if isinstance(size, bool) or not isinstance(size, int | Decimal):
        return True
    return (question.least is None or size >= question.least) and (question.most is None or size <= question.most)


def _fit(question: Ask, answered: Answered, value: Value) -> Fit:
    if isinstance(value, str) and question.kind in (AnswerKind.TEXT, AnswerKind.PLACE):
        return Fit.LOOSE
    return Fit.EXACT if len(answered.text.split()) <= _SHORT else Fit.LOOSE


# --- choosing -----------------------------------------------------------------------------------------------------


def with_options(question: Choose, flows: Mapping[str, Flow], offers: Value, setting: Setting) -> Choose:
    """The question with the options that it offers now; `offers` names flows, with commas between."""
    match question.source:
        case Source.WRITTEN:
            return question
        case Source.LANGUAGES:
            options = [Option(label=name, value=code, line=question.line) for code, name in setting.languages]
        case Source.OFFERS:
            names = dict.fromkeys([*str(offers or "").split(","), *ALWAYS_OFFERED])
            options = [_offer(flows[name], question) for name in names if name in flows]
    return replace(question, options=tuple(options))


def _offer(flow: Flow, question: Choose) -> Option:
    """Another flow, by its title or by what it is for."""
    intents = flow.triggers.intents
    return Option(label=flow.title or flow.name, value=flow.name, intents=intents, start=flow.name, line=question.line)


def _chosen(flow: Flow, question: Choose, answered: Answered, setting: Setting) -> Option | None:
    """The option chosen: by its button, by number, label, word or near spelling, then by meaning."""
    options = question.options
    if answered.choice is not None:
        return next((one for one in options if payload(flow.name, question.id, one.value) == answered.choice), None)
    labels = [option.label for option in options]
    found = extract.option(answered.text, labels, [_synonyms(option, setting) for option in options], setting.language)
    if found is not None:
        return _said_or_asked(options, options[found], answered.text)
    if question.source is Source.LANGUAGES:
        named = extract.language_named(answered.text, [option.value for option in options])
        return next((option for option in options if option.value == named), None)
    return _meant(options, answered)


def _said_or_asked(options: tuple[Option, ...], option: Option, text: str) -> Option:
    """Whoever asks back ("safe?") has not said it."""
    is_asked = option.if_asked is not None and any(mark in text for mark in QUESTION_MARKS)
    return next(one for one in options if one.value == option.if_asked) if is_asked else option


def _synonyms(option: Option, setting: Setting) -> tuple[str, ...]:
    return (*setting.labels(option.label), *(word for words in option.words.values() for word in words))


def _meant(options: tuple[Option, ...], answered: Answered) -> Option | None:
    understanding = answered.understanding
    if understanding.confidence < SURE:
        return None
    return next((option for option in options if understanding.intent in option.intents), None)
