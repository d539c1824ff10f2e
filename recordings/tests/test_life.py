"""The trash and the way back, legal hold, tags, sound that goes first, and rules of retention."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.choices import Action, Role
from accounts.models import AuditEntry
from common.errors import Conflict
from notifications.models import Event
from recordings import retention, selectors, services
from recordings.choices import RecordingStatus, Right, RunStatus
from recordings.models import Access, Recording, RetentionRule, StorageSettings, StoredFile
from recordings.pipeline import leases
from recordings.tests import doors, factories, sound

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept(root: Path, tmp_path: Path) -> Callable[..., Recording]:
    """Makes recordings whose bytes really lie in the storage."""
    made = iter(range(100))

    def make(owner: Any, *, days: float = 0, **fields: Any) -> Recording:
        path = sound.wav(tmp_path / f"{next(made)}.wav", seconds=0.1, pitch=300 + 10 * next(made))
        files = [services.IncomingFile(path, path.name)]
        recording, _ = services.receive(owner, files, process=False)
        began = timezone.now() - timedelta(days=days)
        Recording.objects.filter(pk=recording.pk).update(started_at=began, **fields)
        recording.refresh_from_db()
        return recording

    return make


def bytes_in(root: Path) -> int:
    return sum(1 for path in root.rglob("*") if path.is_file())


def test_what_is_in_the_trash_exists_for_nobody_and_comes_back_whole(
    kept: Callable[..., Recording], root: Path
) -> None:
    owner, friend, admin = factories.user(), factories.user(), factories.user(role=Role.ADMIN)
    one = kept(owner)
    Access.objects.create(recording=one, user=friend, rights=[Right.VIEW])
    secret = services.grant(one, by=owner, rights=[], to=None).secret
    api = doors.caller(owner)

    assert api.delete(f"{doors.URL}{one.pk}/").status_code == 204

    for user in (owner, friend, admin):
        assert not selectors.visible_to(user).filter(pk=one.pk).exists()
        assert not any(part.filter(pk=one.pk) for part in selectors.visible_parts(user))
        assert doors.caller(user).get(f"{doors.URL}{one.pk}/").status_code == 404
    assert selectors.by_link(secret) is None
    assert Client().get(f"{doors.URL}{one.pk}/?link={secret}").status_code in (401, 404)
    deleted = Event.objects.get(type="recording.deleted")
    assert deleted.audience == sorted([owner.pk, friend.pk])
    assert bytes_in(root) == 1
    assert doors.caller(friend).get("/api/v1/trash/").json()["results"] == []
    assert [row["id"] for row in api.get("/api/v1/trash/").json()["results"]] == [str(one.pk)]
    assert doors.caller(friend).post(f"/api/v1/trash/{one.pk}/").status_code == 404

    assert api.post(f"/api/v1/trash/{one.pk}/").json()["id"] == str(one.pk)
    assert selectors.visible_to(friend).get() == one
    assert selectors.by_link(secret) is not None
    actions = AuditEntry.objects.filter(object_id=str(one.pk)).values_list("action", flat=True)
    assert {Action.TRASH, Action.RESTORE} <= set(actions)


def test_work_under_way_ends_in_the_trash(pipelines: None, kept: Callable[..., Recording]) -> None:
    one = kept(factories.user())
    run = services.process(one, pipeline="long")
    step = leases.claim("cpu", worker="one")
    assert step is not None
    services.trash(one, by=one.owner)
    run.refresh_from_db()
    one.refresh_from_db()
    assert (run.status, one.status) == (RunStatus.CANCELLED, RecordingStatus.CANCELLED)
    assert not leases.renew(step, progress=1, tell=False)


def test_the_same_bytes_again_come_out_of_the_trash(root: Path, tmp_path: Path) -> None:
    owner, path = factories.user(), sound.wav(tmp_path / "a.wav", seconds=0.1)
    files = [services.IncomingFile(path, "a.wav")]
    first, _ = services.receive(owner, files, process=False)
    services.trash(first, by=owner)
    again, created = services.receive(owner, files, process=False)
    assert (again.pk, created) == (first.pk, False)
    assert selectors.visible_to(owner).get() == first


def test_out_of_the_trash_for_good(kept: Callable[..., Recording], root: Path) -> None:
    one = kept(factories.user())
    services.trash(one, by=one.owner)
    assert doors.caller(one.owner).delete(f"/api/v1/trash/{one.pk}/").status_code == 204
    assert not Recording.objects.exists()
    assert not StoredFile.objects.exists()
    assert bytes_in(root) == 0
    assert Event.objects.filter(type="recording.deleted").count() == 1


def test_without_a_trash_it_is_gone_at_once(kept: Callable[..., Recording], root: Path) -> None:
    StorageSettings.objects.create(pk=1, trash_days=0)
    one = kept(factories.user())
    doors.caller(one.owner).delete(f"{doors.URL}{one.pk}/")
    assert not Recording.objects.exists()
    assert bytes_in(root) == 0


def test_nobody_deletes_what_is_under_hold(kept: Callable[..., Recording], root: Path) -> None:
    owner, admin = factories.user(), factories.user(role=Role.ADMIN)
    one = kept(owner, days=100)
    RetentionRule.objects.create(name="short", enabled=True, sound_days=1, all_days=2)
    life = f"{doors.URL}{one.pk}/life/"
    assert doors.change(doors.caller(owner), life, {"on_hold": True}).status_code == 403
    assert doors.change(doors.caller(admin), life, {"on_hold": True}).json()["on_hold"] is True

    refused = doors.caller(owner).delete(f"{doors.URL}{one.pk}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "on_hold")
    for way in (services.trash, services.delete, services.purge_sound):
        with pytest.raises(Conflict, match="hold"):
            way(one, by=admin)
    assert retention.keep_the_rules() == {}
    assert selectors.visible_to(owner).get() == one
    assert bytes_in(root) == 1

    services.hold(one, on=False, by=admin)
    assert retention.keep_the_rules() == {"trash": 1}


def test_only_the_sound_goes(kept: Callable[..., Recording], root: Path) -> None:
    one = kept(factories.user())
    stranger = doors.caller(factories.user())
    assert stranger.post(f"{doors.URL}{one.pk}/purge/").status_code == 404
    assert bytes_in(root) == 1
    done = doors.caller(one.owner).post(f"{doors.URL}{one.pk}/purge/")
    assert done.json() == {"tracks": 1}
    assert bytes_in(root) == 0
    track = one.tracks.get()
    assert (track.status, track.file) == ("purged", None)
    audio = doors.caller(one.owner).get(f"{doors.URL}{one.pk}/audio/")
    assert audio.status_code == 404
    again = doors.caller(one.owner).post(f"{doors.URL}{one.pk}/process/")
    assert (again.status_code, again.json()["code"]) == (409, "no_sound")


def test_tags_are_plain_and_once(kept: Callable[..., Recording]) -> None:
    one = kept(factories.user())
    given = {"tags": ["  Board ", "board", "HR\x07", ""]}
    life = doors.change(doors.caller(one.owner), f"{doors.URL}{one.pk}/life/", given)
    assert life.json()["tags"] == ["board", "hr"]


def test_the_first_rule_that_fits_counts(kept: Callable[..., Recording], root: Path) -> None:
    owner = factories.user()
    board = kept(owner, days=400, tags=["board"])
    old, older, young = kept(owner, days=40), kept(owner, days=100), kept(owner, days=5)
    foreign = kept(owner, days=40, realm="connection:7")
    RetentionRule.objects.create(name="board", position=1, enabled=True, tag="board")
    RetentionRule.objects.create(
        name="guests", position=2, enabled=True, realm="connection:7", all_days=10
    )
    usual = RetentionRule.objects.create(name="usual", position=9, sound_days=30, all_days=90)

    found, total = retention.due()
    assert ([(one.id, one.action) for one in found], total) == ([(foreign.pk, "trash")], 1)
    found, total = retention.due(with_rule=usual.pk)
    assert {one.id: one.action for one in found} == {
        foreign.pk: "trash",
        old.pk: "sound",
        older.pk: "trash",
    }
    assert total == 3
    assert not Recording.objects.filter(trashed_at__isnull=False).exists()

    usual.enabled = True
    usual.save()
    assert retention.keep_the_rules() == {"trash": 2, "sound": 1}
    assert retention.keep_the_rules() == {}
    assert set(selectors.visible_to(owner)) == {board, old, young}
    Recording.objects.filter(pk=older.pk).update(trashed_at=timezone.now() - timedelta(days=31))
    assert retention.keep_the_rules() == {"delete": 1}


def test_the_command_shows_first(kept: Callable[..., Recording], capsys: Any) -> None:
    one = kept(factories.user(), days=9)
    RetentionRule.objects.create(name="week", enabled=True, all_days=7)
    call_command("retention")
    assert f"trash   #{one.number}" in (said := capsys.readouterr().out)
    assert "1 due; nothing was changed" in said
    assert selectors.visible_to(one.owner).exists()
    call_command("retention", "--apply")
    assert capsys.readouterr().out == "trash: 1\n"
    assert not selectors.visible_to(one.owner).exists()


def test_rules_are_managed_by_administrators_alone(kept: Callable[..., Recording]) -> None:
    one = kept(factories.user(), days=9)
    admin = doors.caller(factories.user(role=Role.ADMIN))
    rule = {"name": "week", "all_days": 7}
    assert doors.caller(one.owner).post("/api/v1/retention/", rule).status_code == 403
    made = admin.post("/api/v1/retention/", rule, content_type="application/json").json()
    assert made["enabled"] is False
    assert admin.get("/api/v1/retention/preview/").json()["total"] == 0
    shown = admin.get(f"/api/v1/retention/preview/?rule={made['id']}").json()
    assert (shown["total"], shown["results"][0]["action"]) == (1, "trash")
    worse = {"name": "odd", "sound_days": 9, "all_days": 7}
    assert admin.post("/api/v1/retention/", worse).status_code == 400
    where = f"/api/v1/retention/{made['id']}/"
    assert doors.change(admin, where, {"enabled": True}).json()["enabled"] is True
    assert retention.keep_the_rules() == {"trash": 1}
    assert admin.delete(where).status_code == 204
    assert AuditEntry.objects.filter(object_type="retention_rule").count() == 3


def test_the_pages(kept: Callable[..., Recording]) -> None:
    one = kept(factories.user())
    page = Client()
    page.force_login(one.owner)
    where = f"/recordings/{one.pk}/"
    assert b"30 days" in page.get(f"{where}delete/").content
    page.post(f"{where}tags/", {"tags": "Board, hr"})
    assert b"board, hr" in page.get(where).content
    page.post(f"{where}delete/")
    assert page.get(where).status_code == 404
    assert one.title.encode() in page.get("/trash/").content
    other = Client()
    other.force_login(factories.user())
    assert other.post(f"/trash/{one.pk}/restore/").status_code == 404
    page.post(f"/trash/{one.pk}/restore/")
    assert page.get(where).status_code == 200
    assert page.get(f"{where}purge/").status_code == 200
    page.post(f"{where}purge/")
    assert one.tracks.get().status == "purged"
