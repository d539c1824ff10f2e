"""The one place where a licence says no.

Inside a transaction `check` and `has_room` keep others who ask for the same limit waiting until it
ends: of two who want the last place exactly one gets it. Without a limit nobody waits.
"""

import time
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from accounts.licences import usage
from accounts.licences.errors import LicenceLimit
from accounts.licences.standing import Standing, State, look
from accounts.licences.terms import LIMITS
from accounts.licences.wording import amount, day, label, moment
from common.sql import ask

KEPT_SECONDS: Final = 1.0
_LOCK: Final = 0x5A1_11CE
_kept: dict[str, tuple[float, int | None]] = {}


def check(limit: str, *, used: float | None = None, wanted: float = 1) -> None:
    """Raises LicenceLimit when `wanted` more would be over the limit, or no new work is allowed.

    `used` is asked of LICENCE_USAGE unless given; who gives it has counted under a lock of his own.
    """
    standing = check_state()
    allowed_now = standing.limits[limit]
    if allowed_now is None:
        return
    _hold(limit)
    found = usage.used(limit) if used is None else used
    if found + wanted > allowed_now:
        raise _over(limit, allowed_now, found, wanted)


def check_state() -> Standing:
    """Raises LicenceLimit when the licence ran out or the clock was turned back."""
    standing = look()
    if standing.state == State.EXPIRED and standing.terms:
        raise LicenceLimit(
            _("The licence expired on %(day)s, and its grace period is over.")
            % {"day": day(standing.terms.expires_at)},
            code="licence_expired",
            next_action=_(
                "An administrator installs a new licence, or removes this one to go on with the "
                "free licence. Everything that is here can be read all the same."
            ),
            details={"expires_at": standing.terms.expires_at.isoformat()},
        )
    if standing.state == State.ROLLED_BACK:
        raise LicenceLimit(
            _("The server's clock was turned back: it shows a time before %(time)s.")
            % {"time": moment(standing.seen)},
            code=str(State.ROLLED_BACK),
            next_action=_(
                "Set the clock of the database's machine right; work goes on when it has caught up."
            ),
            details={"now": standing.now.isoformat(), "seen": standing.seen.isoformat()},
        )
    return standing


def has(feature: str) -> bool:
    """Whether the licence in force includes it."""
    return look().has(feature)


def allowed(limit: str) -> int | None:
    """How many there may be, None: any number. Kept for a second in each process: for hot paths."""
    kept, now = _kept.get(limit), time.monotonic()
    if kept is None or now - kept[0] > KEPT_SECONDS:
        limits = look().limits
        _kept.update({name: (now, limits[name]) for name in LIMITS})
        kept = _kept[limit]
    return kept[1]


def has_room(limit: str) -> bool:
    """Whether one more fits; accepted work is not asked for the licence's dates again."""
    most = allowed(limit)
    if most is None:
        return True
    _hold(limit)
    return usage.used(limit) < most


def forget() -> None:
    """What is kept in this process is read anew."""
    _kept.clear()


def _hold(limit: str) -> None:
    if connection.in_atomic_block:
        ask("SELECT pg_advisory_xact_lock(%(space)s, %(limit)s)", space=_LOCK, limit=_place(limit))


def _place(limit: str) -> int:
    return LIMITS.index(limit)


def _over(limit: str, most: int, found: float, wanted: float) -> LicenceLimit:
    return LicenceLimit(
        _("The licence allows %(allowed)s (%(limit)s), and %(used)s are in use.")
        % {"allowed": amount(most), "limit": label(limit), "used": amount(found)},
        next_action=_("Free some of them, or ask your administrator for a larger licence."),
        details={"limit": limit, "allowed": most, "used": found, "wanted": wanted},
    )
