"""Licence files: readable JSON with a signature over what it says.

A file is taken only exactly as it was written (line ends and blanks around it apart), so no bit of
it can differ from what was signed.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.licences import keys
from accounts.licences.errors import LicenceRefused
from accounts.licences.terms import Terms, canonical

FORMAT: Final = "sai-licence-1"
LONGEST: Final = 64 * 1024
"""Characters; a licence has about one thousand."""


def sign(terms: Terms, key: Ed25519PrivateKey) -> str:
    """The text of a licence file."""
    return _render(terms, keys.id_of(key.public_key()), key.sign(_signed(terms)))


def read(text: str, trusted: Mapping[str, Ed25519PublicKey]) -> Terms:
    """What a file says that one of `trusted` has signed. Raises LicenceRefused."""
    terms, key_id, signature = _parse(text)
    if not trusted:
        raise LicenceRefused(
            _("This installation knows no key to check licences with."),
            code="licence_no_key",
            next_action=_("Set SAI_LICENCE_PUBLIC_KEY to the public key of whoever issues them."),
        )
    if key_id not in trusted:
        raise LicenceRefused(
            _("The licence is signed with a key that this installation does not know."),
            code="licence_unknown_key",
            next_action=_("Compare SAI_LICENCE_PUBLIC_KEY with the key of whoever issued it."),
            details={"key": key_id},
        )
    if _render(terms, key_id, signature) != plain(text):
        raise _tampered()
    try:
        trusted[key_id].verify(signature, _signed(terms))
    except InvalidSignature:
        raise _tampered() from None
    return terms


def text_of(upload: UploadedFile) -> str:
    """What was uploaded. Raises LicenceRefused when it is no text, or far too long."""
    if (upload.size or 0) > 4 * LONGEST:
        raise _unreadable()
    return decode(upload.open("rb").read())


def decode(content: bytes) -> str:
    """The bytes of a file as text. Raises LicenceRefused."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable() from None


def _parse(text: str) -> tuple[Terms, str, bytes]:
    try:
        if len(text) > LONGEST:
            raise ValueError
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise ValueError
        terms = Terms.model_validate(found["licence"])
        _ends, _said = terms.grace_until, canonical(terms.as_dict())  # either may be impossible
        key_id, signature = str(found["key"]), base64.b64decode(found["signature"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, binascii.Error):
        raise _unreadable() from None
    return terms, key_id, signature


def _unreadable() -> LicenceRefused:
    return LicenceRefused(
        _("This is not a licence file that can be read."),
        next_action=_("Take the file exactly as it was issued."),
    )


def _tampered() -> LicenceRefused:
    return LicenceRefused(
        _("The licence was changed after it was signed."),
        code="licence_tampered",
        next_action=_("Take the file exactly as it was issued."),
    )


def _signed(terms: Terms) -> bytes:
    """What is signed: the format's name, and the canonical JSON behind it."""
    return FORMAT.encode() + b"\n" + canonical(terms.as_dict())


def _render(terms: Terms, key_id: str, signature: bytes) -> str:
    said: dict[str, Any] = {
        "format": FORMAT,
        "licence": terms.as_dict(),
        "key": key_id,
        "signature": base64.b64encode(signature).decode(),
    }
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def plain(text: str) -> str:
    """The text as it was written, whatever line ends it travelled with."""
    return text.replace("\r\n", "\n").strip() + "\n"
