"""A stand-in for an OpenAI-compatible server: real HTTP on a real socket, no model.

It answers summary requests by really reading the numbered phrases of the prompt and taking some of
them word for word with their numbers; any other schema it fills with plain values. Queue a
behaviour and the next request meets it: see ``BEHAVIOURS``. For a demo without a test::

    python -m tests.standins.openai_server --port 8081
"""

import argparse
import contextlib
import json
import random
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MODEL = "stand-in"
PHRASE = re.compile(r"^\[(\d+)\]\s*(?:([^:\n]{1,80}):\s)?(.+)$", re.MULTILINE)
NOTE = re.compile(r"^- (.+?) \[([\d, ]+)\]$", re.MULTILINE)
BLOCK = re.compile(r"<(transcript|notes)>\n(.*?)\n</\1>", re.DOTALL)
INJECTION = re.compile(r"(?:ignore|забудь|игнорируй)[^.!?]*[.:!]\s*(.+)$", re.IGNORECASE)


@dataclass
class Seen:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """All messages' texts in order."""
        return "\n".join(_text_of(message) for message in self.body.get("messages", []))


@dataclass
class Reader:
    """What the request holds: phrases ``(number, text)`` or notes ``(text, numbers)``."""

    phrases: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[str, list[int]]] = field(default_factory=list)

    @classmethod
    def of(cls, prompt: str) -> "Reader":
        reader = cls()
        for kind, block in BLOCK.findall(prompt):
            if kind == "transcript":
                reader.phrases += [(int(n), text) for n, _, text in PHRASE.findall(block)]
            else:
                reader.notes += [
                    (text, [int(n) for n in numbers.split(",")])
                    for text, numbers in NOTE.findall(block)
                ]
        return reader

    def items(self) -> list[dict[str, Any]]:
        """Take the longest fifth of the phrases (two at least), or half of the notes, as is."""
        if self.notes:
            kept = self.notes[: max(2, (len(self.notes) + 1) // 2)]
            return [{"text": text, "evidence": numbers} for text, numbers in kept]
        longest = sorted(self.phrases, key=lambda phrase: (-len(phrase[1]), phrase[0]))
        chosen = sorted(longest[: max(2, len(self.phrases) // 5)])
        return [{"text": text, "evidence": [number]} for number, text in chosen]

    def random_items(self) -> list[dict[str, Any]]:
        """Cite existing phrases at random for statements that nobody made."""
        rng, numbers = random.Random(7), [number for number, _ in self.phrases]
        numbers = numbers or [number for _, cited in self.notes for number in cited]
        claims = (
            "The board approved a merger with Umbrella Corporation for 73 million dollars",
            "Совет директоров утвердил покупку завода в Саратове за 91 миллион рублей",
            "Margaret resigned and leaves the office on 31 October",
            "Участники единогласно решили закрыть лабораторию и уволить семнадцать инженеров",
        )
        return [
            {"text": claim, "evidence": rng.sample(numbers, min(2, len(numbers)))}
            for claim in claims
        ]

    def obedient_items(self) -> list[dict[str, Any]]:
        """Do what a phrase of the transcript orders, and cite the first phrase for it."""
        for _, text in self.phrases:
            if order := INJECTION.search(text):
                return [{"text": order.group(1), "evidence": [self.phrases[0][0]]}]
        return self.items()


class OpenAIStandIn:
    """The server; use as a context manager. Requests are kept in ``seen``, chat requests only."""

    def __init__(self, *, api_key: str = "", port: int = 0, default: str = "honest") -> None:
        self.api_key = api_key
        self.default = default
        self.seen: list[Seen] = []
        self.script: deque[str] = deque()
        self.supports_schema = True
        self.context_tokens = 1_000_000
        self.counts_tokens_up_to = 1_000_000
        self.slow_s = 5.0
        self.dropped = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.standin = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL to put into a profile."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def queue(self, *behaviours: str) -> None:
        """Let the next requests meet these behaviours, one each."""
        unknown = set(behaviours) - set(BEHAVIOURS)
        assert not unknown, f"unknown behaviours {unknown}; known: {sorted(BEHAVIOURS)}"
        self.script.extend(behaviours)

    def __enter__(self) -> "OpenAIStandIn":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    standin: OpenAIStandIn


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: tests read ``seen``."""

    def do_GET(self) -> None:
        models = [{"id": MODEL, "object": "model", "created": 0, "owned_by": "stand-in"}]
        if self.path == "/v1/models":
            self.answer(200, {"object": "list", "data": models})
        else:
            self.fail(404, "not_found", "no such page")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        if self.path != "/v1/chat/completions":
            self.fail(404, "not_found", "no such page")
            return
        standin, request = (
            self.server.standin,
            Seen(self.path, {name.title(): value for name, value in self.headers.items()}, body),
        )
        standin.seen.append(request)
        refusal = self.refusal(request)
        if refusal:
            self.fail(*refusal)
            return
        behaviour = standin.script.popleft() if standin.script else standin.default
        BEHAVIOURS[behaviour](self, request)

    def refusal(self, request: Seen) -> tuple[int, str, str] | None:
        """Say what an OpenAI-compatible server would refuse, as (status, code, message)."""
        standin, key = self.server.standin, request.headers.get("Authorization", "")
        if standin.api_key and key != f"Bearer {standin.api_key}":
            return 401, "invalid_api_key", f"Incorrect API key provided: {key}"
        if request.body.get("model") != MODEL:
            return 404, "model_not_found", f"The model {request.body.get('model')} does not exist"
        if len(request.prompt) // 3 > standin.context_tokens:
            message = f"This model's maximum context length is {standin.context_tokens} tokens."
            return 400, "context_length_exceeded", message
        if "response_format" in request.body and not standin.supports_schema:
            return 400, "unsupported", "response_format is not supported"
        return None

    def answer(self, status: int, body: dict[str, Any], **headers: str) -> None:
        self.send(status, json.dumps(body, ensure_ascii=False).encode(), **headers)

    def fail(self, status: int, code: str, message: str, **headers: str) -> None:
        error = {"message": message, "type": "invalid_request_error", "code": code}
        self.answer(status, {"error": error}, **headers)

    def send(
        self, status: int, data: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def say(self, request: Seen, content: str) -> None:
        """Answer ``content`` as text, as a call of the output tool, or as a stream of pieces."""
        if request.body.get("stream"):
            self.stream(content)
            return
        message: dict[str, Any] = {"role": "assistant", "content": content}
        finish = "stop"
        if request.body.get("tools"):
            call = {"name": request.body["tools"][0]["function"]["name"], "arguments": content}
            calls = [{"id": "call_1", "type": "function", "function": call}]
            message, finish = (
                {"role": "assistant", "content": None, "tool_calls": calls},
                "tool_calls",
            )
        spent = min(len(request.prompt) // 4, self.server.standin.counts_tokens_up_to)
        usage = {"prompt_tokens": spent, "completion_tokens": len(content) // 4}
        usage["total_tokens"] = sum(usage.values())
        choice = {"index": 0, "message": message, "finish_reason": finish}
        self.answer(200, {**_envelope("chat.completion"), "choices": [choice], "usage": usage})

    def stream(self, content: str) -> None:
        """Send server-sent events of sixteen characters each."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        deltas = [{"content": content[at : at + 16]} for at in range(0, len(content), 16)]
        for delta in [{"role": "assistant"}, *deltas, {}]:
            choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
            event = {**_envelope("chat.completion.chunk"), "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": int(time.time()), "model": MODEL}


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(p.get("text", "") for p in content)


def _schema_of(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("tools"):
        return body["tools"][0]["function"].get("parameters", {})
    return (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})


def _fill(schema: dict[str, Any]) -> Any:
    """Return the plainest value that fits a flat JSON schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _fill(part) for name, part in schema.get("properties", {}).items()}
    plain = {"integer": 1, "number": 1.0, "boolean": True, "array": [], "string": "stand-in"}
    return plain.get(schema.get("type", "string"))


def _items(
    handler: _Handler, request: Seen, take: Callable[[Reader], list[dict[str, Any]]]
) -> None:
    schema = _schema_of(request.body)
    if schema and "items" not in schema.get("properties", {}):
        handler.say(request, json.dumps(_fill(schema)))
        return
    items = take(Reader.of(request.prompt))
    handler.say(request, json.dumps({"items": items}, ensure_ascii=False))


def _slow(handler: _Handler, request: Seen) -> None:
    """Send the headers, then nothing: notes in ``dropped`` when the client hangs up."""
    standin = handler.server.standin
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.flush()
    handler.connection.settimeout(standin.slow_s)
    try:
        if handler.connection.recv(1) == b"":
            standin.dropped.set()
    except TimeoutError:
        pass
    except ConnectionError:
        standin.dropped.set()
    handler.close_connection = True


def _cut(handler: _Handler, request: Seen) -> None:
    """Reset the connection in the middle of the body."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()
    linger_zero = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
    handler.close_connection = True


def _truncated(handler: _Handler, request: Seen) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": '{"items": [{"te'}}
    body = {**_envelope("chat.completion"), "choices": [{**choice, "finish_reason": "length"}]}
    handler.answer(200, body)


BEHAVIOURS: dict[str, Callable[[_Handler, Seen], None]] = {
    "honest": lambda h, r: _items(h, r, Reader.items),
    "random_evidence": lambda h, r: _items(h, r, Reader.random_items),
    "obeys_injection": lambda h, r: _items(h, r, Reader.obedient_items),
    "no_items": lambda h, r: h.say(r, '{"items": []}'),
    "empty": lambda h, r: h.say(r, ""),
    "invalid_json": lambda h, r: h.say(r, '{"items": [{"text": "half'),
    "breaks_schema": lambda h, r: h.say(r, '{"items": [{"words": 5}]}'),
    "cut_by_length": _truncated,
    "rate_limited": lambda h, r: h.fail(429, "rate_limit_exceeded", "slow down", Retry_After="1"),
    "rate_limited_long": lambda h, r: h.fail(429, "rate_limit_exceeded", "x", Retry_After="600"),
    "no_quota": lambda h, r: h.fail(429, "insufficient_quota", "no money"),
    "server_error": lambda h, r: h.fail(500, "server_error", "boom"),
    "overloaded": lambda h, r: h.fail(503, "overloaded", "busy"),
    "html_502": lambda h, r: h.send(502, b"<html><h1>Bad Gateway</h1></html>", "text/html"),
    "html_200": lambda h, r: h.send(200, b"<html>Sign in</html>", "text/html"),
    "redirect": lambda h, r: h.send(307, b"", Location="http://127.0.0.1:9/v1/chat/completions"),
    "slow": _slow,
    "cut": _cut,
}


def main() -> None:
    """Serve until interrupted; print the address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--behaviour", choices=sorted(BEHAVIOURS), default="honest")
    given = parser.parse_args()
    with OpenAIStandIn(port=given.port, default=given.behaviour) as standin:
        print(f"SAI_LLM_URL={standin.url} SAI_LLM_MODEL={MODEL}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
