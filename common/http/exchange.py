"""One question and its answer, within a time and a size. Nothing of either goes to a log."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import httpx2
from django.utils.translation import gettext as _

from common.errors import ExternalError
from common.http.backends import Deadline
from common.http.clients import Verify, async_client, client
from common.http.guard import Guard


@dataclass(frozen=True, slots=True)
class Limits:
    seconds: float = 10
    """Of the whole exchange, names looked up apart."""
    body_bytes: int = 1024 * 1024
    """What is kept of the answer; the rest is not read."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool
    """There was more than the limit allows."""
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def send(
    method: str,
    url: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits = Limits(),
    verify: Verify = True,
    private: bool = False,
    by: Guard | None = None,
) -> Answer:
    """Ask, on a connection of its own. Any status is an answer, a redirect too.

    Raises OutboundRefused, and ExternalError with a code `outbound_...` when nothing came back.
    """
    started, deadline = time.monotonic(), Deadline(limits.seconds)
    more = {"Accept-Encoding": "identity", **(headers or {})}  # no bomb to unpack
    try:
        with (
            client(
                private=private, verify=verify, timeout=limits.seconds, by=by, deadline=deadline
            ) as http,
            http.stream(method, url, content=content, headers=more) as answer,
        ):
            body, cut = _read(answer.iter_raw(), limits.body_bytes)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise problem(error) from error
    return _answer(answer, body, cut, started)


async def send_async(
    method: str,
    url: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits = Limits(),
    verify: Verify = True,
    private: bool = False,
    by: Guard | None = None,
) -> Answer:
    """The same in an event loop."""
    started = time.monotonic()
    more = {"Accept-Encoding": "identity", **(headers or {})}
    try:
        async with (
            asyncio.timeout(limits.seconds),
            async_client(private=private, verify=verify, timeout=limits.seconds, by=by) as http,
            http.stream(method, url, content=content, headers=more) as answer,
        ):
            body, cut = await _read_async(answer.aiter_raw(), limits.body_bytes)
    except TimeoutError as error:
        raise problem(httpx2.ReadTimeout("")) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise problem(error) from error
    return _answer(answer, body, cut, started)


def _answer(answer: httpx2.Response, body: bytes, cut: bool, started: float) -> Answer:
    seconds = time.monotonic() - started
    return Answer(answer.status_code, dict(answer.headers), body, cut, seconds)


def _read(chunks: Iterator[bytes], most: int) -> tuple[bytes, bool]:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            return bytes(body[:most]), True
    return bytes(body), False


async def _read_async(chunks: AsyncIterator[bytes], most: int) -> tuple[bytes, bool]:
    body = bytearray()
    async with aclosing(chunks) as arriving:  # type: ignore[type-var]  # it is a generator
        async for chunk in arriving:
            body += chunk
            if len(body) > most:
                return bytes(body[:most]), True
    return bytes(body), False


def problem(error: Exception) -> ExternalError:
    """httpx2's error as ours. All can be tried again: networks and certificates are mended."""
    if isinstance(error, httpx2.TimeoutException):
        code, message = "outbound_timeout", _("It did not answer in time.")
    elif _is_tls(error):
        code, message = "outbound_tls", _("Its certificate can't be trusted.")
    elif isinstance(error, httpx2.ConnectError):
        code, message = "outbound_unreachable", _("It can't be reached.")
    else:
        code, message = "outbound_broken", _("It broke off, or did not speak HTTP.")
    return ExternalError(message, code=code, retryable=True)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
