"""Summaries over REST. Every call starts at a recording that the caller may see."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics import selectors, services
from analytics.api.serializers import AskSerializer, SummariesSerializer, SummarySerializer
from common.api import given
from recordings.api import find
from recordings.choices import Right


class SummariesView(APIView):
    @extend_schema(responses=SummariesSerializer)
    def get(self, request: Request, id: str) -> Response:
        """All summaries of the recording, newest first."""
        recording = find.recording(request, id)
        found = list(selectors.summaries_of(recording).select_related("prompt")[:100])
        context = {"stale": selectors.stale_of(recording.pk, found)}
        rows = SummarySerializer(found, many=True, context=context).data
        return Response({"results": rows, "next": None})

    @extend_schema(request=AskSerializer, responses={202: SummarySerializer})
    def post(self, request: Request, id: str) -> Response:
        """Asks for another summary; it is pending until the event summary.ready."""
        question = given(AskSerializer, request)
        recording = find.recording(request, id, Right.RUN)
        summary = services.request_summary(recording, by=request.user, **question)
        shown = SummarySerializer(summary, context={"stale": ()})  # it is not made yet
        return Response(shown.data, status=202)
