"""What was heard: per track, then as immutable versions of one transcript; and the text index."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from recordings.models import Recording, Run, Track


class TrackWords(TimestampedModel):
    """What an engine heard in one track: input of the assembly, replaced when it is heard again."""

    track = models.OneToOneField(Track, on_delete=models.CASCADE, related_name="words")
    engine = models.CharField(_("engine"), max_length=100)
    language = models.CharField(_("language"), max_length=10, blank=True)
    segments = models.JSONField(default=list)
    """`[{"start", "end", "text", "confidence", "words": [...]}]` in seconds of the track."""
    envelope = models.BinaryField(default=bytes)
    """Loudness over time (`recognition.assembly`), to tell a voice from its echo."""

    def __str__(self) -> str:
        return f"{self.track}: {self.engine}"


class Transcript(TimestampedModel):
    """One version of a recording's words. Never changed once written."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="transcripts")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10, blank=True)
    engine = models.CharField(_("engine"), max_length=100)

    class Meta:
        verbose_name = _("transcript")
        verbose_name_plural = _("transcripts")
        constraints = [
            models.UniqueConstraint(
                fields=["recording", "version"], name="transcript_version_once"
            ),
            models.UniqueConstraint(
                fields=["run"], condition=Q(run__isnull=False), name="transcript_once_per_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recording} v{self.version}"


class Phrase(models.Model):
    """A line of a transcript: one speaker, a stretch of time, the words."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="phrases")
    track = models.ForeignKey(
        Track, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    position = models.PositiveIntegerField()
    speaker = models.CharField(_("speaker"), max_length=200, blank=True)
    """The label the line was written with; `SpeakerName` says how it is shown."""
    start = models.FloatField(_("start, s"))
    end = models.FloatField(_("end, s"))
    text = models.TextField(_("text"))
    words = models.JSONField(default=list)
    """`[{"word", "start", "end", "confidence"}]` in seconds of the recording."""
    overlap = models.BooleanField(_("overlap"), default=False)
    dropped = models.CharField(_("dropped"), max_length=20, blank=True)
    """Why the line does not count (`bleed`); empty for lines that do."""

    class Meta:
        verbose_name = _("phrase")
        verbose_name_plural = _("phrases")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["transcript", "position"], name="phrase_position_once"),
            models.CheckConstraint(
                condition=Q(end__gte=F("start")), name="phrase_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start:.1f}"


class SpeakerName(TimestampedModel):
    """How a speaker's label is shown, for all versions of a recording's transcript."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="speaker_names")
    label = models.CharField(_("label"), max_length=200)
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        verbose_name = _("speaker name")
        verbose_name_plural = _("speaker names")
        constraints = [
            models.UniqueConstraint(fields=["recording", "label"], name="speaker_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class IndexEntry(models.Model):
    """A piece of text that can be found. Owners of text write their own entries.

    `words` is computed by PostgreSQL: Russian and English stems plus plain forms, ё folded into е.
    """

    class Kind(models.TextChoices):
        TITLE = "title", _("Title")
        PHRASE = "phrase", _("Phrase")
        SUMMARY = "summary", _("Summary")

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="index_entries")
    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.BigIntegerField(default=0)
    """The phrase or summary; 0 for a title."""
    text = models.TextField()
    start = models.FloatField(null=True, blank=True)
    """The second to play from."""
    words = models.GeneratedField(
        expression=models.Func(F("text"), function="recognition_words"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recording", "kind", "object_id"], name="index_entry_once"
            )
        ]
        indexes = [GinIndex(fields=["words"], name="index_entry_words")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
