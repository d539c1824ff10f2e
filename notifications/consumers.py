"""The WebSocket of events: `/ws/v1/events`.

A browser is known by its session cookie, anybody else by an `Authorization` header or a first
message `{"op": "auth", "token"}` within 5 s. Then `{"op": "subscribe", "topics", "since"?}` is
answered by `{"type": "snapshot", "seq"}` and by every event above it, in order. Further words:
`unsubscribe` with topics, `ping`. Close codes: 4401 not signed in, 4403 not allowed, 4408 too
slow, 4429 too many, 1013 try again later.

A plain ASGI application: Channels' own consumers do a database call on one shared thread before
every message. Pings are the server's (uvicorn), so that dead peers are found.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any, Final

import orjson
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from common.asgi import Receive, Scope, Send
from common.errors import Invalid, NotSignedIn, SaiError
from notifications import hub, stream
from notifications.conf import limits
from notifications.feed import Feed, Snapshot, TooSlow
from notifications.hub import in_thread
from notifications.identity import Credentials, credentials_of, watcher_of
from notifications.racing import until_first

logger = logging.getLogger(__name__)

CLOSE_CODES: Final = {401: 4401, 403: 4403, 429: 4429}
TOO_SLOW: Final = 4408
TRY_LATER: Final = 1013


class Closed(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Gone(Exception):
    """The other side has closed."""


async def serve_events(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    await EventSocket(scope, receive, send).serve()


class EventSocket:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits()
        self._credentials = credentials_of(scope["headers"])
        self._feed: Feed | None = None
        self._checked = time.monotonic()
        self._window, self._messages = time.monotonic(), 0

    async def serve(self) -> None:
        await self._receive()  # websocket.connect
        await self._send({"type": "websocket.accept"})
        try:
            await self._sign_in()
            await self._follow()
        except Closed as closed:
            await self._close(closed.code)
        except SaiError as error:
            await self._close(CLOSE_CODES.get(error.status, TRY_LATER))
        except DatabaseError as error:
            logger.warning("event socket closed", extra={"error": type(error).__name__})
            await self._close(TRY_LATER)
        except (Gone, OSError):  # uvicorn's ClientDisconnected is an OSError
            pass

    async def _sign_in(self) -> None:
        """Ends with a feed, or raises."""
        if self._credentials != Credentials():
            with suppress(NotSignedIn):
                await self._enter(self._credentials)
                return
        try:
            async with asyncio.timeout(self._limits.auth_seconds):
                while not _is_auth(message := await self._next_message()):
                    await self._complain("not_signed_in", _("Sign in first, or show a token."))
        except TimeoutError:
            raise Closed(CLOSE_CODES[401]) from None
        await self._enter(Credentials(token=str((message or {}).get("token"))))

    async def _enter(self, credentials: Credentials) -> None:
        watcher = await in_thread(watcher_of, credentials)
        events = hub.current()
        events.enter(watcher.user_id)
        self._credentials = credentials
        self._feed = Feed(events, watcher)

    async def _follow(self) -> None:
        """Read commands and write events until one of both ends, or the reader is too slow."""
        assert self._feed is not None
        feed = self._feed
        try:
            await until_first(self._obey(feed), self._tell(feed), feed.falls_behind())
        except TooSlow:
            raise Closed(TOO_SLOW) from None
        finally:
            feed.close()
            hub.current().depart(feed.watcher.user_id)

    async def _tell(self, feed: Feed) -> None:
        while True:
            for item in await feed.next_items():
                if isinstance(item, Snapshot):
                    await self._say({"type": "snapshot", "seq": item.seq, "reset": item.reset})
                else:
                    await self._send({"type": "websocket.send", "text": item.text})

    async def _obey(self, feed: Feed) -> None:
        while True:
            message = None
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_check()):
                    message = await self._next_message()
            if self._until_check() <= 0:
                await self._check_again(feed)
            if message is None:
                continue
            try:
                await self._run(message, feed)
            except Invalid as error:
                await self._complain(error.code, error.message)

    def _until_check(self) -> float:
        return max(0.0, self._checked + self._limits.recheck_seconds - time.monotonic())

    async def _check_again(self, feed: Feed) -> None:
        watcher = await in_thread(watcher_of, self._credentials)
        if watcher.user_id != feed.watcher.user_id:
            raise Closed(CLOSE_CODES[401])
        feed.watch_as(watcher)
        self._checked = time.monotonic()

    async def _run(self, message: dict[str, Any], feed: Feed) -> None:
        operation = message.get("op")
        if operation == "subscribe":
            topics, after = self._topics(message, feed), _number(message.get("since"))
            await in_thread(stream.check_topics, feed.watcher, topics)
            feed.subscribe(topics, after)
        elif operation == "unsubscribe":
            feed.unsubscribe(self._topics(message, feed))
        elif operation == "ping":
            await self._say({"type": "pong"})
        elif operation != "auth":  # a second sign-in changes nothing
            raise Invalid(
                _("“op” is one of auth, subscribe, unsubscribe, ping."), code="unknown_op"
            )

    def _topics(self, message: dict[str, Any], feed: Feed) -> set[str]:
        topics = message.get("topics")
        if not isinstance(topics, list) or not topics or not all(type(t) is str for t in topics):
            raise Invalid(_("“topics” is a list of words, for example [“me”]."), code="topics")
        if len(feed.topics | set(topics)) > self._limits.topics:
            raise Invalid(
                _("At most %(most)s topics on one socket.") % {"most": self._limits.topics},
                code="too_many_topics",
            )
        return set(topics)

    async def _next_message(self) -> dict[str, Any] | None:
        """The next message; None when it was no good, which the sender has been told."""
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise Gone
        self._count()
        text = received.get("text") or received.get("bytes") or ""
        if len(text) > self._limits.message_characters:
            raise Closed(CLOSE_CODES[429])
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, dict):
            await self._complain("bad_json", _("A message is a JSON object with “op”."))
            return None
        return message

    def _count(self) -> None:
        now = time.monotonic()
        if now - self._window > 10:
            self._window, self._messages = now, 0
        self._messages += 1
        if self._messages > self._limits.messages_per_10_seconds:
            raise Closed(CLOSE_CODES[429])

    async def _complain(self, code: str, text: str) -> None:
        await self._say({"type": "error", "code": code, "message": text})

    async def _say(self, message: dict[str, Any]) -> None:
        text = orjson.dumps(message).decode()
        await self._send({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        """A reader that takes nothing gets the code when it reads again, within bounds."""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._limits.close_seconds):
                await self._send({"type": "websocket.close", "code": code})


def _is_auth(message: dict[str, Any] | None) -> bool:
    return message is not None and message.get("op") == "auth" and "token" in message


def _number(value: object) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise Invalid(_("“since” is the number of an event, 0 or more."), code="since")
