"""GET recordings/{id}/audio/: the stored sound of a track, with Range."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO

from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts import audit
from accounts.choices import Action
from common.errors import NotFound
from recordings.api import find, ranges
from recordings.api.one import LINK
from recordings.models import Recording, Track
from recordings.storage import files

CHUNK = 256 << 10


class Audio(find.RecordingView):
    permission_classes = [find.AllowedOrLink]

    @extend_schema(
        operation_id="recordings_audio",
        parameters=[
            LINK,
            OpenApiParameter("track", OpenApiTypes.INT, description="Its id; else the first one."),
            OpenApiParameter("Range", location="header", description="bytes=0-1023"),
        ],
        responses={
            (200, "audio/*"): OpenApiTypes.BINARY,
            (206, "audio/*"): OpenApiTypes.BINARY,
            304: None,
            416: None,
        },
    )
    def get(self, request: Request, id: str) -> HttpResponseBase:
        """The sound as it was stored."""
        recording = find.recording(request, id)
        track = choose(recording, request.query_params.get("track", ""))
        answer = respond(request, recording, track)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-cache"
        answer["Accept-Ranges"] = "bytes"
        return answer


def choose(recording: Recording, wanted: str) -> Track:
    """The track of that id, or the first one that has sound."""
    tracks = recording.tracks.filter(file__isnull=False, left_out=False).select_related("file")
    if wanted:
        known = wanted.isascii() and wanted.isdigit() and len(wanted) < 19
        tracks = tracks.filter(pk=int(wanted)) if known else tracks.none()
    track: Track | None = tracks.first()
    if track is None:
        raise NotFound(_("There is no such sound in this recording."), code="no_sound")
    return track


def respond(request: Request, recording: Recording, track: Track) -> HttpResponseBase:
    file = track.file
    assert file is not None
    tag = f'"{file.sha256}"'
    if tag in request.META.get("HTTP_IF_NONE_MATCH", ""):
        return _tagged(HttpResponseNotModified(), tag)
    # A part of another version must not be glued to what the client has.
    same = request.META.get("HTTP_IF_RANGE", tag) == tag
    part = ranges.parse(request.META.get("HTTP_RANGE", "") if same else "", file.size)
    if part is None:
        return _unsatisfiable(file.size)
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(content_type=file.content_type)
    else:
        opened = files.open_range(file, part.start, part.stop)
        _note(request, recording, track, part)
        is_async = isinstance(request._request, ASGIRequest)
        chunks = AsyncChunks(opened) if is_async else Chunks(opened)
        answer = StreamingHttpResponse(chunks, content_type=file.content_type)
    if not part.whole:
        answer.status_code = 206
        answer["Content-Range"] = part.header
    answer["Content-Length"] = str(part.length)
    name = f"{recording.title or recording.number}.{file.ending}"
    answer["Content-Disposition"] = content_disposition_header(False, name) or "inline"
    return _tagged(answer, tag)


def _tagged(answer: HttpResponseBase, tag: str) -> HttpResponseBase:
    answer["ETag"] = tag
    return answer


def _unsatisfiable(size: int) -> HttpResponseBase:
    answer = JsonResponse(
        {"code": "range", "message": _("The file has only %(size)s bytes.") % {"size": size}},
        status=416,
    )
    answer["Content-Range"] = f"bytes */{size}"
    return answer


def _note(request: Request, recording: Recording, track: Track, part: ranges.Part) -> None:
    """One entry for each time somebody begins to listen, not for each part a player fetches."""
    if part.start == 0:
        audit.record(
            audit.actor_of(request),
            Action.VIEW,
            "recording",
            recording.pk,
            request=request,
            data={"track": track.pk, "link": "link" in request.query_params},
        )


class Chunks:
    """A file in pieces, for a synchronous server."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(CHUNK), b"")

    def close(self) -> None:
        self._file.close()


class AsyncChunks:
    """The same under ASGI, where a synchronous iterator would be read whole into memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(self._file.read, CHUNK):
            yield chunk

    def close(self) -> None:
        self._file.close()
