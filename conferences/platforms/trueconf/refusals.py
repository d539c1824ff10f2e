"""What a server's refusal means: which error of ours, and whether to try again."""

import datetime as dt
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from conferences.platforms.base import NotThere, PlatformError
from conferences.platforms.trueconf.reading import parse

EXCERPT: Final = 500
"""Characters of what a proxy said that are kept for the administrator."""
MOST_PATIENCE_S: Final = 3600.0
_RETRYABLE: Final = frozenset({408, 425, 429})
_SECRETS: Final = re.compile(r"(?i)(bearer\s+|token[\"'=:\s]+|secret[\"'=:\s]+)[^\s\"'<&]+")


class RouteMissing(PlatformError):
    """The server has no such path: its generation is another, or a template is wrong."""

    code = "platform_route"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status that is no success, with what its body said."""

    status: int
    reason: str
    trace_id: str
    excerpt: str
    """Empty where the server answered in its own form."""
    retry_after_s: float | None

    @property
    def is_token(self) -> bool:
        """Our token is not (or no longer) good: v4 says 401, v3 says 403 with a reason."""
        return self.status == 401 or (self.status == 403 and self.reason == "accessTokenInvalid")


def read(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """All three forms: the nested one of the API, the flat one of the token endpoint, a page."""
    found = parse(body)
    reason, trace_id, excerpt = "", "", ""
    if isinstance(found, dict):
        reason, trace_id = _reason(found), str(_trace(found))[:100]
    elif body.strip():
        excerpt = excerpt_of(body)
    return Refusal(status, reason, trace_id, excerpt, _patience(headers))


def excerpt_of(body: bytes) -> str:
    """For the administrator; what looks like a secret is taken out."""
    text = body[: 8 * EXCERPT].decode("utf-8", "replace").replace("\x00", "").strip()
    return _SECRETS.sub(r"\1***", text)[:EXCERPT]


def _reason(found: dict[str, Any]) -> str:
    error = found.get("error")
    if isinstance(error, dict):
        rows = error.get("errors")
        first = rows[0] if isinstance(rows, list) and rows else error
        return str(first.get("reason") or "")[:100] if isinstance(first, dict) else ""
    return str(error or found.get("reason") or "")[:100]


def _trace(found: dict[str, Any]) -> Any:
    error = found.get("error")
    inner = error.get("trace_id") if isinstance(error, dict) else None
    return found.get("trace_id") or inner or ""


def _patience(headers: Mapping[str, str]) -> float | None:
    """Retry-After: seconds or a date."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MOST_PATIENCE_S)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return min(max(0.0, aware.timestamp() - time.time()), MOST_PATIENCE_S)


def details_of(refusal: Refusal) -> dict[str, Any]:
    said = {
        "status": refusal.status,
        "reason": refusal.reason,
        "trace_id": refusal.trace_id,
        "excerpt": refusal.excerpt,
    }
    return {name: value for name, value in said.items() if value}


def error_of(refusal: Refusal) -> PlatformError:
    """Ours, with `retryable`: 5xx, 408, 425 and 429 may pass, everything else would not."""
    more: dict[str, Any] = {"details": details_of(refusal)}
    if refusal.status in (404, 410):
        return _missing(refusal, more)
    if refusal.status >= 500 or refusal.status in _RETRYABLE:
        return PlatformError(
            _("The server failed: HTTP %(status)s.") % {"status": refusal.status},
            code="platform_busy" if refusal.status == 429 else "platform_failed",
            retryable=True,
            retry_after_s=refusal.retry_after_s,
            next_action=_("Look at the server and the proxy before it."),
            **more,
        )
    if 300 <= refusal.status < 400:
        return PlatformError(
            _("The server sends us to another address, and we don't follow."),
            code="platform_redirect",
            next_action=_("Give the connection the address where the server itself answers."),
            **more,
        )
    return _refused(refusal, more)


def _missing(refusal: Refusal, more: dict[str, Any]) -> PlatformError:
    if refusal.reason == "routeNotFound" or (refusal.status == 404 and refusal.excerpt):
        return RouteMissing(
            _("The server does not know this path."),
            next_action=_("Compare the paths of the connection with the server's API."),
            **more,
        )
    return NotThere(_("The server does not have it."), **more)


def _refused(refusal: Refusal, more: dict[str, Any]) -> PlatformError:
    if refusal.status in (401, 403):
        return PlatformError(
            _("The server does not allow it: %(reason)s.")
            % {"reason": refusal.reason or refusal.status},
            code="platform_forbidden",
            next_action=_("Give the OAuth application the scopes that are missing."),
            **more,
        )
    return PlatformError(
        _("The server refused: HTTP %(status)s %(reason)s.")
        % {"status": refusal.status, "reason": refusal.reason},
        code="platform_refused",
        **more,
    )
