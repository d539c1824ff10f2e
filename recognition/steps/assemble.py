"""Makes one transcript of what was heard in every track."""

from typing import ClassVar

from django.utils.translation import gettext as _

from common.errors import Untranslated, gettext_noop
from notifications import events
from recognition import sound, versions
from recognition.assembly import envelope, lines
from recognition.assembly.values import HeardTrack, read_segments
from recognition.models import TrackWords
from recordings.choices import Queue
from recordings.pipeline.step import Context, Step


class Assemble(Step):
    """A new version of the transcript: tracks merged by time, echoes set aside."""

    queue: ClassVar[Queue] = Queue.CPU

    def run(self, context: Context) -> None:
        recording = context.recording
        heard = list(
            TrackWords.objects.filter(
                track__recording=recording, track__left_out=False
            ).select_related("track")
        )
        if not heard and not context.run.steps.filter(track__isnull=False).exists():
            raise nothing_heard()
        assembled = lines.assemble(
            [_track(words) for words in heard], speaker_label=_("Speaker {number}")
        )
        context.report(60)
        engines = sorted({words.engine for words in heard if words.engine})
        languages = [words.language for words in heard if words.language]
        with context.writing():
            transcript = versions.write(
                recording,
                run=context.run,
                lines=assembled,
                engine=", ".join(engines),
                language=max(languages, key=languages.count, default=recording.language),
            )
            events.append(
                events.TRANSCRIPT_READY,
                object_type="recording",
                object_id=recording.pk,
                topic=f"recording:{recording.pk}",
                data={"transcript": transcript.pk, "version": transcript.version},
            )
        for words in heard:
            sound.forget(words.track)


def nothing_heard() -> Untranslated:
    """Of a pipeline that only puts together what others heard: an empty transcript would hide the
    one that is there."""
    return Untranslated(
        "nothing_heard",
        gettext_noop("Nothing of what was heard is kept, so nothing can be put together."),
        retryable=False,
        next_action=gettext_noop("Recognise the recording instead."),
    )


def _track(words: TrackWords) -> HeardTrack:
    return HeardTrack(
        id=words.track_id,
        name=words.track.name,
        segments=read_segments(words.segments),
        offset=words.track.offset,
        envelope=envelope.unpack(bytes(words.envelope)),
    )
