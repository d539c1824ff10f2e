"""What a licence says, and how it is written so that the same words have the same bytes."""

import datetime as dt
import json
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, field_validator

LIMITS: Final = (
    "full_connections",
    "read_only_connections",
    "simultaneous_recognitions",
    "hours_per_month",
)
"""Servers we may write to, servers we only read from, tracks heard at one moment, hours of
conversations sent to recognition in a calendar month (UTC)."""

FREE_LIMITS: Final[dict[str, int | None]] = {
    "full_connections": 1,
    "read_only_connections": 3,
    "simultaneous_recognitions": None,
    "hours_per_month": None,
}
"""The built-in free licence, of whoever has installed no file. None: no limit."""

ANY_INSTALLATION: Final = "*"
ALL_FEATURES: Final = "*"

_Count = Annotated[StrictInt, Field(ge=0, le=10**9)] | None
_Word = Annotated[str, Field(pattern=r"^[a-z0-9_*][a-z0-9_.-]{0,39}$")]


class Terms(BaseModel):
    """One licence. Times are UTC in whole seconds; `expires_at` itself is no longer covered."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    customer: str = Field(min_length=1, max_length=200)
    installation: str = Field(pattern=r"^(\*|[0-9a-f-]{36})$")
    issued_at: dt.datetime
    valid_from: dt.datetime
    expires_at: dt.datetime
    grace_days: StrictInt = Field(ge=0, le=366)
    limits: dict[str, _Count]
    features: list[_Word] = Field(max_length=100)
    resets_clock: StrictBool = False
    """Installed within a week of its issue, it makes the present clock the right one."""

    @field_validator("issued_at", "valid_from", "expires_at")
    @classmethod
    def _in_utc(cls, value: dt.datetime) -> dt.datetime:
        if value.utcoffset() != dt.timedelta(0) or value.microsecond:
            raise ValueError("a time is in UTC, in whole seconds")
        return value.astimezone(dt.UTC)

    @field_validator("limits")
    @classmethod
    def _names_every_limit(cls, value: dict[str, int | None]) -> dict[str, int | None]:
        if set(value) != set(LIMITS):
            raise ValueError(f"limits are {', '.join(LIMITS)}")
        return value

    @property
    def grace_until(self) -> dt.datetime:
        """When a licence that ran out stops working."""
        return self.expires_at + dt.timedelta(days=self.grace_days)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; times end in Z."""
        return self.model_dump(mode="json")


def canonical(value: Any) -> bytes:
    """Canonical JSON: keys sorted, no blanks, UTF-8 unescaped. There are no fractions in it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()
