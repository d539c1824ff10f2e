"""The limit every REST view has, and how a view has one of its own.

class Ask(APIView):
    limit = Rate(rate=20, per_seconds=60, burst=20)
    limit_name = "ask"
"""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import conf, limits
from accounts.audit import address_of
from accounts.conf import Rate
from accounts.principal import Principal


class Limited(BaseThrottle):
    """Answers 429 with Retry-After and `details.wait_seconds` once the caller's bucket is empty."""

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = caller_of(request)
        _take(limits.key_of("api", caller), conf.api_rate())
        own: Rate | None = getattr(view, "limit", None)
        if own is not None:
            name = getattr(view, "limit_name", type(view).__name__)
            _take(limits.key_of(name, caller), own)
        return True


def caller_of(request: Request) -> str:
    """Whose bucket: the user's, else the token's, else the address's."""
    if request.user.is_authenticated:
        return f"user {request.user.pk}"
    if isinstance(request.auth, Principal) and request.auth.token_id is not None:
        return f"token {request.auth.token_id}"
    return f"address {address_of(request)}"


def _take(key: str, rate: Rate | None) -> None:
    if rate is not None:
        limits.take(key, rate.rate, rate.per_seconds, rate.burst)
