"""What this installation may do: signed licence files, checked in one place.

Call it through the package: `licences.check("full_connections")`, `licences.has("voice")`,
`licences.status()`, `licences.install(text, ...)`. The file format stands in docs/licences.md.
"""

from accounts.licences.errors import LicenceLimit, LicenceRefused
from accounts.licences.guards import allowed, check, check_state, forget, has, has_room
from accounts.licences.standing import State
from accounts.licences.status import LimitUse, Status, status, what_if
from accounts.licences.stored import examine, install, remove
from accounts.licences.terms import FREE_LIMITS, LIMITS, Terms

__all__ = [
    "FREE_LIMITS",
    "LIMITS",
    "LicenceLimit",
    "LicenceRefused",
    "LimitUse",
    "State",
    "Status",
    "Terms",
    "allowed",
    "check",
    "check_state",
    "examine",
    "forget",
    "has",
    "has_room",
    "install",
    "remove",
    "status",
    "what_if",
]
