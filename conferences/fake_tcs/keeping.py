"""A server's memory in a file, so that a killed program comes back as the same server."""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from conferences.fake_tcs import state as values
from conferences.fake_tcs.sound import Sound
from conferences.fake_tcs.state import State

KEPT = (
    "name",
    "last_number",
    "secret_key",
    "control_key",
    "bot_key",
    "apps",
    "users",
    "tokens",
    "refreshes",
    "codes",
    "bridge_codes",
    "meetings",
    "notified",
    "messages",
    "chats",
    "bot_tokens",
    "ended_bot_tokens",
    "signed_in",
)
TYPES: dict[str, type] = {
    one.__name__: one
    for one in (
        Sound,
        values.User,
        values.App,
        values.Token,
        values.Code,
        values.Participant,
        values.Track,
        values.Session,
        values.Recording,
        values.Invitation,
        values.Meeting,
        values.Notice,
        values.Message,
    )
}
KIND = "#"
PLAIN: dict[type, tuple[str, Callable[[Any], Any]]] = {
    set: ("set", sorted),
    frozenset: ("frozenset", sorted),
    tuple: ("tuple", list),
    bytes: ("bytes", lambda data: base64.b64encode(data).decode()),
}
MADE: dict[str, Callable[[Any], Any]] = {
    "set": set,
    "frozenset": frozenset,
    "tuple": tuple,
    "bytes": base64.b64decode,
    "datetime": datetime.fromisoformat,
    "path": Path,
}


def save(state: State, path: Path) -> None:
    """Everything but requests and faults; a reader never sees half a file."""
    with state.lock:
        found = json.dumps({name: _written(getattr(state, name)) for name in KEPT})
    part = path.with_suffix(path.suffix + ".part")
    part.touch(mode=0o600)
    part.write_text(found)
    os.replace(part, path)


def load(state: State, path: Path) -> None:
    """Raises ValueError for a file that is not ours."""
    try:
        found = json.loads(path.read_text())
        for name in KEPT:
            setattr(state, name, _read(found[name]))
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path} does not hold a fake TCS: {error}") from None
    for table in (state.tokens, state.refreshes, state.codes):
        for one in table.values():
            one.user = state.users[one.user.login] if one.user else None
    for code, user in state.bridge_codes.items():
        state.bridge_codes[code] = state.users[user.login]


def _written(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        found = {one.name: _written(getattr(value, one.name)) for one in fields(value)}
        return {KIND: type(value).__name__, **found}
    if type(value) in PLAIN:
        kind, write = PLAIN[type(value)]
        return {KIND: kind, "value": write(value)}
    if isinstance(value, datetime):
        return {KIND: "datetime", "value": value.isoformat()}
    if isinstance(value, Path):
        return {KIND: "path", "value": str(value)}
    if isinstance(value, dict):
        return {key: _written(one) for key, one in value.items()}
    return [_written(one) for one in value] if isinstance(value, list) else value


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(one) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(KIND)
    if kind in MADE:
        return MADE[kind](value["value"])
    found = {key: _read(one) for key, one in value.items() if key != KIND}
    return TYPES[kind](**found) if kind else found
