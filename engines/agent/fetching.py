"""Files over the wire, where none are shared: signed URLs down (with Range) and up.

The URL is the permission: it goes into no log, no header is added, no redirect is followed.
Proxies are those of the environment.
"""

import http.client
import ssl
import string
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

from engines.agent import failures
from engines.errors import EngineError
from engines.media.base import Limits

_TRIES, _PAUSE_S, _TIMEOUT_S, _CHUNK = 6, 0.2, 30.0, 1 << 18
_PASSING = {408, 429, 500, 502, 503, 504}
_LOST = (OSError, http.client.HTTPException)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Wire:
    """Asks the gateway's host for files. `web`: what a server-relative URL begins with."""

    def __init__(self, web: str, authority: str = "", *, pause_s: float = _PAUSE_S) -> None:
        self._web, self._authority, self._pause_s = web, authority, pause_s

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        """Made when it is needed: reading the machine's certificates takes up to 80 ms."""
        context = ssl.create_default_context(cafile=self._authority or None)
        secure = urllib.request.HTTPSHandler(context=context)
        return urllib.request.build_opener(_NoRedirects, secure)

    def download(self, url: str, out: Path, check: Callable[[], None]) -> None:
        """Fetch into `out`; goes on where a cut connection stopped.

        Raises EngineError: "download_failed" (retryable: a signed URL lives shortly),
        "source_missing", "bad_path" for a URL that is none; and what `check` raises.
        """
        address = self._address(url)
        with out.open("wb") as file:
            for attempt in range(_TRIES):
                try:
                    if self._receive(address, file, check):
                        return
                    reason = "cut short"
                except urllib.error.HTTPError as error:
                    reason = _judge(error)
                except _LOST as error:
                    _raise_if_full(error)
                    reason = type(error).__name__
                self._wait(attempt, check)
        raise failures.download_failed(reason)

    def upload(self, template: str, path: Path, check: Callable[[], None]) -> None:
        """PUT a file; `{name}` in the URL becomes its name. Raises EngineError("upload_failed")."""
        address = self._address(template.replace("{name}", quote(path.name, safe="")))
        for attempt in range(_TRIES):
            try:
                with path.open("rb") as file:
                    request = urllib.request.Request(address, data=file, method="PUT")  # noqa: S310
                    request.add_header("Content-Length", str(path.stat().st_size))
                    request.add_header("Content-Type", "application/octet-stream")
                    self._opener.open(request, timeout=_TIMEOUT_S).close()
                return
            except urllib.error.HTTPError as error:
                reason = f"status {error.code}"
                if error.code not in _PASSING:
                    break
            except _LOST as error:
                reason = type(error).__name__
            self._wait(attempt, check)
        raise failures.upload_failed(reason)

    def _address(self, url: str) -> str:
        # Names of people stand in some paths, as they are.
        address = quote(urljoin(self._web, url), safe=string.punctuation)
        if urlsplit(address).scheme not in {"http", "https"}:
            raise failures.bad_path()
        return address

    def _receive(self, address: str, file: IO[bytes], check: Callable[[], None]) -> bool:
        """One connection; whether the file is whole afterwards."""
        request = urllib.request.Request(address)  # noqa: S310 - http and https only, see above
        if have := file.tell():
            request.add_header("Range", f"bytes={have}-")
        with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
            if have and answer.status != http.client.PARTIAL_CONTENT:
                have = file.seek(0)
                file.truncate()
            length = answer.headers.get("Content-Length")
            whole = have + int(length) if length else None
            while chunk := answer.read(_CHUNK):
                check()
                file.write(chunk)
                if file.tell() > Limits().max_bytes:
                    raise failures.download_failed("too large")
        file.flush()
        return whole is None or file.tell() >= whole

    def _wait(self, attempt: int, check: Callable[[], None]) -> None:
        until = time.monotonic() + self._pause_s * 2**attempt if attempt < _TRIES - 1 else 0.0
        while time.monotonic() < until:
            check()
            time.sleep(0.1)


def _judge(error: urllib.error.HTTPError) -> str:
    """The reason to try again with; raises where another try can't help."""
    if error.code in {404, 410}:
        raise failures.source_missing() from None
    if error.code not in _PASSING:
        raise failures.download_failed(f"status {error.code}") from None
    return f"status {error.code}"


def _raise_if_full(error: BaseException) -> None:
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        raise failures.no_space() from None


NO_ROOM = (28, 122)
"""ENOSPC, EDQUOT."""


def as_failure(error: OSError) -> EngineError:
    return failures.no_space() if error.errno in NO_ROOM else failures.broken()
