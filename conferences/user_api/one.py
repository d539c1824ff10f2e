"""One transcription: its card, lines, summaries and sound, and asking for its recognition."""

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase, JsonResponse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api.reading import user_of
from accounts.choices import Action
from common.api import asked, given
from common.errors import NotAllowed
from conferences.choices import ConnectionAccess
from conferences.models import Connection, RemoteTrack
from conferences.user_api import cards, lines, problems, statuses
from conferences.user_api.base import UserApiView, find, pages
from conferences.user_api.schemas import (
    LinesQuery,
    LinesShape,
    OneCardShape,
    RecognizeInput,
    SummariesShape,
    answers,
)
from recordings import services
from recordings.api import audio
from recordings.choices import Right
from recordings.models import Recording

NUMBER = OpenApiParameter("number", OpenApiTypes.INT64, location="path", description="Its id.")


def card_of(recording: Recording, user: Any) -> dict[str, Any]:
    """The card, with its tracks; once more inside `transcription`, for clients that look there."""
    row = statuses.annotate(Recording.objects.filter(pk=recording.pk)).get()
    card = cards.cards([row], user)[0]
    return {**card, "tracks": _tracks(recording), "transcription": card}


def _tracks(recording: Recording) -> list[dict[str, Any]]:
    tracks = recording.tracks.filter(file__isnull=False, left_out=False)
    callers = dict(
        RemoteTrack.objects.filter(track__recording=recording).values_list("track_id", "call_id")
    )
    return [
        {
            "id": track.pk,
            "call_id": callers.get(track.pk, ""),
            "display_name": track.name,
            "duration": track.duration,
        }
        for track in tracks
    ]


class Transcription(UserApiView):
    @extend_schema(
        tags=["user api"],
        operation_id="user_api_transcription",
        parameters=[NUMBER],
        responses=answers({200: OneCardShape}),
    )
    def get(self, request: Request, number: str) -> Response:
        return Response(card_of(find(request, number), request.user))


class Lines(UserApiView):
    @extend_schema(
        tags=["user api"],
        operation_id="user_api_lines",
        parameters=[NUMBER, LinesQuery],
        responses=answers({200: LinesShape}),
    )
    def get(self, request: Request, number: str) -> Response:
        """All lines at once; with `page_size`, page by page."""
        query = asked(LinesQuery, request)
        recording = find(request, number)
        found = lines.of(recording, language=query["language"])
        size = query.get("page_size") or max(1, len(found))
        start = (query["page"] - 1) * size
        if start == 0:
            who = audit.actor_of(request)
            audit.record(who, Action.VIEW, "recording", recording.pk, request=request)
        page = {
            "current": query["page"],
            "total": pages(len(found), size),
            "size": size,
            "count": len(found),
        }
        return Response({"lines": found[start : start + size], "page": page})


class Summaries(UserApiView):
    @extend_schema(
        tags=["user api"],
        operation_id="user_api_summary",
        parameters=[NUMBER],
        responses=answers({200: SummariesShape}),
    )
    def get(self, request: Request, number: str) -> Response:
        """Those that are ready, the newest first; none is no error."""
        recording = find(request, number)
        rows = import_string(settings.SUMMARY_LIST)(recording.pk)
        return Response({"summaries": [_summary(row, recording) for row in rows]})


def _summary(row: dict[str, Any], recording: Recording) -> dict[str, Any]:
    return {
        **row,
        "transcription_id": recording.number,
        "items": [
            {"text": text, "line_ids": list(evidence), "verified": verified}
            for text, evidence, verified in row["items"]
        ],
        "created_at": cards.moment(row["created_at"]),
    }


class Audio(UserApiView):
    @extend_schema(
        tags=["user api"],
        operation_id="user_api_audio",
        parameters=[
            NUMBER,
            OpenApiParameter("track", OpenApiTypes.INT, description="Its id; else the first one."),
            OpenApiParameter("Range", location="header", description="bytes=0-1023"),
        ],
        responses=answers(
            {
                (200, "audio/*"): OpenApiTypes.BINARY,
                (206, "audio/*"): OpenApiTypes.BINARY,
                304: None,
                416: None,
            }
        ),
    )
    def get(self, request: Request, number: str) -> HttpResponseBase:
        """The sound of a participant as it was stored, with Range."""
        recording = find(request, number)
        track = audio.choose(recording, request.query_params.get("track", ""))
        answer = audio.respond(request, recording, track)
        if answer.status_code == 416:
            answer = _out_of_range(answer)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-cache"
        answer["Accept-Ranges"] = "bytes"
        return answer


def _out_of_range(refused: HttpResponseBase) -> HttpResponseBase:
    said = _("The sound has no such bytes.")
    answer = JsonResponse(problems.body(416, said, "range"), status=416)
    answer["Content-Range"] = refused["Content-Range"]
    return answer


class Recognize(UserApiView):
    @extend_schema(
        tags=["user api"],
        operation_id="user_api_recognize",
        parameters=[NUMBER],
        request=RecognizeInput,
        responses=answers({202: OneCardShape}),
    )
    def post(self, request: Request, number: str) -> Response:
        """Start recognition, once more if it was done; needs the right to run it."""
        language = given(RecognizeInput, request)["language"]
        recording = find(request, number, Right.RUN)
        _check_connection(recording)
        params = {"language": language} if language else {}
        services.process(recording, params=params, by=user_of(request))
        return Response(card_of(recording, request.user), status=202)


def _check_connection(recording: Recording) -> None:
    """Where the server is connected read-only, its conferences are looked at and nothing else."""
    held = Connection.objects.filter(conferences__sessions__recording=recording)
    if held.exclude(access=ConnectionAccess.FULL).exists():
        raise NotAllowed(_("This server is connected for reading only."), code="read_only")
