"""me/ and tokens/: what a person has of his own."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView, get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import selectors, services
from accounts.api.reading import user_of
from accounts.api.serializers import (
    NewTokenInput,
    NewTokenOutput,
    ProfileSerializer,
    TokenSerializer,
)
from accounts.choices import Role, Scope
from accounts.models import Token
from common.api import given
from common.errors import NotAllowed


class Me(APIView):
    scopes = {"PATCH": Scope.ADMIN}

    @extend_schema(tags=["me"], responses=ProfileSerializer, operation_id="me")
    def get(self, request: Request) -> Response:
        return Response(ProfileSerializer(user_of(request)).data)

    @extend_schema(
        tags=["me"],
        request=ProfileSerializer,
        responses=ProfileSerializer,
        operation_id="change_me",
    )
    def patch(self, request: Request) -> Response:
        """Name, e-mail and language."""
        fields = given(ProfileSerializer, request, partial=True)
        user = services.change_profile(user_of(request), request=request, **fields)
        return Response(ProfileSerializer(user).data)


class Tokens(ListAPIView):
    """Making and revoking needs a token that may do everything its user may, or a session."""

    serializer_class = TokenSerializer
    scopes = {"POST": Scope.ADMIN}
    queryset = Token.objects.none()

    def get_queryset(self) -> QuerySet[Token]:
        user = user_of(self.request)
        if self.request.query_params.get("everyone") == "true":
            return selectors.tokens_visible_to(user)
        return selectors.tokens_of(user)

    @extend_schema(
        tags=["tokens"],
        operation_id="list_tokens",
        parameters=[
            OpenApiParameter("everyone", bool, description="All people's; for administrators.")
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One's own tokens, newest first, revoked ones included."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=["tokens"],
        operation_id="make_token",
        request=NewTokenInput,
        responses={201: NewTokenOutput},
    )
    def post(self, request: Request) -> Response:
        """The answer's `token` is shown this once."""
        actor = user_of(request)
        body = request.data if isinstance(request.data, dict) else {}
        if body.get("user") and actor.role != Role.ADMIN:
            # Before names are looked up: whether somebody exists is not told.
            raise NotAllowed(_("Only an administrator makes tokens for engines and for others."))
        found = given(NewTokenInput, request)
        owner = found.pop("user") or (None if found["engine"] else actor)
        token, text = services.make_token(owner, actor=actor, request=request, **found)
        return Response({**TokenSerializer(token).data, "token": text}, status=201)


class OneToken(APIView):
    scopes = {"DELETE": Scope.ADMIN}

    @extend_schema(tags=["tokens"], operation_id="revoke_token", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """From now on the token opens nothing. Twice does no harm."""
        user = user_of(request)
        token = get_object_or_404(selectors.tokens_visible_to(user), pk=pk)
        services.revoke_token(token, actor=user, request=request)
        return Response(status=204)
