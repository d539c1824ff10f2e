"""conferences/: for whoever may see a recording of them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import user_of
from accounts.permissions import Administrator
from common.api import NewestFirst, given
from conferences import consent, selectors
from conferences.api.serializers import (
    ConferenceSerializer,
    ConsentSerializer,
    JoinSerializer,
    OneConferenceSerializer,
    RetriedSerializer,
)
from conferences.models import Conference, RemoteTrack
from conferences.services import joining, tracks
from recordings.api import find, shapes
from recordings.api.schemas import RecordingShape
from recordings.choices import Right


class VisibleConference(GenericAPIView):
    queryset = Conference.objects.none()

    def get_queryset(self) -> QuerySet[Conference]:
        return selectors.conferences_for(self.request.user)


class Conferences(VisibleConference, ListAPIView):
    serializer_class = ConferenceSerializer
    pagination_class = NewestFirst

    @extend_schema(tags=["conferences"], operation_id="list_conferences")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class OneConference(VisibleConference):
    serializer_class = OneConferenceSerializer

    @extend_schema(tags=["conferences"], operation_id="conference")
    def get(self, request: Request, pk: int) -> Response:
        """With its people, and those of its sessions that you may see."""
        found = self.get_object()
        body = dict(OneConferenceSerializer(found).data)
        if not request.user.is_superuser:
            seen = set(selectors.seen_sessions(request.user, found))
            body["sessions"] = [one for one in body["sessions"] if one["id"] in seen]
        return Response(body)

    @extend_schema(
        tags=["conferences"],
        operation_id="change_conference",
        request=ConsentSerializer,
        responses={200: ConferenceSerializer},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Whether its people agreed to be recognised: said by its owner, or whoever may share all
        its recordings."""
        return _consent(self.get_object(), request)


def _consent(conference: Conference, request: Request) -> Response:
    word = given(ConsentSerializer, request)["consent"]
    found = consent.say(conference, word, by=user_of(request), request=request)
    return Response(ConferenceSerializer(found).data)


class _Administered(VisibleConference):
    permission_classes = [Administrator]
    serializer_class: Any = ConferenceSerializer


class ConferenceConsent(VisibleConference):
    @extend_schema(
        tags=["conferences"],
        operation_id="conference_consent",
        request=ConsentSerializer,
        responses={200: ConferenceSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """The same as PATCH of the conference."""
        return _consent(self.get_object(), request)


class ConferenceRetry(_Administered):
    @extend_schema(
        tags=["conferences"],
        operation_id="conference_retry",
        request=None,
        responses={202: RetriedSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Tracks that were given up are tried again."""
        awaited = RemoteTrack.objects.filter(session__conference=self.get_object())
        count = tracks.retry(awaited, actor=user_of(request), request=request)
        return Response({"tried_again": count}, status=202)


class Join(APIView):
    @extend_schema(
        tags=["conferences"],
        operation_id="join_recordings",
        request=JoinSerializer,
        responses={200: RecordingShape},
    )
    def post(self, request: Request, id: str) -> Response:
        """Joins recordings of one conference, a call that broke, in the one that began first."""
        ids = [id, *map(str, given(JoinSerializer, request)["recordings"])]
        chosen = [find.recording(request, one, Right.DELETE) for one in ids]
        joined = joining.join(chosen, by=user_of(request), request=request)
        joined.refresh_from_db()
        return Response(shapes.recording(joined))
