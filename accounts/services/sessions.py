"""Signing in, staying signed in, signing out.

A sign-in by REST starts a family of tokens: a short access token and a refresh token that is good
once. Refreshing spends it and gives a new pair of the same family. A refresh token that comes twice
was copied: the whole family ends.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, conf, limits, tokens
from accounts.choices import Action, TokenKind
from accounts.conf import Lifetimes, Rate
from accounts.models import Token, User
from accounts.services.endings import end_family
from common.errors import NotSignedIn


@dataclass(frozen=True, slots=True)
class Session:
    """Texts of a new pair of tokens; `expires_at` is the access token's end."""

    access: str
    refresh: str
    expires_at: datetime
    refresh_expires_at: datetime


def verify(username: str, password: str, *, request: HttpRequest, door: str) -> User:
    """Whose name and password these are; audited, throttled by name and address.

    Raises NotSignedIn, the same after the same time for a wrong password, an unknown name and an
    inactive user; TooMany before anything is compared. Only refused attempts count.
    """
    address = audit.address_of(request)
    buckets: list[tuple[str, Rate]] = [
        (limits.key_of("sign-in", username.casefold(), address), conf.SIGN_IN_BY_PERSON),
        (limits.key_of("sign-in-address", address), conf.SIGN_IN_BY_ADDRESS),
    ]
    for key, rate in buckets:
        limits.take(key, rate.rate, rate.per_seconds, rate.burst)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        _note_refusal(username, request, door)
        raise NotSignedIn(_("The name or the password is wrong."), code="wrong_credentials")
    for key, rate in buckets:
        limits.give_back(key, rate.burst)
    audit.record(user, Action.SIGN_IN, "user", user.pk, request=request, data={"door": door})
    return user


def _note_refusal(username: str, request: HttpRequest, door: str) -> None:
    """A name nobody has is not kept: people type passwords there."""
    known = User.objects.filter(username=username).first()
    audit.record(
        known,
        Action.SIGN_IN_REFUSED,
        "user" if known else "",
        known.pk if known else "",
        request=request,
        data={"door": door},
    )


def sign_in(username: str, password: str, *, request: HttpRequest) -> Session:
    """A new family of tokens for whoever knows the name and the password."""
    user = verify(username, password, request=request, door="api")
    update_last_login(User, user)
    return issue(user)


def refresh(
    text: str,
    *,
    request: HttpRequest,
    lifetimes: Lifetimes = conf.USUAL,
    still_allowed: Callable[[User], bool] = lambda user: not user.realm,
) -> Session:
    """Spend a refresh token for a new pair. A spent one ends its family. Raises NotSignedIn.

    `still_allowed` says whether its owner may go on; if not, nothing is spent. People of a realm
    go on where they signed in: there their server is known.
    """
    now = timezone.now()
    with transaction.atomic():
        token = (
            Token.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(digest=tokens.digest(text), kind=TokenKind.REFRESH)
            .first()
        )
        if token is not None and _is_good(token, now) and still_allowed(_owner(token)):
            token.revoked_at = token.last_used_at = now
            token.save(update_fields=["revoked_at", "last_used_at", "updated_at"])
            return issue(_owner(token), lifetimes, label=token.label, family=token.family)
    if token is not None and token.revoked_at is not None:
        _end_copied_family(token, request)
    raise NotSignedIn(_("The session has ended: sign in again."), code="session_ended")


def _owner(token: Token) -> User:
    if token.user is None:
        raise NotSignedIn(_("The session has ended: sign in again."), code="session_ended")
    return token.user


def _is_good(token: Token, now: datetime) -> bool:
    in_time = token.expires_at is not None and token.expires_at > now
    return token.revoked_at is None and in_time and _owner(token).is_active


def _end_copied_family(token: Token, request: HttpRequest) -> None:
    if end_family(token.family):
        audit.record(
            token.user,
            Action.TOKEN_REUSED,
            "token",
            token.pk,
            request=request,
            data={"ended": True},
        )


def issue(
    user: User,
    lifetimes: Lifetimes = conf.USUAL,
    *,
    label: str = "",
    family: uuid.UUID | None = None,
) -> Session:
    """A pair of tokens for somebody who has proved who he is; without `family` it begins one."""
    family = family or uuid.uuid4()
    now = timezone.now()
    with transaction.atomic():
        access, access_text = tokens.make(
            user, TokenKind.ACCESS, label, days=lifetimes.access, family=family
        )
        spare, refresh_text = tokens.make(
            user, TokenKind.REFRESH, label, days=lifetimes.refresh, family=family
        )
    return Session(
        access=access_text,
        refresh=refresh_text,
        expires_at=access.expires_at or now,
        refresh_expires_at=spare.expires_at or now,
    )


def sign_out(*, request: HttpRequest, token_id: int | None = None, refresh_text: str = "") -> None:
    """End the family that an access or a refresh token belongs to. Twice does no harm.

    An API token is not a session: it stays until it is revoked.
    """
    found = Token.objects.select_related("user").exclude(family=None)
    if refresh_text:
        token = found.filter(digest=tokens.digest(refresh_text)).first()
    else:
        token = found.filter(pk=token_id or 0).first()
    if token is not None and end_family(token.family):
        audit.record(token.user, Action.SIGN_OUT, "user", token.user_id, request=request)
