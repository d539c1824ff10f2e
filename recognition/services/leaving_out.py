"""Leaving a participant out of sound and text: he did not consent, or asked for it later."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict
from notifications import events
from recognition import selectors, sound, versions
from recognition.models import Edit, Phrase, TrackWords
from recordings import services as recordings
from recordings.models import Recording, Track


def leave_out(track: Track, *, by: User | None, request: HttpRequest | None = None) -> None:
    """His sound and every word of his go for good, from all versions; what was said about them
    (summaries) goes too and can be made anew. Doing it twice changes nothing.

    Conflict while the recording is on hold or worked on.
    """
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=track.recording_id)
        recordings.purge_sound(recording, by=by, tracks=[track.pk], request=request)
        if recording.runs.filter(status__in=["queued", "running"]).exists():
            raise Conflict(_("It is being processed; wait for the end or cancel that first."))
        if not Track.objects.filter(pk=track.pk, left_out=False).update(left_out=True):
            return
        _forget_words(recording, track)
        for name in settings.WORDS_MADE:
            import_string(name)(recording)
        audit.record(
            by,
            Action.PURGE,
            "recording",
            recording.pk,
            request=request,
            data={"left_out": track.pk},
        )
        _tell(recording)
    sound.forget(track)
    track.left_out = True


def _forget_words(recording: Recording, track: Track) -> None:
    TrackWords.objects.filter(track=track).delete()
    _forget_echoes(recording)
    Phrase.objects.filter(transcript__recording=recording, track=track).delete()
    Edit.objects.filter(recording=recording, track=track).delete()
    transcript = selectors.transcript_of(recording)
    if transcript is not None:  # anew: halves of split lines are found by numbers of their own
        versions.index_lines(transcript)


def _forget_echoes(recording: Recording) -> None:
    """What was heard of him through the loudspeakers of others was set aside; nobody can say any
    more whose echo it was, so all that was set aside goes."""
    echoes = Phrase.objects.filter(transcript__recording=recording).exclude(dropped="")
    for words in TrackWords.objects.filter(track__recording=recording).select_related("track"):
        spans = [
            (start - words.track.offset, end - words.track.offset)
            for start, end in echoes.filter(track=words.track).values_list("start", "end")
        ]
        kept = [one for one in words.segments if not _within(one, spans)]
        if len(kept) < len(words.segments):
            TrackWords.objects.filter(pk=words.pk).update(segments=kept)
    echoes.delete()


def _within(segment: dict[str, Any], spans: list[tuple[float, float]]) -> bool:
    middle = (segment["start"] + segment["end"]) / 2
    return any(start <= middle <= end for start, end in spans)


def _tell(recording: Recording) -> None:
    events.append(
        events.TRANSCRIPT_CHANGED,
        object_type="recording",
        object_id=recording.pk,
        topic=f"recording:{recording.pk}",
        data={"left_out": True},
    )
