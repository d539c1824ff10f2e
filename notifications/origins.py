"""Which pages may open our sockets.

A browser always says where a page comes from and sends its cookies along; other programs say
nothing and have tokens. So: no Origin is fine, a foreign Origin is refused.
"""

from collections.abc import Iterable

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from common.asgi import Application, Receive, Scope, Send


class OwnPagesOnly:
    """ASGI middleware for WebSockets: refuses the handshake (HTTP 403) of a foreign page."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_ours(scope["headers"]):
            await self.application(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 4403})


def is_ours(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    named = {name.lower(): value.decode("latin-1") for name, value in headers}
    origin = named.get(b"origin")
    if origin is None:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    scheme, _separator, host = origin.partition("://")
    domain, _port = split_domain_port(host)
    return (
        scheme in ("http", "https")
        and host == named.get(b"host")
        and validate_host(domain, settings.ALLOWED_HOSTS)
    )
