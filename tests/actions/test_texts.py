"""Every sentence of the services and actions stands in the template for translators."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from bot.i18n import Catalogs, faults, placeholders
from tests.stand import ROOT

SOURCES = [*sorted((ROOT / "actions").glob("*.py")), *sorted((ROOT / "bot" / "services").glob("*.py"))]


def sentences(path: Path) -> Iterator[str]:
    """The literals that a Voice says."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        is_said = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_said and node.func.attr in ("say", "count") and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def test_the_template_has_every_sentence() -> None:
    with (ROOT / "locales" / "bot.pot").open(encoding="utf-8") as file:
        listed = {message.id if isinstance(message.id, str) else message.id[0] for message in read_po(file)}
    said = {sentence for path in SOURCES for sentence in sentences(path)}
    assert len(said) > 30
    assert said - listed == set()


@pytest.mark.parametrize("language", ["es", "ne", "ar"])
def test_a_translation_is_whole_and_keeps_variables_and_numbers(language: str, catalogs: Catalogs) -> None:
    """R12."""
    entries = list(catalogs.entries(language, "bot"))
    assert len(entries) > 30
    for entry in entries:
        assert entry.is_usable
        # Only the last plural form must name its number: Arabic has words for none, one and two.
        assert faults(entry.plural or entry.msgid, entry.forms[-1]) == []
        assert all(placeholders(form) <= placeholders(entry.plural or entry.msgid) for form in entry.forms)
