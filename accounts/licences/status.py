"""The licence as people and machines are told of it: admin, REST, metrics, command line."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from accounts.licences import usage
from accounts.licences.standing import Standing, State, look
from accounts.licences.terms import LIMITS, Terms
from accounts.licences.wording import amount, label, moment

WARN_PERCENT: Final = 80


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit. `allowed` None: no limit, and so no percent."""

    limit: str
    used: float
    allowed: int | None

    @property
    def label(self) -> str:
        return label(self.limit)

    @property
    def percent(self) -> int | None:
        if self.allowed is None:
            return None
        return round(100 * self.used / self.allowed) if self.allowed else 100 * (self.used > 0)

    @property
    def warning(self) -> bool:
        """From 80 % of what is allowed on, unrounded."""
        return self.allowed is not None and self.used * 100 >= self.allowed * WARN_PERCENT > 0

    @property
    def told(self) -> str:
        """As `3 / 5`."""
        return f"{amount(self.used)} / {amount(self.allowed)}"


@dataclass(frozen=True, slots=True)
class Status:
    """Everything there is to tell."""

    standing: Standing
    limits: tuple[LimitUse, ...]

    @property
    def state(self) -> State:
        return self.standing.state

    @property
    def terms(self) -> Terms | None:
        return self.standing.terms

    @property
    def left(self) -> dt.timedelta | None:
        """Until `expires_at`, negative after it; None for the free licence."""
        return self.terms.expires_at - self.standing.now if self.terms else None

    @property
    def warnings(self) -> list[str]:
        """In the reader's language, worst first."""
        return [*_of_state(self.standing), *(_of_limit(use) for use in self.limits if use.warning)]


def status() -> Status:
    """Reads the files and asks everybody who counts."""
    standing = look()
    uses = (LimitUse(name, usage.used(name), standing.limits[name]) for name in LIMITS)
    return Status(standing, tuple(uses))


def what_if(found: Status, wished: Mapping[str, float]) -> list[str]:
    """What would be refused if so many were in use in all; empty: everything fits."""
    told = [] if found.standing.works else _of_state(found.standing)
    for limit, wanted in wished.items():
        most = found.standing.limits[limit]
        if most is not None and wanted > most:
            told.append(
                _("%(wanted)s would be refused: the licence allows %(allowed)s (%(limit)s).")
                % {"wanted": amount(wanted), "allowed": amount(most), "limit": label(limit)}
            )
    return told


def _of_state(standing: Standing) -> list[str]:
    told = []
    terms = standing.terms
    if standing.state == State.ROLLED_BACK:
        told.append(
            _("The clock was turned back: new work is refused until it shows %(time)s.")
            % {"time": moment(standing.seen)}
        )
    elif standing.state == State.EXPIRED:
        told.append(_("The licence has expired: new work is refused."))
    elif standing.state == State.GRACE and terms:
        told.append(
            _("The licence has expired. New work is refused from %(day)s on.")
            % {"day": moment(terms.grace_until)}
        )
    if standing.unverified:
        told.append(_("There are installed licence files that can't be verified here."))
    return told


def _of_limit(use: LimitUse) -> str:
    return _("The licence is %(percent)s %% used: %(limit)s, %(told)s.") % {
        "percent": use.percent,
        "limit": use.label,
        "told": use.told,
    }
