"""recordings/{id}/made/: sound that engines made of a recording, for whoever may see it."""

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.choices import Action
from common.errors import NotFound
from recognition.gateway.standing import made_of
from recognition.models import EngineOutput
from recordings.api import find, ranges
from recordings.api.audio import AsyncChunks, Chunks
from recordings.api.one import LINK
from recordings.storage import files


class MadeSerializer(serializers.ModelSerializer):
    size = serializers.IntegerField(source="file.size", read_only=True)

    class Meta:
        model = EngineOutput
        fields = ["id", "track", "name", "format", "size", "created_at"]
        read_only_fields = fields


class MadeList(serializers.Serializer):
    results = MadeSerializer(many=True)


class Made(find.RecordingView):
    permission_classes = [find.AllowedOrLink]

    @extend_schema(operation_id="recordings_made", parameters=[LINK], responses={200: MadeList})
    def get(self, request: Request, id: str) -> Response:
        """Sound that engines made of it."""
        rows = made_of(find.recording(request, id))
        return Response({"results": MadeSerializer(rows, many=True).data})


class MadeFile(find.RecordingView):
    permission_classes = [find.AllowedOrLink]

    @extend_schema(
        operation_id="recordings_made_file",
        parameters=[LINK, OpenApiParameter("Range", location="header", description="bytes=0-1023")],
        responses={
            (200, "audio/*"): OpenApiTypes.BINARY,
            (206, "audio/*"): OpenApiTypes.BINARY,
            416: None,
        },
    )
    def get(self, request: Request, id: str, pk: int) -> HttpResponseBase:
        """One of them, with Range."""
        recording = find.recording(request, id)
        made = next((one for one in made_of(recording) if one.pk == pk), None)
        if made is None:
            raise NotFound(_("There is no such sound in this recording."), code="no_sound")
        part = ranges.parse(request.META.get("HTTP_RANGE", ""), made.file.size)
        if part is None:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{made.file.size}"})
        if part.start == 0:
            audit.record(
                audit.actor_of(request),
                Action.VIEW,
                "recording",
                recording.pk,
                request=request,
                data={"made": made.pk, "link": "link" in request.query_params},
            )
        return _answer(request, made, part)


def _answer(request: Request, made: EngineOutput, part: ranges.Part) -> HttpResponseBase:
    opened = files.open_range(made.file, part.start, part.stop)
    chunks = AsyncChunks(opened) if isinstance(request._request, ASGIRequest) else Chunks(opened)
    answer = StreamingHttpResponse(chunks, content_type=made.file.content_type)
    if not part.whole:
        answer.status_code = 206
        answer["Content-Range"] = part.header
    answer["Content-Length"] = str(part.length)
    answer["Accept-Ranges"] = "bytes"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    answer["Content-Disposition"] = content_disposition_header(False, made.name) or "inline"
    return answer
