"""The admin as a whole: every page opens, asks little, and changes things only through services."""

import datetime as dt
import re
import time
from pathlib import Path

import pytest
from django.contrib import admin as django_admin
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Action, Role
from accounts.models import AuditEntry, User
from accounts.tests.people import PASSWORD, person
from analytics.models import LanguageAnswer, Prompt, Summary
from analytics.services import save_prompt
from common.admin import MOST_COUNTED
from common.sql import ask
from notifications.models import Event
from recognition.models import IndexEntry, Phrase, SpeakerName, TrackWords, Transcript
from recordings import services
from recordings.choices import RecordingStatus, Right, RunStatus, StepStatus
from recordings.models import (
    Access,
    Recording,
    Run,
    StepRun,
    StepSpeed,
    StorageSettings,
    StoredFile,
)
from recordings.storage import files
from recordings.tests import factories
from sai import dashboard, schedule

pytestmark = pytest.mark.django_db
ERROR = {
    "code": "truncated",
    "message": "The file ends <b>in the middle</b>.",
    "retryable": False,
    "next_action": "Copy it again.",
}
SUBMIT = {"_form_submitted": "True"}


@pytest.fixture(autouse=True)
def fresh(settings, tmp_path):
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(tmp_path / "storage"),
        "disk_reserve_bytes": 0,
    }
    cache.clear()


@pytest.fixture
def root():
    return factories.user("root", role=Role.ADMIN)


@pytest.fixture
def admin(root):
    client = Client()
    client.force_login(root)
    return client


def page(model, what="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def conversation(owner=None, *, lines=3, **fields):
    """A recording with everything that may hang on one."""
    made = factories.recording(owner, tracks=2)
    Recording.objects.filter(pk=made.pk).update(**fields, updated_at=timezone.now())
    run = services.process(made, pipeline="upload")
    step = run.steps.first()
    lease = timezone.now() + dt.timedelta(seconds=30)
    StepRun.objects.filter(pk=step.pk).update(
        status=StepStatus.RUNNING, lease_until=lease, started_at=timezone.now(),
        worker="host:abc:1/77/5", progress=40, attempt=2, failures=1, error=ERROR,
    )  # fmt: skip
    Access.objects.create(recording=made, user=factories.user(), rights=[Right.VIEW])
    track = made.tracks.first()
    TrackWords.objects.create(track=track, engine="fake", segments=[], envelope=b"")
    script = Transcript.objects.create(recording=made, version=1, engine="fake", language="en")
    phrases = Phrase.objects.bulk_create(
        Phrase(transcript=script, position=n, start=n, end=n + 1, text=f"budget {n}", speaker="A")
        for n in range(lines)
    )
    IndexEntry.objects.create(recording=made, kind="phrase", object_id=phrases[0].pk, text="budget")
    SpeakerName.objects.create(recording=made, label="A", name="Anna")
    summary = Summary.objects.create(recording=made, transcript=script, engine="m", text="text")
    summary.items.create(position=0, text="The budget.", evidence=[phrases[0].pk], verified=True)
    return made


def furnish(count=1):
    """At least `count` rows of everything the admin lists."""
    schedule.install()
    for _ in range(count):
        name = conversation().pk.hex
        save_prompt(name, "Summarise {{ title }}")
        StepSpeed.objects.create(step=f"x.{name}", seconds_per_second=0.1)
        LanguageAnswer.objects.create(key=name, answer="yes")


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
            assert model.__name__ in {*ABSENT, "Group", "Token", "AuditEntry"}, model
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


def test_errors_are_shown_with_what_to_do_and_escaped(admin):
    made = factories.recording(status=RecordingStatus.FAILED, error=ERROR)
    for where in (page(Recording), page(Recording, "change", made.pk), reverse("admin:index")):
        shown = admin.get(where).content.decode()
        assert "Copy it again." in shown
        assert "&lt;b&gt;in the middle" in shown
        assert "<b>in the middle" not in shown


def test_chosen_recordings_are_processed_along_a_pipeline(admin, root):
    first, second = factories.recording(), factories.recording()
    empty = factories.recording(tracks=0)
    chosen = {"_selected_action": [first.pk, second.pk, empty.pk], "pipeline": "transcribe"}
    answer = admin.post(page(Recording), {"action": "process", **chosen}, follow=True)
    runs = Run.objects.all()
    assert {run.recording_id for run in runs} == {first.pk, second.pk}
    assert {(run.pipeline, run.requested_by) for run in runs} == {("transcribe", root.pk)}
    assert "There is no sound to work on yet." in answer.content.decode()
    again = admin.post(page(Recording), {"action": "process", **chosen}, follow=True)
    assert Run.objects.count() == 2
    assert "It is being processed already" in again.content.decode()


def test_a_run_is_cancelled_from_lists_and_from_pages(admin):
    recordings = [factories.recording() for _ in range(4)]
    runs = [services.process(one) for one in recordings]
    admin.post(page(Recording), {"action": "cancel", "_selected_action": [recordings[0].pk]})
    admin.post(page(Run), {"action": "cancel", "_selected_action": [runs[1].pk]})
    admin.post(page(Recording, "change", recordings[2].pk)[:-7] + "cancel_one/", SUBMIT)
    where = page(Run, "change", runs[3].pk)[:-7] + "cancel_one/"
    assert admin.get(where).status_code == 200
    assert Run.objects.get(pk=runs[3].pk).status == RunStatus.QUEUED
    answer = admin.post(where, SUBMIT)
    assert answer["HX-Redirect"] == page(Run, "change", runs[3].pk)
    assert set(Run.objects.values_list("status", flat=True)) == {RunStatus.CANCELLED}
    assert set(StepRun.objects.values_list("status", flat=True)) == {StepStatus.CANCELLED}
    admin.post(where, SUBMIT)
    assert "It has ended already." in admin.get(page(Run)).content.decode()


def test_an_ended_run_does_not_take_the_next_one_with_it(admin):
    made = factories.recording()
    ended = services.process(made)
    services.cancel(made)
    live = services.process(made)
    admin.post(page(Run), {"action": "cancel", "_selected_action": [ended.pk]})
    assert Run.objects.get(pk=live.pk).status == RunStatus.QUEUED


def test_a_dialog_processes_one_recording(admin):
    made = factories.recording()
    where = page(Recording, "change", made.pk)[:-7] + "process_one/"
    assert admin.get(where).status_code == 200
    assert not Run.objects.exists()
    refused = admin.post(where, {**SUBMIT, "pipeline": "nonsense"})
    assert (refused.status_code, Run.objects.count()) == (200, 0)
    admin.post(where, {**SUBMIT, "pipeline": "voice"})
    assert Run.objects.get().pipeline == "voice"


def stored_recording(tmp_path):
    """Its track's bytes really lie in the storage."""
    made = factories.recording()
    source = tmp_path / "sound.wav"
    source.write_bytes(b"RIFF")
    track = made.tracks.get()
    track.file = files.publish(source, content_type="audio/wav")
    track.save()
    return made, track.file


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", ["page", "list"])
def test_deleting_takes_the_files_along_and_is_audited(admin, tmp_path, door):
    made, stored = stored_recording(tmp_path)
    bystander, kept = stored_recording(tmp_path)
    with files.local_path(stored) as path:
        place = Path(path)
    assert place.exists()
    if door == "page":
        asked = admin.get(page(Recording, "delete", made.pk))
        assert asked.status_code == 200
        admin.post(page(Recording, "delete", made.pk), {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": [made.pk]}
        assert admin.post(page(Recording), chosen).status_code == 200
        assert Recording.objects.filter(pk=made.pk).exists()
        admin.post(page(Recording), {**chosen, "post": "yes"})
    assert list(Recording.objects.values_list("pk", flat=True)) == [bystander.pk]
    assert not place.exists()
    with files.local_path(kept) as path:
        assert path.exists()
    entry = AuditEntry.objects.get(action=Action.DELETE)
    assert (entry.object_id, entry.actor_name) == (str(made.pk), "root")
    assert Event.objects.filter(type="recording.deleted").count() == 1


def test_a_title_is_changed_through_the_service(admin):
    made = factories.recording()
    where = page(Recording, "change", made.pk)
    form = _hidden(admin, where)
    refused = admin.post(where, {**form, "title": "New", "language": "klingon"})
    assert "Unknown language" in refused.content.decode()
    assert Recording.objects.get(pk=made.pk).title == "A talk"
    assert (
        admin.post(where, {**form, "title": "New\u202e one", "language": "RU"}).status_code == 302
    )
    made.refresh_from_db()
    assert (made.title, made.language) == ("New one", "ru")
    assert Event.objects.filter(type="recording.changed").count() == 1


def _hidden(client, where):
    """What the page's form carries beside the fields that a person fills in."""
    shown = client.get(where).content.decode()
    inputs = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', shown)
    return dict(inputs)


def test_access_is_given_shown_once_and_taken_back(admin, root):
    made = factories.recording()
    bob = factories.user("bob")
    where = page(Access, "add")
    empty = {"recording": made.pk, "user": "", "group": "", "expires_at_0": "", "expires_at_1": ""}
    owner = admin.post(where, {**empty, "user": made.owner_id, "rights": ["view"]})
    assert "The owner has every right already." in owner.content.decode()
    strong = admin.post(where, {**empty, "rights": ["delete"]})
    assert "only let its bearer view" in strong.content.decode()
    assert not Access.objects.exists()
    assert admin.post(where, {**empty, "user": bob.pk, "rights": ["edit"]}).status_code == 302
    assert admin.post(where, {**empty, "user": bob.pk, "rights": ["view"]}).status_code == 302
    given = Access.objects.get()
    assert (given.user, given.rights, given.granted_by) == (bob, ["view"], root)
    link = admin.post(where, {**empty, "rights": ["view"]}).content.decode()
    secret = link.partition("/l/")[2].partition("/")[0]
    assert "no-store" in admin.post(where, {**empty, "rights": ["view"]})["Cache-Control"]
    visitor = Client()
    opened = visitor.get(reverse("recording-link", args=[secret]), follow=True)
    assert (opened.status_code, made.title in opened.content.decode()) == (200, True)
    for shown in (page(Access), page(Recording, "change", made.pk)):
        assert secret not in admin.get(shown).content.decode()
    admin.post(page(Access, "delete", given.pk), {"post": "yes"})
    assert not Access.objects.filter(user=bob).exists()
    assert AuditEntry.objects.filter(action=Action.REVOKE, actor_name="root").count() == 1
    assert AuditEntry.objects.filter(action=Action.GRANT).count() == 4


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
