"""The header `SAI-Signature: t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>` with the secret.

While a secret is being replaced there are two `v1`; a receiver takes the message when one of them
is right and `t` is not older than some minutes.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"


def new_secret() -> str:
    """256 random bits; the prefix tells what it is to whoever finds it."""
    return PREFIX + secrets.token_urlsafe(32)


def signature(body: bytes, *, at: int, with_secrets: Iterable[str]) -> str:
    """The header's text. `at`: seconds since 1970, of this try."""
    message = f"{at}.".encode() + body
    marks = [
        hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() for secret in with_secrets
    ]
    return ",".join([f"t={at}", *(f"v1={mark}" for mark in marks)])
