"""Storage, prompts, the schedule, and what nobody may change."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import AuditEntry, User
from accounts.tests.people import PASSWORD, person
from analytics.models import Prompt, Summary
from common.sql import ask
from notifications.models import Event
from recognition.models import Phrase, Transcript
from recordings.models import (
    Run,
    StepRun,
    StorageSettings,
    StoredFile,
)
from recordings.storage import files
from sai import schedule
from sai.tests.admin.scene import SUBMIT, conversation, page, stored_recording

pytestmark = pytest.mark.django_db


def test_storage_settings_are_one_row_and_keep_their_secret(admin, tmp_path):
    where = page(StorageSettings, "add")
    fields = {
        "root": str(tmp_path / "other"),
        "reserve_bytes": "1024",
        "endpoint_url": "",
        "region": "",
        "access_key_id": "AKIA",
    }
    assert admin.get(where).status_code == 200
    secret = "very-secret-indeed"
    assert admin.post(where, {**fields, "new_secret": secret}).status_code == 302
    row = StorageSettings.objects.get()
    assert (row.pk, row.secret_access_key, row.reserve_bytes) == (1, secret, 1024)
    assert (
        secret not in ask("SELECT secret_access_key AS s FROM recordings_storagesettings")[0]["s"]
    )
    assert admin.get(where).status_code == 403
    change = page(StorageSettings, "change", 1)
    assert admin.post(change, {**fields, "new_secret": "", "region": "x"}).status_code == 302
    assert StorageSettings.objects.get().secret_access_key == secret
    opened = [change, page(StorageSettings), change.replace("change", "history"), "/admin/"]
    for shown in opened:
        assert secret not in admin.get(shown).content.decode(), shown
    assert admin.post(change, {**fields, "forget_secret": "on"}).status_code == 302
    assert StorageSettings.objects.get().secret_access_key == ""
    assert AuditEntry.objects.filter(object_type="storage_settings").count() == 3
    assert secret not in str(list(AuditEntry.objects.values_list("data", flat=True)))
    assert admin.post(page(StorageSettings, "delete", 1), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("root_path", ["s3://", "/proc/nowhere"])
def test_a_storage_that_does_not_answer_is_not_saved(admin, root_path):
    fields = {"root": root_path, "endpoint_url": "", "region": "", "access_key_id": ""}
    answer = admin.post(page(StorageSettings, "add"), fields)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not StorageSettings.objects.exists()


def test_files_are_compared_with_rows(admin, tmp_path):
    _made, stored = stored_recording(tmp_path)
    with files.local_path(stored) as path:
        path.unlink()
    report = admin.get(reverse("admin:recordings_storage_report"))
    assert report.status_code == 200
    assert str(stored.pk) in report.content.decode()
    assert StoredFile.objects.filter(pk=stored.pk).exists()


def test_a_prompt_grows_versions_and_names_its_mistakes(admin):
    made = admin.post(page(Prompt, "add"), {"name": "minutes", "text": "{{ title }}"})
    assert made.status_code == 302
    first = Prompt.objects.get(name="minutes")
    where = page(Prompt, "change", first.pk)
    wrong = admin.post(where, {"text": "{{ titel }}"})
    assert "unknown variable" in wrong.content.decode()
    assert Prompt.objects.filter(name="minutes").count() == 1
    assert admin.post(where, {"text": "{{ title }}!"}).status_code == 302
    assert admin.post(where, {"text": "late"}).status_code == 403
    versions = (
        Prompt.objects.filter(name="minutes")
        .order_by("version")
        .values_list("version", "text", "current")
    )
    assert list(versions) == [(1, "{{ title }}", False), (2, "{{ title }}!", True)]
    twice = admin.post(page(Prompt, "add"), {"name": "minutes", "text": "x"})
    assert "open it and change its text" in twice.content.decode()
    assert admin.get(where).status_code == 200
    admin.post(where[:-7] + "restore/", SUBMIT)
    assert versions.last() == (3, "{{ title }}", True)
    assert admin.post(page(Prompt, "delete", first.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", [Run, StepRun, StoredFile, Transcript, Phrase, Event, Summary])
def test_what_the_machine_wrote_is_never_changed(admin, model):
    conversation()
    row = model.objects.first()
    before = model.objects.filter(pk=row.pk).values().get()
    answers = [
        admin.post(page(model, "change", row.pk), {"status": "done", "text": "x"}),
        admin.post(page(model, "delete", row.pk), {"post": "yes"}),
        admin.post(page(model, "add"), {}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin.post(page(model), chosen)
    assert model.objects.filter(pk=row.pk).values().get() == before


def test_the_schedule_is_shown_and_a_task_switched_off(admin):
    from django_celery_beat.models import PeriodicTask

    schedule.install()
    task = PeriodicTask.objects.first()
    assert admin.get(page(PeriodicTask)).status_code == 200
    admin.post(page(PeriodicTask), {"action": "disable_tasks", "_selected_action": [task.pk]})
    assert not PeriodicTask.objects.get(pk=task.pk).enabled


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_menu_leads_everywhere(admin, language):
    shown = admin.get("/admin/", headers={"Accept-Language": language})
    groups = shown.context["sidebar_navigation"]
    links = {str(item["link"]) for group in groups for item in group["items"]}
    assert len(links) >= 20
    for where in links:
        assert admin.get(where).status_code == 200, where


def test_signing_in_leads_to_the_dashboard():
    person("root", Role.ADMIN)
    client = Client()
    assert client.get("/admin/").status_code == 302
    given = {"username": "root", "password": PASSWORD}
    answer = client.post("/admin/login/?next=/admin/", given, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"
    assert User.objects.get().last_login is not None
