"""auth/: sign in, refresh, sign out, change the password."""

from django.contrib.auth import logout, update_session_auth_hash
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.api.reading import token_id_of, user_of
from accounts.api.serializers import (
    PasswordInput,
    RefreshInput,
    SessionOutput,
    SignInInput,
    SignOutInput,
)
from accounts.authentication import BearerAuthentication
from accounts.choices import Scope
from common.api import given


class SignIn(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        tags=["auth"], auth=[], request=SignInInput, responses=SessionOutput, operation_id="sign_in"
    )
    def post(self, request: Request) -> Response:
        """A short access token and a refresh token that is good once."""
        session = services.sign_in(**given(SignInInput, request), request=request)
        return Response(SessionOutput(session).data)


class Refresh(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        tags=["auth"],
        auth=[],
        request=RefreshInput,
        responses=SessionOutput,
        operation_id="refresh_session",
    )
    def post(self, request: Request) -> Response:
        """A new pair for a refresh token. One that comes twice ends the whole session."""
        session = services.refresh(given(RefreshInput, request)["refresh"], request=request)
        return Response(SessionOutput(session).data)


class SignOut(APIView):
    scopes = {"POST": Scope.READ}
    permission_classes = [AllowAny]

    @extend_schema(
        tags=["auth"], request=SignOutInput, responses={204: None}, operation_id="sign_out"
    )
    def post(self, request: Request) -> Response:
        """Ends the session of the bearer token, or of `refresh`, or of the cookie."""
        text = given(SignOutInput, request)["refresh"]
        services.sign_out(request=request, token_id=token_id_of(request), refresh_text=text)
        if not isinstance(request.successful_authenticator, BearerAuthentication):
            logout(request)
        return Response(status=204)


class Password(APIView):
    scopes = {"POST": Scope.ADMIN}

    @extend_schema(
        tags=["auth"], request=PasswordInput, responses={204: None}, operation_id="change_password"
    )
    def post(self, request: Request) -> Response:
        """Changes one's own password; every other session ends."""
        user, found = user_of(request), given(PasswordInput, request)
        services.change_password(
            user,
            current=found["current_password"],
            new=found["new_password"],
            request=request,
            token_id=token_id_of(request),
        )
        if request.auth is None:
            update_session_auth_hash(request, user)
        return Response(status=204)
