"""`apply`: users and tokens."""

import secrets
from typing import Any, Self

from django.utils.translation import gettext as _
from pydantic import Field, SecretStr, model_validator

from accounts import services, tokens
from accounts.choices import Role, Scope, TokenKind
from accounts.models import Token, User
from accounts.services.tokens import LONGEST_DAYS
from common.errors import Invalid
from common.sections import Applied, Entry, Section


class UserEntry(Entry):
    """Without a password a new person gets a random one, and a known one keeps his."""

    role: Role | None = None
    password: SecretStr | None = None
    email: str | None = None


class TokenEntry(Entry):
    """A token of a user, or an engine's. A known one that is still good stays as it is."""

    user: str = ""
    engine: bool = False
    scopes: list[Scope] = []
    days: float | None = Field(None, gt=0, le=LONGEST_DAYS)

    @model_validator(mode="after")
    def _has_one_owner(self) -> Self:
        if bool(self.user) == self.engine:
            raise ValueError("name either a user, or engine: true")
        return self


def declare_user(entry: UserEntry) -> Applied:
    fields: dict[str, Any] = {
        name: value
        for name, value in (("role", entry.role), ("email", entry.email))
        if value is not None
    }
    password = entry.password.get_secret_value() if entry.password else ""
    user = User.objects.filter(username=entry.name).first()
    if user is None:
        made = "" if password else secrets.token_urlsafe(15)
        user = services.create_user(entry.name, actor=None, password=password or made, **fields)
        return Applied(name=entry.name, id=user.pk, created=True, password=made)
    is_new = bool(password) and not user.check_password(password)
    services.change_user(user, actor=None, password=password if is_new else None, **fields)
    return Applied(name=entry.name, id=user.pk, created=False)


def declare_token(entry: TokenEntry) -> Applied:
    owner = None if entry.engine else _owner(entry.user)
    kind = TokenKind.ENGINE if entry.engine else TokenKind.API
    known = Token.objects.filter(tokens.alive(), user=owner, kind=kind, label=entry.name).first()
    if known is not None:
        services.change_scopes(known, entry.scopes, actor=None)
        return Applied(name=entry.name, id=known.pk, created=False)
    token, text = services.make_token(
        owner,
        actor=None,
        label=entry.name,
        scopes=entry.scopes,
        days=entry.days,
        engine=entry.engine,
    )
    return Applied(name=entry.name, id=token.pk, created=True, token=text)


def _owner(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        message = _("There is no user “%(name)s”.") % {"name": name}
        raise Invalid(message, details={"user": [message]})
    return user


users = Section(UserEntry, declare_user)
user_tokens = Section(TokenEntry, declare_token)
