"""Stands before Django and refuses bodies that are too large before they fill memory or a disk.

Django reads a whole request into a temporary file before any view is asked, however large it is
and whoever sends it; JSON would even be parsed in memory.
"""

import errno
import tempfile
from pathlib import Path

import orjson
from django.conf import settings

from common.asgi import Application, Message, Receive, Scope, Send
from common.errors import SaiError, StorageFull, TooLarge, describe
from notifications.hub import in_thread
from recordings.conf import conf
from recordings.storage.base import full
from recordings.storage.choose import get_storage, last_used
from recordings.storage.local import ensure_room
from recordings.storage.uploads import too_large

FRAMING = 1 << 20
"""What boundaries and small fields may add to the files of a form."""
BULKY = ("multipart/form-data", "audio/", "video/", "application/octet-stream")
CHECK_EVERY = 16 << 20
TEMPORARY_RESERVE = 64 << 20


class BodyGuard:
    """ASGI middleware: 413 over the limit, 507 when the disk for temporary files is nearly full."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        body = Body(scope, receive, send)
        try:
            await body.refuse_early()
            await self.application(scope, body.receive, body.send)
        except SaiError as refusal:
            body.refusal = refusal
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            body.refusal = full()
        await body.answer()


class Body:
    """The body of one request, counted while it comes in."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value for name, value in scope.get("headers", ())}
        self._receive, self._send = receive, send
        self.declared = _number(headers.get(b"content-length", b""))
        kind = headers.get(b"content-type", b"").decode("latin-1").lower()
        self.bulky = kind.startswith(BULKY)
        self.got = self._unchecked = 0
        self.answered = False
        self.refusal: SaiError | None = None

    async def refuse_early(self) -> None:
        self._measure(self.declared)
        self._look_at_disk(self.declared)
        storage = last_used()
        if storage is None or not (self.bulky and self.declared):
            return
        try:
            storage.ensure_room(self.declared)
        except StorageFull:
            # Perhaps it is set otherwise by now, and no upload gets as far as to find out.
            (await in_thread(get_storage)).ensure_room(self.declared)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.got += len(message.get("body", b""))
            self._unchecked += len(message.get("body", b""))
            try:
                self._measure(self.got)
                if self._unchecked >= CHECK_EVERY:
                    self._unchecked = 0
                    self._look_at_disk(0)
            except SaiError as refusal:
                # To Django the client is gone: it drops what it has, and we answer.
                self.refusal = refusal
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        self.answered = True
        await self._send(message)

    async def answer(self) -> None:
        if self.refusal is None or self.answered:
            return
        body = orjson.dumps(describe(self.refusal), default=str)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self._send(
            {"type": "http.response.start", "status": self.refusal.status, "headers": headers}
        )
        await self._send({"type": "http.response.body", "body": body})

    def _measure(self, size: int) -> None:
        if self.bulky:
            if size > conf().upload_limit_bytes + FRAMING:
                raise too_large()
        elif size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            raise TooLarge(
                f"A request of this kind may have at most {limit} bytes.",
                details={"limit_bytes": limit},
            )

    def _look_at_disk(self, size: int) -> None:
        if size > settings.FILE_UPLOAD_MAX_MEMORY_SIZE or self.got:
            ensure_room(Path(tempfile.gettempdir()), size, reserve=TEMPORARY_RESERVE)


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) < 20 else 0
