"""Long poll and SSE as OpenAPI sees them. Under ASGI `doors` answers; here nobody waits."""

from typing import cast

import orjson
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from common.errors import Unavailable
from notifications import stream
from notifications.api.parameters import question
from notifications.feed import PAGE
from notifications.identity import watcher_for

SINCE = OpenApiParameter(
    "since", int, description="Events above this number; without it, from now on."
)
TOPICS = OpenApiParameter(
    "topics", str, description="Words separated by commas: `me` (the default), `recording:<id>`."
)
WAIT = OpenApiParameter(
    "wait", float, description="Seconds to wait for news, 0 to 60; 0 answers at once."
)


class EventObjectSerializer(serializers.Serializer[object]):
    type = serializers.CharField()
    id = serializers.CharField()


class EventSerializer(serializers.Serializer[object]):
    seq = serializers.IntegerField()
    type = serializers.CharField(help_text="For example `recording.status`.")
    at = serializers.DateTimeField()
    object = EventObjectSerializer()
    data = serializers.DictField(  # type: ignore[assignment]  # DRF's serializers have one
        help_text="A status event holds `from` and `to`."
    )


class EventPageSerializer(serializers.Serializer[object]):
    events = EventSerializer(many=True)
    last = serializers.IntegerField(help_text="Ask again with `since` of this number.")
    reset = serializers.BooleanField(
        help_text="What was asked for is no longer kept: read the objects, go on from `last`."
    )


class EventsView(APIView):
    """What happened after a number, oldest first; waits for news when there is none."""

    @extend_schema(
        operation_id="events_list", parameters=[SINCE, WAIT, TOPICS], responses=EventPageSerializer
    )
    def get(self, request: Request) -> Response:
        asked = question(request.query_params)
        watcher = watcher_for(cast("User", request.user))
        stream.check_topics(watcher, asked.topics)
        page = stream.now()
        if asked.since is not None:
            page = stream.since(watcher, asked.since, limit=PAGE, topics=asked.topics)
        events = [orjson.loads(event.text) for event in page.events]
        return Response({"events": events, "last": page.last, "reset": page.reset})


class EventStreamView(APIView):
    """The same as server-sent events: `id` is the number, `data` the event."""

    @extend_schema(
        operation_id="events_stream",
        parameters=[
            SINCE,
            TOPICS,
            OpenApiParameter(
                "Last-Event-ID", int, OpenApiParameter.HEADER, description="Wins over `since`."
            ),
        ],
        responses={(200, "text/event-stream"): OpenApiResponse(str, "Events, one after another.")},
    )
    def get(self, request: Request) -> Response:
        raise Unavailable(_("This process can't stream: ask the web process, or use events/."))
