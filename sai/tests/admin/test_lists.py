"""Lists and pages: each opens, asks little, and finds what is looked for."""

import datetime as dt

import pytest
from django.contrib import admin as django_admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.models import LanguageAnswer, Summary
from common.admin import MOST_COUNTED
from recognition.models import Phrase, Transcript
from recordings.choices import RecordingStatus, Right
from recordings.models import (
    Access,
    Recording,
    Run,
    StepRun,
    StorageSettings,
    StoredFile,
)
from recordings.tests import factories
from sai.tests.admin.scene import ERROR, conversation, furnish, page

pytestmark = pytest.mark.django_db


ABSENT = {"ClockedSchedule", "CrontabSchedule", "SolarSchedule"}
"""Kinds of schedule that nobody uses until an administrator makes one."""


def test_every_list_and_every_page_opens(admin):
    furnish()
    StorageSettings.objects.create(pk=1)
    for model, model_admin in django_admin.site._registry.items():
        opened = admin.get(page(model), {"q": "a"} if model_admin.search_fields else {})
        assert opened.status_code == 200, model
        assert admin.get(page(model)).status_code == 200, model
        row = model_admin.get_queryset(opened.wsgi_request).first()
        if row is None:
            assert model.__name__ in {*ABSENT, "Group", "Token", "AuditEntry", "Licence"}, model
            continue
        assert admin.get(page(model, "change", row.pk)).status_code == 200, model
        added = admin.get(page(model, "add")).status_code
        assert added == (200 if model_admin.has_add_permission(opened.wsgi_request) else 403), model


def test_lists_ask_the_same_however_many_rows_they_show(admin):
    furnish(2)
    models = list(django_admin.site._registry)
    few = {model: _questions(admin, page(model)) for model in models}
    furnish(6)
    for model in models:
        assert _questions(admin, page(model)) <= few[model] <= 20, model


def test_pages_of_a_recording_and_of_a_run_ask_the_same_however_long_it_is(admin):
    short, long = conversation(lines=2), conversation(lines=40)
    for number in range(30):
        who = factories.user()
        Access.objects.create(recording=long, user=who, rights=[Right.VIEW])
        StepRun.objects.create(
            run=long.runs.get(), recording=long, position=9 + number, step="x.Y", error=ERROR
        )
    for of in (
        lambda one: page(Recording, "change", one.pk),
        lambda one: page(Run, "change", one.runs.get().pk),
        lambda one: page(Transcript, "change", one.transcripts.get().pk),
        lambda one: page(Summary, "change", one.summaries.get().pk),
    ):
        assert _questions(admin, of(long)) <= _questions(admin, of(short)) + 1


def _questions(client, where):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(where).status_code == 200
    return len(asked)


def test_a_huge_list_is_counted_only_so_far(admin):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_event (type, object_type, object_id, topic)"
            " SELECT 'x', 'recording', n, 'recording:1' FROM generate_series(1, 20000) n"
        )
        cursor.execute(
            "INSERT INTO analytics_languageanswer (key, answer, created_at)"
            " SELECT n, 'yes', now() FROM generate_series(1, 20000) n"
        )
    shown = admin.get(page(LanguageAnswer)).context["cl"]
    assert shown.result_count == MOST_COUNTED


@pytest.mark.parametrize(
    "asked", ["title", "7", "99999999999999999999", "no-uuid", "'; --", "%", "\x00"]
)
def test_any_search_is_answered(admin, asked):
    conversation()
    for model, model_admin in django_admin.site._registry.items():
        if model_admin.search_fields:
            assert admin.get(page(model), {"q": asked}).status_code == 200, (model, asked)


def test_a_recording_is_found_by_title_number_id_and_owner(admin):
    wanted = conversation(factories.user("anna"), title="Budget of the year")
    conversation(factories.user("bob"), title="Weather")
    for asked in ("budget", str(wanted.number), str(wanted.pk), "anna"):
        found = admin.get(page(Recording), {"q": asked}).context["cl"].queryset
        assert [one.pk for one in found] == [wanted.pk], asked


def test_phrases_are_found_by_the_text_index(admin):
    made = conversation()
    found = admin.get(page(Phrase), {"q": "budgets"}).context["cl"].queryset
    assert [one.transcript.recording_id for one in found] == [made.pk]


def test_filters_of_the_dashboard_find_what_they_promise(admin):
    failed = factories.recording(status=RecordingStatus.FAILED, error=ERROR)
    old = factories.recording(status=RecordingStatus.FAILED, error=ERROR)
    past = timezone.now() - dt.timedelta(days=2)
    Recording.objects.filter(pk=old.pk).update(updated_at=past)
    live = conversation()

    def found(model, **filters):
        return {row.pk for row in admin.get(page(model), filters).context["cl"].queryset}

    assert found(Recording, failed="day") == {failed.pk}
    assert found(Recording, failed="week") == {failed.pk, old.pk}
    assert found(Recording, failed="day:truncated") == {failed.pk}
    assert found(Recording, failed="day:other") == set()
    assert found(Run, life="live") == {live.runs.get().pk}
    assert found(Run, life="bumpy") == {live.runs.get().pk}
    running = set(StepRun.objects.filter(status="running").values_list("pk", flat=True))
    ready = StepRun.objects.filter(status="pending", ready_at__isnull=False)
    assert found(StepRun, status__exact="running") == running
    assert found(StepRun, waits="worker") == set(ready.values_list("pk", flat=True))
    assert found(StepRun, waits="sweep") == set()
    assert len(found(StepRun, waits="earlier")) == 4
    assert StoredFile.objects.count() == 4
    assert found(StoredFile, use="none") == set()
