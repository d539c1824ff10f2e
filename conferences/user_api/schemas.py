"""What goes in and out, for checking input and for the OpenAPI description."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from conferences.user_api.statuses import WORDS, StatusId
from recordings.choices import Right

LEVELS = ("admin", "owner", "edit", "comment", "read")
SORT_FIELDS = ("created_at", "display_name", "duration", "started_at")
LONGEST_PAGE = 1000


class UserApiProblem(serializers.Serializer[Any]):
    code = serializers.IntegerField(help_text="The HTTP status.")
    description = serializers.CharField(help_text="What is wrong, for people.")
    reason = serializers.CharField(help_text="A word for programs.")
    details = serializers.DictField(required=False)


class UserApiRefusal(serializers.Serializer[Any]):
    error = UserApiProblem()


def answers(shapes: dict[Any, Any]) -> dict[Any, Any]:
    """With what any other status means here."""
    refusal = OpenApiResponse(
        UserApiRefusal, description="Refused: 400 401 403 404 405 409 415 422 429 503"
    )
    return {**shapes, "default": refusal}


class FromTcsInput(serializers.Serializer[Any]):
    domain = serializers.CharField(max_length=500, help_text="Host of the TrueConf Server.")
    token = serializers.CharField(max_length=4096)


class RefreshPairInput(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(max_length=200)


class PairShape(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    access_token_expires_at = serializers.DateTimeField()
    refresh_token = serializers.CharField()
    refresh_token_expires_at = serializers.DateTimeField()


class ListQuery(serializers.Serializer[Any]):
    page = serializers.IntegerField(required=False, min_value=1, max_value=10**9, default=1)
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LONGEST_PAGE, default=50
    )
    search = serializers.CharField(
        required=False, allow_blank=True, max_length=500, default="", help_text="Names and texts."
    )
    status = serializers.ChoiceField(choices=[int(one) for one in StatusId], required=False)
    conference_id = serializers.CharField(required=False, allow_blank=True, max_length=200)
    sort_field = serializers.ChoiceField(choices=SORT_FIELDS, required=False, default="created_at")
    sort_order = serializers.ChoiceField(
        choices=[0, 1], required=False, default=1, help_text="0 ascending, 1 descending."
    )


class LinesQuery(serializers.Serializer[Any]):
    page = serializers.IntegerField(required=False, min_value=1, max_value=10**9, default=1)
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LONGEST_PAGE, help_text="Without it all lines."
    )
    language = serializers.CharField(required=False, allow_blank=True, max_length=20, default="")


class RecognizeInput(serializers.Serializer[Any]):
    language = serializers.CharField(required=False, allow_blank=True, max_length=10, default="")


class PageShape(serializers.Serializer[Any]):
    current = serializers.IntegerField()
    total = serializers.IntegerField(help_text="How many pages there are.")
    size = serializers.IntegerField()
    count = serializers.IntegerField(help_text="How many rows there are on all pages.")


class CardShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    conference_id = serializers.CharField(allow_null=True)
    session_id = serializers.CharField(allow_null=True)
    display_name = serializers.CharField()
    duration = serializers.FloatField(help_text="Seconds.")
    language = serializers.CharField()
    transcription_status_id = serializers.ChoiceField(choices=[int(one) for one in StatusId])
    status = serializers.CharField(help_text=", ".join(WORDS))
    status_note = serializers.CharField(help_text="The reason, where something went wrong.")
    recognition_progress = serializers.IntegerField(min_value=0, max_value=100)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    recognized_at = serializers.DateTimeField(allow_null=True)
    access_level = serializers.ChoiceField(choices=LEVELS)
    rights = serializers.ListField(child=serializers.ChoiceField(choices=Right.choices))
    tcs_id = serializers.IntegerField(allow_null=True)
    transcription_url = serializers.URLField()
    audio_url = serializers.URLField()


class TrackCardShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    call_id = serializers.CharField()
    display_name = serializers.CharField()
    duration = serializers.FloatField()


class OneCardShape(CardShape):
    tracks = TrackCardShape(many=True)
    transcription = CardShape(help_text="The same once more, for clients that look for it here.")


class ListShape(serializers.Serializer[Any]):
    transcriptions = CardShape(many=True)
    page = PageShape()


class LineShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    transcription_id = serializers.IntegerField()
    call_id = serializers.CharField()
    user_id = serializers.IntegerField(allow_null=True)
    display_name = serializers.CharField()
    line = serializers.CharField()
    start_time = serializers.FloatField()
    end_time = serializers.FloatField()
    language = serializers.CharField()


class LinesShape(serializers.Serializer[Any]):
    lines = LineShape(many=True)
    page = PageShape()


class SummaryItemShape(serializers.Serializer[Any]):
    text = serializers.CharField()
    line_ids = serializers.ListField(child=serializers.IntegerField())
    verified = serializers.BooleanField()


class UserSummaryShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    transcription_id = serializers.IntegerField()
    name = serializers.CharField(help_text="Of its prompt.")
    text = serializers.CharField()
    items = SummaryItemShape(many=True)
    coverage = serializers.FloatField()
    stale = serializers.BooleanField(help_text="The text was edited after it was made.")
    created_at = serializers.DateTimeField()


class SummariesShape(serializers.Serializer[Any]):
    summaries = UserSummaryShape(many=True)
