"""JSON Schema of the engine protocol, for engines in other languages. Made, never written by hand:

python -m engines.protocol_schema > docs/engine-protocol.schema.json
"""

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engines.protocol import RESULTS, FromEngine, FromServer


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of every message and result, each under `$defs`.

    The schema as a whole matches any message of either side.
    """
    messages = list(dict.fromkeys([*_members(FromEngine), *_members(FromServer)]))
    models = [*messages, *RESULTS.values()]
    _, made = models_json_schema([(model, "validation") for model in models])
    kinds = [_reference(model) for model in messages]
    results = [_reference(model) for model in RESULTS.values()]
    made["$defs"]["Done"]["properties"]["result"]["anyOf"] = [*results, {"type": "null"}]
    for model in messages:
        needed = made["$defs"][model.__name__].setdefault("required", [])
        needed[:0] = [name for name in ("type", "kind") if name in model.model_fields]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Engine gateway",
        "description": "Messages between an engine and the gateway at /ws/supervisor.",
        "oneOf": kinds,
        "$defs": made["$defs"],
    }


def _members(union: Any) -> tuple[type[BaseModel], ...]:
    return union.__args__


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{model.__name__}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
