"""Recordings whose sound is still on its way: announced first, filled track by track.

An upper floor knows of a conversation before its bytes are here. It announces the recording with
the tracks it expects (`pending`), fills each as it comes, gives up what can't be had, and says when
nothing more is awaited.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from engines.media.base import MediaInfo
from notifications import events
from recordings.choices import Kind, RecordingStatus, TrackStatus
from recordings.models import Recording, StoredFile, Track
from recordings.services import intake, titles, values
from recordings.storage import files as stored


@dataclass(frozen=True)
class Expected:
    """A track that is to come, or (left out) never will. `offset`: seconds from the recording's
    beginning."""

    name: str
    offset: float = 0.0
    left_out: bool = False


@dataclass(frozen=True)
class Sound:
    """A file that was judged and whose bytes are durable; its row is not saved yet."""

    file: StoredFile
    info: MediaInfo


def announce(
    owner: User,
    expected: Sequence[Expected],
    *,
    title: str,
    kind: str = Kind.MEETING,
    source: str,
    realm: str = "",
    language: str = "",
    started_at: dt.datetime | None = None,
    tags: Sequence[str] = (),
) -> tuple[Recording, list[Track]]:
    """A recording that waits for its media, and its tracks in the order given. Durable with the
    caller's transaction. Raises Invalid for a wrong word."""
    with transaction.atomic():
        recording = Recording.objects.create(
            owner=owner,
            title=values.clean_text(title),
            kind=values.check_kind(kind),
            source=source,
            realm=realm,
            language=values.check_language(language),
            started_at=started_at,
            tags=list(tags),
            status=RecordingStatus.WAITING_MEDIA,
        )
        tracks = [expect(recording, one) for one in expected]
        titles.note(recording)
        events.append(
            events.RECORDING_CREATED,
            object_type="recording",
            object_id=recording.pk,
            topic=_topic(recording),
            data={"kind": recording.kind, "source": source, "tracks": len(tracks)},
        )
    return recording, tracks


def expect(recording: Recording, expected: Expected) -> Track:
    """One more track is to come. The caller holds the recording's row, or has just made it."""
    last = recording.tracks.aggregate(last=Max("position"))["last"]
    return Track.objects.create(
        recording=recording,
        position=0 if last is None else last + 1,
        name=values.clean_text(expected.name),
        offset=max(expected.offset, 0.0),
        left_out=expected.left_out,
        status=TrackStatus.MISSING if expected.left_out else TrackStatus.PENDING,
    )


@contextmanager
def publish(incoming: stored.Incoming, *, name: str) -> Iterator[Sound]:
    """Judges a file that came and makes its bytes durable; removed again when the block fails.

    Raises UnsupportedMedia, Unprocessable or TooLarge for a bad file, StorageFull, Unavailable.
    """
    given = intake.IncomingFile(incoming, name)
    judged = intake._Judged(given, incoming, intake._inspect(given, incoming))
    row = stored.place(incoming, content_type=judged.content_type)
    try:
        yield Sound(row, judged.info)
    except BaseException:
        stored.remove([row])
        raise


def fill(track: Track, sound: Sound) -> None:
    """The track has its sound. In the caller's transaction; Track.DoesNotExist when it is gone."""
    length = sound.info.duration_s or 0.0
    sound.file.save(force_insert=True)
    locked = Track.objects.select_for_update().get(pk=track.pk)
    locked.status, locked.file = TrackStatus.STORED, sound.file
    locked.format, locked.duration = sound.info.format, length
    locked.save(update_fields=["status", "file", "format", "duration", "updated_at"])
    end = locked.offset + length
    Recording.objects.filter(pk=locked.recording_id, duration__lt=end).update(duration=end)


def give_up(track_id: int) -> None:
    """The track can't be had; it may still come."""
    Track.objects.filter(pk=track_id, status=TrackStatus.PENDING).update(status=TrackStatus.MISSING)


def rename(track_id: int, *, before: str, name: str) -> bool:
    """Gives a track the name that is known by now, unless somebody changed it."""
    named = Track.objects.filter(pk=track_id, name=values.clean_text(before))
    return bool(named.update(name=values.clean_text(name)))


@transaction.atomic
def arrive(recording: Recording, *, incomplete: bool) -> Recording:
    """Nothing more is awaited: it is ready, or has failed when there is no sound at all.

    Raises Recording.DoesNotExist. Calling it again changes only whether it is incomplete.
    """
    locked = Recording.objects.select_for_update().get(pk=recording.pk)
    if locked.incomplete != incomplete:
        Recording.objects.filter(pk=locked.pk).update(incomplete=incomplete)
    if locked.status == RecordingStatus.WAITING_MEDIA:
        has_sound = locked.tracks.filter(status=TrackStatus.STORED).exists()
        locked.status = RecordingStatus.READY if has_sound else RecordingStatus.FAILED
        locked.incomplete = incomplete
        locked.save(update_fields=["status", "updated_at"])
        events.append(
            events.RECORDING_STATUS,
            object_type="recording",
            object_id=locked.pk,
            topic=_topic(locked),
            data={"from": RecordingStatus.WAITING_MEDIA.value, "to": locked.status},
        )
    return locked


def _topic(recording: Recording) -> str:
    return f"recording:{recording.pk}"
