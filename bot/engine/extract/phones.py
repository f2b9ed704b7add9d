"""Owns reading a phone number as people write it."""

import phonenumbers

from bot.engine.extract.folding import digits


def phone(text: str, region: str) -> str | None:
    """The one phone number of the text in E.164 ("+9779841234567").

    Without a country code it is read as of `region` (ISO 3166-1). None if there is none that can be valid, or several
    different ones.
    """
    plain = digits(text)
    plain = "+" + plain[2:] if plain.startswith("00") else plain
    found = {
        phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        for match in phonenumbers.PhoneNumberMatcher(plain, region)
    }
    return found.pop() if len(found) == 1 else None
