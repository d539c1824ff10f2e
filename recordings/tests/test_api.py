"""The REST door: what goes in, what comes out, and what every kind of nonsense is told."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import AuditEntry, User
from notifications.models import Event
from recordings.choices import StepStatus
from recordings.models import Access, Recording, Run, StorageSettings, Track
from recordings.pipeline import leases
from recordings.tests import factories, sound
from recordings.tests.doors import URL, nothing_was_kept, send, upload

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "7489de62-6277-424d-98f9-3b7fda35d115"


def test_a_recording_goes_in_and_is_described(api: Client, tmp_path: Path) -> None:
    one, two = upload(tmp_path, "anna.wav"), upload(tmp_path, "b.wav", pitch=300, seconds=2)

    answer = send(
        api, one, two, track_name=["", "Boris"], title="Plan", kind="meeting", pipeline="long"
    )

    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {
        *("id", "number", "title", "kind", "source", "status", "incomplete", "progress"),
        *("queue", "error", "language", "duration", "started_at", "created_at", "tracks"),
    }
    assert (body["title"], body["kind"], body["source"]) == ("Plan", "meeting", "upload")
    assert (body["status"], body["progress"], body["error"]) == ("processing", 0, None)
    assert set(body["queue"]) == {"position", "eta_s"}
    assert [track["name"] for track in body["tracks"]] == ["anna", "Boris"]
    assert set(body["tracks"][0]) == {"id", "name", "duration", "speech", "status"}
    assert dt.datetime.fromisoformat(body["created_at"]).tzinfo
    assert api.get(f"{URL}{body['id']}/").json()["id"] == body["id"]
    assert Run.objects.get().pipeline == "long"


def test_the_same_bytes_again_answer_200(api: Client, tmp_path: Path) -> None:
    first = send(api, upload(tmp_path), process="false")
    again = send(api, upload(tmp_path, "other name.wav"), process="false")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["status"] == "ready"
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..", "a\\b\\c.wav", "\u202egnp.wav", "x" * 3000 + ".wav", "<script>.wav"],
)
def test_a_hostile_name_is_only_a_title(api: Client, root: Path, tmp_path: Path, name: str) -> None:
    content = sound.wav_bytes(tmp_path)
    head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + b"\r\n--B--\r\n"

    answer = api.post(URL, body, content_type="multipart/form-data; boundary=B")

    assert answer.status_code in (201, 400)
    if answer.status_code == 201:
        title = answer.json()["title"]
        assert len(title) <= 200
        assert not set(title) & {"/", "\\", "\u202e"}
    kept = [path for path in root.rglob("*") if path.is_file()]
    assert all(len(path.relative_to(root).parts) == 4 for path in kept)
    assert {path.name for path in tmp_path.iterdir()} <= {"storage"}


BAD_FORMS: dict[str, dict[str, Any]] = {
    "no file": {},
    "kind": {"kind": "opera"},
    "pipeline": {"pipeline": "nowhere"},
    "language": {"language": "xx"},
    "long language": {"language": "x" * 999},
    "long title": {"title": "x" * 201},
    "zero in title": {"title": "a\0b"},
    "process": {"process": "perhaps"},
    "started": {"started_at": "yesterday"},
    "names": {"track_name": ["a", "b", "c"]},
}


@pytest.mark.parametrize("form", BAD_FORMS)
def test_a_wrong_form_keeps_nothing(api: Client, root: Path, tmp_path: Path, form: str) -> None:
    files = [] if form == "no file" else [upload(tmp_path)]

    answer = send(api, *files, **BAD_FORMS[form])

    assert answer.status_code == 400
    assert set(answer.json()) >= {"code", "message"}
    assert nothing_was_kept(root)
    assert not Event.objects.exists()


def test_bad_files_get_their_verdict(api: Client, root: Path, tmp_path: Path) -> None:
    page = io.BytesIO(b"<html>hello</html>")
    page.name = "talk.wav"
    choir = upload(tmp_path, channels=20, seconds=0.1)

    refused, unusable = send(api, page), send(api, choir)

    assert (refused.status_code, refused.json()["code"]) == (415, "markup_html")
    assert refused.json()["details"]["file"] == "talk.wav"
    assert refused.json()["details"]["next_action"]
    assert (unusable.status_code, unusable.json()["code"]) == (422, "too_many_channels")
    assert nothing_was_kept(root)


def test_json_is_no_upload(api: Client) -> None:
    assert api.post(URL, {"title": "x"}, content_type="application/json").status_code == 415
    broken = api.post(URL, b"--x\r\nnonsense", content_type="multipart/form-data")
    assert broken.status_code == 400


def test_over_the_limit_413_and_without_room_507(
    api: Client, root: Path, tmp_path: Path, settings: Settings
) -> None:
    before = settings.RECORDINGS
    settings.RECORDINGS = {**before, "upload_limit_bytes": 1000}
    large = send(api, upload(tmp_path))
    settings.RECORDINGS = {**before, "disk_reserve_bytes": 1 << 60}
    full = send(api, upload(tmp_path))

    assert (large.status_code, large.json()["details"]["limit_bytes"]) == (413, 1000)
    assert (full.status_code, full.json()["code"]) == (507, "storage_full")
    assert nothing_was_kept(root)
    settings.RECORDINGS = before
    assert send(api, upload(tmp_path)).status_code == 201


def test_an_upload_from_a_page_needs_its_own_token(
    owner: User, root: Path, pipelines: None, tmp_path: Path
) -> None:
    page = Client(enforce_csrf_checks=True)
    page.force_login(owner)

    assert send(page, upload(tmp_path)).status_code == 403
    assert nothing_was_kept(root)


def made(owner: User, n: int, **fields: Any) -> list[Recording]:
    rows = [Recording(owner=owner, title=f"Talk {i}", **fields) for i in range(n)]
    return Recording.objects.bulk_create(rows)


def walk(client: Client, query: str) -> list[str]:
    """Titles over all pages."""
    titles, url = [], f"{URL}?{query}"
    while url:
        page = client.get(url).json()
        titles += [row["title"] for row in page["results"]]
        url = page["next"]
    return titles


def test_pages_show_everything_once_and_keep_their_filters(api: Client, owner: User) -> None:
    made(owner, 7, status="done")
    made(owner, 4, status="failed")
    same = Recording.objects.first()
    assert same is not None
    Recording.objects.update(created_at=same.created_at)  # only the id tells them apart

    everything, done = walk(api, "limit=3"), walk(api, "limit=3&status=done&q=talk")

    assert len(everything) == 11
    assert sorted(done) == [f"Talk {i}" for i in range(7)]
    first = api.get(f"{URL}?limit=2&status=done").json()["next"]
    assert parse_qs(urlsplit(first).query)["status"] == ["done"]
    assert api.get(f"{URL}?limit=99999").json()["next"] is None


def test_filters(api: Client, owner: User) -> None:
    old, new = "2020-01-01T12:00:00+03:00", "2026-01-01T12:00:00+00:00"
    Recording.objects.create(owner=owner, title="Отчёт 50%", kind="call", started_at=old)
    Recording.objects.create(owner=owner, title="Plan", source="inbox", started_at=new)
    Recording.objects.create(owner=owner, title="Undated")

    assert walk(api, "kind=call") == ["Отчёт 50%"]
    assert walk(api, "source=inbox") == ["Plan"]
    assert walk(api, "q=ОТЧЁТ") == ["Отчёт 50%"]
    assert walk(api, "q=50%25") == ["Отчёт 50%"]
    assert walk(api, "q=_") == []
    assert walk(api, "started_before=2021-01-01") == ["Отчёт 50%"]
    assert walk(api, "started_after=2025-01-01T00:00:00+00:00") == ["Undated", "Plan"]
    assert walk(api, "status=ready,done&kind=call,upload")


@pytest.mark.parametrize(
    "query",
    [
        *("status=lost", "kind=opera", "limit=0", "limit=-1", "limit=a", "limit=1e9", "cursor=x"),
        *("cursor=%00", "cursor=" + "A" * 5000, "q=%00", "source=a%00b", "started_after=noon"),
        *("started_after=2026-13-45", "started_before=0001-01-01", "limit=%D9%A1"),
        "cursor=MjAyNnwx",
        "started_after=9999-12-31T23:59:59-14:00",
    ],
)
def test_nonsense_in_the_query_is_400(api: Client, query: str) -> None:
    answer = api.get(f"{URL}?{query}")

    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or query.startswith("started")
    if answer.status_code == 400:
        assert set(answer.json()) >= {"code", "message"}


@pytest.mark.parametrize("id", ["x", "0", "1" * 40, "%00", "..", NOBODY, "é"])
def test_an_id_that_is_none_is_404(api: Client, id: str) -> None:
    for path in ("", "runs/", "audio/", "access/"):
        answer = api.get(f"{URL}{id}/{path}")
        assert answer.status_code == 404
    assert api.delete(f"{URL}{id}/").status_code in (404, 405)


def test_the_list_costs_the_same_for_one_and_for_many(api: Client, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert api.get(f"{URL}?limit=100").status_code == 200
        return len(caught)

    for _ in range(3):
        factories.recording(owner)
    queries()  # the first use of a token is noted
    few = queries()
    for _ in range(30):
        factories.recording(owner, tracks=3)
    assert queries() == few


def test_change_title_and_language(api: Client, owner: User) -> None:
    recording = factories.recording(owner)
    url = f"{URL}{recording.pk}/"
    json_ = {"content_type": "application/json"}

    answer = api.patch(url, {"title": " New\u0007 name ", "language": "RU"}, **json_)

    assert (answer.json()["title"], answer.json()["language"]) == ("New name", "ru")
    assert Event.objects.get().type == "recording.changed"
    for wrong in (
        {"title": "x" * 999},
        {"title": None},
        {"language": "qq"},
        [1],
        "x",
        {"title": {}},
    ):
        assert api.patch(url, json.dumps(wrong), **json_).status_code == 400
    assert api.patch(url, b"{not json", **json_).status_code == 400
    assert api.patch(url, b'{"title": "a\\u0000b"}', **json_).status_code == 400
    assert Recording.objects.get().title == "New name"


def test_process_cancel_and_runs(api: Client, root: Path, tmp_path: Path) -> None:
    url = f"{URL}{send(api, upload(tmp_path), process='false').json()['id']}/"
    json_ = {"content_type": "application/json"}
    track = Track.objects.get().pk

    for wrong in (
        *({"pipeline": "x"}, {"language": "xx"}, {"tracks": []}, {"tracks": [track + 1]}),
        *({"tracks": [10**30]}, {"tracks": "all"}, {"engine": {}}, {"tracks": [None]}, [], 7),
    ):
        assert api.post(f"{url}process/", json.dumps(wrong), **json_).status_code == 400
    assert not Run.objects.exists()

    chosen = {"pipeline": "long", "engine": "fake", "language": "ru", "tracks": [track]}
    answer = api.post(f"{url}process/", chosen, **json_)
    assert answer.status_code == 202
    run = answer.json()
    assert (run["pipeline"], run["status"]) == ("long", "queued")
    assert set(run["steps"][0]) >= {"step", "track", "status", "attempt", "progress", "error"}
    assert Run.objects.get().params == {"engine": "fake", "language": "ru"}
    assert api.post(f"{url}process/", {}, **json_).status_code == 409

    for _ in range(2):
        cancelled = api.post(f"{url}cancel/")
        assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    assert [run["status"] for run in api.get(f"{url}runs/").json()["results"]] == ["cancelled"]


def test_deleting_wins_over_work_under_way(
    api: Client, owner: User, root: Path, tmp_path: Path
) -> None:
    id = send(api, upload(tmp_path), pipeline="long").json()["id"]
    step = leases.claim("cpu", worker="somebody")
    assert step is not None
    guest = factories.user("gast")
    Access.objects.create(recording_id=id, user=guest, rights=["view"])

    StorageSettings.objects.create(pk=1, trash_days=0)
    assert api.delete(f"{URL}{id}/").status_code == 204

    assert leases.settle(step, StepStatus.DONE) is None
    assert not leases.renew(step, progress=5, tell=False)
    assert nothing_was_kept(root)
    assert not Track.objects.exists()
    assert not Run.objects.exists()
    gone = Event.objects.get(type="recording.deleted")
    assert gone.audience == sorted([owner.pk, guest.pk])
    entry = AuditEntry.objects.get(action="delete")
    assert (entry.actor_id, entry.object_id) == (owner.pk, id)
    assert api.delete(f"{URL}{id}/").status_code == 404
