"""Shapes of corrections over REST."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from recognition.api.serializers import PhraseSerializer
from recognition.models import Edit
from recognition.services.editing import LONGEST_LINE

NAME = {"max_length": 200, "required": False}
LARGEST = 2**31 - 1


class _Wish(serializers.Serializer[Any]):
    seen = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=LONGEST_LINE,
        help_text="The line's text as you saw it; another one by now is a 409.",
    )


class LineInput(_Wish):
    text = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_LINE)
    speaker = serializers.CharField(**NAME)  # type: ignore[arg-type]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if not {"text", "speaker"} & set(given):
            raise serializers.ValidationError({"text": _("Give a text, a speaker, or both.")})
        return given


class SplitInput(_Wish):
    at = serializers.IntegerField(min_value=1, max_value=LONGEST_LINE)
    speaker = serializers.CharField(default="", allow_blank=True, max_length=200)


class JoinInput(_Wish):
    pass


class ChangedShape(serializers.Serializer[Any]):
    edits = serializers.ListField(child=serializers.IntegerField())
    lines = PhraseSerializer(many=True, help_text="Lines that are new or changed, by time.")
    removed = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of lines that are no more."
    )


class EditQuery(serializers.Serializer[Any]):
    before = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)


class EditShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Edit.Kind.choices)
    state = serializers.ChoiceField(
        choices=["applied", "lost", "undone"],
        help_text="lost: its words don't stand in the newest version.",
    )
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField(help_text="The version it was made on.")
    line = serializers.IntegerField(allow_null=True)
    track = serializers.IntegerField(allow_null=True)
    start = serializers.FloatField()
    end = serializers.FloatField()
    before = serializers.ListField(
        child=serializers.CharField(),
        help_text="The line's text, or those of two that were joined.",
    )
    text = serializers.CharField(allow_null=True, help_text="The words it put there.")
    speaker = serializers.CharField(allow_null=True)
    split_at = serializers.IntegerField(allow_null=True)


class EditList(serializers.Serializer[Any]):
    results = EditShape(many=True)
    next = serializers.URLField(allow_null=True)


class DifferenceQuery(serializers.Serializer[Any]):
    to = serializers.CharField(default="", max_length=20, allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's own."""
        fields: dict[str, Any] = super().get_fields()
        fields["from"] = serializers.CharField(default="", max_length=20, allow_blank=True)
        return fields


class SideShape(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    raw = serializers.BooleanField()
    engine = serializers.CharField()
    created_at = serializers.DateTimeField()


class PieceShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["same", "removed", "added"])
    text = serializers.CharField()


class PlaceShape(serializers.Serializer[Any]):
    old = PhraseSerializer(many=True)
    new = PhraseSerializer(many=True)
    pieces = PieceShape(many=True)


class DifferenceShape(serializers.Serializer[Any]):
    to = SideShape()
    differences = PlaceShape(many=True)

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        return {"from": SideShape(), **fields}
