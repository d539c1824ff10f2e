"""Long poll and SSE as bare ASGI: a client that waits costs a task, not a thread.

Django's own handler keeps a thread for every open request. So GET requests to the two addresses
are answered here, before Django, with the same feed as the WebSocket's; all else goes on to Django.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

import orjson
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from common.asgi import Application, Receive, Scope, Send
from common.errors import NotSignedIn, SaiError, TooMany, Unavailable, describe
from notifications import hub, stream
from notifications.api.parameters import Question, question
from notifications.conf import limits
from notifications.feed import Feed, Item, Snapshot, TooSlow
from notifications.hub import in_thread
from notifications.identity import Credentials, credentials_of, watcher_of
from notifications.racing import until_first
from notifications.stream import Entry

logger = logging.getLogger(__name__)

POLL: Final = "/api/v1/events/"
STREAM: Final = ("/api/v1/events/stream", "/api/v1/events/stream/")
Headers = list[tuple[bytes, bytes]]


class EventDoors:
    """ASGI middleware in front of Django."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if scope.get("method") != "GET" or path not in (POLL, *STREAM):
            await self.application(scope, receive, send)
            return
        request = EventRequest(scope, receive, send)
        await request.answer(request.poll if path == POLL else request.stream)


class EventRequest:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._headers = dict(scope["headers"])
        self._values = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        self._credentials: Credentials = credentials_of(scope["headers"])
        self._started = False

    async def answer(self, body: Callable[[Feed, Question], Awaitable[None]]) -> None:
        """Run the body until it is done or the client has gone; every refusal has its shape."""
        try:
            await until_first(self._open(body), self._gone())
        except SaiError as error:
            await self._refuse(error)
        except DatabaseError as error:
            logger.warning("events not read", extra={"error": type(error).__name__})
            await self._refuse(Unavailable(_("The database does not answer: try again.")))
        except OSError:  # the client has gone in the middle of a line
            pass

    async def _open(self, body: Callable[[Feed, Question], Awaitable[None]]) -> None:
        last_event_id = self._headers.get(b"last-event-id", b"").decode("latin-1")
        asked = question(self._values, last_event_id)
        watcher = await in_thread(watcher_of, self._credentials)
        await in_thread(stream.check_topics, watcher, asked.topics)
        events = hub.current()
        events.enter(watcher.user_id)
        feed = Feed(events, watcher)
        try:
            feed.subscribe(asked.topics, asked.since)
            await body(feed, asked)
        finally:
            feed.close()
            events.depart(watcher.user_id)

    async def poll(self, feed: Feed, asked: Question) -> None:
        items = await feed.next_items()
        events = [item for item in items if isinstance(item, Entry)]
        reset = any(item.reset for item in items if isinstance(item, Snapshot))
        if asked.wait and not events and not reset:
            events = await _wait(feed, asked.wait)
            await in_thread(watcher_of, self._credentials)  # still signed in?
        await self._start(200, b"application/json")
        await self._finish(_page(events, feed.reached() or 0, reset=reset))

    async def stream(self, feed: Feed, _asked: Question) -> None:
        """Lines until the client goes, falls behind, or is no longer signed in."""
        await self._start(200, b"text/event-stream", [(b"x-accel-buffering", b"no")])
        try:
            await until_first(self._tell(feed), feed.falls_behind())
        except (SaiError, TooSlow) as error:
            logger.info("event stream ended", extra={"error": type(error).__name__})
        await self._finish(b"")

    async def _tell(self, feed: Feed) -> None:
        checked = time.monotonic()
        while True:
            items = await _next_items(feed, limits().heartbeat_seconds)
            if time.monotonic() - checked > limits().recheck_seconds:
                feed.watch_as(await in_thread(watcher_of, self._credentials))
                checked = time.monotonic()
            await self._write(b"".join(map(_lines, items)) or b": still here\n\n")

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _start(self, status: int, kind: bytes, more: Headers | None = None) -> None:
        self._started = True
        headers = [
            (b"content-type", kind),
            (b"cache-control", b"no-store, no-transform"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"Origin, Cookie, Authorization"),
            *(more or []),
        ]
        origin = self._headers.get(b"origin", b"")
        if origin.decode("latin-1") in settings.CORS_ALLOWED_ORIGINS:
            headers.append((b"access-control-allow-origin", origin))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _write(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _finish(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _refuse(self, error: SaiError) -> None:
        if self._started:
            await self._finish(b"")
            return
        more: Headers = []
        if isinstance(error, TooMany):
            more.append((b"retry-after", str(round(error.wait_seconds)).encode()))
        if isinstance(error, NotSignedIn):
            more.append((b"www-authenticate", b"Bearer"))
        await self._start(error.status, b"application/json", more)
        await self._finish(orjson.dumps(describe(error)))


async def _next_items(feed: Feed, seconds: float) -> list[Item]:
    try:
        async with asyncio.timeout(seconds):
            return await feed.next_items()
    except TimeoutError:
        return []


async def _wait(feed: Feed, seconds: float) -> list[Entry]:
    """The next events, or none when the time is over."""
    items = await _next_items(feed, seconds)
    return [item for item in items if isinstance(item, Entry)]


def _page(events: list[Entry], last: int, *, reset: bool) -> bytes:
    texts = ",".join(event.text for event in events)
    flag = "true" if reset else "false"
    return f'{{"events":[{texts}],"last":{last},"reset":{flag}}}'.encode()


def _lines(item: Item) -> bytes:
    """One event of the stream; `id` is what a browser sends back as Last-Event-ID."""
    if isinstance(item, Entry):
        return f"id: {item.seq}\ndata: {item.text}\n\n".encode()
    if item.reset:
        return (
            f'event: reset\nid: {item.seq}\ndata: {{"reset":true,"last":{item.seq}}}\n\n'.encode()
        )
    return f"id: {item.seq}\n\n".encode()
