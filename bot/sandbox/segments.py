"""How many segments a text costs as SMS (3GPP TS 23.038): GSM-7, or UCS-2 as soon as one character needs it."""

_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_ESCAPED = frozenset("\f^{}\\[~]|€")


def count_segments(text: str) -> int:
    """Return the number of segments: 160 or 153 septets each in GSM-7, 70 or 67 UTF-16 units each in UCS-2."""
    if all(letter in _GSM_7 or letter in _GSM_7_ESCAPED for letter in text):
        return _pack([2 if letter in _GSM_7_ESCAPED else 1 for letter in text], single=160, part=153)
    return _pack([2 if ord(letter) > 0xFFFF else 1 for letter in text], single=70, part=67)


def _pack(widths: list[int], *, single: int, part: int) -> int:
    if sum(widths) <= single:
        return 1
    parts, filled = 1, 0
    for width in widths:
        if filled + width > part:
            parts, filled = parts + 1, 0
        filled += width
    return parts
