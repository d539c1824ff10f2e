"""Making licences: for whoever holds the private key. Needs no database."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from django.utils.translation import gettext as _
from pydantic import ValidationError

from accounts.licences.errors import LicenceRefused
from accounts.licences.terms import ANY_INSTALLATION, FREE_LIMITS, Terms
from common.texts import one_row

TRIAL_DAYS: Final = 60
"""A licence for any installation can be copied: it is short."""
GRACE_DAYS: Final = 14
UNLIMITED: Final = "unlimited"


def write_terms(
    *,
    customer: str,
    installation: str,
    expires: str,
    valid_from: str = "",
    grace_days: int = GRACE_DAYS,
    limits: Sequence[str] = (),
    features: Sequence[str] = (),
    resets_clock: bool = False,
) -> Terms:
    """Words of a command line as terms. Raises LicenceRefused (code `invalid`).

    `expires`: a day (the last one, UTC) or a moment; `valid_from`: the same, without it today from
    midnight (UTC) on; `limits`: `name=number` or `name=unlimited`, others as in the free licence.
    """
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    start = moment(valid_from) if valid_from else now.replace(hour=0, minute=0, second=0)
    try:
        terms = Terms(
            id=str(uuid4()),
            customer=one_row(customer),
            installation=installation.strip().lower(),
            issued_at=now,
            valid_from=start,
            expires_at=moment(expires, end_of_day=True),
            grace_days=grace_days,
            limits={**FREE_LIMITS, **counts(limits)},
            features=sorted(set(features)),
            resets_clock=resets_clock,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "licence"
        raise _wrong(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None
    _check_dates(terms)
    return terms


def counts(words: Sequence[str]) -> dict[str, int | None]:
    """`["hours_per_month=100"]` as numbers; `unlimited` is None. Raises LicenceRefused."""
    found: dict[str, int | None] = {}
    for word in words:
        name, _equals, value = word.partition("=")
        if name not in FREE_LIMITS:
            known = ", ".join(FREE_LIMITS)
            message = _("There is no limit “%(name)s”: use %(known)s.")
            raise _wrong(message % {"name": name, "known": known})
        if value != UNLIMITED and not (value.isascii() and value.isdigit() and len(value) <= 9):
            message = _("A limit is written as %(name)s=3 or %(name)s=unlimited.")
            raise _wrong(message % {"name": name})
        found[name] = None if value == UNLIMITED else int(value)
    return found


def moment(text: str, *, end_of_day: bool = False) -> dt.datetime:
    """A day or a moment in ISO 8601, UTC where it says nothing else. Raises LicenceRefused."""
    try:
        if len(text) == len("2026-12-31"):
            day = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
            return day + dt.timedelta(days=1) if end_of_day else day
        found = dt.datetime.fromisoformat(text).replace(microsecond=0)
        found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        message = _("“%(text)s” is not a day such as 2026-12-31.") % {"text": text}
        raise _wrong(message) from None


def _check_dates(terms: Terms) -> None:
    if terms.expires_at <= terms.valid_from:
        raise _wrong(_("A licence ends after it begins."))
    longest = dt.timedelta(days=TRIAL_DAYS)
    if terms.installation == ANY_INSTALLATION and terms.expires_at - terms.valid_from > longest:
        message = _("A licence for any installation lasts at most %(days)d days.")
        raise _wrong(message % {"days": TRIAL_DAYS})


def _wrong(message: str) -> LicenceRefused:
    return LicenceRefused(message, code="invalid")
