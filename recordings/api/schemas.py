"""What goes in and out, for checking input and for the OpenAPI description."""

from typing import Any

from rest_framework import serializers

from common.fields import MomentField
from recordings.choices import Kind, RecordingStatus, Right, RunStatus, StepStatus, TrackStatus


class ProblemShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    retryable = serializers.BooleanField()
    next_action = serializers.CharField()


class PlaceInQueue(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="How many wait before it; 0: at work.")
    eta_s = serializers.IntegerField(help_text="Seconds until it will probably be done.")


class TrackShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    duration = serializers.FloatField()
    speech = serializers.FloatField(allow_null=True)
    status = serializers.ChoiceField(choices=TrackStatus.choices)


class RecordingShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    source = serializers.CharField()  # type: ignore[assignment]  # DRF's own fields have one
    status = serializers.ChoiceField(choices=RecordingStatus.choices)
    incomplete = serializers.BooleanField()
    progress = serializers.IntegerField(min_value=0, max_value=100)
    queue = PlaceInQueue(allow_null=True)
    error = ProblemShape(allow_null=True)
    language = serializers.CharField()
    duration = serializers.FloatField()
    started_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    tracks = TrackShape(many=True)


class RecordingPage(serializers.Serializer[Any]):
    results = RecordingShape(many=True)
    next = serializers.URLField(allow_null=True)


class UploadInput(serializers.Serializer[Any]):
    file = serializers.ListField(child=serializers.FileField(), required=False)
    track_name = serializers.ListField(child=serializers.CharField(), required=False)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    language = serializers.CharField(required=False, allow_blank=True, max_length=10)
    kind = serializers.ChoiceField(choices=Kind.choices, default=Kind.UPLOAD)
    pipeline = serializers.CharField(required=False, allow_blank=True, max_length=40)
    process = serializers.BooleanField(default=True)
    started_at = MomentField(required=False)


class ChangeInput(serializers.Serializer[Any]):
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    language = serializers.CharField(required=False, allow_blank=True, max_length=10)


class ProcessInput(serializers.Serializer[Any]):
    pipeline = serializers.CharField(required=False, max_length=40)
    engine = serializers.CharField(required=False, max_length=40)
    language = serializers.CharField(required=False, max_length=10)
    tracks = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, allow_empty=False
    )


class StepShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    step = serializers.CharField()
    track = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=StepStatus.choices)
    attempt = serializers.IntegerField()
    progress = serializers.IntegerField(min_value=0, max_value=100)
    error = ProblemShape(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RunShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    pipeline = serializers.CharField()
    status = serializers.ChoiceField(choices=RunStatus.choices)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    steps = StepShape(many=True)


class RunPage(serializers.Serializer[Any]):
    results = RunShape(many=True)
    next = serializers.URLField(allow_null=True)


class Grantee(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()


class GranteeGroup(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class AccessShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    user = Grantee(allow_null=True)
    group = GranteeGroup(allow_null=True)
    link = serializers.BooleanField()
    rights = serializers.ListField(child=serializers.ChoiceField(choices=Right.choices))
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewAccessShape(AccessShape):
    secret = serializers.CharField(required=False, help_text="Of a link; shown this once.")
    url = serializers.URLField(required=False, help_text="Of a link; shown this once.")


class AccessPage(serializers.Serializer[Any]):
    results = AccessShape(many=True)
    next = serializers.URLField(allow_null=True)


class WhoInput(serializers.Serializer[Any]):
    user = serializers.CharField(
        required=False, max_length=150, help_text="Id or user name of whom it is for."
    )
    group = serializers.CharField(required=False, max_length=150, help_text="Id or name.")


class GrantInput(WhoInput):
    link = serializers.BooleanField(default=False, help_text="Make a link instead.")
    rights = serializers.ListField(
        child=serializers.ChoiceField(choices=Right.choices), default=lambda: [Right.VIEW.value]
    )
    expires_at = MomentField(required=False, allow_null=True, default=None)


class RevokeInput(WhoInput):
    id = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Of the access, as listed."
    )
