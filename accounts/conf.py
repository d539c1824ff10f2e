"""This app's settings: how long tokens live, how often what may be tried, whose licences count."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Rate:
    """So many per so many seconds, and at most `burst` at once."""

    rate: float
    per_seconds: float
    burst: float


ACCESS_DAYS = 15 / (24 * 60)
"""Fifteen minutes."""
REFRESH_DAYS = 30.0


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Of a pair of session tokens, in days."""

    access: float
    refresh: float


USUAL = Lifetimes(ACCESS_DAYS, REFRESH_DAYS)


def server_lifetimes() -> Lifetimes:
    """Of the pair that a person of a meeting server gets for his token there."""
    section: dict[str, Any] = settings.ACCOUNTS
    return Lifetimes(float(section["server_access_days"]), float(section["server_refresh_days"]))


SPENT_TOKENS_KEPT_DAYS = 30
"""A refresh token's row outlives its use, so that a second use is noticed."""

SIGN_IN_BY_PERSON = Rate(rate=5, per_seconds=60, burst=10)
"""Refused attempts for one name from one address."""
SIGN_IN_BY_ADDRESS = Rate(rate=60, per_seconds=60, burst=120)
"""Refused attempts from one address, whatever the names: a whole office may sit behind it."""
PASSWORD_CHECKS = Rate(rate=5, per_seconds=60, burst=10)
"""Wrong current passwords given by somebody who is signed in."""


def api_rate() -> Rate | None:
    """Requests to the API by one caller; None where an administrator switched the limit off."""
    section: dict[str, Any] = settings.ACCOUNTS
    per_minute = float(section["api_requests_per_minute"])
    if per_minute <= 0:
        return None
    return Rate(rate=per_minute, per_seconds=60, burst=max(1.0, per_minute))


def licence_public_keys() -> list[str]:
    """Keys that may sign licences, each base64 of 32 bytes; none: only the free licence counts."""
    return list(settings.ACCOUNTS["licence_public_keys"])
