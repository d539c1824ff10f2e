"""A shared directory as a source: each directory in it is a meeting, its files are the tracks.

A file is named after its participant. `meeting.json` or `meeting.yaml` may say more, see
`meeting_file`. A meeting goes on until nothing in it has changed for `options.settle_seconds`.
"""

import datetime as dt
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from django.utils.translation import gettext as _

from common.errors import Invalid
from conferences.choices import ConferenceRole
from conferences.models import Connection
from conferences.platforms import meeting_file
from conferences.platforms.base import (
    Health,
    NotThere,
    Part,
    Person,
    PlatformError,
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
    TokenPair,
    TokenRefused,
)
from conferences.platforms.folder_tree import Entry, Tree
from conferences.platforms.meeting_file import MeetingFile, Who

logger = logging.getLogger(__name__)
SETTLE_S: Final = 30.0
CHUNK: Final = 256 * 1024
KNOWN: Final = ("settle_seconds",)


class Folder:
    """A `conferences.platforms.base.Driver`."""

    def __init__(self, connection: Connection) -> None:
        self._tree = Tree(connection.url)
        options = connection.options or {}
        self._settle_s = float(options.get("settle_seconds", SETTLE_S))

    def close(self) -> None:
        """Nothing is held open."""

    def check(self) -> Health:
        for _one in self._folders():
            break
        return Health()

    def conferences(
        self, *, changed_since: dt.datetime | None = None
    ) -> Iterator[RemoteConference]:
        for folder in self._folders():
            files = self._tree.sounds(folder)
            changed = self._changed(folder)
            settled = changed + self._settle_s
            if not files or (changed_since and settled < changed_since.timestamp()):
                continue
            said = self._said(folder)
            yield RemoteConference(
                id=folder.name,
                topic=said.topic or folder.name,
                owner=said.owner,
                is_running=self._goes_on(changed),
                auto_recognition=said.auto_recognition,
                recognition_language=said.language[:10],
                created_at=_time(changed),
                tags=tuple(said.tags),
                session_id=folder.name,
                seen={"changed": changed},
            )

    def sessions(self, conference: RemoteConference) -> Sequence[RemoteSession]:
        folder = self._folder(conference.id)
        said, changed = self._said(folder), self._changed(folder)
        first = min((one.changed for one in self._tree.sounds(folder)), default=changed)
        stopped = None if self._goes_on(changed) else said.stopped_at or _time(changed)
        return [RemoteSession(folder.name, said.started_at or _time(first), stopped)]

    def participants(
        self, conference_id: str, *, session_id: str = ""
    ) -> Sequence[RemoteParticipant]:
        folder = self._folder(conference_id)
        said = self._said(folder)
        tracks = [_who_of(one, said) for one in self._tree.sounds(folder)]
        there = {_call_id(one): one for one in [*tracks, *said.participants]}
        return [
            RemoteParticipant(
                call_id,
                one.name,
                ConferenceRole.OWNER if call_id == said.owner else ConferenceRole.PARTICIPANT,
            )
            for call_id, one in there.items()
        ]

    def tracks(self, conference_id: str, *, session_id: str) -> Sequence[RemoteTrackInfo]:
        """None while somebody still writes there."""
        folder = self._folder(conference_id)
        if self._goes_on(self._changed(folder)):
            return []
        said = self._said(folder)
        return [_track(one, said) for one in self._tree.sounds(folder)]

    @contextmanager
    def open_track(
        self,
        conference_id: str,
        *,
        session_id: str,
        track: RemoteTrackInfo,
        start: int = 0,
        etag: str = "",
    ) -> Iterator[Part]:
        try:
            file, entry = self._tree.open(self._folder(conference_id), track.id)
        except OSError as error:
            raise NotThere(_("The file is no longer in the folder.")) from error
        with file:
            same = etag in ("", entry.etag) and start <= entry.size
            begin = start if same else 0
            file.seek(begin)
            yield Part(begin, entry.size, entry.etag, _chunks(file, entry.size - begin))

    def tell(self, conference_id: str, *, call_ids: Sequence[str], message: str) -> None:
        _unable()

    def verify(self, token: str) -> Person:
        raise TokenRefused(_("A folder has no people who could sign in."))

    def sign_in_url(self, *, redirect_uri: str, state: str) -> str:
        _unable()

    def exchange_code(self, code: str, *, redirect_uri: str) -> TokenPair:
        _unable()

    def _folders(self) -> list[Path]:
        try:
            return list(self._tree.folders())
        except OSError as error:
            raise _away() from error

    def _folder(self, name: str) -> Path:
        if (found := self._tree.folder(name)) is None:
            if not self._tree.root.is_dir():
                raise _away()
            raise NotThere(_("The folder of this meeting is gone."))
        return found

    def _changed(self, folder: Path) -> float:
        """When anything in it changed last, files that are no sound included."""
        try:
            times = [one.changed for one in self._tree.files(folder)]
            return max([folder.stat().st_mtime, *times])
        except OSError as error:
            raise NotThere(_("The folder of this meeting is gone.")) from error

    def _goes_on(self, changed: float) -> bool:
        return time.time() - changed < self._settle_s

    def _said(self, folder: Path) -> MeetingFile:
        """What its file says; one that can't be read says nothing, and the log tells it."""
        for name in meeting_file.NAMES:
            try:
                file, _entry = self._tree.open(folder, name)
            except OSError:
                continue
            with file:
                content = file.read(meeting_file.LARGEST + 1)
            try:
                return meeting_file.parse(folder / name, content)
            except ValueError:
                logger.warning("meeting file unreadable", extra={"file": name})
        return MeetingFile()


def check(connection: Connection) -> None:
    """What an administrator wrote. Raises Invalid; `details` holds the name of the field."""
    path = connection.url
    if not os.path.isabs(path) or Path(path) == Path("/"):
        raise _invalid("url", _("Give the whole path of a folder, like /srv/meetings."))
    options: Any = connection.options
    if not isinstance(options, dict) or set(options) - set(KNOWN):
        raise _invalid("options", _("Known: %(names)s.") % {"names": ", ".join(KNOWN)})
    seconds = options.get("settle_seconds", SETTLE_S)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e6:
        raise _invalid("options", _("“%(name)s” must be seconds.") % {"name": "settle_seconds"})


def _invalid(name: str, text: str) -> Invalid:
    return Invalid(text, code="connection_options", details={name: [text]})


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _who_of(entry: Entry, said: MeetingFile) -> Who:
    """Whose file it is: somebody of the meeting's file, else who its name says."""
    stem = entry.path.stem
    for one in said.participants:
        if one.is_named(stem, entry.path.name):
            return one
    return Who(call_id=stem, name=stem.partition("@")[0].replace("_", " "))


def _call_id(one: Who) -> str:
    return one.call_id or one.name or one.file


def _track(entry: Entry, said: MeetingFile) -> RemoteTrackInfo:
    who = _who_of(entry, said)
    return RemoteTrackInfo(
        id=entry.path.name,
        call_id=_call_id(who),
        display_name=(who.name or _call_id(who))[:200],
        size=entry.size,
        started_at=said.started_at,
    )


def _chunks(file: BinaryIO, left: int) -> Iterator[bytes]:
    """At most what was there when it was opened."""
    while left > 0:
        try:
            chunk = file.read(min(CHUNK, left))
        except OSError as error:
            raise _away() from error
        if not chunk:
            raise PlatformError(
                _("The file became shorter while it was read."), code="platform_cut", retryable=True
            )
        left -= len(chunk)
        yield chunk


def _away() -> PlatformError:
    return PlatformError(
        _("The folder can't be read."),
        code="folder_away",
        retryable=True,
        next_action=_("Check that it is mounted and that SAI may read it."),
    )


def _unable() -> NoReturn:
    raise PlatformError(_("A folder can't do this."), code="platform_unsupported")
