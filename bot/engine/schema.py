"""Owns the JSON Schema of flow files, made of the same definitions that the loader reads with."""

import json
from typing import Any

from bot.engine.grammar import FLOW, KINDS

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def flow_schema() -> dict[str, Any]:
    """The schema of one flow file, for editors: completion, and a red line under a wrong key."""
    schema = FLOW.schema()
    steps = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}
    properties = {**schema["properties"], "steps": {**schema["properties"]["steps"], **steps}}
    kinds = {word: kind.record.schema() for word, kind in KINDS.items()}
    defs = {**kinds, "step": {"anyOf": [{"$ref": f"#/$defs/{word}"} for word in KINDS]}}
    return {"$schema": DRAFT, "title": "A Muster flow", **schema, "properties": properties, "$defs": defs}


def schema_text() -> str:
    """The schema as the file `flows/schema.json` holds it."""
    return json.dumps(flow_schema(), indent=2, ensure_ascii=False) + "\n"
