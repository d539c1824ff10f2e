"""POST recordings/{id}/process/ and cancel/; GET recordings/{id}/runs/."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import given
from recordings import selectors, services
from recordings.api import find, shapes
from recordings.api.schemas import ProcessInput, RecordingShape, RunPage, RunShape
from recordings.choices import Right
from recordings.services import values

LAST_RUNS = 50


class Process(find.RecordingView):
    @extend_schema(
        operation_id="recordings_process", request=ProcessInput, responses={202: RunShape}
    )
    def post(self, request: Request, id: str) -> Response:
        """Send it along a pipeline (again). 409 while it is under way."""
        recording = find.recording(request, id, Right.RUN)
        params = given(ProcessInput, request)
        if "language" in params:
            params["language"] = values.check_language(params["language"])
        run = services.process(
            recording,
            pipeline=params.pop("pipeline", None),
            tracks=params.pop("tracks", None),
            params=params,
            by=request.user,
        )
        return Response(shapes.run(run), status=202)


class Cancel(find.RecordingView):
    @extend_schema(operation_id="recordings_cancel", request=None, responses={202: RecordingShape})
    def post(self, request: Request, id: str) -> Response:
        """Call back the run under way; nothing happens when there is none."""
        recording = find.recording(request, id, Right.RUN)
        services.cancel(recording)
        recording.refresh_from_db()
        return Response(shapes.recording(recording), status=202)


class Runs(find.RecordingView):
    @extend_schema(operation_id="recordings_runs", responses={200: RunPage})
    def get(self, request: Request, id: str) -> Response:
        """Its last 50 runs with their steps, newest first."""
        runs = selectors.runs_of(find.recording(request, id))[:LAST_RUNS]
        return Response({"results": [shapes.run(run) for run in runs], "next": None})
