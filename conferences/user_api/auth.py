"""POST auth/from-tcs and auth/refresh: a pair of tokens for people of meeting servers."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.services import Session
from common.api import given
from conferences import tokens
from conferences.user_api.base import UserApiView
from conferences.user_api.schemas import FromTcsInput, PairShape, RefreshPairInput, answers


class FromTcs(UserApiView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        tags=["user api"],
        auth=[],
        operation_id="user_api_from_tcs",
        request=FromTcsInput,
        responses=answers({200: PairShape}),
    )
    def post(self, request: Request) -> Response:
        """A pair for a token that a TrueConf Server gave to this person."""
        return Response(_pair(tokens.exchange(**given(FromTcsInput, request), request=request)))


class Refresh(UserApiView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        tags=["user api"],
        auth=[],
        operation_id="user_api_refresh",
        request=RefreshPairInput,
        responses=answers({200: PairShape}),
    )
    def post(self, request: Request) -> Response:
        """A new pair; a refresh token is good once, and one that comes twice ends its session."""
        text = given(RefreshPairInput, request)["refresh_token"]
        return Response(_pair(tokens.refresh(text, request=request)))


def _pair(session: Session) -> dict[str, Any]:
    return {
        "access_token": session.access,
        "access_token_expires_at": session.expires_at.isoformat(),
        "refresh_token": session.refresh,
        "refresh_token_expires_at": session.refresh_expires_at.isoformat(),
    }
