"""A server's certificate, looked at without trusting it: why it is not trusted, and until when it
would be good."""

import datetime as dt
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from django.utils.translation import gettext as _

from common.errors import SaiError
from common.http import clients
from common.http.guard import guard
from conferences.platforms.base import PlatformError

PATIENCE_S: Final = 5.0
UNTRUSTED: Final = "outbound_tls"


def expiry_of(der: bytes | None) -> dt.datetime | None:
    """None where there is none, or none that can be read."""
    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc if der else None
    except ValueError:
        return None


def explained(error: PlatformError, base: str) -> PlatformError:
    """The same error, with what an administrator can do. Nothing but a greeting is sent."""
    ends_at = _looked_at(base)
    if ends_at is not None and ends_at < dt.datetime.now(dt.UTC):
        action = _("The certificate ended on %(date)s: the server needs a new one.")
        action %= {"date": ends_at.date().isoformat()}
    else:
        action = _("Put the certificate of its authority into the connection's CA certificates.")
    details = {"certificate_expires_at": ends_at.isoformat()} if ends_at else {}
    return PlatformError(
        error.message, code=error.code, retryable=True, next_action=action, details=details
    )


def _looked_at(base: str) -> dt.datetime | None:
    parts = urlsplit(base)
    host, port = parts.hostname or "", parts.port or 443
    context = clients.ssl_context(False)
    try:
        address = guard(private=True).addresses(host, port)[0]
        with (
            socket.create_connection((address, port), PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return expiry_of(secure.getpeercert(binary_form=True))
    except (OSError, ssl.SSLError, SaiError):
        return None
