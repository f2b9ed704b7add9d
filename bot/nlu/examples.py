"""Owns reading the training messages in the main process: what key words and language guesses learn from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One training message."""

    text: str
    intent: str
    language: str

    @property
    def is_latin(self) -> bool:
        """Whether it is written in Latin letters, whatever its language."""
        return not any(ord(letter) > 0x2FF for letter in self.text if letter.isalpha())


def read_examples(folder: Path, languages: tuple[str, ...]) -> Iterator[Example]:
    """The messages of nlu_data/LANGUAGE.yml for these languages."""
    for language in languages:
        path = folder / f"{language}.yml"
        if not path.exists():
            continue
        document = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for entry in document["nlu"]:
            for line in entry["examples"].splitlines():
                yield Example(text=line.removeprefix("- ").strip(), intent=entry["intent"], language=language)
