"""How long one recording is kept: tags, legal hold, its sound, and the trash."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import user_of
from accounts.choices import Role
from accounts.permissions import Allowed
from common.api import given
from common.errors import NotAllowed
from recordings import selectors, services
from recordings.api import find, pages, shapes
from recordings.api.schemas import RecordingPage, RecordingShape
from recordings.choices import Right
from recordings.models import Recording


class LifeShape(serializers.Serializer[Any]):
    tags = serializers.ListField(child=serializers.CharField())
    on_hold = serializers.BooleanField(help_text="Nothing of it is deleted while this is true.")
    trash_days = serializers.IntegerField(help_text="How long the trash keeps it; 0: no trash.")


class LifeInput(serializers.Serializer[Any]):
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60, allow_blank=True), required=False, max_length=50
    )
    on_hold = serializers.BooleanField(required=False)


class PurgeInput(serializers.Serializer[Any]):
    tracks = serializers.ListField(child=serializers.IntegerField(), required=False)


class PurgedShape(serializers.Serializer[Any]):
    tracks = serializers.IntegerField(help_text="Tracks whose sound was deleted now.")


class Life(find.RecordingView):
    @extend_schema(operation_id="recordings_life", responses={200: LifeShape})
    def get(self, request: Request, id: str) -> Response:
        return Response(_life(find.recording(request, id)))

    @extend_schema(
        operation_id="recordings_change_life", request=LifeInput, responses={200: LifeShape}
    )
    def patch(self, request: Request, id: str) -> Response:
        """Its tags; and for administrators the legal hold."""
        recording = find.recording(request, id, Right.EDIT)
        fields = given(LifeInput, request)
        if "on_hold" in fields:
            _check_administrator(request)
            services.hold(recording, on=fields["on_hold"], by=user_of(request), request=request)
        if "tags" in fields:
            services.tag(recording, fields["tags"], by=user_of(request))
        return Response(_life(recording))


class PurgeSound(find.RecordingView):
    @extend_schema(
        operation_id="recordings_purge_sound", request=PurgeInput, responses={200: PurgedShape}
    )
    def post(self, request: Request, id: str) -> Response:
        """Delete its sound for good and keep the words."""
        recording = find.recording(request, id, Right.DELETE)
        chosen = given(PurgeInput, request).get("tracks")
        count = services.purge_sound(recording, by=user_of(request), tracks=chosen, request=request)
        return Response({"tracks": count})


class Trash(APIView):
    permission_classes = [Allowed]

    @extend_schema(operation_id="trash_list", responses={200: RecordingPage})
    def get(self, request: Request) -> Response:
        """What you may restore, newest first."""
        query = request.query_params
        limit = pages.limit_of(query)
        rows = pages.rows([selectors.in_trash(request.user)], query, limit + 1)
        more = pages.next_link(request, rows[limit - 1]) if len(rows) > limit else None
        return Response({"results": shapes.recordings(rows[:limit]), "next": more})


class Trashed(APIView):
    permission_classes = [Allowed]

    @extend_schema(operation_id="trash_restore", request=None, responses={200: RecordingShape})
    def post(self, request: Request, id: str) -> Response:
        """Take it out of the trash."""
        recording = _trashed(request, id)
        services.restore(recording, by=user_of(request), request=request)
        return Response(shapes.recording(recording))

    @extend_schema(operation_id="trash_delete", responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Delete it for good, with everything that was made from it."""
        services.delete(_trashed(request, id), by=user_of(request), request=request)
        return Response(status=204)


def _trashed(request: Request, id: str) -> Recording:
    found = selectors.in_trash(request.user).filter(pk=find.parse(id)).first()
    if found is None:
        raise find.nothing()
    return found


def _life(recording: Recording) -> dict[str, Any]:
    return {
        "tags": recording.tags,
        "on_hold": recording.on_hold,
        "trash_days": services.trash_days(),
    }


def _check_administrator(request: Request) -> None:
    if getattr(request.user, "role", None) != Role.ADMIN:
        raise NotAllowed(_("Only an administrator may do this."), code="administrators_only")
