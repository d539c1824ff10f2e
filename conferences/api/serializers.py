"""Shapes of connections and conferences over REST. Secrets go in and never come out."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conferences.choices import Consent
from conferences.models import (
    Conference,
    ConferenceSettings,
    Connection,
    Participant,
    RemoteTrack,
    Session,
)
from recordings.api.schemas import ProblemShape
from recordings.wording import told

_SECRET: dict[str, Any] = {"write_only": True, "required": False, "allow_blank": True}


class ConnectionSerializer(serializers.ModelSerializer):
    client_secret = serializers.CharField(
        max_length=1000, help_text="Never shown. Empty leaves the present one.", **_SECRET
    )
    chat_bot_password = serializers.CharField(
        max_length=1000, help_text="Never shown. Empty leaves the present one.", **_SECRET
    )
    default_rights = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    paths = serializers.DictField(child=serializers.CharField(), required=False)
    fields = serializers.DictField(child=serializers.CharField(), required=False)  # type: ignore[assignment]
    options = serializers.DictField(required=False)
    error = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = [
            "id",
            "name",
            "platform",
            "url",
            "host",
            "access",
            "enabled",
            "client_id",
            "client_secret",
            "verify_tls",
            "ca_bundle",
            "options",
            "chat_bot_user",
            "chat_bot_password",
            "paths",
            "fields",
            "poll_seconds",
            "rescan_hours",
            "auto_recognize",
            "consent_required",
            "default_rights",
            "bytes_per_second",
            "track_patience_hours",
            "download_workers",
            "status",
            "error",
            "polled_at",
            "created_at",
        ]
        read_only_fields = ["id", "host", "status", "polled_at", "created_at"]
        extra_kwargs: ClassVar[dict[str, Any]] = {"name": {"validators": []}}

    @extend_schema_field(ProblemShape(allow_null=True))
    def get_error(self, connection: Connection) -> dict[str, Any] | None:
        return told(connection.error)


class HealthSerializer(serializers.Serializer):
    """How a server is, as far as known."""

    status = serializers.CharField()
    error = ProblemShape(allow_null=True)
    excerpt = serializers.CharField(help_text="What a proxy said instead, at most 500 characters.")
    granted_scopes = serializers.ListField(child=serializers.CharField())
    missing_scopes = serializers.ListField(child=serializers.CharField())
    generation = serializers.CharField()
    checked_at = serializers.DateTimeField(allow_null=True)
    polled_at = serializers.DateTimeField(allow_null=True)
    poll_failures = serializers.IntegerField()
    clock_skew_s = serializers.FloatField(allow_null=True)
    certificate_expires_at = serializers.DateTimeField(allow_null=True)
    last_trace_id = serializers.CharField()
    credentials_rejected = serializers.BooleanField()
    backlog_sessions = serializers.IntegerField()
    backlog_tracks = serializers.IntegerField()
    backlog_bytes = serializers.IntegerField()
    backlog_oldest_s = serializers.FloatField()


class DownloadsSerializer(serializers.ModelSerializer):
    class Meta:
        model = ConferenceSettings
        fields = ["download_workers", "bytes_per_second"]
        extra_kwargs = {
            "download_workers": {"min_value": 1, "max_value": 100},
            "bytes_per_second": {"min_value": 1},
        }


class ParticipantSerializer(serializers.ModelSerializer):
    class Meta:
        model = Participant
        fields = ["call_id", "display_name", "role", "left_out", "joined_at", "left_at"]


class RemoteTrackSerializer(serializers.ModelSerializer):
    error = serializers.SerializerMethodField()

    class Meta:
        model = RemoteTrack
        fields = [
            "id",
            "remote_id",
            "call_id",
            "display_name",
            "size",
            "bytes_done",
            "status",
            "failures",
            "error",
            "track",
        ]

    @extend_schema_field(ProblemShape(allow_null=True))
    def get_error(self, track: RemoteTrack) -> dict[str, Any] | None:
        return told(track.error)


class SessionSerializer(serializers.ModelSerializer):
    tracks = RemoteTrackSerializer(many=True)

    class Meta:
        model = Session
        fields = ["id", "remote_id", "started_at", "stopped_at", "status", "recording", "tracks"]


class ConferenceSerializer(serializers.ModelSerializer):
    connection_name = serializers.CharField(source="connection.name", read_only=True)

    class Meta:
        model = Conference
        fields = [
            "id",
            "connection",
            "connection_name",
            "remote_id",
            "topic",
            "owner_call_id",
            "is_running",
            "auto_recognition",
            "recognition_language",
            "consent",
            "tags",
            "held_at",
            "created_at",
        ]


class OneConferenceSerializer(ConferenceSerializer):
    participants = ParticipantSerializer(many=True)
    sessions = SessionSerializer(many=True)

    class Meta(ConferenceSerializer.Meta):
        fields = [*ConferenceSerializer.Meta.fields, "participants", "sessions"]


class ConsentSerializer(serializers.Serializer):
    consent = serializers.ChoiceField(choices=Consent.choices)


class JoinSerializer(serializers.Serializer):
    recordings = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=50, help_text="The others."
    )


class RetriedSerializer(serializers.Serializer):
    tried_again = serializers.IntegerField()
