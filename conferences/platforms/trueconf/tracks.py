"""A track's bytes: Range with If-Range, and what servers make of it."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urljoin

import httpx2
from django.utils.translation import gettext as _

from conferences.platforms.base import Part, PlatformError
from conferences.platforms.trueconf.client import Client, not_the_server
from conferences.platforms.trueconf.transport import reaching
from conferences.platforms.trueconf.values import number

CHUNK: Final = 256 * 1024
HAND_ON_S: Final = 1.0
"""So that whoever takes them can look about: a lease, an end of work."""
WINDOW_S, SLOWEST = 60.0, 256
"""Fewer bytes a second than this over a whole window: the server drips."""
_RANGE: Final = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII)


@contextmanager
def opened(client: Client, url: str, *, start: int, etag: str) -> Iterator[Part]:
    """The bytes from `start` on, or from 0 where the server (or another file there) wants it so.

    `url` may be a path of the server. Raises NotThere, and PlatformError also between chunks.
    """
    address = urljoin(client.transport.base + "/", url)
    if not address.startswith(("http://", "https://")):
        raise PlatformError(_("The server gave an address that can't be used."))
    with client.stream(address, _headers(start, etag)) as answer:
        if part := _part(answer, start):
            yield part
            return
    with client.stream(address, _headers(0, "")) as answer:  # the range was not what we asked
        part = _part(answer, 0)
        if part is None:
            raise PlatformError(
                _("The server answers with another part of the track than was asked for."),
                code="platform_wrong_range",
                retryable=True,
            )
        yield part


def _headers(start: int, etag: str) -> dict[str, str]:
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if start > 0:
        headers["Range"] = f"bytes={start}-"
        if etag:
            headers["If-Range"] = etag
    return headers


def _part(answer: httpx2.Response, start: int) -> Part | None:
    """None: a range that is of no use."""
    if answer.status_code == 200:
        return _whole(answer)
    match = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if match is None:
        return None
    first, last, total = match.groups()
    size = None if total == "*" else int(total)
    if answer.status_code == 416:
        # Nothing lies behind what we have: it was whole already.
        ended = first is None and size == start > 0
        return Part(start, size, validator(answer), iter(())) if ended else None
    if first is None or int(first) != start:
        return None
    expected = int(last) - start + 1
    return Part(start, size, validator(answer), _chunks(answer, expected))


def _whole(answer: httpx2.Response) -> Part:
    if answer.headers.get("content-type", "").lower().startswith("text/html"):
        with reaching():
            page = next(answer.iter_raw(4096), b"")
        raise not_the_server(answer.status_code, page)
    size = number(answer.headers.get("content-length"))
    return Part(0, size, validator(answer), _chunks(answer, size))


def validator(answer: httpx2.Response) -> str:
    """What If-Range may be told: a strong ETag, else the time of the last change."""
    etag = answer.headers.get("etag", "").strip()
    if etag.startswith('"') and len(etag) <= 200 and etag.isascii() and etag.isprintable():
        return etag
    changed = answer.headers.get("last-modified", "").strip()
    return changed if len(changed) <= 40 and changed.isascii() else ""


def _chunks(answer: httpx2.Response, expected: int | None) -> Iterator[bytes]:
    """As they come, at least one a second while any come. Raises where they stop before the end, or
    come so slowly that another try is better."""
    came, arriving, pace, kept = 0, answer.iter_raw(), Pace(), bytearray()
    try:
        while True:
            with reaching(), pace:
                piece = next(arriving, None)
            if piece is None:
                break
            came += len(piece)
            kept += piece
            if pace.is_time(len(piece)) or len(kept) >= CHUNK:
                yield bytes(kept)
                kept.clear()
    except PlatformError:
        if kept:
            yield bytes(kept)  # what came is not brought again
        raise
    if kept:
        yield bytes(kept)
    if expected is not None and came != expected:
        raise PlatformError(
            _("The track broke off before its end."), code="platform_cut", retryable=True
        )


class Pace:
    """How fast bytes come, counting only the time that was waited for them: whoever takes them may
    be told to be slow."""

    def __init__(self) -> None:
        self._began = self._waited = self._held = 0.0
        self._came = 0

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_error: object) -> None:
        waited = time.monotonic() - self._began
        self._waited += waited
        self._held += waited

    def is_time(self, count: int) -> bool:
        """Whether what came should be handed on. Raises where a whole window brought too little."""
        self._came += count
        if self._waited >= WINDOW_S:
            if self._came < WINDOW_S * SLOWEST:
                raise PlatformError(
                    _("The server sends too slowly."), code="platform_slow", retryable=True
                )
            self._waited, self._came = 0.0, 0
        if self._held < HAND_ON_S:
            return False
        self._held = 0.0
        return True
