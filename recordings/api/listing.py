"""GET and POST recordings/: the list, and files that come in."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import user_of
from accounts.permissions import Allowed, Member
from common.errors import Invalid
from recordings import selectors, services
from recordings.api import pages, shapes
from recordings.api.schemas import RecordingPage, RecordingShape, UploadInput
from recordings.choices import Kind, RecordingStatus
from recordings.storage.uploads import StagedUpload

_TIME = "ISO 8601; of a recording without a known beginning, when it came in."
QUERY = [
    OpenApiParameter("status", enum=RecordingStatus.values, many=True, explode=False),
    OpenApiParameter("kind", enum=Kind.values, many=True, explode=False),
    OpenApiParameter("source", description="Where it came from, exactly."),
    OpenApiParameter("q", description="Words of the title."),
    OpenApiParameter("started_after", OpenApiTypes.DATETIME, description=_TIME),
    OpenApiParameter("started_before", OpenApiTypes.DATETIME, description=_TIME),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 200; 50 if not given."),
    OpenApiParameter("cursor", description="From `next`; don't make one."),
]


class Recordings(APIView):
    parser_classes = [MultiPartParser]

    def get_permissions(self) -> list[BasePermission]:
        return [Member() if self.request.method == "POST" else Allowed()]

    @extend_schema(operation_id="recordings_list", parameters=QUERY, responses={200: RecordingPage})
    def get(self, request: Request) -> Response:
        """Recordings you may see, newest first."""
        given = request.query_params
        limit = pages.limit_of(given)
        rows = pages.rows(selectors.visible_parts(request.user), given, limit + 1)
        more = pages.next_link(request, rows[limit - 1]) if len(rows) > limit else None
        return Response({"results": shapes.recordings(rows[:limit]), "next": more})

    @extend_schema(
        operation_id="recordings_create",
        request={"multipart/form-data": UploadInput},
        responses={201: RecordingShape, 200: RecordingShape},
    )
    def post(self, request: Request) -> Response:
        """Take files in. 200 and the first one when these bytes are known already."""
        files, fields = read_form(request)
        recording, created = services.receive(user_of(request), files, **fields)
        return Response(shapes.recording(recording), status=201 if created else 200)


def read_form(request: Request) -> tuple[list[services.IncomingFile], dict[str, Any]]:
    """The files with the names of their tracks, and what else the form says."""
    try:
        form: Any = request.data
        uploads = request.FILES.getlist("file")
    except SuspiciousOperation as error:  # too many files or fields: Django's own limits
        raise Invalid(str(error), code="form_too_large") from error
    if not isinstance(form, MultiValueDict):  # no body at all
        form = MultiValueDict()
    names = [name for name in form.getlist("track_name") if isinstance(name, str)]
    if len(names) > len(uploads):
        raise Invalid(
            _("There are more track names than files."),
            next_action=_("Send one “track_name” for each “file”, in the same order."),
        )
    # A plain dictionary: in a form's own kind of one, a missing boolean would mean false.
    plain = {name: form[name] for name in form if name not in ("file", "track_name")}
    checked = UploadInput(data=plain)
    checked.is_valid(raise_exception=True)
    names += [""] * (len(uploads) - len(names))
    files = [
        services.IncomingFile(_source_of(upload), upload.name or "", name)
        for upload, name in zip(uploads, names, strict=True)
    ]
    return files, dict(checked.validated_data)


def _source_of(upload: Any) -> Any:
    return upload.incoming if isinstance(upload, StagedUpload) else upload.file
