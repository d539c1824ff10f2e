"""A vendor of licences, with a key that exists only in this test process."""

import datetime as dt
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts import licences
from accounts.licences import LicenceLimit, clock, files, keys
from accounts.licences.terms import FREE_LIMITS, Terms
from accounts.models import AuditEntry, Licence

KEY = Ed25519PrivateKey.generate()
PUBLIC = keys.write(KEY.public_key())
USED: dict[str, float] = {}


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def ago(**how: float) -> dt.datetime:
    return now() - dt.timedelta(**how)


def terms(**said: Any) -> Terms:
    """A good licence for any installation; `limits` are put over those of the free one."""
    limits = {**FREE_LIMITS, **said.pop("limits", {})}
    usual = {
        "id": f"n-{len(Licence.objects.all())}",
        "customer": "Ромашка & Söhne",
        "installation": "*",
        "issued_at": ago(minutes=1),
        "valid_from": ago(days=1),
        "expires_at": now() + dt.timedelta(days=30),
        "grace_days": 14,
        "features": [],
    }
    return Terms(**{**usual, **said, "limits": limits})


def signed(**said: Any) -> str:
    return files.sign(terms(**said), KEY)


def put(**said: Any) -> Licence:
    """In the database as if it had been installed once: also what is refused by now."""
    licences.forget()
    made = terms(**said)
    return Licence.objects.create(number=made.id, text=files.sign(made, KEY))


def installation() -> str:
    return str(clock.read().installation)


def full() -> float:
    return USED.get("full_connections", 0)


def hours() -> float:
    return USED.get("hours_per_month", 0)


def taken() -> int:
    """Places that were taken, as the trail tells."""
    return AuditEntry.objects.filter(object_type="taken").count()


def refused(limit: str = "full_connections", **more: Any) -> LicenceLimit:
    """The refusal of more than the licence allows."""
    with pytest.raises(LicenceLimit) as error:
        licences.check(limit, **more)
    assert error.value.status == 403
    assert error.value.next_action
    return error.value
