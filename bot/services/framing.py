"""Owns what stands around an alert's own words: that it is a drill, what it replaces, who says so, what is asked."""

from collections.abc import Iterator
from typing import NamedTuple

from bot.domain.broadcast import BroadcastKind, MessageType
from bot.i18n import Catalogs
from bot.services.voice import Voice

QUESTION = "Are you safe?"  # as the flow check_in asks it
SAFE, HELP = "I am safe", "I need help"  # its options, in this order

Texts = tuple[str, str, str]  # headline, description, instruction, as Info.texts has them


class Framed(NamedTuple):
    """What a reader gets: the text, and the labels of its options (safe, then help), if anything is asked."""

    text: str
    labels: tuple[str, ...]


def frame(
    kind: BroadcastKind,
    message_type: MessageType,
    info: Texts,
    *,
    sender: str,
    employer: str,
    asks_check_in: bool,
    needs_introduction: bool,
    round: int,  # noqa: A002 - the domain's word: how often they were written to before
    language: str,
    catalogs: Catalogs,
    replaced: str | None = None,
    isolate: bool = True,
    is_employers: bool = True,
) -> Framed:
    """An alert as this reader gets it: what to do first, who says so later, the question last.

    `info` is already in the reader's language. `sender` is who says so, `employer` whose roster the reader is on.
    `round` above 0 makes a short reminder. `replaced` is the headline of the message that an update or a cancellation
    is about; without it a cancellation's own headline counts as that, and nothing else of `info` is said again.
    An alert that is not the employer's (`is_employers`) is answered to the sender: the employer has no board of it.
    `isolate=False` leaves out the invisible marks between directions of writing, as for SMS.
    """
    around = _Frame(
        voice=Voice(catalogs=catalogs, language=language),
        kind=kind,
        sender=sender,
        employer=employer,
        asks=asks_check_in and message_type is not MessageType.CANCEL,
        introduces=needs_introduction and not round,
        isolate=isolate,
        is_employers=is_employers,
    )
    told = around.reminder(info[0]) if round else around.news(message_type, info, replaced)
    lines = [*around.opening(), *told, *around.closing(is_reminder=round > 0)]
    labels = (around.say(SAFE), around.say(HELP)) if around.asks else ()
    return Framed(text="\n".join(line for line in lines if line.strip()), labels=labels)


def drill_mark(voice: Voice) -> str:
    """What every drill begins with (R9), and nothing real may."""
    return voice.say("DRILL. This is practice. There is no real danger.")


class _Frame(NamedTuple):
    """The parts around the words, in one language."""

    voice: Voice
    kind: BroadcastKind
    sender: str
    employer: str
    asks: bool
    introduces: bool
    isolate: bool
    is_employers: bool

    def say(self, msgid: str, *, headline: str = "") -> str:
        """One sentence of the frame; each may name who sends it, whose roster it is, and a headline."""
        return self.voice.say(
            msgid, isolate=self.isolate, sender=self.sender, employer=self.employer, headline=headline
        )

    def opening(self) -> Iterator[str]:
        """What must be known before the first word of it: that it is practice (R9), or that it is no alarm."""
        if self.kind is BroadcastKind.DRILL:
            yield drill_mark(self.voice)
        if self._begins_with_sender:
            yield from self._sender()
        if self.kind is BroadcastKind.NOTICE:
            yield self.say("NOTICE. This is not urgent.")

    def news(self, message_type: MessageType, info: Texts, replaced: str | None) -> Iterator[str]:
        headline, description, instruction = info
        if message_type is MessageType.CANCEL:
            yield self.say("CANCELLED. This no longer applies: {headline}", headline=replaced or headline)
            if replaced is None or replaced == headline:
                return  # what it told to do must not be read again
        if message_type is not MessageType.UPDATE:
            yield from (headline, instruction, description)
            return
        yield self.say("UPDATE: {headline}", headline=headline)
        yield from (instruction, description)
        if replaced is None or replaced == headline:
            yield self.say("This replaces our last message.")
        else:
            yield self.say("This replaces our message: {headline}", headline=replaced)

    def reminder(self, headline: str) -> Iterator[str]:
        yield self.say("Reminder: {headline}", headline=headline)
        if self.asks:
            yield self.say("Please answer, also when you are safe.")

    def closing(self, *, is_reminder: bool) -> Iterator[str]:
        """Who says so, what the employer sees (R3), the question, and for a drill once more that it is one."""
        if not self._begins_with_sender and not is_reminder:
            yield from self._sender()
        if self.asks:
            yield self._who_sees()
            yield self.say(QUESTION)
        if self.kind is BroadcastKind.DRILL:
            yield self.say("This is only a DRILL.")

    def _who_sees(self) -> str:
        if self.is_employers:
            return self.say("{employer} sees only: safe, needs help or no answer. Never what you write.")
        return self.say("{sender} sees your answer. Your employer does not.")

    @property
    def _begins_with_sender(self) -> bool:
        """Where nothing is urgent; else what to do comes first."""
        return self.kind is BroadcastKind.NOTICE

    def _sender(self) -> Iterator[str]:
        """Who says so; for somebody who never wrote to us also why, what the employer sees, and STOP."""
        if not self.introduces:
            yield self.say("This comes from {sender}.")
            return
        yield self.say(
            "This comes from {sender}. {employer} gave us your number, to warn you. "
            "A program reads the answers first, not a person. For no more messages, write STOP."
        )
        if not self.asks:
            yield self.say("{employer} never sees what you write.")
