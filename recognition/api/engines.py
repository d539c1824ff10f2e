"""engines/: those of the gateway, for administrators."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import user_of
from accounts.permissions import Administrator
from common.api import NewestFirst, given
from recognition.gateway import standing
from recognition.models import Engine
from recognition.services import engines as services


class EngineSerializer(serializers.ModelSerializer):
    connected = serializers.BooleanField(read_only=True)
    holding = serializers.IntegerField(read_only=True, help_text="Requests it works on now.")
    done = serializers.IntegerField(read_only=True)
    failed = serializers.IntegerField(read_only=True)
    token: "serializers.PrimaryKeyRelatedField[Any]" = serializers.PrimaryKeyRelatedField(
        read_only=True, help_text="The id of its token."
    )

    class Meta:
        model = Engine
        fields = [
            "id",
            "engine_id",
            "token",
            "version",
            "capabilities",
            "languages",
            "slots",
            "shared_files",
            "connected",
            "connected_at",
            "heard_at",
            "draining",
            "holding",
            "done",
            "failed",
        ]
        read_only_fields = fields


class DrainSerializer(serializers.Serializer):
    draining = serializers.BooleanField(default=True, help_text="False: it is given work again.")


class NewestEngines(NewestFirst):
    ordering = "-id"


class Engines(ListAPIView):
    queryset = standing.engines()
    serializer_class = EngineSerializer
    pagination_class = NewestEngines
    permission_classes = [Administrator]

    def get_queryset(self) -> Any:
        return standing.engines()

    @extend_schema(tags=["engines"], operation_id="list_engines")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Engines of the gateway, connected or not."""
        return super().get(request, *args, **kwargs)


class DrainEngine(APIView):
    permission_classes = [Administrator]

    @extend_schema(
        tags=["engines"],
        operation_id="drain_engine",
        request=DrainSerializer,
        responses={200: EngineSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """It finishes what it holds and gets nothing new, or is given work again."""
        engine = get_object_or_404(Engine, pk=pk)
        on = given(DrainSerializer, request)["draining"]
        services.drain(engine, on=on, actor=user_of(request), request=request)
        return Response(EngineSerializer(standing.engines().get(pk=pk)).data)


class DisconnectEngine(APIView):
    permission_classes = [Administrator]

    @extend_schema(
        tags=["engines"], operation_id="disconnect_engine", request=None, responses={204: None}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Closes its connection. It may come back: to keep it out, revoke its token."""
        engine = get_object_or_404(Engine, pk=pk)
        services.disconnect(engine, actor=user_of(request), request=request)
        return Response(status=204)
