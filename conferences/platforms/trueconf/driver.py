"""What others get: one TrueConf Server, whichever generation it is."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from conferences.models import Connection
from conferences.platforms.base import (
    Health,
    Part,
    Person,
    PlatformError,
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
    TokenPair,
)
from conferences.platforms.trueconf import certificates, changes, people, scopes, tracks
from conferences.platforms.trueconf.client import Client
from conferences.platforms.trueconf.tokens import V3 as GENERATION_3
from conferences.platforms.trueconf.v3 import V3
from conferences.platforms.trueconf.v4 import V4


class TrueConf:
    """A `conferences.platforms.base.Driver`. For one thread; close it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._client = Client(connection)
        self._made: V4 | None = None

    def close(self) -> None:
        self._client.close()

    @property
    def _server(self) -> V4:
        """As the generation that the server answered with; asks for a token to know it."""
        if self._made is None:
            self._client.tokens.current()
            older = self._client.tokens.generation == GENERATION_3
            self._made = V3(self._client) if older else V4(self._client)
        return self._made

    def check(self) -> Health:
        try:
            grant = self._client.tokens.sign_in()
        except PlatformError as error:
            if error.code != certificates.UNTRUSTED:
                raise
            raise certificates.explained(error, self._client.transport.base) from error
        self._made = None
        missing = () if grant.scopes is None else scopes.missing(grant.scopes)
        version = self._server.version()
        try:
            self._server.glance()
        except PlatformError as error:
            if error.code != "platform_forbidden" or not missing:
                raise  # else the scopes that are missing say it better
        seen = self._client.transport.seen
        return Health(
            granted_scopes=grant.scopes or (),
            missing_scopes=missing,
            clock_skew_s=seen.clock_skew_s,
            certificate_expires_at=seen.certificate_expires_at,
            generation=grant.generation,
            version=version,
        )

    def conferences(
        self, *, changed_since: dt.datetime | None = None
    ) -> Iterator[RemoteConference]:
        found = self._server.conferences()
        if changed_since is None:
            return found
        return changes.changed(self._connection, found, since=changed_since)

    def sessions(self, conference: RemoteConference) -> Sequence[RemoteSession]:
        return self._server.sessions(conference)

    def participants(
        self, conference_id: str, *, session_id: str = ""
    ) -> Sequence[RemoteParticipant]:
        return self._server.participants(conference_id, session_id=session_id)

    def tracks(self, conference_id: str, *, session_id: str) -> Sequence[RemoteTrackInfo]:
        return self._server.tracks(conference_id, session_id=session_id)

    def open_track(
        self,
        conference_id: str,
        *,
        session_id: str,
        track: RemoteTrackInfo,
        start: int = 0,
        etag: str = "",
    ) -> AbstractContextManager[Part]:
        """A path template of the connection wins over what the list said."""
        url = track.download_url
        if not url or "track_download" in (self._connection.paths or {}):
            url = self._server.path(
                "track_download",
                conference_id=conference_id,
                session_id=session_id,
                track_id=track.id,
            )
        return tracks.opened(self._client, url, start=start, etag=etag)

    def tell(self, conference_id: str, *, call_ids: Sequence[str], message: str) -> None:
        self._server.tell(conference_id, call_ids=call_ids, message=message)

    def verify(self, token: str) -> Person:
        return people.verify(self._client, token)

    def sign_in_url(self, *, redirect_uri: str, state: str) -> str:
        return people.sign_in_url(self._client, redirect_uri=redirect_uri, state=state)

    def exchange_code(self, code: str, *, redirect_uri: str) -> TokenPair:
        return people.exchange_code(self._client, code, redirect_uri=redirect_uri)
