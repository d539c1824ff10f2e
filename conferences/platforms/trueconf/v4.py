"""Generation 4: `/api/v4/...`. Names are those of TrueConf's public MCP client; what it does not
have is asked by the connection's paths."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from conferences.platforms import unstated
from conferences.platforms.base import (
    NotThere,
    PlatformError,
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
)
from conferences.platforms.trueconf import pages, values
from conferences.platforms.trueconf.client import Client
from conferences.platforms.trueconf.refusals import RouteMissing

API: Final = "/api/v4"
CONFERENCES_AT_ONCE: Final = 1000


class V4:
    """What the server has, asked with the server-wide token."""

    prefix = API

    def __init__(self, client: Client) -> None:
        self.client = client
        self.paths: dict[str, str] = client.connection.paths or {}
        self.fields: dict[str, str] = client.connection.fields or {}
        given = (client.connection.options or {}).get("roles") or {}
        self.roles = {**values.ROLES, **{str(flag).lower(): role for flag, role in given.items()}}
        self._session_people = True

    def version(self) -> str:
        """Empty where the server does not tell."""
        try:
            product = self.client.ask(f"{API}/server").get("product")
        except PlatformError as error:
            if isinstance(error, NotThere) or _is_unknown_or_forbidden(error):
                return ""
            raise
        return values.text(product.get("version"), 50) if isinstance(product, dict) else ""

    def glance(self) -> None:
        """Whether conferences can be listed. Raises what it meets."""
        self.client.ask(f"{self.prefix}/conferences", query={"page_size": 1})

    def conferences(self) -> Iterator[RemoteConference]:
        """All of them. Its filters `after` and `before` are about the plan, not about what was
        held, so they can't say what changed."""

        def ask(page: Any) -> dict[str, Any]:
            query = {**page, "sort_field": "created_at", "sort_order": 1}
            return self.client.ask(f"{API}/conferences", query=query)

        for row in pages.by_number(ask, "conferences", "list", size=CONFERENCES_AT_ONCE):
            if found := values.conference(row):
                yield found

    def sessions(self, conference: RemoteConference) -> Sequence[RemoteSession]:
        read = unstated.reader("sessions", self.fields)
        path = self.path("sessions", conference_id=conference.id)
        found = [values.session(row, read) for row in self._list(path, "sessions")]
        return list({one.id: one for one in found if one}.values())

    def tracks(self, conference_id: str, *, session_id: str) -> Sequence[RemoteTrackInfo]:
        read = unstated.reader("tracks", self.fields)
        path = self.path("tracks", conference_id=conference_id, session_id=session_id)
        found = [values.track(row, read) for row in self._list(path, "tracks")]
        return list({one.id: one for one in found if one}.values())

    def participants(
        self, conference_id: str, *, session_id: str = ""
    ) -> Sequence[RemoteParticipant]:
        """Those who were there and those invited; the latter only where the scope allows it."""
        read = unstated.reader("participants", self.fields)
        rows = self._rows_of_people(conference_id, session_id)
        inside = [values.participant(row, read, self.roles) for row in rows]
        return values.merged([one for one in inside if one], self._invited(conference_id))

    def _rows_of_people(self, conference_id: str, session_id: str) -> list[dict[str, Any]]:
        """Of the session where the server tells them apart, else of the conference."""
        if session_id and self._session_people:
            try:
                path = self.path(
                    "session_participants", conference_id=conference_id, session_id=session_id
                )
                return list(self._list(path, "participants"))
            except PlatformError as error:
                if not _is_unknown_or_forbidden(error):
                    raise
                self._session_people = False
        path = f"{API}/conferences/{quote(conference_id, safe='')}/participants"
        return list(self._list(path, "participants"))

    def _invited(self, conference_id: str) -> list[RemoteParticipant]:
        path = f"{API}/conferences/{quote(conference_id, safe='')}/invitations"
        try:
            rows = list(self._list(path, "invitations"))
        except PlatformError as error:
            if _is_unknown_or_forbidden(error):
                return []
            raise
        return [one for row in rows if (one := values.invited(row))]

    def tell(self, conference_id: str, *, call_ids: Sequence[str], message: str) -> None:
        body: dict[str, Any] = {"invitations": list(call_ids)}
        if message:
            body["message"] = message
        path = self.path("notify", conference_id=conference_id)
        self.client.ask(path, method="POST", json=body)

    def path(self, name: str, **ids: str) -> str:
        prefix = "" if self.prefix == API else self.prefix
        return unstated.path_of(name, self.paths, prefix=prefix, **ids)

    def _list(self, path: str, kind: str) -> Iterator[dict[str, Any]]:
        named = self.fields.get(f"{kind}.list", "list")
        return pages.by_number(lambda page: self.client.ask(path, query=page), named, kind, "list")


def _is_unknown_or_forbidden(error: PlatformError) -> bool:
    return isinstance(error, RouteMissing) or error.code == "platform_forbidden"
