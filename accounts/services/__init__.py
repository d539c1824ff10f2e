"""What others may ask of accounts: signing in and out, passwords, tokens, people and groups."""

from accounts.services.groups import change_group, create_group, delete_group
from accounts.services.passwords import (
    change_password,
    check_current,
    check_strength,
    set_password,
)
from accounts.services.people import (
    change_profile,
    change_user,
    check_an_administrator_stays,
    create_user,
    deactivate_user,
)
from accounts.services.sessions import Session, issue, refresh, sign_in, sign_out, verify
from accounts.services.tokens import change_scopes, make_token, revoke_all, revoke_token

__all__ = [
    "Session",
    "change_group",
    "change_password",
    "change_profile",
    "change_scopes",
    "change_user",
    "check_an_administrator_stays",
    "check_current",
    "check_strength",
    "create_group",
    "create_user",
    "deactivate_user",
    "delete_group",
    "issue",
    "make_token",
    "refresh",
    "revoke_all",
    "revoke_token",
    "set_password",
    "sign_in",
    "sign_out",
    "verify",
]
