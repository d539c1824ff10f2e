"""Corrections over REST: words and speakers of lines, splitting, joining, taking back."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts import audit
from accounts.choices import Action
from common.api import asked, given
from common.errors import NotFound
from recognition import comparing, corrections, documents, services
from recognition.api.editing_shapes import (
    ChangedShape,
    DifferenceQuery,
    DifferenceShape,
    EditList,
    EditQuery,
    JoinInput,
    LineInput,
    SplitInput,
)
from recognition.models import Edit
from recordings import selectors as recordings
from recordings.api import find
from recordings.choices import Right
from recordings.models import Recording


def _answer(recording: Recording, change: services.Change) -> Response:
    rows = [documents.row_of(line) for line in change.lines]
    return Response(
        {
            "edits": [edit.pk for edit in change.edits],
            "lines": documents.shown(recording, rows),
            "removed": change.removed,
        }
    )


def _held(request: Request, id: str) -> Recording:
    """A link shows the words of now alone: what stood there before is for who has the right."""
    recording = find.recording(request, id)
    if not recordings.allowed(request.user, recording, Right.VIEW):
        raise find.nothing()
    return recording


class LineView(find.RecordingView):
    @extend_schema(operation_id="line_change", request=LineInput, responses=ChangedShape)
    def patch(self, request: Request, id: str, line: int) -> Response:
        """Other words in a line of the newest version (none: the line goes), or another speaker.
        `seen` is the text as you saw it: 409 with the text of now when it is another."""
        wish = given(LineInput, request)
        recording = find.recording(request, id, Right.EDIT)
        by = audit.actor_of(request)
        return _answer(recording, services.change_line(recording, line=line, by=by, **wish))


class SplitView(find.RecordingView):
    @extend_schema(operation_id="line_split", request=SplitInput, responses=ChangedShape)
    def post(self, request: Request, id: str, line: int) -> Response:
        """Two lines out of one, before its word number `at` (from 0)."""
        wish = given(SplitInput, request)
        recording = find.recording(request, id, Right.EDIT)
        by = audit.actor_of(request)
        return _answer(recording, services.split_line(recording, line=line, by=by, **wish))


class JoinView(find.RecordingView):
    @extend_schema(operation_id="line_join", request=JoinInput, responses=ChangedShape)
    def post(self, request: Request, id: str, line: int) -> Response:
        """One line out of this and the next one of the same track."""
        wish = given(JoinInput, request)
        recording = find.recording(request, id, Right.EDIT)
        by = audit.actor_of(request)
        return _answer(recording, services.join_lines(recording, line=line, by=by, **wish))


class EditsView(find.RecordingView):
    @extend_schema(operation_id="edits_list", parameters=[EditQuery], responses=EditList)
    def get(self, request: Request, id: str) -> Response:
        """Corrections, newest first, and whether they apply to the newest version."""
        query = asked(EditQuery, request)
        recording = _held(request, id)
        rows, last = corrections.page(recording, **query)
        url = request.build_absolute_uri()
        next_url = replace_query_param(url, "before", last) if last else None
        return Response(EditList({"results": rows, "next": next_url}).data)


class EditView(find.RecordingView):
    @extend_schema(operation_id="edit_take_back", responses={204: None})
    def delete(self, request: Request, id: str, edit: int) -> Response:
        """Takes a correction back. Later ones made on its words may then not apply any more."""
        recording = find.recording(request, id, Right.EDIT)
        found = Edit.objects.filter(recording=recording, pk=edit).first()
        if found is None:
            raise NotFound(_("There is no such correction in this recording."), code="no_edit")
        services.undo(found, by=audit.actor_of(request), request=request)
        return Response(status=204)


class DifferenceView(find.RecordingView):
    @extend_schema(
        operation_id="transcript_difference",
        parameters=[DifferenceQuery],
        responses=DifferenceShape,
    )
    def get(self, request: Request, id: str) -> Response:
        """What two versions say differently. `2` is version 2 as people corrected it, `2-raw` what
        its engine heard. Left out, `to` is the newest as corrected, and `from` what the engine
        heard in the version before it, or in itself where it is the first."""
        query: dict[str, Any] = asked(DifferenceQuery, request)
        recording = _held(request, id)
        compared = comparing.compare(recording, old=query["from"], new=query["to"])
        by = audit.actor_of(request)
        audit.record(by, Action.VIEW, "recording", recording.pk, request=request)
        return Response(comparing.plain(recording, compared))
