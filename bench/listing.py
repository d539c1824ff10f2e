"""The list of 100 recordings: our view against a plain ModelSerializer on the same rows.

Both are called without HTTP, with the same bearer token, permission and limit, and render JSON.
The peer is what anybody would write first: `ListAPIView`, nested serializers, `prefetch_related`.
"""

from collections.abc import Callable
from statistics import median
from typing import Any

from rest_framework import generics, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory

from accounts import tokens
from accounts.choices import TokenKind
from bench import rows
from bench.row import Row
from bench.timing import alternate, middle_ratio, seconds
from recordings.api.listing import Recordings
from recordings.models import Recording, Track
from recordings.services import journey

COUNT, ROUNDS, CALLS, GOAL = 100, 7, 10, 2.5


class PlainTrack(serializers.ModelSerializer):
    class Meta:
        model = Track
        fields = ["id", "name", "duration", "speech", "status"]


class PlainRecording(serializers.ModelSerializer):
    tracks = PlainTrack(many=True)

    class Meta:
        model = Recording
        fields = ["id", "number", "title", "kind", "source", "status", "incomplete", "error",
                  "language", "duration", "started_at", "created_at", "tracks"]  # fmt: skip


class Plain(generics.ListAPIView):
    serializer_class = PlainRecording
    renderer_classes = [JSONRenderer]

    def get_queryset(self) -> Any:
        mine = Recording.objects.filter(owner=self.request.user)
        return mine.order_by("-created_at", "-id").prefetch_related("tracks")


def run() -> list[Row]:
    owner = rows.user()
    rows.recordings(owner, 3 * COUNT, tracks=3)
    _token, secret = tokens.make(owner, TokenKind.API, "bench", days=1)
    found = [_row("100 recordings, done", secret, goal=GOAL)]
    for recording in Recording.objects.order_by("-created_at")[:COUNT]:
        journey.process(recording, pipeline="four")
    found.append(_row("100 recordings, all in the queue", secret, goal=None))
    return found


def _row(what: str, secret: str, *, goal: float | None) -> Row:
    ours, peer = alternate(
        _caller(Recordings.as_view(), secret), _caller(Plain.as_view(), secret), rounds=ROUNDS
    )
    ratio = middle_ratio(peer, ours)
    note = f"{COUNT} x 3 tracks; ours adds progress and place in the queue"
    if goal is None:
        note += ", which the peer does not look for"
    return Row(
        f"list: {what}",
        f"{median(ours):.1f} ms",
        f"{median(peer):.1f} ms",
        f"{ratio:.1f}x",
        f">= {goal}x" if goal else "",
        note,
        ratio >= goal if goal else None,
    )


def _caller(view: Any, secret: str) -> Callable[[], float]:
    """Milliseconds of one call, of the median of several."""
    request = APIRequestFactory().get(
        "/api/v1/recordings/", {"limit": COUNT}, HTTP_AUTHORIZATION=f"Bearer {secret}"
    )

    def call() -> None:
        response = view(request)
        response.render()
        assert response.status_code == 200
        assert len(response.data["results"]) == COUNT

    call()
    return lambda: 1000 * median(seconds(call) for _ in range(CALLS))
