"""Owns how large a picture is by its head alone: a small file may unfold to gigabytes where it is shown."""

from collections.abc import Callable, Mapping

MOST_PIXELS = 60_000_000  # 240 MB where it is shown; the messengers send photos of at most some 20 million
_PNG, _JPEG, _GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF8"
_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"
# ITU-T T.81, table B.1: what begins a frame, and what has no length.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


def pixels(body: bytes) -> int:
    """Width times height of a PNG, JPEG, GIF or WebP; 0 for what is none of them or cut off before it says so."""
    head, big, small = body[:30], _big, _small
    if head.startswith(_PNG):
        return big(head[16:20]) * big(head[20:24])
    if head.startswith(_GIF):
        return small(head[6:8]) * small(head[8:10])
    if head.startswith(_JPEG):
        return _of_jpeg(body)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        read = _WEBP.get(head[12:16])
        return read(head[20:]) if read is not None else 0
    return 0


def _of_jpeg(body: bytes) -> int:
    at = 2
    while at + 9 <= len(body) and body[at] == 0xFF:
        kind = body[at + 1]
        if kind in _FRAMES:
            return _big(body[at + 5 : at + 7]) * _big(body[at + 7 : at + 9])
        fill = kind == 0xFF  # a marker may begin with several
        at += 1 if fill else 2 if kind in _BARE else 2 + max(_big(body[at + 2 : at + 4]), 2)
    return 0


def _of_lossless(data: bytes) -> int:
    """RFC 9649, section 3.4: a signature, then twice 14 bits, each one less than the side."""
    bits = _small(data[1:5])
    return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1) if len(data) > 4 else 0


def _of_extended(data: bytes) -> int:
    return (_small(data[4:7]) + 1) * (_small(data[7:10]) + 1) if len(data) > 9 else 0


def _of_lossy(data: bytes) -> int:
    """RFC 6386, section 9.1: 14 bits a side, after a tag and a start code."""
    return (_small(data[6:8]) & 0x3FFF) * (_small(data[8:10]) & 0x3FFF)


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _small(data: bytes) -> int:
    return int.from_bytes(data, "little")


_WEBP: Mapping[bytes, Callable[[bytes], int]] = {
    _LOSSY: _of_lossy, _LOSSLESS: _of_lossless, _EXTENDED: _of_extended,
}  # fmt: skip
