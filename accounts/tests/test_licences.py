"""Licences: what is installed, what is refused and why, and what counts."""

import datetime as dt
import json
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as some

from accounts import audit, licences
from accounts.choices import Action
from accounts.licences import LicenceLimit, LicenceRefused, State, clock, files, keys, standing
from accounts.models import AuditEntry, Installation, Licence
from accounts.tests import licensing
from accounts.tests.licensing import ago, now, put, signed, terms

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _vendor(settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "licence_public_keys": [licensing.PUBLIC]}
    settings.LICENCE_USAGE = {
        "full_connections": "accounts.tests.licensing.full",
        "hours_per_month": "accounts.tests.licensing.hours",
    }
    licensing.USED.clear()
    licences.forget()
    yield
    licences.forget()


def refusal(text):
    """The code of an installation's refusal, after which nothing has changed."""
    before = list(Licence.objects.values()), AuditEntry.objects.count()
    with pytest.raises(LicenceRefused) as error:
        licences.install(text, actor=None)
    assert (list(Licence.objects.values()), AuditEntry.objects.count()) == before
    assert error.value.next_action
    return error.value.code


def refused(limit="full_connections", **more):
    with pytest.raises(LicenceLimit) as error:
        licences.check(limit, **more)
    assert error.value.status == 403
    assert error.value.next_action
    return error.value


@pytest.mark.django_db
def test_without_a_file_the_free_licence_lets_one_connection_work():
    licences.check("full_connections")
    licensing.USED["full_connections"] = 1
    error = refused()
    assert error.code == "licence_limit"
    assert error.details == {"limit": "full_connections", "allowed": 1, "used": 1, "wanted": 1}
    licences.check("hours_per_month", wanted=10**6)
    licences.check("simultaneous_recognitions", used=10**6)
    found = licences.status()
    assert (found.state, found.terms, found.left) == (State.FREE, None, None)
    assert not licences.has("voice")


@pytest.mark.django_db
def test_an_installed_file_counts_at_once_and_twice_is_once():
    text = signed(
        installation=licensing.installation(), limits={"full_connections": 5}, features=["voice"]
    )
    row, new = licences.install(text.replace("\n", "\r\n") + "  \n", actor=None)
    assert new
    assert row.text == text
    assert licences.install(text, actor=None) == (row, False)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id) == (Action.LICENCE_INSTALLED, row.number)
    assert entry.data["limits"]["full_connections"] == 5
    licensing.USED["full_connections"] = 4
    licences.check("full_connections")
    assert refused(wanted=2).details["allowed"] == 5
    assert licences.has("voice")
    assert not licences.has("telepathy")
    licences.remove(row, actor=None)
    assert licences.status().state == State.FREE
    assert AuditEntry.objects.filter(action=Action.LICENCE_REMOVED).count() == 1


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_a_key_that_lends_its_name_to_another_opens_nothing():
    """The file names our key, but another one has signed."""
    stranger = Ed25519PrivateKey.generate()
    body = json.loads(files.sign(terms(), stranger))
    body["key"] = keys.id_of(licensing.KEY.public_key())
    assert refusal(json.dumps(body, indent=2, ensure_ascii=False) + "\n") == "licence_tampered"


@pytest.mark.django_db
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
@pytest.mark.django_db
def test_signed_by_nobody_and_impossible_besides(field, value):
    body = json.loads(signed())
    body["licence"][field] = value
    found = refusal(json.dumps(body, indent=2, ensure_ascii=False) + "\n")
    assert found in ("licence_unreadable", "licence_tampered")


FILE = files.sign(
    licences.Terms(
        id="n-1",
        customer="Ромашка",
        installation="*",
        issued_at="2026-01-01T00:00:00Z",
        valid_from="2026-01-01T00:00:00Z",
        expires_at="2027-01-01T00:00:00Z",
        grace_days=14,
        limits=licences.FREE_LIMITS,
        features=["voice"],
    ),
    licensing.KEY,
).encode()
TRUSTED = {keys.id_of(licensing.KEY.public_key()): licensing.KEY.public_key()}


def survives(changed):
    try:
        files.read(changed.decode(), TRUSTED)
    except (LicenceRefused, UnicodeDecodeError):
        return False
    return True


def test_no_single_bit_of_a_file_can_differ():
    """Every bit of it, one by one. What a change of line ends would mean is no change."""
    assert survives(FILE)
    kept = [
        place
        for place in range(8 * len(FILE))
        if survives(
            FILE[: place // 8] + bytes([FILE[place // 8] ^ 1 << place % 8]) + FILE[place // 8 + 1 :]
        )
    ]
    # The last line end may become another blank (tab, form feed...): what surrounds is cut off.
    assert {place // 8 for place in kept} <= {len(FILE) - 1}


@given(
    place=some.integers(0, len(FILE) - 2),
    length=some.integers(0, 40),
    instead=some.binary(max_size=40),
)
@effort(max_examples=200, deadline=None)
def test_no_piece_of_a_file_can_be_replaced(place, length, instead):
    changed = FILE[:place] + instead + FILE[place + length :]
    same = changed.replace(b"\r\n", b"\n").strip() == FILE.strip()
    assert survives(changed) == same


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (dt.timedelta(seconds=-1), None),
        (dt.timedelta(0), State.ACTIVE),
        (30 * DAY - dt.timedelta(microseconds=1), State.ACTIVE),
        (30 * DAY, State.GRACE),
        (44 * DAY - dt.timedelta(microseconds=1), State.GRACE),
        (44 * DAY, State.EXPIRED),
    ],
)
@pytest.mark.django_db
def test_the_borders_of_a_licence(after, state):
    start = now()
    one = terms(valid_from=start, expires_at=start + 30 * DAY, grace_days=14)
    assert standing.state_of(one, start + after) == state


@pytest.mark.django_db
def test_in_its_grace_a_licence_works_with_a_warning_and_then_refuses():
    row = put(expires_at=ago(days=3), grace_days=4, limits={"full_connections": 7}, features=["v"])
    licences.check("full_connections", used=6)
    found = licences.status()
    assert found.state == State.GRACE
    assert licences.has("v")
    assert len(found.warnings) == 1
    row.delete()
    put(expires_at=ago(days=3), grace_days=3, limits={"full_connections": 7}, features=["v"])
    error = refused("hours_per_month", wanted=0)
    assert error.code == "licence_expired"
    assert not licences.has("v")
    assert licences.status().state == State.EXPIRED
    put(limits={"full_connections": 2})
    assert licences.status().state == State.ACTIVE


@pytest.mark.django_db
def test_of_several_the_one_in_force_counts_and_then_the_newest():
    put(id="old", issued_at=ago(days=5), limits={"full_connections": 2})
    put(id="new", issued_at=ago(days=1), limits={"full_connections": 3})
    put(id="over", issued_at=ago(hours=2), expires_at=ago(hours=1))
    put(id="elsewhere", installation="12345678-1234-1234-1234-123456789abc")
    found = licences.status()
    assert found.terms.id == "new"
    assert found.standing.unverified == 1
    assert len(found.warnings) == 1


@pytest.mark.django_db
def test_what_was_changed_in_the_database_does_not_count():
    row = put(limits={"full_connections": 2})
    assert licences.status().standing.limits["full_connections"] == 2
    row.text = row.text.replace('"full_connections": 2', '"full_connections": 99')
    row.save()
    assert licences.status().state == State.FREE
    assert licences.status().warnings


@pytest.mark.django_db
@pytest.mark.parametrize("witness", ["remembered", "audit trail", "licence"])
def test_a_clock_that_was_turned_back_stops_new_work(witness):
    licensing.installation()

    def seen(when):
        if witness == "remembered":
            Installation.objects.update(latest_at=when)
        elif witness == "licence":
            put(issued_at=when.replace(microsecond=0))
        else:
            audit.record(None, Action.VIEW)
            with connection.cursor() as cursor:  # the trail can't be rewritten: not even by tests
                cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER USER")
                cursor.execute("UPDATE accounts_auditentry SET at = %s", [when])
                cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER USER")

    seen(now() + clock.TOLERANCE - dt.timedelta(minutes=1))
    licences.check("hours_per_month")
    Licence.objects.all().delete()
    seen(now() + clock.TOLERANCE + dt.timedelta(minutes=1))
    error = refused("hours_per_month")
    assert error.code == "clock_rolled_back"
    assert dt.datetime.fromisoformat(error.details["seen"]) > now() + clock.TOLERANCE
    assert licences.status().state == State.ROLLED_BACK
    assert licences.status().warnings
    if witness == "remembered":  # time has caught up
        Installation.objects.update(latest_at=now() + dt.timedelta(minutes=50))
        licences.check("hours_per_month")


@pytest.mark.django_db
def test_the_latest_moment_is_remembered_and_only_grows():
    licensing.installation()
    Installation.objects.update(latest_at=ago(days=9))
    licences.check_state()
    assert Installation.objects.get().latest_at > ago(minutes=1)
    later = now() + dt.timedelta(minutes=30)
    Installation.objects.update(latest_at=later)
    licences.check_state()
    assert Installation.objects.get().latest_at == later


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "works"), [(1, True), (8, False)])
def test_a_fresh_licence_can_set_a_clock_right_that_was_wrong_before(days, works):
    here = licensing.installation()
    Installation.objects.update(latest_at=now() + 400 * DAY)
    refused("hours_per_month")
    text = signed(installation=here, issued_at=ago(days=days), resets_clock=True)
    licences.install(text, actor=None)
    if works:
        licences.check("hours_per_month")
    else:
        assert refused("hours_per_month").code == "clock_rolled_back"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("used", "allowed", "warning"),
    [
        (79, 100, False),
        (79.9, 100, False),
        (80, 100, True),
        (100, 100, True),
        (4, 5, True),
        (0, 0, False),
        (10**6, None, False),
    ],
)
def test_from_eighty_percent_on_there_is_a_warning(used, allowed, warning):
    put(limits={"hours_per_month": allowed})
    licensing.USED["hours_per_month"] = used
    found = licences.status()
    use = next(one for one in found.limits if one.limit == "hours_per_month")
    assert use.warning == warning
    assert len(found.warnings) == warning


@pytest.mark.django_db
def test_what_would_be_refused():
    put(limits={"full_connections": 2})
    found = licences.status()
    assert licences.what_if(found, {"full_connections": 2, "hours_per_month": 10**6}) == []
    told = licences.what_if(found, {"full_connections": 3, "read_only_connections": 9})
    assert len(told) == 2
    assert "3" in told[0]
    assert "9" in told[1]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_those_who_fit_get_in(settings):
    """Each counts, checks and takes its place in one transaction of its own."""
    put(limits={"full_connections": 5})
    settings.LICENCE_USAGE = {"full_connections": "accounts.tests.test_licences.taken"}
    gate, outcomes = threading.Barrier(16), []

    def one():
        try:
            gate.wait(10)
            with transaction.atomic():
                licences.check("full_connections")
                audit.record(None, Action.CHANGE, "taken")
            outcomes.append("in")
        except LicenceLimit as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["in"] * 5 + ["licence_limit"] * 11
    assert taken() == 5


def taken():
    return AuditEntry.objects.filter(object_type="taken").count()


@pytest.mark.django_db(transaction=True)
def test_the_installation_gets_one_name_however_many_ask_first():
    assert not Installation.objects.exists()
    gate, names = threading.Barrier(6), []

    def one():
        try:
            gate.wait(10)
            names.append(licensing.installation())
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(names) == 6
    assert len(set(names)) == 1
