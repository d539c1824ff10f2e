"""The dashboard, and who is kept out."""

import datetime as dt
import time

import pytest
from django.contrib import admin as django_admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Action, Role
from accounts.models import AuditEntry
from common.sql import ask
from notifications.models import Event
from recordings import services
from recordings.choices import RecordingStatus, RunStatus
from recordings.models import (
    Recording,
    Run,
    StepRun,
    StorageSettings,
)
from recordings.tests import factories
from sai import dashboard
from sai.tests.admin.scene import ERROR, SUBMIT, conversation, page

pytestmark = pytest.mark.django_db


def addresses():
    """Every address of the admin, but those of signing in and of one's own password."""
    found = []
    for pattern in django_admin.site.urls[0]:
        for one in getattr(pattern, "url_patterns", [pattern]):
            prefix = str(pattern.pattern) if one is not pattern else ""
            route = f"{prefix}{one.pattern}"
            if not route.startswith(("login", "logout", "password_change", "^", "jsi18n")):
                found.append("/admin/" + _filled(route))
    return [*found, reverse("admin-dashboard")]


def _filled(route):
    for word in ("<path:object_id>", "<int:content_type_id>", "<path:url>", "<id>"):
        route = route.replace(word, "1")
    return route.replace("<app_label>", "recordings")


@pytest.mark.parametrize("role", [Role.USER, Role.GUEST, None])
def test_nobody_else_opens_a_page_or_acts(role):
    client = Client()
    if role:
        client.force_login(factories.user("bob", role=role))
    made = conversation()
    run = made.runs.get()
    known = addresses()
    assert len(known) > 100
    for where in known:
        for answer in (client.get(where), client.post(where, SUBMIT)):
            assert answer.status_code in (302, 403, 405), where
            assert answer.status_code != 302 or "/admin/login/" in answer["Location"], where
    for model, action in ((Recording, "delete_selected"), (Recording, "cancel"), (Run, "cancel")):
        one = made.pk if model is Recording else run.pk
        chosen = {"action": action, "_selected_action": [one], "post": "yes"}
        assert client.post(page(model), chosen).status_code == 302
    client.post(page(Recording, "delete", made.pk), {"post": "yes"})
    client.post(page(Run, "change", run.pk)[:-7] + "cancel_one/", SUBMIT)
    assert Recording.objects.filter(pk=made.pk).exists()
    assert Run.objects.get(pk=run.pk).status == run.status
    assert not AuditEntry.objects.filter(action=Action.DELETE).exists()
    assert not StorageSettings.objects.exists()


def test_an_action_needs_the_form_of_this_site(root):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(root)
    made = factories.recording()
    run = services.process(made)
    assert strict.post(page(Run, "change", run.pk)[:-7] + "cancel_one/", SUBMIT).status_code == 403
    assert strict.get(page(Run, "change", run.pk)[:-7] + "cancel_one/", SUBMIT).status_code == 200
    assert Run.objects.get(pk=run.pk).status == RunStatus.QUEUED


def test_the_dashboard_tells_what_waits_works_and_failed(admin):
    busy = conversation(title="Planning")
    factories.recording(status=RecordingStatus.FAILED, error=ERROR)
    busy.tracks.update(speech=1800)
    stuck = timezone.now() - dt.timedelta(minutes=5)
    StepRun.objects.filter(status="pending", ready_at__isnull=False).update(
        queue="gpu", ready_at=stuck
    )
    seen = admin.get(reverse("admin-dashboard")).context
    by_name = {queue["name"]: queue for queue in seen["queues"]}
    assert (by_name["cpu"]["running"], by_name["gpu"]["ready"]) == (1, 1)
    assert by_name["gpu"]["stuck"]
    assert by_name["gpu"]["oldest"] >= 299
    assert not by_name["cpu"]["stuck"]
    assert (seen["runs"]["total"], seen["failures"]["total"]) == (1, 1)
    assert seen["failures"]["rows"][0]["code"] == "truncated"
    assert (seen["speech"]["today"], seen["speech"]["total"]) == (1.0, 1.0)
    assert seen["workers"][0]["name"] == "host · 77"
    assert seen["storage"]["files"] == 3
    assert seen["event"] == Event.objects.exclude(seq=None).count()
    counted = {row["status"]: row["n"] for row in seen["statuses"]["rows"]}
    assert (counted["processing"], counted["failed"]) == (1, 1)
    shown = admin.get("/admin/").content.decode()
    for text in ("Planning", "truncated", "host · 77"):
        assert text in shown
    for where in _links(shown):
        assert admin.get(where).status_code == 200, where


def _links(shown):
    dashboard_only = shown.partition('id="dashboard"')[2]
    parts = [part.partition('"')[0] for part in dashboard_only.split('href="')[1:]]
    return {part.replace("&amp;", "&") for part in parts if part.startswith("/admin/recordings")}


def test_who_is_signed_out_is_told_to_load_the_page_anew(admin):
    admin.logout()
    answer = admin.get(reverse("admin-dashboard"))
    assert (answer.status_code, answer["HX-Refresh"]) == (403, "true")


@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.campaign)])
def test_the_dashboard_is_cheap_on_many_rows(admin, count):
    fill_many(factories.user(), count)
    dashboard.look()
    bare = _quickest(lambda: ask("SELECT status, count(*) FROM recordings_steprun GROUP BY 1"))
    # On a machine that is busy with other things, no more than a few walks through one table.
    assert _quickest(dashboard.look) < max(0.05, 4 * bare)
    with CaptureQueriesContext(connection) as asked:
        dashboard.look()
    assert len(asked) <= 3  # the others are statements of our own, past the ORM


def _quickest(work):
    times = []
    for _ in range(8):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def fill_many(owner, count):
    """Finished recordings with tracks and steps, some failed, a backlog of some thousands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO recordings_recording (id, owner_id, title, kind, source, status,"
            " incomplete, language, duration, content_sha256, error, created_at, updated_at)"
            " SELECT gen_random_uuid(), %s, 'Talk', 'upload', 'upload',"
            " CASE WHEN n %% 50 = 0 THEN 'failed' ELSE 'done' END, false, '', 60, '',"
            """ CASE WHEN n %% 50 = 0 THEN '{"code": "truncated"}'::jsonb END,"""
            " now() - n * interval '1 minute', now() - n * interval '1 minute'"
            " FROM generate_series(1, %s) n",
            [owner.pk, count],
        )
        cursor.execute(
            "INSERT INTO recordings_run (id, recording_id, owner_id, pipeline, params, status,"
            " priority, turn, position, remaining, created_at, updated_at)"
            " SELECT gen_random_uuid(), id, owner_id, 'upload', '{}',"
            " CASE WHEN number % 20 = 0 THEN 'queued' ELSE 'done' END, 20, 0, 0, 1, created_at,"
            " created_at FROM recordings_recording"
        )
        cursor.execute(
            "INSERT INTO recordings_steprun (run_id, recording_id, position, step, queue, status,"
            " priority, turn, ready_at, attempt, failures, lost, worker, progress, cost)"
            " SELECT id, recording_id, 0, 'x.Y', 'cpu',"
            " CASE WHEN status = 'queued' THEN 'pending' ELSE 'done' END, 20, 0, created_at, 0, 0,"
            " 0, '', 0, 60 FROM recordings_run"
        )
        cursor.execute("ANALYZE recordings_recording, recordings_run, recordings_steprun")
