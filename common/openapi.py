"""What the OpenAPI description says of every operation alike. A hook of drf-spectacular."""

from typing import Any

REFUSAL = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "description": "A word for programs."},
        "message": {"type": "string", "description": "What is wrong and what to do, for people."},
        "details": {"type": "object", "additionalProperties": {}},
    },
}


def describe_refusals(result: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    """Whatever an operation doesn't give as an answer of its own is a refusal in one shape."""
    result["components"]["schemas"]["Refusal"] = REFUSAL
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    refusal = {
        "description": "Refused: 400 401 403 404 409 413 415 422 429 507",
        "content": content,
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", refusal)
    return result
