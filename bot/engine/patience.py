"""Owns the engine's own texts (English msgids): what answers an unfit answer, and the labels that skip."""

from collections.abc import Iterator

from bot.engine.effects import Text
from bot.engine.flow import AnswerKind, Ask, Question

MOST_TRIES = 3  # the third unfit answer goes elsewhere
SKIP = "Skip"
SKIP_LABELS = (SKIP, "I don't know")
NO_LABEL = "No"  # skips a question for a photo or a document too
GIVE_UP = Text(
    msgid="Sorry, I do not understand. I have asked a person to read this. They will answer when one is free."
)

_WITHIN = "Please write a number from {least} to {most}."
_SKIPPABLE = "I do not understand this yet. If you do not know, write Skip."
_CHOOSE = ("Please choose one of these.", "Sorry, I do not understand yet. Tap one of these, or write its number.")
_ASK = {
    AnswerKind.TEXT: ("Please answer in a few words.", "Sorry, I need a few words here. Short is fine."),
    AnswerKind.NUMBER: (
        "Please write a number, for example 3.",
        "Sorry, I still need a number. Write only the digits, for example 3.",
    ),
    AnswerKind.AMOUNT: (
        "Please write the amount as a number, for example 1500.",
        "Sorry, I still need the amount. Write only the number, for example 1500.",
    ),
    AnswerKind.DATE: (
        "Please write the day, for example 24 March.",
        "Sorry, I still need the day. Write the day and the month, for example 24 March.",
    ),
    AnswerKind.PLACE: (
        "Please share your location, or write the name of the place.",
        "Sorry, I still need the place. Write its name, or the name of the nearest town.",
    ),
    AnswerKind.PHOTO: ("Please send a photo.", "Sorry, I still need a photo. You can take one now and send it here."),
    AnswerKind.DOCUMENT: (
        "Please send a photo or a file.",
        "Sorry, I still need a photo or a file. You can take a photo of the paper and send it here.",
    ),
    AnswerKind.PHONE: (
        "Please write the phone number in digits, with the country code.",
        "Sorry, I still need the phone number. Write the digits only, beginning with + and the country code.",
    ),
    AnswerKind.COUNTRY: (
        "Please write the name of the country.",
        "Sorry, I still need the country. Write only its name.",
    ),
}


def again(question: Question, tries: int) -> Text:
    """What is said after unfit answer number `tries` (from 1); a text about bounds shows {least} and {most}."""
    own = question.patience.again
    if own:
        return own[min(tries, len(own)) - 1].text
    if not isinstance(question, Ask):
        return Text(msgid=_CHOOSE[tries - 1])
    if question.is_optional and question.kind.is_digits and tries > 1:
        return Text(msgid=_SKIPPABLE)
    if question.least is not None and question.most is not None:
        return Text(msgid=_WITHIN)
    return Text(msgid=_ASK[question.kind][tries - 1])


def msgids() -> Iterator[str]:
    """Every text and label of the engine itself, for the translators."""
    yield from (*SKIP_LABELS, NO_LABEL, GIVE_UP.msgid, _WITHIN, _SKIPPABLE, *_CHOOSE)
    for texts in _ASK.values():
        yield from texts
