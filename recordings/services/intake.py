"""Files become a recording: looked at, stored, and written down in one transaction.

Order matters. A file is copied into the storage's own folder and judged there; then its bytes are
made durable; then rows, event and run are committed together. A crash in between leaves a file
that no row names (`storage.reconcile` finds it) and never a row without bytes.
"""

import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.choices import Role
from accounts.licences import LicenceLimit
from accounts.models import User
from common.errors import (
    Invalid,
    NotAllowed,
    SaiError,
    TooLarge,
    Unprocessable,
    UnsupportedMedia,
    as_stored,
)
from engines.errors import BadMedia
from engines.media import reading
from engines.media.base import Limits, MediaInfo
from notifications import events
from recordings.choices import Kind, RecordingStatus, TrackStatus
from recordings.conf import conf
from recordings.models import Recording, StoredFile, Track
from recordings.services import journey, life, titles, values
from recordings.storage import files as stored

UNPROCESSABLE = frozenset(
    {"no_audio", "no_channels", "too_many_channels", "bad_rate", "too_long", "truncated"}
    | {"broken", "no_sound", "too_much_memory", "too_much_work", "decoder_crashed"}
)
"""Refusals of files that are sound, and still can't be used: 422. All others: 415."""
CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "w64": "audio/x-w64",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "mov": "audio/mp4",
    "matroska": "audio/webm",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "aiff": "audio/aiff",
    "asf": "audio/x-ms-wma",
}


@dataclass(frozen=True)
class IncomingFile:
    """One file to take in. `source`: a path or open file, which stays as it is, or an upload."""

    source: Path | BinaryIO | stored.Incoming
    name: str
    track_name: str = ""


@dataclass(frozen=True)
class _Judged:
    given: IncomingFile
    staged: stored.Incoming
    info: MediaInfo

    @property
    def content_type(self) -> str:
        plain = CONTENT_TYPES.get(self.info.format, "application/octet-stream")
        return plain.replace("audio/", "video/") if self.info.has_video else plain


def receive(
    owner: User,
    files: Sequence[IncomingFile],
    *,
    title: str = "",
    language: str = "",
    kind: str = Kind.UPLOAD,
    pipeline: str | None = None,
    process: bool = True,
    source: str = "upload",
    started_at: dt.datetime | None = None,
    params: Mapping[str, Any] | None = None,
) -> tuple[Recording, bool]:
    """(recording, True), or (the first one with these bytes, False). All is durable on return.

    One file is one track, mono or not; several are the tracks of one recording. Raises NotAllowed
    for a guest, who has nothing of his own, Invalid for a wrong word, UnsupportedMedia,
    Unprocessable or TooLarge for a bad file, StorageFull, Unavailable; then nothing is kept.
    """
    if owner.role == Role.GUEST:
        raise NotAllowed(_("Guests may not do this."), code="guest")
    if not files:
        raise Invalid(_("There is no file."), code="no_file", next_action=_("Send a sound file."))
    fields = {
        "owner": owner,
        "kind": values.check_kind(kind),
        "language": values.check_language(language),
        "title": values.clean_text(title),
        "source": source,
        "started_at": started_at,
    }
    wanted = values.check_pipeline(pipeline) if process else None
    with _staged(files) as staged:
        fields["content_sha256"] = digest = content_of([one.sha256 for one in staged])
        if first := _first(owner, digest):
            life.restore(first, by=owner)  # he sends it again: he wants it back
            return first, False
        judged = _judge(files, staged)
        begin = partial(journey.process, pipeline=wanted, params=params, by=owner)
        return _keep(fields, judged, begin if process else None)


def _keep(
    fields: Mapping[str, Any], judged: Sequence[_Judged], begin: Callable[[Recording], Any] | None
) -> tuple[Recording, bool]:
    """Bytes first, then rows, event and run in one transaction."""
    with _placed(judged) as rows:
        try:
            with transaction.atomic():
                recording = _write(fields, judged, rows)
                if begin:
                    _begin(recording, begin)
        except IntegrityError:
            first = _first(fields["owner"], fields["content_sha256"])
            if first is None:
                raise
            # Somebody else was faster with the same bytes; ours are removed.
            stored.remove(rows)
            return first, False
    return recording, True


def _begin(recording: Recording, begin: Callable[[Recording], Any]) -> None:
    """A licence that refuses work refuses no bytes: the recording is kept and says why it waits."""
    try:
        begin(recording)
    except LicenceLimit as refusal:
        recording.error = as_stored(refusal)
        recording.save(update_fields=["error", "updated_at"])


def content_of(digests: Sequence[str]) -> str:
    """The digest that makes a recording known: of its tracks' digests, in whatever order."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _first(owner: User, digest: str) -> Recording | None:
    return Recording.objects.filter(owner=owner, content_sha256=digest).first()


@contextmanager
def _staged(files: Sequence[IncomingFile]) -> Iterator[list[stored.Incoming]]:
    """Private copies, gone at the end unless they were published. An upload is one already."""
    staged: list[stored.Incoming] = []
    try:
        staged.extend(map(_stage, files))  # one by one: what was staged is known below
        yield staged
    finally:
        for one in staged:
            one.discard()


def _stage(given: IncomingFile) -> stored.Incoming:
    if isinstance(given.source, stored.Incoming):
        return given.source
    limit = conf().upload_limit_bytes
    if _size_of(given.source) > limit:
        raise _of_file(TooLarge(_("The file is larger than %(n)s bytes.") % {"n": limit}), given)
    return stored.stage(given.source)


def _size_of(source: Path | BinaryIO) -> int:
    if isinstance(source, Path):
        return source.stat().st_size
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    return size


def _judge(files: Sequence[IncomingFile], staged: Sequence[stored.Incoming]) -> list[_Judged]:
    return [
        _Judged(given, one, _inspect(given, one)) for given, one in zip(files, staged, strict=True)
    ]


def _inspect(given: IncomingFile, staged: stored.Incoming) -> MediaInfo:
    limits = Limits(max_bytes=conf().upload_limit_bytes)
    try:
        return reading.inspect(staged.path, limits=limits)
    except BadMedia as error:
        raise _of_file(_refusal(error), given) from error


def _refusal(error: BadMedia) -> SaiError:
    """The verdict of the media room in the caller's language, with its place in HTTP."""
    verdict: type[SaiError] = UnsupportedMedia
    if error.code in UNPROCESSABLE:
        verdict = Unprocessable
    elif error.code == "too_large":
        verdict = TooLarge
    return verdict(
        _(error.msgid) % error.details,
        code=error.code,
        next_action=_(error.next_msgid) % error.details if error.next_msgid else "",
        details=error.details,
    )


def _of_file(error: SaiError, given: IncomingFile) -> SaiError:
    error.details["file"] = values.clean_text(given.name)
    return error


@contextmanager
def _placed(judged: Sequence[_Judged]) -> Iterator[list[StoredFile]]:
    """Published bytes with unsaved rows; removed again when what follows fails."""
    rows: list[StoredFile] = []
    try:
        rows += (stored.place(one.staged, content_type=one.content_type) for one in judged)
        yield rows
    except BaseException:
        stored.remove(rows)
        raise


def _write(
    fields: Mapping[str, Any], judged: Sequence[_Judged], rows: Sequence[StoredFile]
) -> Recording:
    names = [values.name_of(one.given.name) for one in judged]
    lengths = [one.info.duration_s or 0.0 for one in judged]
    recording = Recording.objects.create(
        **{
            "realm": fields["owner"].realm,
            **fields,
            "title": fields["title"] or (names[0] if len(names) == 1 else ""),
        },
        status=RecordingStatus.READY,
        duration=max(lengths),
    )
    StoredFile.objects.bulk_create(rows)
    Track.objects.bulk_create(
        Track(
            recording=recording,
            position=position,
            name=values.clean_text(one.given.track_name) or (name if len(judged) > 1 else ""),
            status=TrackStatus.STORED,
            file=row,
            format=one.info.format,
            duration=length,
        )
        for position, (one, name, length, row) in enumerate(
            zip(judged, names, lengths, rows, strict=True)
        )
    )
    titles.note(recording)
    events.append(
        events.RECORDING_CREATED,
        object_type="recording",
        object_id=recording.pk,
        topic=f"recording:{recording.pk}",
        data={"kind": recording.kind, "source": recording.source, "tracks": len(judged)},
    )
    return recording
