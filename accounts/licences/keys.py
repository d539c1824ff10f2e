"""Ed25519 keys: the product holds public ones, whoever issues licences the private one."""

import base64
import binascii
import hashlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from accounts.conf import licence_public_keys


def public_keys() -> dict[str, Ed25519PublicKey]:
    """Key id -> key, of SAI_LICENCE_PUBLIC_KEY. Raises ValueError where it is not a key."""
    keys = [parse(text) for text in licence_public_keys()]
    return {id_of(key): key for key in keys}


def parse(text: str) -> Ed25519PublicKey:
    """A public key as `write` gives it: base64 of its 32 bytes."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("a public key is base64 of 32 bytes") from None


def write(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes_raw()).decode()


def id_of(key: Ed25519PublicKey) -> str:
    """Names a key in the files that it signed; says nothing about whether to trust it."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def load(path: Path) -> Ed25519PrivateKey:
    """A private key from a PEM file. Raises OSError or ValueError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("this is not an unencrypted Ed25519 private key in PEM")
    return key


def generate(path: Path) -> Ed25519PublicKey:
    """A new private key in a new file that only its owner can read. Raises OSError."""
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key.public_key()
