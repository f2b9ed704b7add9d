"""Owns which part of a file a browser asks for, as it does to seek in a voice message (RFC 9110, section 14)."""

import re
from collections.abc import Mapping

_ONE = re.compile(r"bytes\s*=\s*(\d{0,18})-(\d{0,18})", re.ASCII)


def asked_of(headers: Mapping[str, str], size: int, etag: str) -> range | None:
    """The bytes that are asked for; empty when there are none such, None when the whole file is to be sent.

    Several parts at once, what cannot be read, and a part of another file than this one (If-Range) are the whole file.
    """
    found = _ONE.fullmatch(headers.get("Range", "").strip())
    if found is None or headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:  # so many of the last bytes
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)
