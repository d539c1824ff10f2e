"""Opens a track: decodes it, finds where somebody speaks, and how loud."""

from typing import ClassVar
from uuid import UUID

from engines import vad
from recognition import sound
from recognition.assembly import envelope
from recognition.models import TrackWords
from recordings.choices import Queue
from recordings.models import Recording
from recordings.pipeline.step import Context, Step


class Prepare(Step):
    """Sets a track's duration and regions of speech; the engine then hears only these."""

    queue: ClassVar[Queue] = Queue.CPU
    per_track: ClassVar[bool] = True

    def run(self, context: Context) -> None:
        track = context.track
        expected = track.duration or 1
        decoded = sound.decode(
            track,
            on_progress=lambda seconds: context.report(50 * seconds / expected),
            check=context.check,
        )
        pcm = sound.samples(track)
        regions = vad.speech_regions(pcm)
        context.report(80)
        alone = not track.recording.tracks.exclude(pk=track.pk).exists()
        # Loudness tells a voice from its echo in another track; alone there is no other.
        loudness = b"" if alone or not regions else envelope.pack(envelope.measure(pcm))
        with context.writing():
            track.duration = decoded.duration_s
            track.regions = [[region.start, region.end] for region in regions]
            track.speech = round(sum(region.seconds for region in regions), 3)
            track.save(update_fields=["duration", "regions", "speech", "updated_at"])
            TrackWords.objects.update_or_create(
                track=track, defaults={"envelope": loudness, "segments": [], "engine": ""}
            )
            _lengthen(track.recording_id, track.offset + track.duration)


def _lengthen(recording_id: UUID, end: float) -> None:
    """A recording is as long as its longest track; tracks are prepared side by side."""
    Recording.objects.filter(pk=recording_id, duration__lt=end).update(duration=end)
