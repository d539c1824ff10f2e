"""Generation 3: `/api/v3.3/...`, of servers before 5.5. Names are those of public clients.

It has no tracks of participants: what can be had is the record of everybody, unless the
connection's paths say where tracks are.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from conferences.platforms import unstated
from conferences.platforms.base import (
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
)
from conferences.platforms.trueconf import pages, values
from conferences.platforms.trueconf.moments import moment
from conferences.platforms.trueconf.v4 import V4

API: Final = "/api/v3.3"
WRITTEN_WITHIN: Final = dt.timedelta(minutes=10)
"""A record is finished so soon after its session."""


class V3(V4):
    """The same questions in older words."""

    prefix = API

    def version(self) -> str:
        return ""

    def conferences(self) -> Iterator[RemoteConference]:
        for row in self._by_id(f"{API}/conferences", "conferences"):
            if found := values.conference(row):
                yield found

    def sessions(self, conference: RemoteConference) -> Sequence[RemoteSession]:
        if "sessions" in self.paths:
            return super().sessions(conference)
        query = {"named_conf_id": conference.id, "sort_field": "start_time", "sort_order": 0}
        rows = self._by_id(f"{API}/logs/calls", "calls", "list", **query)
        return list({one.id: one for row in rows if (one := values.call(row))}.values())

    def tracks(self, conference_id: str, *, session_id: str) -> Sequence[RemoteTrackInfo]:
        if "tracks" in self.paths:
            return super().tracks(conference_id, session_id=session_id)
        answer = self.client.ask(f"{API}/logs/calls/{quote(session_id, safe='')}")
        held = values.call(answer.get("call") or answer)
        path = f"{API}/conferences/{quote(conference_id, safe='')}/records"
        rows = self._by_id(path, "records", "list")
        found = [_record(row) for row in rows if held and _is_of(row, held)]
        return list({one.id: one for one in found if one}.values())

    def participants(
        self, conference_id: str, *, session_id: str = ""
    ) -> Sequence[RemoteParticipant]:
        """Of a session only: the call log knows nobody else."""
        if not session_id:
            return []
        read = unstated.reader("participants", self.fields)
        path = f"{API}/logs/calls/{quote(session_id, safe='')}/participants"
        rows = self._by_id(path, "participants", "list")
        found = [values.participant(row, read, self.roles) for row in rows]
        return values.merged([one for one in found if one], [])

    def _by_id(self, path: str, *names: str, **query: Any) -> Iterator[dict[str, Any]]:
        return pages.by_id(lambda page: self.client.ask(path, query={**query, **page}), *names)


def _is_of(row: dict[str, Any], held: RemoteSession) -> bool:
    """By the time it was finished: a record does not name its session."""
    made = moment(row.get("created"))
    if made is None or held.started_at is None:
        return False
    end = held.stopped_at
    return held.started_at <= made and (end is None or made <= end + WRITTEN_WITHIN)


def _record(row: dict[str, Any]) -> RemoteTrackInfo | None:
    """Sizes are texts there, and the name is the id."""
    if not (name := values.id_of(row.get("name"))):
        return None
    return RemoteTrackInfo(
        id=name,
        size=values.number(row.get("size")),
        stopped_at=moment(row.get("created")),
        download_url=values.text(row.get("download_url"), 2000),
    )
