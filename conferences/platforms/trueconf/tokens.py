"""The server-wide token of a connection: one for all processes, encrypted in its row.

It lives as long as `expires_in` says, on the database's clock. Whoever finds it gone takes a lock,
looks whether somebody else has brought a new one meanwhile, and only then asks the server.
"""

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from conferences.models import Connection
from conferences.platforms.base import CredentialsRejected, PlatformError
from conferences.platforms.trueconf import reading, refusals
from conferences.platforms.trueconf.locks import one_at_a_time
from conferences.platforms.trueconf.refusals import RouteMissing
from conferences.platforms.trueconf.transport import Transport

V4, V3 = "v4", "v3"
TOKEN_PATHS: Final = {V4: "/api/v4/oauth2/token", V3: "/oauth2/v1/token"}
UNSAID_LIFE_S: Final = 300.0
"""Where the server does not say how long a token lives."""
LONGEST_LIFE_S: Final = 90 * 86_400.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token endpoint gave."""

    access: str
    refresh: str
    life_s: float
    scopes: tuple[str, ...] | None
    """None: it does not say."""
    generation: str

    @property
    def good_s(self) -> float:
        """A little less than its life, so that it does not end on the way."""
        return self.life_s - min(30.0, self.life_s / 10)


class Tokens:
    """For one thread, like its transport."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._connection, self._transport = connection, transport
        self._access, self._until = "", 0.0
        fixed = str((connection.options or {}).get("generation") or "")
        self._fixed = fixed
        self.generation = fixed or connection.generation

    def current(self) -> str:
        """A token that should be good. Raises CredentialsRejected and other PlatformErrors."""
        if self._access and time.monotonic() < self._until:
            return self._access
        return self._stored("") or self.renewed("")

    def renewed(self, stale: str) -> str:
        """Another token than the one that was refused; asked for once, whoever else wants it."""
        if self._connection.pk is None:
            return self._taken(self._ask(self._known_first(), self._connection.refresh_token))
        with one_at_a_time(self._connection.pk):
            if found := self._stored(stale):
                return found
            row = Connection.objects.only("refresh_token").get(pk=self._connection.pk)
            grant = self._ask(self._known_first(), row.refresh_token)
            return self._taken(grant)

    def sign_in(self) -> Grant:
        """Anew with the credentials, the newer generation first."""
        orders = [self._fixed] if self._fixed else [V4, V3]
        if self._connection.pk is None:
            grant = self._ask(orders, "")
            self._taken(grant)
            return grant
        with one_at_a_time(self._connection.pk):
            grant = self._ask(orders, "")
            self._taken(grant)
        return grant

    def is_ours(self, token: str) -> bool:
        """Whether this is the server-wide token, which stands for no person."""
        row = Connection.objects.filter(pk=self._connection.pk).only("access_token").first()
        return bool(token) and token in {self._access, row.access_token if row else ""}

    def _known_first(self) -> list[str]:
        if self._fixed:
            return [self._fixed]
        return [V3, V4] if self.generation == V3 else [V4, V3]

    def _stored(self, stale: str) -> str:
        """What the row holds, if it is good and not the refused one."""
        row = (
            Connection.objects.filter(pk=self._connection.pk, token_expires_at__gt=Now())
            .annotate(left=F("token_expires_at") - Now())
            .only("access_token", "generation")
            .first()
        )
        if row is None or not row.access_token or row.access_token == stale:
            return ""
        self._access = row.access_token
        self._until = time.monotonic() + row.left.total_seconds()
        self.generation = self._fixed or row.generation or self.generation
        return self._access

    def _taken(self, grant: Grant) -> str:
        self._access, self._until = grant.access, time.monotonic() + grant.good_s
        self.generation = grant.generation
        if self._connection.pk is not None:
            self._keep(grant)
        return grant.access

    def _keep(self, grant: Grant) -> None:
        changed: dict[str, Any] = {
            "access_token": grant.access,
            "refresh_token": grant.refresh,
            "token_expires_at": Now() + dt.timedelta(seconds=grant.good_s),
            "generation": grant.generation,
        }
        if grant.scopes is not None:
            changed["granted_scopes"] = [scope[:100] for scope in grant.scopes]
        Connection.objects.filter(pk=self._connection.pk).update(**changed)

    def _ask(self, generations: list[str], refresh: str) -> Grant:
        missing: RouteMissing | None = None
        for generation in generations:
            try:
                if refresh:
                    return self._by_refresh(generation, refresh)
                return self._by_credentials(generation)
            except RouteMissing as error:
                missing = error
        raise missing or RouteMissing(_("The server does not know this path."))

    def _by_refresh(self, generation: str, refresh: str) -> Grant:
        """A refresh token is used up at once; then the credentials are good enough."""
        try:
            return self._grant(generation, grant_type="refresh_token", refresh_token=refresh)
        except CredentialsRejected:
            return self._by_credentials(generation)

    def _by_credentials(self, generation: str) -> Grant:
        return self._grant(generation, grant_type="client_credentials")

    def _grant(self, generation: str, **fields: str) -> Grant:
        found = ask_for_token(self._transport, self._connection, generation, **fields)
        return Grant(
            access=found["access_token"],
            refresh=str(found.get("refresh_token") or ""),
            life_s=life_of(found.get("expires_in")),
            scopes=tuple(str(found["scope"]).split()) if "scope" in found else None,
            generation=generation,
        )


def ask_for_token(
    transport: Transport, connection: Connection, generation: str, **fields: str
) -> dict[str, Any]:
    """One question to the token endpoint. v4 takes JSON, v3 a form.

    Raises RouteMissing where the server has no such endpoint, CredentialsRejected where it refuses
    in its own words, PlatformError for the rest.
    """
    given = {
        "client_id": connection.client_id,
        "client_secret": connection.client_secret,
        **fields,
    }
    body: dict[str, Any] = {"json": given} if generation == V4 else {"form": given}
    reply = transport.ask("POST", TOKEN_PATHS[generation], **body)
    if reply.status not in (200, 201):
        raise _refused(reply.status, reply.headers, reply.body)
    found = reading.parse(reply.body)
    if not isinstance(found, dict) or not _is_token(found.get("access_token")):
        raise PlatformError(
            _("The server's answer is no token."),
            code="platform_not_json",
            retryable=True,
            details={"status": reply.status, "excerpt": _page_of(found, reply.body)},
        )
    return found


def _page_of(found: object, body: bytes) -> str:
    """Nothing of what is JSON: it may hold a secret."""
    return refusals.excerpt_of(body) if found is None else ""


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()


def life_of(value: Any) -> float:
    """Seconds of `expires_in`, a number or its text."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return UNSAID_LIFE_S
    return min(seconds, LONGEST_LIFE_S) if seconds > 0 else UNSAID_LIFE_S


def _refused(status: int, headers: Any, body: bytes) -> PlatformError:
    refusal = refusals.read(status, headers, body)
    if status in (404, 405):
        return RouteMissing(
            _("There is no TrueConf Server at this address, or it is too old."),
            next_action=_("Check the address of the connection."),
            details=refusals.details_of(refusal),
        )
    # A page instead of JSON is a proxy's: it says nothing about our credentials.
    if status in (400, 401, 403) and not refusal.excerpt:
        return CredentialsRejected(
            _("The server rejects the credentials: %(reason)s.")
            % {"reason": refusal.reason or status},
            next_action=_(
                "Check client id and secret, and that the OAuth application allows the grant type "
                "client_credentials."
            ),
            details=refusals.details_of(refusal),
        )
    return refusals.error_of(refusal)
