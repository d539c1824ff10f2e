"""me/ and tokens/: what a person has of his own."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
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
    RevokeAllInput,
    RevokeAllOutput,
    TokenSerializer,
    TokensQuery,
)
from accounts.choices import Role, Scope
from accounts.models import Token
from accounts.permissions import Administrator
from common.api import asked, given
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
        user, query = user_of(self.request), asked(TokensQuery, self.request)
        if not query["everyone"]:
            return selectors.tokens_of(user)
        found = selectors.tokens_visible_to(user)
        if "kind" not in query:
            found = found.filter(kind__in=selectors.CARRIED)
        names = {"kind": "kind", "user": "user__username", "realm": "user__realm"}
        return found.filter(**{names[key]: query[key] for key in names if key in query})

    @extend_schema(
        tags=["tokens"],
        operation_id="list_tokens",
        parameters=[TokensQuery],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One's own tokens, newest first, revoked ones included; administrators filter all."""
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


class RevokeAll(APIView):
    permission_classes = [Administrator]

    @extend_schema(
        tags=["tokens"],
        operation_id="revoke_tokens",
        request=RevokeAllInput,
        responses=RevokeAllOutput,
    )
    def post(self, request: Request) -> Response:
        """Every token of a person, or of everybody of a meeting server, sessions included."""
        found = given(RevokeAllInput, request)
        count = services.revoke_all(**found, actor=user_of(request), request=request)
        return Response({"revoked": count})
