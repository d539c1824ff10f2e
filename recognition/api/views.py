"""Transcripts over REST. Every call starts at a recording that the caller may see."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts import audit
from accounts.choices import Action
from common.api import asked, given
from common.errors import NotFound
from recognition import documents, selectors, services
from recognition.api.serializers import (
    ExportQuery,
    SearchQuery,
    SearchSerializer,
    SpeakerSerializer,
    TranscriptQuery,
    TranscriptSerializer,
)
from recognition.exports.registry import EXPORTERS
from recognition.models import Transcript
from recordings.api import find
from recordings.choices import Right
from recordings.models import Recording

FILES = {
    (200, one.content_type.partition(";")[0]): OpenApiTypes.BINARY for one in EXPORTERS.values()
} | {(200, "application/json"): OpenApiTypes.OBJECT}


def _transcript(recording: Recording, version: int | None) -> Transcript:
    found = selectors.transcript_of(recording, version=version)
    if found is None:
        raise NotFound(
            _("This recording has no such transcript."),
            code="no_transcript",
            next_action=_("Process the recording and wait for the event transcript.ready."),
        )
    return found


def _record(request: Request, action: Action, recording: Recording, **data: Any) -> None:
    by = audit.actor_of(request)
    audit.record(by, action, "recording", recording.pk, request=request, data=data)


class TranscriptView(APIView):
    permission_classes = [find.AllowedOrLink]

    @extend_schema(parameters=[TranscriptQuery], responses=TranscriptSerializer)
    def get(self, request: Request, id: str) -> Response:
        """The newest version, or the one asked for; lines by pages of phrase ids."""
        query = asked(TranscriptQuery, request)
        recording = find.recording(request, id)
        transcript = _transcript(recording, query.get("version"))
        if "after" not in query:
            _record(request, Action.VIEW, recording, version=transcript.version)
        page = documents.page(
            transcript,
            after=query.get("after", 0),
            limit=query["limit"],
            dropped=query["dropped"],
        )
        last = page.pop("last")
        url = request.build_absolute_uri()
        page["next"] = replace_query_param(url, "after", last) if last else None
        return Response(page)


class ExportView(APIView):
    permission_classes = [find.AllowedOrLink]

    @extend_schema(parameters=[ExportQuery], responses=FILES)
    def get(self, request: Request, id: str) -> HttpResponse:
        """The transcript as a file: txt, srt, vtt, json or docx."""
        query = asked(ExportQuery, request)
        recording = find.recording(request, id)
        transcript = _transcript(recording, query.get("version"))
        _record(
            request,
            Action.EXPORT,
            recording,
            format=query["format"],
            version=transcript.version,
        )
        wanted = {name: query[name] for name in ("summary", "anonymous")}
        return documents.download(transcript, query["format"], **wanted)


class SpeakersView(APIView):
    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, id: str) -> Response:
        """Label -> the name people gave it."""
        return Response(selectors.names_of(find.recording(request, id)))

    @extend_schema(request=SpeakerSerializer, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: Request, id: str) -> Response:
        """Shows a label under another name; an empty name takes it back."""
        named = given(SpeakerSerializer, request)
        recording = find.recording(request, id, Right.EDIT)
        return Response(services.rename_speaker(recording, by=request.user, **named))


class SearchView(APIView):
    @extend_schema(parameters=[SearchQuery], responses=SearchSerializer)
    def get(self, request: Request) -> Response:
        """Phrases, titles and summaries, best first, with the second to play."""
        query = asked(SearchQuery, request)
        found = selectors.search(request.user, query["q"], limit=query["limit"])
        return Response({"results": [_found(row) for row in found], "next": None})


def _found(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "recording": row["recording"],
        "title": row["title"],
        "kind": row["kind"],
        "phrase": row["object_id"] if row["kind"] == "phrase" else None,
        "snippet": row["snippet"].replace("\x02", "**").replace("\x03", "**"),
        "start": row["start"],
        "rank": row["rank"],
    }
