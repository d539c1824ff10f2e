"""A request as handlers see it, and what they answer: JSON, a page, a file, a refusal."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from conferences.fake_tcs.sound import Sound
from conferences.fake_tcs.state import Token

JSON = "application/json"
WHOLE = re.compile(r"-?[0-9]{1,18}")


@dataclass
class Request:
    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    token: Token | None = None
    generation: str = "v4"

    def fields(self) -> dict[str, Any]:
        """The body, JSON or a form; {} where it is empty.

        Raises Refusal (400) for anything else.
        """
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            found = None
        if found is None and self.body.strip() == b"null":
            found = {}
        if not isinstance(found, dict):
            raise Refusal(400, "parseError", "The body is not a JSON object.", "body", "body")
        return found

    def number(self, name: str, default: int, least: int = 0) -> int:
        """A whole number of the query. Raises Refusal (400) for anything else."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not WHOLE.fullmatch(text) or int(text) < least:
            raise Refusal(400, "invalidParameter", f"{name} is wrong.", "query", name)
        return int(text)


class Refusal(Exception):
    """An error of the API: written in the form of its generation by `refusal_answer`."""

    def __init__(
        self, status: int, reason: str, message: str = "", where: str = "", name: str = ""
    ) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason
        self.message, self.where, self.name = message, where, name


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    file: "FilePart | None" = None


@dataclass
class FilePart:
    """What of a file goes out; `corrupt` turns its bits over."""

    sound: Sound
    start: int
    length: int
    corrupt: bool = False

    def read(self, at: int, length: int) -> bytes:
        data = self.sound.read(self.start + at, min(length, self.length - at))
        return bytes(byte ^ 0xFF for byte in data) if self.corrupt else data


def json_answer(found: Mapping[str, Any] | list[Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(found, ensure_ascii=False).encode())


def html_answer(page: str, status: int = 200) -> Answer:
    return Answer(status, page.encode(), "text/html; charset=utf-8")


def redirect(url: str) -> Answer:
    return Answer(302, headers={"location": url})


STATUS_TEXTS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


def refusal_answer(refusal: Refusal, *, trace_id: str = "") -> Answer:
    """`{"error": {"code", "message", "errors": [...]}}`; v4 adds `trace_id`."""
    one = {"reason": refusal.reason}
    if refusal.message:
        one["message"] = refusal.message
    if refusal.where:
        one |= {"locationType": refusal.where, "location": refusal.name}
    error: dict[str, Any] = {
        "code": refusal.status,
        "message": STATUS_TEXTS.get(refusal.status, "Error"),
    }
    if trace_id:
        error["trace_id"] = trace_id
    return json_answer({"error": {**error, "errors": [one]}}, refusal.status)
