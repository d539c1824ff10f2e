"""Licences: what is installed, what is in force, and what counts."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction

from accounts import audit, licences
from accounts.choices import Action
from accounts.licences import LicenceLimit, State, standing
from accounts.models import AuditEntry, Installation
from accounts.tests import licensing
from accounts.tests.licensing import ago, now, put, refused, signed, terms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("licence_vendor")]


DAY = dt.timedelta(days=1)


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
def test_the_borders_of_a_licence(after, state):
    start = now()
    one = terms(valid_from=start, expires_at=start + 30 * DAY, grace_days=14)
    assert standing.state_of(one, start + after) == state


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


def test_of_several_the_one_in_force_counts_and_then_the_newest():
    put(id="old", issued_at=ago(days=5), limits={"full_connections": 2})
    put(id="new", issued_at=ago(days=1), limits={"full_connections": 3})
    put(id="over", issued_at=ago(hours=2), expires_at=ago(hours=1))
    put(id="elsewhere", installation="12345678-1234-1234-1234-123456789abc")
    found = licences.status()
    assert found.terms.id == "new"
    assert found.standing.unverified == 1
    assert len(found.warnings) == 1


def test_what_was_changed_in_the_database_does_not_count():
    row = put(limits={"full_connections": 2})
    assert licences.status().standing.limits["full_connections"] == 2
    row.text = row.text.replace('"full_connections": 2', '"full_connections": 99')
    row.save()
    assert licences.status().state == State.FREE
    assert licences.status().warnings


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
    settings.LICENCE_USAGE = {"full_connections": "accounts.tests.licensing.taken"}
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
    assert licensing.taken() == 5


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
