"""Tokens: both token endpoints, the authorise page, and who comes with which token.

Facts from TrueConf's manual (developers.trueconf.com) and its public MCP and bot clients.
"""

import html
import math
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from conferences.fake_tcs.state import V3, V4, App, Code, State, Token, User
from conferences.fake_tcs.web import (
    Answer,
    Refusal,
    Request,
    html_answer,
    json_answer,
    redirect,
)

LIFE = {V4: 3_600.0, V3: 604_800.0}
CODE_SECONDS = 600.0


class Rejected(Exception):
    """The token endpoint refuses in its own, flat form."""

    def __init__(self, status: int, error: str, description: str = "") -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description

    def answer(self, generation: str) -> Answer:
        if generation == V3 and self.status == 401:
            return json_answer({"reason": "InvalidCredentials"}, 401)
        body = {"error": self.error}
        if self.description:
            body["error_description"] = self.description
        return json_answer(body, self.status)


def token_endpoint(state: State, request: Request) -> Answer:
    """`POST /api/v4/oauth2/token` (JSON, `auth_code`), `/oauth2/v1/token` (form or JSON, `code`).

    A scope that the application has not: 400 invalidScope, nested. Password sign-in off: 403
    auth_method_disabled. Wrong credentials: 401.
    """
    fields = request.fields()
    try:
        if state.faults.take("rejected_credentials", request.path):
            raise Rejected(401, "invalid_client", "The credentials are not valid.")
        app = _app(state, fields)
        user = _user(state, app, fields, request.generation)
        return json_answer(_issue(state, app, user, fields, request.generation))
    except Rejected as rejected:
        return rejected.answer(request.generation)


def _app(state: State, fields: Mapping[str, Any]) -> App:
    """The application; a password grant may come without its secret, as the vendor's bot does."""
    app = state.apps.get(str(fields.get("client_id", "")))
    given = fields.get("client_secret")
    if app is None or (given is None and fields.get("grant_type") != "password"):
        raise Rejected(401, "invalid_client", "Client authentication failed.")
    if given is not None and not secrets.compare_digest(
        str(given).encode(), app.client_secret.encode()
    ):
        raise Rejected(401, "invalid_client", "Client authentication failed.")
    return app


def _user(state: State, app: App, fields: Mapping[str, Any], generation: str) -> User | None:
    """For whom the token will be; None: for the server as a whole."""
    grant = str(fields.get("grant_type", ""))
    if grant not in GRANT_USERS:
        raise Rejected(400, "unsupported_grant_type", "There is no such grant type.")
    if grant not in app.grants:
        if grant == "password":
            raise Rejected(403, "auth_method_disabled")
        raise Rejected(400, "unauthorized_client", "The grant type is switched off.")
    return GRANT_USERS[grant](state, app, fields, generation)


def _nobody(state: State, app: App, fields: Mapping[str, Any], generation: str) -> None:
    return None


def _by_password(state: State, app: App, fields: Mapping[str, Any], generation: str) -> User:
    user = signed_in_by(state, str(fields.get("username", "")), str(fields.get("password", "")))
    if user is None:
        raise Rejected(401, "invalid_grant", "Invalid user name or password.")
    return user


def _by_refresh(state: State, app: App, fields: Mapping[str, Any], generation: str) -> User | None:
    old = state.refreshes.pop(str(fields.get("refresh_token", "")), None)
    if old is None or old.client_id != app.client_id:
        raise Rejected(401, "invalid_grant", "The refresh token is not valid.")
    state.tokens.pop(old.access, None)
    return old.user


def _by_code(state: State, app: App, fields: Mapping[str, Any], generation: str) -> User:
    name = "auth_code" if generation == V4 else "code"
    code = state.codes.pop(str(fields.get(name, "")), None)
    if code is None or code.client_id != app.client_id or code.ends_at < time.time():
        raise Rejected(401, "invalid_grant", "The authorization code is not valid.")
    if str(fields.get("redirect_uri", code.redirect_uri)) != code.redirect_uri:
        raise Rejected(401, "invalid_grant", "redirect_uri is another than that of the code.")
    return code.user


GRANT_USERS = {
    "client_credentials": _nobody,
    "password": _by_password,
    "refresh_token": _by_refresh,
    "authorization_code": _by_code,
}


def signed_in_by(state: State, who: str, password: str) -> User | None:
    """The active person with that password."""
    user = state.user_of(who)
    if user is None or not user.is_active:
        return None
    return user if secrets.compare_digest(user.password.encode(), password.encode()) else None


def _scopes(state: State, app: App, fields: Mapping[str, Any]) -> frozenset[str]:
    """What is asked for, or all that the application has. Raises Refusal 400 invalidScope."""
    wanted = str(fields.get("scope") or "").split() or sorted(app.scopes)
    allowed = Token("", "", "", None, frozenset(app.scopes), 0)
    if not wanted or not all(allowed.allows(scope) for scope in wanted):
        raise Refusal(400, "invalidScope", "The scope is not enabled.", "body", "scope")
    return frozenset(wanted)


def _issue(
    state: State, app: App, user: User | None, fields: Mapping[str, Any], generation: str
) -> dict[str, Any]:
    scopes = _scopes(state, app, fields)
    for fault in state.faults.on("missing_scope"):
        scopes = _without(scopes, fault["scope"])
    seconds = LIFE[generation] if app.access_seconds is None else app.access_seconds
    refreshes = user is not None and "refresh_token" in app.grants
    token = Token(
        access=secrets.token_urlsafe(32),
        refresh=secrets.token_urlsafe(32) if refreshes else "",
        client_id=app.client_id,
        user=user,
        scopes=scopes,
        ends_at=time.time() + seconds,
    )
    state.tokens[token.access] = token
    body = {
        "access_token": token.access,
        "expires_in": math.ceil(seconds),
        "token_type": "Bearer",
        "scope": " ".join(sorted(scopes)),
    }
    if refreshes:
        state.refreshes[token.refresh] = token
        body["refresh_token"] = token.refresh
    if user and fields.get("grant_type") == "authorization_code":
        body |= {"user_id": user.uid, "display_name": user.display_name}
    return body


def _without(scopes: frozenset[str], scope: str) -> frozenset[str]:
    """All scopes but one; a whole scope is split into what is left of it."""
    family = scope.partition(":")[0]
    left = scopes - {scope, family}
    if family in scopes and scope != family:
        left |= {f"{family}:{kind}" for kind in ("read", "write")} - {scope}
    return left


def allows(state: State, token: Token, scope: str) -> bool:
    """Whether the token has the scope and no fault takes it away."""
    taken = {fault["scope"] for fault in state.faults.on("missing_scope")}
    return token.secret_key or (token.allows(scope) and scope not in taken)


def authenticate(state: State, request: Request) -> Token:
    """Who asks. Raises Refusal: 401 by v4, 403 accessTokenInvalid by v3."""
    head, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = bearer.strip() if head.lower() == "bearer" else request.query.get("access_token", "")
    status = 403 if request.generation == V3 else 401
    refusal = Refusal(status, "accessTokenInvalid", "The access token is invalid.")
    if given and secrets.compare_digest(given.encode(), state.secret_key.encode()):
        return Token(given, "", "", None, frozenset(), math.inf, secret_key=True)
    token = state.tokens.get(given)
    if token is None or token.ends_at <= time.time():
        raise refusal
    if token.user and not token.user.is_active:
        raise refusal
    if state.faults.take("expired_token", request.path):
        token.ends_at = 0
        raise refusal
    if state.faults.take("rejected_token", request.path):
        raise refusal
    return token


def authorise(state: State, request: Request) -> Answer:
    """`/oauth2/authorize`: a form; the callback when it is sent or somebody is signed in."""
    app = state.apps.get(request.query.get("client_id", ""))
    back = request.query.get("redirect_uri", "")
    if app is None or request.query.get("response_type") != "code" or not _may(app, back):
        raise Refusal(400, "invalidParameter", "client_id, response_type or redirect_uri is wrong.")
    if request.method == "POST":
        fields = request.fields()
        user = signed_in_by(state, str(fields.get("username")), str(fields.get("password")))
    else:
        user = state.user_of(state.signed_in) if state.signed_in else None
    if user is None:
        return html_answer(_form(state, request), 401 if request.method == "POST" else 200)
    code = secrets.token_urlsafe(24)
    state.codes[code] = Code(app.client_id, user, back, time.time() + CODE_SECONDS)
    return _callback(state, request, back, code)


def _may(app: App, back: str) -> bool:
    if not back.startswith(("http://", "https://")):
        return False
    return "authorization_code" in app.grants and (
        not app.redirect_uris or back in app.redirect_uris
    )


def _callback(state: State, request: Request, back: str, code: str) -> Answer:
    given = {"code": code}
    if state.faults.take("lost_state", request.path):
        given["state"] = "null"
    elif "state" in request.query:
        given["state"] = request.query["state"]
    url = f"{back}{'&' if '?' in back else '?'}{urlencode(given, quote_via=quote)}"
    if not state.faults.take("doubled_callback", request.path):
        return redirect(url)
    safe = html.escape(url)
    return html_answer(
        f'<!doctype html><title>Signed in</title><a id="callback" href="{safe}">Go on</a>'
        "<script>const to = document.getElementById('callback').href;"
        "fetch(to, {credentials: 'include', mode: 'no-cors'})"
        ".finally(() => location.assign(to))</script>"
    )


def _form(state: State, request: Request) -> str:
    action = html.escape(f"{request.path}?{urlencode(request.query)}")
    return (
        f"<!doctype html><title>{html.escape(state.name)}</title><h1>Sign in</h1>"
        f'<form method="post" action="{action}"><input name="username"><input name="password" '
        'type="password"><button>Sign in</button></form>'
    )
