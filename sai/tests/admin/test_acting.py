"""Acting from the admin: only through services, and only by an administrator."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Action
from accounts.models import AuditEntry
from notifications.models import Event
from recordings import services
from recordings.choices import RecordingStatus, RunStatus, StepStatus
from recordings.models import (
    Access,
    Recording,
    Run,
    StepRun,
)
from recordings.storage import files
from recordings.tests import factories
from sai.tests.admin.scene import ERROR, SUBMIT, page, stored_recording

pytestmark = pytest.mark.django_db


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
