"""Owns WhatsApp's buttons and lists: a Content resource at Twilio for each set of options, made once and remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.channels.segments import trimmed, utf16_units
from bot.channels.twilio import MAX_VARIABLE, TwilioAccount, numbered_variables
from bot.domain.delivery import Content, Option

# WhatsApp's figures, in characters; within the 24-hour window, where nothing has to be approved.
MAX_BUTTONS, MAX_BUTTON = 3, 20
MAX_ROWS, MAX_ROW, MAX_DESCRIPTION = 10, 24, 72
MAX_REMEMBERED = 1000
OPEN_LIST = "☰"  # a channel has no words of its own, in any language
_BODY = "{{1}}"

Types = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """Makes Content resources for sets of options. What is forgotten (at a restart) is made again: Twilio keeps any
    number of them."""

    account: TwilioAccount
    known: dict[tuple[Option, ...], str] = field(default_factory=dict, repr=False)

    async def fields(self, content: Content) -> Mapping[str, str]:
        """ContentSid and ContentVariables for a content that can be drawn; raises SendError."""
        sid = self.known.get(content.options) or await self._make(content)
        return {"content_sid": sid, "content_variables": numbered_variables([content.text])}

    async def _make(self, content: Content) -> str:
        types = drawn(content)
        assert types is not None
        sid = await self.account.make_content(language=content.language, types=types, variables={"1": "…"})
        while len(self.known) >= MAX_REMEMBERED:
            del self.known[next(iter(self.known))]
        self.known[content.options] = sid
        return sid


def drawn(content: Content) -> Types | None:
    """The options as reply buttons, else as a list, its body a variable; None where WhatsApp would refuse both.

    A variable has one line of 255 characters at most, so that a longer text has its options as lines.
    """
    if not content.text or "\n" in content.text or len(content.text) > MAX_VARIABLE or content.template is not None:
        return None
    labels = [option.label for option in content.options]
    if not labels or len(labels) > MAX_ROWS or not all(labels):
        return None
    if len(labels) <= MAX_BUTTONS and _fit(labels, MAX_BUTTON):
        actions = [{"type": "QUICK_REPLY", "title": option.label, "id": option.payload} for option in content.options]
        return {"twilio/quick-reply": {"body": _BODY, "actions": actions}}
    if not _fit(labels, MAX_DESCRIPTION):
        return None
    return {
        "twilio/list-picker": {"body": _BODY, "button": OPEN_LIST, "items": [_row(each) for each in content.options]}
    }


def _row(option: Option) -> Mapping[str, str]:
    """A row; a label that is too long for it stands below in full."""
    title = trimmed(option.label, MAX_ROW)
    below = {} if title == option.label else {"description": option.label}
    return {"item": title, "id": option.payload, **below}


def _fit(labels: Sequence[str], limit: int) -> bool:
    return all(utf16_units(label) <= limit for label in labels)
