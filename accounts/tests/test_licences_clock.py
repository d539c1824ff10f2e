"""A clock that was turned back stops new work; a fresh licence can set it right."""

import datetime as dt

import pytest
from django.db import connection

from accounts import audit, licences
from accounts.choices import Action
from accounts.licences import State, clock
from accounts.models import Installation, Licence
from accounts.tests import licensing
from accounts.tests.licensing import ago, now, put, refused, signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("licence_vendor")]


DAY = dt.timedelta(days=1)


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


def test_the_latest_moment_is_remembered_and_only_grows():
    licensing.installation()
    Installation.objects.update(latest_at=ago(days=9))
    licences.check_state()
    assert Installation.objects.get().latest_at > ago(minutes=1)
    later = now() + dt.timedelta(minutes=30)
    Installation.objects.update(latest_at=later)
    licences.check_state()
    assert Installation.objects.get().latest_at == later


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
