"""Owns the words of a case's own page: its facts as questions and answers, clues, files, and its history."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.console.desk_words import COMPARTMENTS, OUTCOMES, URGENCIES, done
from bot.console.words import N_, Words
from bot.domain.activity import Activity, ActivityKind
from bot.domain.case import Case, Clue, Compartment, Outcome, Topic, Urgency
from bot.domain.consent import ConsentState
from bot.domain.staff import StaffId
from bot.domain.values import Evidence, Money, Position, Value
from bot.engine.flow import Ask, Call, Choose, Flow, Handoff, Step
from bot.i18n import locale, written
from bot.services.cases import NOT_FACTS

CLUES: Final = {
    Clue.VULNERABILITY: N_("Somebody takes advantage of their weak position"),
    Clue.DECEPTION: N_("Deceived about the work"),
    Clue.MOVEMENT: N_("May not move freely"),
    Clue.ISOLATION: N_("Kept apart from others"),
    Clue.VIOLENCE: N_("Violence, also sexual"),
    Clue.THREATS: N_("Threats"),
    Clue.DOCUMENTS: N_("Papers are kept from them"),
    Clue.WAGES: N_("Wages are held back"),
    Clue.DEBT: N_("Bound by a debt"),
    Clue.CONDITIONS: N_("Degrading work or housing"),
    Clue.OVERTIME: N_("Far too long hours"),
}
CONSENT_STATES: Final = {
    ConsentState.ASKED: N_("Asked, not answered yet"),
    ConsentState.GIVEN: N_("Given"),
    ConsentState.REFUSED: N_("Refused"),
    ConsentState.REVOKED: N_("Taken back"),
}
FILES: Final = {
    "photo": N_("Photo"), "image": N_("Photo"), "voice": N_("Voice message"), "audio": N_("Voice message"),
    "video": N_("Video"), "document": N_("Document"),
}  # fmt: skip
FILE: Final = N_("File")
YES, NO = N_("Yes"), N_("No")
NAMED: Final = {  # what no question of the topic asks for
    "employer": N_("Employer"), "amount": N_("Amount"), "period": N_("Time"), "nationality": N_("Country"),
    "position": N_("Place on the map"), "evidence": N_("Evidence"), "people": N_("People"),
    "site_name": N_("Site"), "shown_name": N_("Name"), "known_position": N_("Place on the map"),
    "is_listed": N_("Is on the employer's list"), "is_new": N_("Has just joined"), "drill": N_("This was a drill"),
    "found_name": N_("Name of the person found"), "found_where": N_("Where they were found"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One answer in words; `document` is there where the answer is a file, `position` where it is a place."""

    name: str
    question: str
    answer: str
    document: str | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked: the question's text and the labels of its options by their value."""

    question: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactWords:
    """Tells the answers of flows in the words in which they were asked for."""

    by_topic: Mapping[tuple[Topic | None, str], Asked]

    @classmethod
    def of(cls, flows: Iterable[Flow]) -> "FactWords":
        found: dict[tuple[Topic | None, str], Asked] = {}
        for flow in flows:
            for step in flow.steps:
                if isinstance(step, Ask | Choose) and step.save:
                    for topic in (*_topics(flow), None):
                        found.setdefault((topic, step.save), _asked(step))
        return cls(by_topic=found)

    def facts(self, case: Case, _: Words) -> list[Fact]:
        """Everything that was answered, in the order of the asking."""
        return [
            self._fact(case.topic, name, value, _)
            for name, value in case.facts.items()
            if value is not None and name not in NOT_FACTS
        ]

    def _fact(self, topic: Topic, name: str, value: Value, _: Words) -> Fact:
        plain = name.rstrip("0123456789").removesuffix("_") if name[-1:].isdigit() else name
        own = self.by_topic.get((topic, plain))
        asked = own or self.by_topic.get((None, plain))
        if asked is not None and (own or plain not in NAMED):  # another topic may have asked something else by the name
            question = _.catalogs.text(asked.question, _.language)
        else:
            question = _(NAMED[plain]) if plain in NAMED else plain.replace("_", " ").capitalize()
        return Fact(
            name=name,
            question=question,
            answer=_answer(value, asked, _),
            document=value.document_id if isinstance(value, Evidence) else None,
            position=value if isinstance(value, Position) else None,
        )


def _answer(value: Value, asked: Asked | None, _: Words) -> str:
    match value:
        case Evidence():
            return file_name(value.kind, _)
        case Position():
            return f"{value.latitude:.5f}, {value.longitude:.5f}"
        case bool():
            return _(YES if value else NO)
        case str():
            if asked is not None and value in asked.labels:
                return _.catalogs.text(asked.labels[value], _.language)
            return _(YES if value == "yes" else NO) if value in ("yes", "no") else value
        case Money():
            return f"{written(value.value, _.language)} {value.currency}"
        case _:
            return written(value, _.language)


def country(code: str, _: Words) -> str:
    """The country's name in the page's language; its code where CLDR has none."""
    return str(locale(_.language).territories.get(code, code))


def file_name(kind: str, _: Words) -> str:
    """What kind of file it is, in words."""
    return _(FILES.get(kind, FILE))


def history(case: Case, activities: Iterable[Activity], names: Mapping[StaffId, str], _: Words) -> Iterator[str]:
    """Each entry of the case's history as a sentence, in order."""
    for activity in activities:
        more = _more(activity, _)
        yield f"{done(activity, names, _)} {more}".strip()


def _more(activity: Activity, _: Words) -> str:
    """What changed, where the sentence alone does not say it."""
    details = activity.details
    match activity.kind:
        case ActivityKind.URGENCY:
            pair = [_(URGENCIES[Urgency[one.upper()]]) for one in (details["was"], details["is"])]
        case ActivityKind.COMPARTMENT:
            pair = [_(COMPARTMENTS[Compartment(one)]) for one in (details["was"], details["is"])]
        case ActivityKind.STATUS if details.get("outcome"):
            return _(OUTCOMES[Outcome(details["outcome"])])
        case ActivityKind.LINKED | ActivityKind.UNLINKED:
            return details.get("case", "")
        case ActivityKind.REFERRED:
            return details.get("to", "")
        case ActivityKind.CONSENT if details.get("state"):
            return f"{details.get('to', '')}: {_(CONSENT_STATES[ConsentState(details['state'])])}"
        case _:
            return ""
    return _("From {was} to {now}.", was=pair[0], now=pair[1])


def _asked(step: Ask | Choose) -> Asked:
    options = step.options if isinstance(step, Choose) else ()
    return Asked(question=step.wording.text.msgid, labels={option.value: option.label for option in options})


def _topics(flow: Flow) -> set[Topic]:
    """The topics under which a flow opens its cases."""
    return {topic for step in flow.steps if (topic := _topic(step)) is not None}


def _topic(step: Step) -> Topic | None:
    if isinstance(step, Handoff):
        return step.topic
    if isinstance(step, Call) and step.action == "open_case":
        told = step.arguments.get("topic")
        return next((topic for topic in Topic if topic.value == told), None)
    return None
