"""What a server sends as JSON, made fit for rows of ours.

A conference's name is whatever somebody typed: zero characters and halves of surrogate pairs are
legal in JSON and in no column, and one of them must not end the look at a whole server.
"""

import json
import math
import re
from typing import Any, Final

DIGITS: Final = 18
"""A longer number is no 64-bit integer for sure; it stays as a text, since it may be an id."""
_SUSPICIOUS: Final = re.compile(rb"\\u(?:0000|d[89a-f][0-9a-f]{2})", re.IGNORECASE)
_LONE: Final = re.compile("[\ud800-\udfff]")


def parse(body: bytes) -> Any:
    """JSON, or None."""
    try:
        found = json.loads(
            body, parse_int=_integer, parse_float=_finite, parse_constant=lambda _name: None
        )
        return _fit(found) if _SUSPICIOUS.search(body) else found
    except (ValueError, RecursionError):
        return None


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= DIGITS else text


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _fit(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value.replace("\0", ""))
    if isinstance(value, list):
        return [_fit(one) for one in value]
    if isinstance(value, dict):
        return {_fit(key): _fit(one) for key, one in value.items()}
    return value
