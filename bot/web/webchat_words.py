"""Owns the web chat page's own few words, in the reader's language."""

from collections.abc import Mapping

from bot.config import Settings
from bot.i18n import Catalogs

_WORDS = {
    "program": "A program answers here. When a person writes, it says so.",
    "language": "Language",
    "leave": "Leave now",
    "leave_hint": "Closes this page and opens another one. You can also press Esc twice.",
    "talk": "Messages",
    "write": "Write here",
    "send": "Send",
    "photo": "Send a photo",
    "place": "Send my location",
    "forget": "Forget this chat on this phone",
    "forget_sure": "Tap again to forget. You cannot get it back.",
    "connecting": "Connecting",
    "offline": "No connection. What you write is kept here and sent later.",
    "working": "Please wait",
    "sending": "Sending",
    "sent": "Sent",
    "waiting": "Waiting for a connection",
    "failed": "Not sent. Tap to send again.",
    "too_long": "This is too long. Please send it in shorter parts.",
    "file": "Open the file",
    "my_place": "My location",
    "my_photo": "A photo",
    "my_choice": "Chosen",
    "place_refused": "I cannot see your location. You can write the name of the place instead.",
    "place_asking": "Looking for your location",
    "photo_refused": "I could not open the file. Please send a photo.",
    "photo_too_large": "The photo is too large. Please send a smaller one.",
    "you": "You",
    "bot": "Program",
    "person": "A person",
    "old_browser": "This browser cannot show the chat.",
    "no_script": "The chat needs JavaScript, which is off in this browser.",
    "skip": "Go to the text box",
}
_SMS = "You can send an SMS to {number} instead."
MSGIDS = (*_WORDS.values(), _SMS)


def words(catalogs: Catalogs, language: str, settings: Settings) -> Mapping[str, str]:
    """Every text of the page; `sms` is empty where there is no number to write to."""
    found = {name: catalogs.text(msgid, language, domain="console") for name, msgid in _WORDS.items()}
    number = settings.sms_from
    found["sms"] = catalogs.text(_SMS, language, domain="console", number=number) if number else ""
    return found
