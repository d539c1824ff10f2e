"""Which licence counts now, and in what state it is."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.licences import clock, files, keys
from accounts.licences.errors import LicenceRefused
from accounts.licences.terms import ALL_FEATURES, ANY_INSTALLATION, FREE_LIMITS, Terms
from accounts.models import Licence


class State(TextChoices):
    """FREE without a file; ACTIVE -> GRACE at `expires_at` -> EXPIRED at the end of the grace.

    ROLLED_BACK whatever the files say. New work is refused in EXPIRED and ROLLED_BACK.
    """

    FREE = "free", _("Free licence")
    ACTIVE = "active", _("In force")
    GRACE = "grace", _("Expired, in its grace period")
    EXPIRED = "expired", _("Expired")
    ROLLED_BACK = "clock_rolled_back", _("The clock was turned back")


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts at one moment. `terms` None: the built-in free licence."""

    installation: UUID
    now: dt.datetime
    seen: dt.datetime
    """The latest moment that was seen: when ROLLED_BACK, work goes on from about there."""
    state: State
    terms: Terms | None
    unverified: int
    """Installed files that no key of ours vouches for, or that are another installation's."""

    @property
    def limits(self) -> Mapping[str, int | None]:
        return self.terms.limits if self.terms else FREE_LIMITS

    @property
    def works(self) -> bool:
        return self.state not in (State.EXPIRED, State.ROLLED_BACK)

    def has(self, feature: str) -> bool:
        features = self.terms.features if self.terms and self.works else []
        return feature in features or ALL_FEATURES in features


def look() -> Standing:
    """Reads clock and files: three short statements at most."""
    reading = clock.read()
    stored = list(Licence.objects.order_by("pk").values_list("text", flat=True))
    found = [terms for terms in map(verified, stored) if terms and is_for(terms, reading)]
    seen = max([reading.seen, *(terms.issued_at for terms in found)])
    state, chosen = judge(found, reading.now)
    if reading.is_rolled_back(seen):
        state = State.ROLLED_BACK
    unverified = len(stored) - len(found)
    return Standing(reading.installation, reading.now, seen, state, chosen, unverified)


def judge(found: Iterable[Terms], now: dt.datetime) -> tuple[State, Terms | None]:
    """The best state counts, and of several in it the licence issued last (installed last)."""
    best: tuple[State, Terms | None] = (State.FREE, None)
    for state in (State.EXPIRED, State.GRACE, State.ACTIVE):
        those = [terms for terms in found if state_of(terms, now) == state]
        if those:
            best = state, max(reversed(those), key=lambda terms: terms.issued_at)
    return best


def state_of(terms: Terms, now: dt.datetime) -> State | None:
    """None: not in force yet."""
    if now < terms.valid_from:
        return None
    if now < terms.expires_at:
        return State.ACTIVE
    return State.GRACE if now < terms.grace_until else State.EXPIRED


def is_for(terms: Terms, reading: clock.Reading) -> bool:
    return terms.installation in (ANY_INSTALLATION, str(reading.installation))


def verified(text: str) -> Terms | None:
    """What a stored file says; None when no key of ours vouches for it any more."""
    return _verified(text, tuple(sorted(keys.public_keys())))


@lru_cache(maxsize=64)
def _verified(text: str, _key_ids: tuple[str, ...]) -> Terms | None:
    try:
        return files.read(text, keys.public_keys())
    except LicenceRefused:
        return None
