"""Consent: asked before work, given by whoever decides; rules of retention name its server."""

from typing import Any

import pytest
from django.test import Client

from accounts.choices import Role
from accounts.models import AuditEntry, User
from common.errors import Conflict
from conferences import consent
from conferences.choices import Consent
from conferences.models import Conference, Connection
from conferences.tests.deciding.members import who
from recordings import services
from recordings.choices import TrackStatus
from recordings.models import Recording, Run

pytestmark = pytest.mark.django_db


def test_without_consent_nothing_is_recognised(recording: Recording, api: Any) -> None:
    Connection.objects.update(consent_required=True)
    where = f"recordings/{recording.pk}/process/"
    status, body = api("anna", "POST", where, {})
    assert (status, body["code"]) == (409, "consent_needed")
    assert body["details"]["next_action"]
    assert not Run.objects.exists()
    one = f"conferences/{Conference.objects.get().pk}/"
    assert api("anna", "PATCH", one, {"consent": "given"})[1]["consent"] == "given"
    assert api("anna", "POST", where, {})[0] == 202


def test_where_none_is_required_only_a_refusal_counts(recording: Recording) -> None:
    consent.guard(recording)
    consent.say(Conference.objects.get(), Consent.REFUSED, by=who("anna"))
    with pytest.raises(Conflict):
        services.process(recording)
    assert not Run.objects.exists()
    assert recording.tracks.get().status == TrackStatus.STORED


def test_only_whoever_decides_about_the_conference_says_so(recording: Recording, api: Any) -> None:
    one = f"conferences/{Conference.objects.get().pk}/"
    for login, status in (("boris", 403), ("clara", 403), ("stranger", 404)):
        assert api(login, "PATCH", one, {"consent": "given"})[0] == status
    assert api("anna", "PATCH", one, {"consent": "perhaps"})[0] == 400
    assert Conference.objects.get().consent == Consent.UNKNOWN
    assert not AuditEntry.objects.filter(object_type="conference").exists()


def test_the_page_shows_who_said_so(recording: Recording) -> None:
    client = Client()
    client.force_login(who("anna"))
    where = f"/recordings/{recording.pk}/consent/"
    assert client.post(where, {"consent": "refused"}).status_code == 302
    page = client.get(f"/recordings/{recording.pk}/").content.decode()
    assert "anna@north.example," in page
    assert f"/recordings/{recording.pk}/purge/" in page
    client.force_login(who("boris"))
    assert client.post(where, {"consent": "given"}).status_code == 403
    assert Conference.objects.get().consent == Consent.REFUSED


def test_rules_of_retention_name_the_connection(connection: Connection) -> None:
    admin = User.objects.create(username="root", role=Role.ADMIN, is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(admin)
    url = "/api/v1/retention/"
    fields = {"name": "North", "position": 1, "realm": connection.realm, "sound_days": 30}
    made = client.post(url, fields, content_type="application/json").json()
    assert (made["realm"], made["realm_name"]) == (connection.realm, "north")
    page = client.get("/admin/recordings/retentionrule/add/").content.decode()
    assert f'<option value="{connection.realm}">north</option>' in page
    listed = client.get("/admin/recordings/retentionrule/").content.decode()
    assert "north" in listed
