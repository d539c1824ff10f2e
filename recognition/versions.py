"""Writing a version of a transcript: the same run replaces its own, another run adds one."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max

from recognition import index, selectors
from recognition.assembly.values import Line
from recognition.models import IndexEntry, Phrase, Transcript
from recordings.models import Recording, Run


@transaction.atomic
def write(
    recording: Recording, *, run: Run | None, lines: Iterable[Line], engine: str, language: str
) -> Transcript:
    """Also makes its lines findable instead of older ones."""
    Recording.objects.select_for_update().get(pk=recording.pk)
    Transcript.objects.filter(recording=recording, run=run, run__isnull=False).delete()
    last = recording.transcripts.aggregate(last=Max("version"))["last"] or 0
    transcript = Transcript.objects.create(
        recording=recording, run=run, version=last + 1, engine=engine, language=language
    )
    Phrase.objects.bulk_create(
        [_phrase(transcript, position, line) for position, line in enumerate(lines)],
        batch_size=1000,
    )
    if language and not recording.language:
        Recording.objects.filter(pk=recording.pk).update(language=language)
    index_lines(transcript)
    index.replace_title(recording)
    return transcript


def index_lines(transcript: Transcript) -> None:
    """What can be found of the recording is what stands in this version, as it was corrected."""
    entries = (
        {"object_id": line.id, "text": line.text, "start": line.start}
        for line in selectors.lines_of(transcript).lines
    )
    index.replace(transcript.recording, IndexEntry.Kind.PHRASE, entries)


def _phrase(transcript: Transcript, position: int, line: Line) -> Phrase:
    return Phrase(
        transcript=transcript,
        track_id=line.track,
        position=position,
        speaker=line.speaker,
        start=line.start,
        end=line.end,
        text=line.text,
        words=[
            {
                "word": word.word,
                "start": word.start,
                "end": word.end,
                "confidence": word.confidence,
            }
            for word in line.words
        ],
        overlap=line.overlap,
        dropped=line.dropped or "",
    )
