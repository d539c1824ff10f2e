"""GET, PATCH and DELETE recordings/{id}/."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.reading import user_of
from common.api import given
from recordings import services
from recordings.api import find, shapes
from recordings.api.schemas import ChangeInput, RecordingShape
from recordings.choices import Right

LINK = OpenApiParameter("link", description="The secret of a link, instead of signing in.")


class OneRecording(find.RecordingView):
    permission_classes = [find.AllowedOrLink]

    @extend_schema(
        operation_id="recordings_retrieve", parameters=[LINK], responses={200: RecordingShape}
    )
    def get(self, request: Request, id: str) -> Response:
        return Response(shapes.recording(find.recording(request, id)))

    @extend_schema(
        operation_id="recordings_change", request=ChangeInput, responses={200: RecordingShape}
    )
    def patch(self, request: Request, id: str) -> Response:
        """Change its title or language."""
        recording = find.recording(request, id, Right.EDIT)
        changed = services.describe(recording, **given(ChangeInput, request))
        return Response(shapes.recording(changed))

    @extend_schema(operation_id="recordings_delete", responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Put it into the trash, also while it is being worked on; `trash/` restores it."""
        recording = find.recording(request, id, Right.DELETE)
        services.trash(recording, by=user_of(request), request=request)
        return Response(status=204)
