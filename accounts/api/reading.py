"""Who calls a REST view."""

from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.models import User
from accounts.principal import Principal
from common.errors import NotAllowed


def user_of(request: Request) -> User:
    """The person behind a request that passed `Allowed`."""
    if not isinstance(request.user, User):
        raise NotAllowed(_("This is for people."))
    return request.user


def token_id_of(request: Request) -> int | None:
    """The row of the bearer token; None for a cookie session."""
    return request.auth.token_id if isinstance(request.auth, Principal) else None
