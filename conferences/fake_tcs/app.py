"""The ASGI application: which handler answers, and how its bytes leave, faults included."""

import asyncio
import email.utils
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from conferences.fake_tcs import chat, control, oauth, v3, v4
from conferences.fake_tcs.state import V3, V4, Seen, State
from conferences.fake_tcs.web import (
    Answer,
    Refusal,
    Request,
    html_answer,
    json_answer,
    refusal_answer,
)

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
CHUNK = 65_536
TICK = 0.05
"""Seconds between two pieces of a slow body."""
MOST_BODY = 4_000_000
MOST_REQUESTS = 200_000
"""Remembered; older ones are forgotten."""
SOCKET = "/websocket/chat_bot"
PAGE_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)
TOKEN_ENDPOINTS = {"/api/v4/oauth2/token": V4, "/oauth2/v1/token": V3}
V3_PREFIXES = ("v3", "v3.1", "v3.2", "v3.3")
logger = logging.getLogger(__name__)


class CutOff(Exception):
    """The connection ends here on purpose."""


class FakeApp:
    """One server's ASGI application. `reset(client)` resets that client's connection."""

    def __init__(self, state: State, reset: Callable[[Any], None]) -> None:
        self.state = state
        self._reset = reset

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _socket(self, scope: Event, receive: Receive, send: Send) -> None:
        seen = self._seen("WEBSOCKET", scope)
        if scope["path"] != SOCKET:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        seen.status = 101
        await chat.serve(self.state, scope, receive, send)

    def _seen(self, method: str, scope: Event) -> Seen:
        query = scope["query_string"].decode("latin-1")
        names = dict(parse_qsl(query))
        seen = Seen(
            method=method,
            path=scope["path"],
            raw_path=scope.get("raw_path", b"").decode("latin-1"),
            query="" if "access_token" in names else query,
            token_in_query="access_token" in names,
        )
        if not seen.path.startswith(control.PREFIX):
            self.state.requests.append(seen)
            del self.state.requests[:-MOST_REQUESTS]
        return seen

    async def _http(self, scope: Event, receive: Receive, send: Send) -> None:
        seen = self._seen(scope["method"], scope)
        request = await _request(scope, receive)
        seen.range = request.headers.get("range", "")
        if seen.path.startswith(control.PREFIX):
            await self._send(self._answer(request), request, seen, send)
            return
        if not await self._arrives(request, scope, receive):
            return
        try:
            await self._send(self._struck(request) or self._answer(request), request, seen, send)
        except CutOff:
            if seen.status is None:
                self._reset(scope["client"])

    async def _arrives(self, request: Request, scope: Event, receive: Receive) -> bool:
        """Wait where a fault says so; False: there will be no answer."""
        if fault := self.state.faults.take("delay", request.path):
            await asyncio.sleep(fault["seconds"])
        fault = self.state.faults.take("hang", request.path)
        if fault is None:
            return True
        try:
            async with asyncio.timeout(fault["seconds"] or None):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            pass
        self._reset(scope["client"])
        return False

    def _struck(self, request: Request) -> Answer | None:
        """What a fault answers in the server's place."""
        if fault := self.state.faults.take("html_502", request.path):
            status = fault["status"]
            return html_answer(PAGE_502.replace("502", str(status)), status)
        if fault := self.state.faults.take("error", request.path):
            answer = self._refusal(Refusal(fault["status"], fault["reason"]), request)
            if fault["retry_after"] is not None:
                answer.headers["retry-after"] = str(fault["retry_after"])
            return answer
        return None

    def _answer(self, request: Request) -> Answer:
        try:
            with self.state.lock:
                answer = self._route(request)
            if request.method not in ("GET", "HEAD"):
                self.state.changed()
            return answer
        except Refusal as refusal:
            return self._refusal(refusal, request)
        except Exception:
            logger.exception("fake TCS failed")
            return json_answer({"error": {"code": 500, "message": "fake TCS failed"}}, 500)

    def _refusal(self, refusal: Refusal, request: Request) -> Answer:
        trace = "" if request.generation == V3 else str(secrets.randbelow(10**10)).zfill(10)
        answer = refusal_answer(refusal, trace_id=trace)
        if refusal.status == 416:
            answer.headers["content-range"] = refusal.message
        return answer

    def _route(self, request: Request) -> Answer:
        path = request.path
        if path.startswith(control.PREFIX):
            return control.handle(self.state, request)
        if path in TOKEN_ENDPOINTS and request.method == "POST":
            return self._token(request)
        if path in chat.ROUTES and request.method == "POST":
            return chat.ROUTES[path](self.state, request)
        if path == "/oauth2/authorize" and request.method in ("GET", "POST"):
            return oauth.authorise(self.state, request)
        return self._api(request)

    def _token(self, request: Request) -> Answer:
        request.generation = TOKEN_ENDPOINTS[request.path]
        if request.generation == V4 and self.state.generation == V3:
            request.generation = V3
            raise Refusal(404, "routeNotFound", "Route not found.")
        form = request.headers.get("content-type", "").startswith("application/x-www-form")
        if request.generation == V4 and form:
            raise Refusal(400, "parseError", "The body is not a JSON object.", "body", "body")
        return oauth.token_endpoint(self.state, request)

    def _api(self, request: Request) -> Answer:
        """`/api/<generation>/...`; `@` and `#` in ids must come percent-encoded."""
        _, api, version, *parts = [*request.raw_path.split("/"), "", "", ""][: _depth(request)]
        request.generation = V3 if self.state.generation == V3 or version in V3_PREFIXES else V4
        table = _table(self.state, version) if api == "api" else []
        for route in table:
            found = _matched(route.pattern, parts)
            if found is not None and route.method == _method(request):
                return self._handled(request, route, found)
        raise Refusal(404, "routeNotFound", "Route not found.")

    def _handled(self, request: Request, route: v4.Route, ids: dict[str, str]) -> Answer:
        if route.scope != v4.OPEN:
            request.token = oauth.authenticate(self.state, request)
            if route.scope and not oauth.allows(self.state, request.token, route.scope):
                raise Refusal(403, "insufficientScope", f"The scope {route.scope} is needed.")
        return route.handler(self.state, request, **ids)

    async def _send(self, answer: Answer, request: Request, seen: Seen, send: Send) -> None:
        faults, path = self.state.faults, request.path
        is_control = path.startswith(control.PREFIX)
        cut = None if is_control else faults.take("cut", path)
        slow = None if is_control else faults.take("slow", path)
        skew = None if is_control else faults.take("clock_skew", path)
        limit = int(cut["after"]) if cut else None
        if limit == 0:
            raise CutOff
        seen.status = answer.status
        moment = time.time() + (float(skew["seconds"]) if skew else 0)
        headers = {
            "date": email.utils.formatdate(moment, usegmt=True),
            "content-type": answer.media_type,
            "content-length": str(len(answer.body)),
            "server": "fake-tcs",
            **answer.headers,
        }
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        rate = float(slow["bytes_per_second"]) if slow else 0.0
        if request.method != "HEAD":
            await self._body(answer, seen, send, limit, rate)
        await send({"type": "http.response.body"})

    async def _body(
        self, answer: Answer, seen: Seen, send: Send, limit: int | None, rate: float
    ) -> None:
        """Pieces in order; returning too early makes the web server close the connection."""
        size = answer.file.length if answer.file else len(answer.body)
        piece = max(1, int(rate * TICK)) if rate else CHUNK
        self.state.downloading += bool(answer.file)
        self.state.most_downloading = max(self.state.most_downloading, self.state.downloading)
        try:
            while seen.sent < size:
                length = min(piece, size - seen.sent)
                if limit is not None:
                    length = min(length, limit - seen.sent)
                    if length <= 0:
                        raise CutOff
                await send(_piece(answer, seen.sent, length))
                seen.sent += length
                if rate:
                    await asyncio.sleep(TICK)
        finally:
            self.state.downloading -= bool(answer.file)


def _piece(answer: Answer, at: int, length: int) -> Event:
    data = answer.file.read(at, length) if answer.file else answer.body[at : at + length]
    return {"type": "http.response.body", "body": data, "more_body": True}


async def _request(scope: Event, receive: Receive) -> Request:
    body = b""
    while len(body) < MOST_BODY:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw_path = scope.get("raw_path", b"").decode("latin-1")
    old = scope["path"].startswith(("/api/v3", "/oauth2/v1/"))
    return Request(
        method=scope["method"],
        path=scope["path"],
        raw_path=raw_path,
        query=query,
        headers=headers,
        body=body,
        generation=V3 if old else V4,
    )


def _method(request: Request) -> str:
    return "GET" if request.method == "HEAD" else request.method


def _depth(request: Request) -> int:
    return max(3, request.raw_path.count("/") + 1)


def _table(state: State, version: str) -> list[v4.Route]:
    if version == "v4":
        return v4.ROUTES if state.generation == V4 else []
    return v3.ROUTES if version in V3_PREFIXES else []


def _matched(pattern: str, parts: list[str]) -> dict[str, str] | None:
    """Ids of the path, decoded; None: another route, or an `@` that is not encoded."""
    wanted = pattern.split("/")
    if len(wanted) != len(parts):
        return None
    ids = {}
    for word, part in zip(wanted, parts, strict=True):
        if word.startswith("{"):
            if not part or "@" in part:
                return None
            ids[word[1:-1]] = unquote(part)
        elif word != part:
            return None
    return ids
