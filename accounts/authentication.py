"""Bearer tokens at the doors: REST views by a class, sockets by `identify`."""

from collections.abc import Callable
from functools import cache
from typing import cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import User
from accounts.principal import Principal
from common.errors import NotSignedIn

Resolver = Callable[[str], Principal | None]
LONGEST_TOKEN = 8192
SERVER_HEADER = "HTTP_X_TCS_DOMAIN"
OURS = "sai_"
"""How the tokens begin that we made ourselves."""


@cache
def _resolver(name: str) -> Resolver:
    return cast("Resolver", import_string(name))


def identify(text: str) -> Principal | None:
    """Ask each resolver of `TOKEN_RESOLVERS` in turn; None when nobody knows the text.

    Synchronous and reads the database: a consumer wraps it in `database_sync_to_async`. The
    principal's user may be None (an engine).
    """
    if not text or len(text) > LONGEST_TOKEN:
        return None
    for name in settings.TOKEN_RESOLVERS:
        if (principal := _resolver(name)(text)) is not None:
            return principal
    return None


def bearer_text(header: str) -> str | None:
    """The token of an `Authorization` header; None when it speaks of another scheme."""
    scheme, _space, text = header.strip().partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def of_server(text: str, domain: str) -> str:
    """A token and the meeting server it is of, as one text: `tcs:<domain>/<token>`.

    What we made ourselves stays as it is. Where no header can be sent, clients write it so.
    """
    if not text or not domain.strip() or text.startswith((OURS, "tcs:")):
        return text
    return f"tcs:{domain.strip().rpartition('://')[2].partition('/')[0]}/{text}"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; `request.auth` becomes the Principal.

    `X-TCS-Domain` names the meeting server that gave the token, where one did.
    """

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Principal] | None:
        text = bearer_text(request.META.get("HTTP_AUTHORIZATION", ""))
        if text is None:
            return None
        principal = identify(of_server(text, request.META.get(SERVER_HEADER, "")))
        if principal is None:
            raise NotSignedIn(
                _("This token is not known, has expired or was revoked: sign in again."),
                code="token_refused",
            )
        return principal.user or AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
