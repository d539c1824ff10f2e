"""Shapes of transcripts over REST."""

from rest_framework import serializers

from recognition.exports.registry import FORMATS


class WordSerializer(serializers.Serializer):
    word = serializers.CharField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    confidence = serializers.FloatField(allow_null=True)


class PhraseSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    speaker = serializers.CharField()
    track = serializers.IntegerField(allow_null=True)
    start = serializers.FloatField()
    end = serializers.FloatField()
    text = serializers.CharField()
    words = WordSerializer(many=True)
    overlap = serializers.BooleanField()


class TranscriptSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    version = serializers.IntegerField()
    language = serializers.CharField()
    engine = serializers.CharField()
    created_at = serializers.DateTimeField()
    phrases = PhraseSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class TranscriptQuery(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=2000, default=500)
    dropped = serializers.BooleanField(default=False)


class ExportQuery(serializers.Serializer):
    format = serializers.ChoiceField(choices=sorted(FORMATS))
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    summary = serializers.BooleanField(default=True)
    anonymous = serializers.BooleanField(
        default=False,
        help_text="Speakers are numbered, and their names replaced where they stand as whole "
        "words: as well as that can be told, not a promise.",
    )


class SpeakerSerializer(serializers.Serializer):
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]  # DRF's own fields have one
    name = serializers.CharField(max_length=200, allow_blank=True)


class FoundSerializer(serializers.Serializer):
    recording = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.CharField()
    phrase = serializers.IntegerField(allow_null=True)
    snippet = serializers.CharField(help_text="Plain text; what was found stands in **stars**.")
    start = serializers.FloatField(allow_null=True)
    rank = serializers.FloatField()


class SearchQuery(serializers.Serializer):
    q = serializers.CharField(max_length=500)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class SearchSerializer(serializers.Serializer):
    results = FoundSerializer(many=True)
    next = serializers.URLField(allow_null=True)
