"""Files of licences that are not installed, and what each refusal says."""

import datetime as dt
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts import licences
from accounts.licences import LicenceRefused, files, keys
from accounts.models import AuditEntry, Licence
from accounts.tests import licensing
from accounts.tests.licensing import now, signed, terms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("licence_vendor")]


DAY = dt.timedelta(days=1)


def refusal(text):
    """The code of an installation's refusal, after which nothing has changed."""
    before = list(Licence.objects.values()), AuditEntry.objects.count()
    with pytest.raises(LicenceRefused) as error:
        licences.install(text, actor=None)
    assert (list(Licence.objects.values()), AuditEntry.objects.count()) == before
    assert error.value.next_action
    return error.value.code


def test_every_file_that_is_refused_says_its_own_reason(settings):
    stranger = Ed25519PrivateKey.generate()
    here, elsewhere = licensing.installation(), "12345678-1234-1234-1234-123456789abc"
    codes = {
        "licence_foreign": signed(installation=elsewhere),
        "licence_expired": signed(installation=here, expires_at=now()),
        "licence_not_yet_valid": signed(valid_from=now() + DAY),
        "licence_unknown_key": files.sign(terms(), stranger),
        "licence_tampered": signed(limits={"full_connections": 2}).replace(
            '"full_connections": 2', '"full_connections": 9'
        ),
        "licence_unreadable": "hello",
    }
    assert {code: refusal(text) for code, text in codes.items()} == {code: code for code in codes}
    issued_later = signed(issued_at=now() + DAY)
    assert refusal(issued_later) == "licence_not_yet_valid"
    settings.ACCOUNTS = {**settings.ACCOUNTS, "licence_public_keys": []}
    assert refusal(signed()) == "licence_no_key"


def test_a_key_that_lends_its_name_to_another_opens_nothing():
    """The file names our key, but another one has signed."""
    stranger = Ed25519PrivateKey.generate()
    body = json.loads(files.sign(terms(), stranger))
    body["key"] = keys.id_of(licensing.KEY.public_key())
    assert refusal(json.dumps(body, indent=2, ensure_ascii=False) + "\n") == "licence_tampered"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"format": "sai-licence-2"}',
        '{"format": "sai-licence-1", "licence": 7, "key": "", "signature": ""}',
        "\0",
        "x" * 70_000,
        '"\ud800"',
    ],
)
def test_nonsense_is_unreadable_and_breaks_nothing(text):
    assert refusal(text) == "licence_unreadable"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expires_at", "9999-12-31T23:59:59Z"),
        ("expires_at", "2026-12-31T00:00:00"),
        ("expires_at", 1),
        ("customer", "\ud800"),
        ("customer", ""),
        ("grace_days", "3"),
        ("grace_days", -1),
        ("limits", {"full_connections": 1}),
        ("features", ["A b"]),
        ("resets_clock", "yes"),
        ("surprise", 1),
    ],
)
def test_signed_by_nobody_and_impossible_besides(field, value):
    body = json.loads(signed())
    body["licence"][field] = value
    found = refusal(json.dumps(body, indent=2, ensure_ascii=False) + "\n")
    assert found in ("licence_unreadable", "licence_tampered")
