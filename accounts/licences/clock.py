"""Which installation this is and what time it is, with what speaks against that time.

Time is the database's clock, remembered at most once a minute. A clock that stands more than
`TOLERANCE` before what was seen already was turned back. Witnesses are the remembered time, the
audit trail (which cannot be rewritten), and the days on which installed licences were issued.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from common.sql import ask

TOLERANCE: Final = dt.timedelta(hours=1)
RESET_WITHIN: Final = dt.timedelta(days=7)
"""A licence that resets the clock does so only this soon after it was issued."""

_LOOK = """
SELECT clock_timestamp() AS now, i.uid, GREATEST(i.latest_at,
    (SELECT max(at) FROM accounts_auditentry WHERE id > i.audit_from)) AS seen
FROM accounts_installation i"""
_MAKE = """
INSERT INTO accounts_installation (id, uid, latest_at, audit_from)
VALUES (1, gen_random_uuid(), clock_timestamp(), 0) ON CONFLICT DO NOTHING"""
# Whoever finds the row locked lets it be: somebody else is remembering this minute.
_REMEMBER = """
UPDATE accounts_installation SET latest_at = clock_timestamp() WHERE id = (
    SELECT id FROM accounts_installation
    WHERE latest_at < clock_timestamp() - interval '1 minute' FOR UPDATE SKIP LOCKED)"""
_RESET = """
UPDATE accounts_installation SET latest_at = clock_timestamp(),
    audit_from = COALESCE((SELECT max(id) FROM accounts_auditentry), 0)"""


@dataclass(frozen=True, slots=True)
class Reading:
    """`seen` is the latest moment that anything of this installation witnesses."""

    installation: UUID
    now: dt.datetime
    seen: dt.datetime

    def is_rolled_back(self, seen: dt.datetime | None = None) -> bool:
        return self.now < max(self.seen, seen or self.seen) - TOLERANCE


def read() -> Reading:
    """Two short statements at most; one, where the minute is remembered already."""
    rows = ask(_LOOK)
    if not rows:
        ask(_MAKE)
        rows = ask(_LOOK)
    found = Reading(rows[0]["uid"], rows[0]["now"], rows[0]["seen"])
    if found.now - found.seen > dt.timedelta(minutes=1):
        ask(_REMEMBER)
    return found


def reset() -> None:
    """From now on the present clock is believed, whatever was seen before."""
    ask(_RESET)
