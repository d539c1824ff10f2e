"""Secrets at rest: Fernet with several keys, the newest encrypts and any of them decrypts.

To rotate: put a new key in front of `SAI_ENCRYPTION_KEYS`, run `manage.py rotate_secrets`, then
drop the old key. Without keys of their own they are derived from the secret key.
"""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def _fernet() -> MultiFernet:
    derived = base64.urlsafe_b64encode(hashlib.sha256(settings.SECRET_KEY.encode()).digest())
    keys = [*settings.ENCRYPTION_KEYS, derived.decode()]
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode() if text else ""


def decrypt(text: str) -> str:
    if not text:
        return ""
    try:
        return _fernet().decrypt(text.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "A stored secret can't be decrypted: put the key it was written with into "
            "SAI_ENCRYPTION_KEYS (or restore SAI_SECRET_KEY)."
        ) from None


class EncryptedTextField(models.TextField):
    """Text that is only ever in the clear inside a process."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(super().get_prep_value(value) or "")

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str:
        return decrypt(value or "")
