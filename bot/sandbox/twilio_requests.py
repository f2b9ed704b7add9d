"""Owns how Twilio reads a request to send: each part of the form, or the refusal that it earns (TwilioRefusal)."""

import json
import re
from collections.abc import Mapping, Sequence

from bot.sandbox.segments import count_segments
from bot.sandbox.twilio_errors import TwilioRefusal
from bot.sandbox.twilio_records import WHATSAPP, Button, Content

# A phone number, or on WhatsApp the id of somebody who hides theirs (a country, a dot and letters or digits).
_SMS_ADDRESS = re.compile(r"\+[1-9]\d{6,14}")
_WHATSAPP_ADDRESS = re.compile(r"whatsapp:(\+[1-9]\d{6,14}|[A-Z]{2}\.[A-Za-z0-9]{1,128})")

Composed = tuple[str, tuple[Button, ...]]


def recipient_of(form: Mapping[str, str]) -> str:
    to = form.get("To", "").strip()
    if not to:
        raise TwilioRefusal(21604)
    if not _SMS_ADDRESS.fullmatch(to) and not _WHATSAPP_ADDRESS.fullmatch(to):
        raise TwilioRefusal(21211, to)
    return to


def callback_of(form: Mapping[str, str]) -> str | None:
    callback = form.get("StatusCallback") or None
    if callback and not callback.startswith(("http://", "https://")):
        raise TwilioRefusal(21609, callback)
    return callback


def validity_of(form: Mapping[str, str]) -> float:
    """Seconds that the message may wait to be sent."""
    given = form.get("ValidityPeriod", "36000")
    if not given.isdigit() or not 1 <= int(given) <= 36_000:
        raise TwilioRefusal(21612, given)
    return int(given)


def composed(form: Mapping[str, str], media_urls: Sequence[str], contents: Mapping[str, Content]) -> Composed:
    """The text as the phone will show it, and its buttons: of a content where one is named."""
    if form.get("ContentSid"):
        return _content(form["ContentSid"], form.get("ContentVariables", ""), contents)
    body = form.get("Body", "")
    if not body and not media_urls:
        raise TwilioRefusal(21619)
    if len(body) > 1600:
        raise TwilioRefusal(21617)
    if len(media_urls) > 10:
        raise TwilioRefusal(21623)
    for url in media_urls:
        if not url.startswith(("http://", "https://")):
            raise TwilioRefusal(21620, url)
    return body, ()


def _content(sid: str, variables_json: str, contents: Mapping[str, Content]) -> Composed:
    content = contents.get(sid)
    if content is None:
        raise TwilioRefusal(21655)
    variables = _variables(variables_json)
    if content.placeholders() - set(variables) - set(content.variables):
        raise TwilioRefusal(63028)
    body = content.render(variables)
    if len(body) > 1024:
        raise TwilioRefusal(63021)
    return body, content.buttons(variables)


def _variables(given: str) -> dict[str, str]:
    """At most 100 variables of 255 characters, none empty (channels' rules); TwilioRefusal 21656 otherwise."""
    try:
        variables = json.loads(given or "{}")
    except ValueError as error:
        raise TwilioRefusal(21656) from error
    if not isinstance(variables, dict) or len(variables) > 100:
        raise TwilioRefusal(21656)
    if not all(isinstance(value, str) and 0 < len(value) <= 255 for value in variables.values()):
        raise TwilioRefusal(21656)
    return variables


def segments(to: str, body: str) -> int:
    """What a text costs its sender: one for a WhatsApp message, however long."""
    return 1 if to.startswith(WHATSAPP) else count_segments(body)
