"""Statuses along the way of a recording, who may start it, and how clients find their way in."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from common.sql import ask
from conferences.choices import ConnectionAccess
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests import scene
from conferences.tests.user_api.answers import URL, listed, refused, signed_in
from recordings.models import Recording, Run
from recordings.tests import factories
from recordings.tests.doors import caller

pytestmark = pytest.mark.django_db


def state(client: Client, recording: Recording) -> tuple[int, str, int, str]:
    card = client.get(f"{URL}transcriptions/{recording.number}").json()
    return (
        card["transcription_status_id"],
        card["status"],
        card["recognition_progress"],
        card["status_note"],
    )


def test_statuses_along_the_way(
    fake: FakeServer, north: Connection, root: Path, tmp_path: Path
) -> None:
    recording = scene.meeting(north, tmp_path)
    client = signed_in(fake, "anna")
    assert state(client, recording) == (3, "not_requested", 0, "")

    where = f"{URL}transcriptions/{recording.number}/recognize"
    answer = client.post(where, {"language": "en"}, content_type="application/json")
    assert answer.status_code == 202
    assert answer.json()["transcription_status_id"] == 6
    assert Run.objects.get().params["language"] == "en"
    assert state(client, recording) == (6, "queued", 0, "")
    refused(client.post(where, {}, content_type="application/json"), 409, "already_running")

    ask("UPDATE recordings_run SET status = 'running'")
    ask("UPDATE recordings_steprun SET progress = 50 WHERE step LIKE 'recognition.%'")
    assert state(client, recording) == (6, "recognizing", 50, "")
    assert listed(client, status=6) == ["Budget"]

    ask("UPDATE recordings_steprun SET status = 'running', lease_until = now(), progress = 100")
    ask("UPDATE recordings_steprun SET status = 'done' WHERE step LIKE 'recognition.%'")
    scene.transcript(recording, scene.SAID)
    # Only its meaning is still worked on: there is text to read.
    assert state(client, recording) == (8, "recognized", 100, "")

    ask("UPDATE recordings_run SET status = 'failed'")
    problem = '{"code": "x", "message": "No model is there.", "retryable": true}'
    ask("UPDATE recordings_recording SET status = 'failed', error = %(e)s::jsonb", e=problem)
    assert state(client, recording) == (8, "recognized", 100, "No model is there.")
    ask("DELETE FROM recognition_phrase")
    recording.transcripts.all().delete()
    assert state(client, recording) == (3, "failed", 0, "No model is there.")


def test_recognition_needs_the_right_and_a_full_connection(
    fake: FakeServer, north: Connection, budget: Recording
) -> None:
    where = f"{URL}transcriptions/{budget.number}/recognize"
    refused(signed_in(fake, "boris").post(where), 403, "not_allowed")
    refused(signed_in(fake, "carl").post(where), 404, "transcription_not_found")
    north.access = ConnectionAccess.READ_ONLY
    north.save()
    refused(signed_in(fake, "anna").post(where), 403, "read_only")
    assert not Run.objects.exists()


def test_what_came_without_a_conference_is_listed_too(db: None) -> None:
    owner = factories.user()
    recording = factories.recording(owner)
    card = caller(owner).get(f"{URL}transcriptions/{recording.number}").json()
    assert (card["conference_id"], card["session_id"], card["tcs_id"]) == (None, None, None)
    assert card["access_level"] == "owner"
    assert (card["started_at"], card["finished_at"]) == (None, None)


def test_discovery(fake: FakeServer, north: Connection, settings: Any) -> None:
    body = Client().get(URL).json()
    assert body == Client().get("/.well-known/sai.json").json()
    assert body["user_api"] == {
        "version": "v1",
        "versions": ["v1"],
        "url": settings.PUBLIC_URL + URL,
    }
    assert body["endpoints"]["lines"] == "GET /api/user/v1/transcriptions/{id}/lines"
    assert body["statuses"] == {"3": "not recognized", "6": "recognizing", "8": "recognized"}
    assert "registered" not in body
    assert north.host not in json.dumps(body)
    assert Client().get(URL, {"domain": fake.url}).json()["registered"] is True
    assert Client().get(URL, {"domain": "elsewhere.example"}).json()["registered"] is False
