"""Brings one track: fetched into its `.part`, checked, judged, published, settled.

Killed at any moment it is continued from the `.part`; settled by a late attempt it changes nothing.
"""

import time
from collections.abc import Iterator
from contextlib import closing

from django.db import transaction

from common.errors import Untranslated
from common.errors import gettext_noop as _
from common.sql import ask
from conferences import part_file
from conferences.held import Held, Stopped
from conferences.models import RemoteTrack
from conferences.part_file import PartFile
from conferences.platforms import registry
from conferences.platforms.base import Driver, Part, RemoteTrackInfo
from conferences.sql import downloads
from recordings.choices import RecordingStatus
from recordings.conf import conf
from recordings.models import Recording
from recordings.services import awaited
from recordings.storage import get_storage

SLOW_SECONDS, SLOW_BYTES = 60.0, 60 * 256
"""A body that gives less in so many seconds of waiting is given up: it holds a worker."""

NOT_HEARD = frozenset({RecordingStatus.WAITING_MEDIA, RecordingStatus.READY})
"""No run has begun: the first one hears every track that is here."""


def bring(remote: RemoteTrack, held: Held) -> None:
    """Raises PlatformError, Untranslated, Stopped, and what `recordings` says of the file."""
    storage = get_storage()
    with part_file.opened(storage, remote.pk) as part:
        if not _is_whole(remote, part):
            with closing(registry.get_driver(remote.connection)) as driver:
                _fetch(driver, remote, part, held)
        _verify(remote, part)
        held.check()
        _settle(remote, part, held)


def _is_whole(remote: RemoteTrack, part: PartFile) -> bool:
    """Killed between its last byte and its being published."""
    known = bool(remote.etag or remote.sha256)
    return known and remote.size is not None and remote.size == part.size > 0


def _fetch(driver: Driver, remote: RemoteTrack, part: PartFile, held: Held) -> None:
    if not _continues(remote, part):
        part.restart()
    if remote.size is not None and remote.size > conf().upload_limit_bytes:
        raise too_large()
    part.storage.ensure_room(max((remote.size or 0) - part.size, 0))
    conference = remote.session.conference.remote_id
    body = driver.open_track(
        conference,
        session_id=remote.session.remote_id,
        track=_info(remote),
        start=part.size,
        etag=remote.etag,
    )
    with body as answer:
        _begin(remote, part, answer)
        for chunk in _steadily(answer.chunks):
            _check_length(remote, part, len(chunk))
            part.write(chunk)
            held.bytes = part.size
            held.pace(len(chunk))
    held.check()
    if remote.size is not None and part.size < remote.size:
        raise cut_short(part.size, remote.size)


def _check_length(remote: RemoteTrack, part: PartFile, more: int) -> None:
    """A body without an end must not fill the disk: others wait for room then."""
    size, limit = part.size + more, conf().upload_limit_bytes
    if remote.size is not None and size > remote.size:
        part.restart()
        raise wrong_size(size, remote.size)
    if size > limit:
        part.restart()
        raise too_large()


def _continues(remote: RemoteTrack, part: PartFile) -> bool:
    """Whether what is here is the beginning of the file that is there, as far as can be told."""
    known = bool(remote.etag or remote.sha256 or remote.size)
    return known and 0 < part.size < (remote.size or part.size + 1)


def _info(remote: RemoteTrack) -> RemoteTrackInfo:
    return RemoteTrackInfo(
        id=remote.remote_id,
        call_id=remote.call_id,
        display_name=remote.display_name,
        size=remote.size,
        sha256=remote.sha256,
        started_at=remote.started_at,
        stopped_at=remote.stopped_at,
        download_url=remote.download_url,
    )


def _begin(remote: RemoteTrack, part: PartFile, answer: Part) -> None:
    """The row says which file comes before the first of its bytes is written."""
    another = bool(answer.etag and remote.etag and answer.etag != remote.etag)
    if answer.start != part.size or (another and part.size):
        was_continued = answer.start > 0
        part.restart()
        if was_continued:  # the rest of another file than the one whose beginning we had
            _know(remote, answer)
            raise changed()
    if answer.size is not None and remote.size is not None and answer.size != remote.size:
        part.restart()
        raise wrong_size(answer.size, remote.size)
    if answer.etag != remote.etag or remote.size is None:
        _know(remote, answer)


def _know(remote: RemoteTrack, answer: Part) -> None:
    values = {"etag": answer.etag[:200], "size": answer.size}
    if not ask(downloads.KNOW, id=remote.pk, attempt=remote.attempt, **values):
        raise Stopped("lost", code="lost")
    remote.etag = values["etag"] or ""
    remote.size = remote.size if remote.size is not None else answer.size


def _steadily(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Ends a body that trickles. Only waiting for the server counts, not our own slowness."""
    waited, got = 0.0, 0
    while True:
        before = time.monotonic()
        chunk = next(chunks, None)
        waited += time.monotonic() - before
        if chunk is None:
            return
        got += len(chunk)
        if waited > SLOW_SECONDS:
            if got < SLOW_BYTES:
                raise too_slow()
            waited, got = 0.0, 0
        yield chunk


def _verify(remote: RemoteTrack, part: PartFile) -> None:
    if remote.size is not None and part.size != remote.size:
        size = part.size
        part.restart()
        raise wrong_size(size, remote.size)
    if remote.sha256 and part.sha256 != remote.sha256.lower():
        part.restart()
        raise wrong_hash()


def _settle(remote: RemoteTrack, part: PartFile, held: Held) -> None:
    """The bytes become durable first, then the track's rows, in one transaction."""
    assert remote.track is not None
    with awaited.publish(part.whole(), name=remote.display_name) as sound, transaction.atomic():
        if not ask(downloads.HOLD, id=remote.pk, attempt=remote.attempt):
            raise Stopped("lost", code="lost")
        recording = Recording.objects.select_for_update().get(pk=remote.track.recording_id)
        awaited.fill(remote.track, sound)
        ask(
            downloads.STORED,
            id=remote.pk,
            attempt=remote.attempt,
            size=part.size,
            sha256=part.sha256,
            # Whoever starts a run from now on takes the recording's row first, and finds it.
            merged=recording.status in NOT_HEARD,
        )


def cut_short(got: int, size: int) -> Untranslated:
    return Untranslated(
        "cut_short",
        _("The server closed the connection after %(got)s of %(size)s bytes."),
        retryable=True,
        got=got,
        size=size,
    )


def changed() -> Untranslated:
    return Untranslated(
        "changed_on_server",
        _("The file has changed on the server while it was brought; it is begun anew."),
        retryable=True,
    )


def wrong_size(got: int, size: int) -> Untranslated:
    return Untranslated(
        "wrong_size",
        _("The file has %(got)s bytes; the server's list says %(size)s."),
        retryable=True,
        next_action=_("Look at the file on the server, then try the track again."),
        got=got,
        size=size,
    )


def too_large() -> Untranslated:
    return Untranslated(
        "track_too_large",
        _("The file is larger than %(limit)s bytes, which is the most that is taken in."),
        retryable=False,
        next_action=_("Look at the file on the server, then try the track again."),
        limit=conf().upload_limit_bytes,
    )


def wrong_hash() -> Untranslated:
    return Untranslated(
        "wrong_hash",
        _("The file is not the one that the server's list speaks of: its SHA-256 differs."),
        retryable=True,
        next_action=_("Look at the file on the server, then try the track again."),
    )


def too_slow() -> Untranslated:
    return Untranslated(
        "too_slow", _("The server sends so slowly that the download was given up."), retryable=True
    )
