"""Owns `python -m bot check`: every problem of flows, actions, training data and translations, by file and line."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from bot.check import discretion, limits, pages, translations, wiring
from bot.check.texts import pot, texts_of
from bot.engine import graph, variables
from bot.engine.drawing import draw
from bot.engine.flow import Problem
from bot.engine.loader import load_flows, read_flows
from bot.engine.schema import schema_text
from bot.i18n import Catalogs
from bot.services.ports import ActionSpec

GIVEN = frozenset({"organisation", "emergency_number", "hotline"})  # variables that the host gives to every flow
FLOWS, TRAINING, LOCALES = "flows", "nlu_data", "locales"
SCHEMA_FILE, POT_FILE, PAGES_POT_FILE = "schema.json", "flows.pot", "console.pot"

__all__ = ["GIVEN", "check", "draw_flows", "extract", "extract_pages", "outdated"]


def check(
    root: Path,
    actions: Mapping[str, ActionSpec],
    *,
    catalogs: Catalogs,
    given: frozenset[str] = GIVEN,
    spoken: Iterable[str] = (),
    shown: pages.Named | None = None,
    segments: Callable[[str], int] | None = None,
) -> list[Problem]:
    """All problems of the folder that holds flows/, nlu_data/ and locales/, by file and line; notes stop nothing.

    `catalogs` says which languages are offered; `spoken` are the texts that services say themselves and that are
    translated beside the flows'; `shown` those that pages show beside the console's own, by file; `segments` counts
    the SMS segments of a text.
    """
    flows, problems = read_flows(root / FLOWS)
    values = {name: spec.values for name, spec in actions.items()}
    world = variables.World(flows=flows, values=values, given=given)
    texts = texts_of(flows.values(), spoken)
    found = chain(
        problems,
        *(graph.problems(flow) for flow in flows.values()),
        *(variables.problems(flow, world) for flow in flows.values()),
        wiring.problems(flows, actions, wiring.trained(root / TRAINING, catalogs.languages)),
        discretion.problems(flows.values(), catalogs),
        translations.problems(texts, catalogs, is_whole=not problems),
        limits.problems(flows.values(), catalogs, segments),
        pages.problems(root, shown, catalogs) if shown is not None else (),
    )
    return sorted(set(found))


def extract(root: Path, spoken: Iterable[str] = ()) -> Path:
    """Write locales/flows.pot from the flows; raises ConfigurationError when they cannot be read."""
    path = root / LOCALES / POT_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pot(texts_of(load_flows(root / FLOWS).values(), spoken)))
    return path


def extract_pages(root: Path, shown: pages.Named) -> Path:
    """Write locales/console.pot from the console's code and templates and from what others show."""
    path = root / LOCALES / PAGES_POT_FILE
    header = "# What pages say: the web chat, the console."
    path.write_bytes(pot(pages.texts(root, shown), header, has_lines=False))
    return path


def draw_flows(root: Path, folder: Path) -> Sequence[Path]:
    """Write each flow as NAME.mmd (Mermaid) into the folder; raises ConfigurationError when they cannot be read."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [(folder / f"{name}.mmd", draw(flow)) for name, flow in load_flows(root / FLOWS).items()]
    for path, drawing in drawn:
        path.write_text(drawing, encoding="utf-8")
    return [path for path, _ in drawn]


def outdated(root: Path) -> Iterator[Problem]:
    """The generated JSON Schema, where it is not what the format says now."""
    path = root / FLOWS / SCHEMA_FILE
    if not path.exists() or path.read_text(encoding="utf-8") != schema_text():
        message = "the schema is not that of the format any more: write it anew"
        yield Problem(file=f"{FLOWS}/{SCHEMA_FILE}", line=1, message=message)
