"""Refusals of licences: of a file (400) and of work (403). Each code is one reason.

Of a file: `licence_unreadable`, `licence_tampered`, `licence_unknown_key`, `licence_no_key`,
`licence_foreign`, `licence_expired`, `licence_not_yet_valid`. Of work: `licence_limit`,
`licence_expired`, `clock_rolled_back`.
"""

from common.errors import Invalid, NotAllowed


class LicenceRefused(Invalid):
    """A licence file that is not installed. Nothing has changed."""

    code = "licence_unreadable"


class LicenceLimit(NotAllowed):
    """Work that the licence does not cover. What was there already stays and can be read."""

    code = "licence_limit"
