"""connections/: for administrators."""

from contextlib import suppress
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.api.reading import user_of
from accounts.choices import Action
from accounts.permissions import Administrator
from common.api import NewestFirst, given
from conferences import selectors
from conferences.api.serializers import (
    ConnectionSerializer,
    DownloadsSerializer,
    HealthSerializer,
)
from conferences.models import Connection
from conferences.platforms.base import PlatformError
from conferences.services import connections, health_of


class Connections(ListAPIView):
    queryset = selectors.connections()
    serializer_class = ConnectionSerializer
    pagination_class = NewestFirst
    permission_classes = [Administrator]

    @extend_schema(tags=["connections"], operation_id="list_connections")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=["connections"],
        operation_id="create_connection",
        request=ConnectionSerializer,
        responses={201: ConnectionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Connects a meeting server; it is looked at at once."""
        fields = given(ConnectionSerializer, request)
        made = connections.create(actor=user_of(request), request=request, **fields)
        return Response(ConnectionSerializer(made).data, status=201)


class _One(GenericAPIView):
    queryset: QuerySet[Connection] = selectors.connections()
    serializer_class: Any = ConnectionSerializer
    permission_classes = [Administrator]


class OneConnection(_One):
    @extend_schema(tags=["connections"], operation_id="connection")
    def get(self, request: Request, pk: int) -> Response:
        return Response(ConnectionSerializer(self.get_object()).data)

    @extend_schema(tags=["connections"], operation_id="change_connection")
    def patch(self, request: Request, pk: int) -> Response:
        """Changed credentials end a rejection."""
        fields = given(ConnectionSerializer, request, partial=True)
        changed = connections.change(
            self.get_object(), actor=user_of(request), request=request, **fields
        )
        return Response(ConnectionSerializer(changed).data)

    @extend_schema(tags=["connections"], operation_id="delete_connection", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Its conferences are forgotten; recordings made of them stay."""
        connections.delete(self.get_object(), actor=user_of(request), request=request)
        return Response(status=204)


class Check(_One):
    serializer_class = HealthSerializer

    @extend_schema(
        tags=["connections"],
        operation_id="check_connection",
        request=None,
        responses={200: HealthSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Asks the server now. What it said stands in `status` and `error`, also when it is no."""
        connection = self.get_object()
        with suppress(PlatformError):  # kept with the connection
            connections.check(connection)
        connection.refresh_from_db()
        return Response(HealthSerializer(health_of.health(connection)).data)


class Poll(_One):
    @extend_schema(
        tags=["connections"],
        operation_id="poll_connection",
        request=None,
        responses={202: ConnectionSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """It is looked at next."""
        connection = self.get_object()
        connections.poll_now(connection)
        return Response(ConnectionSerializer(connection).data, status=202)


class Health(_One):
    serializer_class = HealthSerializer

    @extend_schema(
        tags=["connections"],
        operation_id="connection_health",
        responses={200: HealthSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        """What is known of it, without asking it."""
        return Response(HealthSerializer(health_of.health(self.get_object())).data)


class Downloads(APIView):
    permission_classes = [Administrator]

    @extend_schema(
        tags=["connections"],
        operation_id="download_settings",
        responses={200: DownloadsSerializer},
    )
    def get(self, request: Request) -> Response:
        return Response(DownloadsSerializer(selectors.download_settings()).data)

    @extend_schema(
        tags=["connections"],
        operation_id="change_download_settings",
        request=DownloadsSerializer,
        responses={200: DownloadsSerializer},
    )
    def patch(self, request: Request) -> Response:
        """Counts at once, in every process."""
        fields = given(DownloadsSerializer, request, partial=True)
        row = selectors.download_settings()
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()
        data = {"fields": sorted(fields)}
        audit.record(
            user_of(request), Action.CHANGE, "download_settings", 1, request=request, data=data
        )
        return Response(DownloadsSerializer(row).data)
