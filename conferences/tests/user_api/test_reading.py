"""The list, the card, lines, summaries and sound: every field of them."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from accounts.models import AuditEntry
from common.sql import ask
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests import scene
from conferences.tests.user_api.answers import (
    CARD,
    LINE,
    URL,
    refused,
    signed_in,
    typed,
)
from recognition.services import editing
from recordings.choices import Right
from recordings.models import Recording
from recordings.tests import factories
from recordings.tests.doors import body_of, caller

pytestmark = pytest.mark.django_db


def test_the_list(fake: FakeServer, north: Connection, budget: Recording, settings: Any) -> None:
    answer = signed_in(fake, "anna").get(URL + "transcriptions")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"transcriptions", "page"}
    assert body["page"] == {"current": 1, "total": 1, "size": 50, "count": 1}
    (card,) = body["transcriptions"]
    typed(card, CARD)
    budget.refresh_from_db()
    moments = {
        name: parse_datetime(card.pop(name))
        for name in ("started_at", "finished_at", "created_at", "recognized_at")
    }
    assert all(moment and moment.tzinfo for moment in moments.values())
    assert moments["started_at"] == scene.HELD
    assert moments["finished_at"] == scene.HELD + dt.timedelta(minutes=5)
    assert moments["created_at"] == budget.created_at
    assert card == {
        "id": budget.number,
        "conference_id": "Budget-id",
        "session_id": "0000001b@north.example#vcs",
        "display_name": "Budget",
        "duration": budget.duration,
        "language": "ru",
        "transcription_status_id": 8,
        "status": "recognized",
        "status_note": "",
        "recognition_progress": 100,
        "access_level": "owner",
        "rights": [right.value for right in Right],
        "tcs_id": north.pk,
        "transcription_url": f"{settings.PUBLIC_URL}/recordings/{budget.pk}/",
        "audio_url": f"{settings.PUBLIC_URL}{URL}transcriptions/{budget.number}/audio",
    }


def test_the_card_serves_both_kinds_of_clients(fake: FakeServer, budget: Recording) -> None:
    answer = signed_in(fake, "anna").get(f"{URL}transcriptions/{budget.number}")
    assert answer.status_code == 200
    card = answer.json()
    tracks = card.pop("tracks")
    wrapped = card.pop("transcription")
    typed(card, CARD)
    assert wrapped == card
    track = budget.tracks.get()
    assert tracks == [
        {
            "id": track.pk,
            "call_id": "anna@north.example",
            "display_name": "Anna North",
            "duration": track.duration,
        }
    ]


def test_levels_of_access(fake: FakeServer, north: Connection, budget: Recording) -> None:
    def level(client: Client) -> tuple[str, list[str]]:
        card = client.get(f"{URL}transcriptions/{budget.number}").json()
        return card["access_level"], card["rights"]

    every = [right.value for right in Right]
    assert level(signed_in(fake, "anna")) == ("owner", every)
    assert level(signed_in(fake, "olga")) == ("admin", every)
    boris = signed_in(fake, "boris")
    assert level(boris) == ("read", ["view"])
    ask("UPDATE recordings_access SET rights = '{view,comment}' WHERE user_id IS NOT NULL")
    assert level(boris) == ("comment", ["view", "comment"])
    ask("UPDATE recordings_access SET rights = '{view,edit,share,delete,run}' WHERE user_id > 0")
    assert level(boris) == ("edit", ["view", "edit", "run", "share", "delete"])
    assert level(caller(factories.user(role="admin"))) == ("admin", every)
    stranger = signed_in(fake, "carl")
    where = f"{URL}transcriptions/{budget.number}"
    refused(stranger.get(where), 404, "transcription_not_found")
    assert stranger.get(URL + "transcriptions").json()["transcriptions"] == []


def test_lines(fake: FakeServer, budget: Recording) -> None:
    client = signed_in(fake, "anna")
    where = f"{URL}transcriptions/{budget.number}/lines"
    body = client.get(where).json()
    assert set(body) == {"lines", "page"}
    assert body["page"] == {"current": 1, "total": 1, "size": 2, "count": 2}
    first, second = body["lines"]
    for line in (first, second):
        typed(line, LINE)
    phrases = list(budget.transcripts.get().phrases.order_by("position"))
    assert first == {
        "id": phrases[0].pk,
        "transcription_id": budget.number,
        "call_id": "anna@north.example",
        "user_id": budget.owner_id,
        "display_name": "Anna North",
        "line": "the budget is four thousand",
        "start_time": phrases[0].start,
        "end_time": phrases[0].end,
        "language": "ru",
    }
    assert second["id"] == phrases[1].pk
    assert AuditEntry.objects.filter(action="view", object_id=str(budget.pk)).count() == 1


def test_corrections_are_seen(fake: FakeServer, budget: Recording) -> None:
    client = signed_in(fake, "boris")
    where = f"{URL}transcriptions/{budget.number}/lines"
    first = client.get(where).json()["lines"][0]
    editing.edit_text(budget, line=first["id"], text="the budget is five thousand", by=budget.owner)
    lines = client.get(where).json()["lines"]
    assert [line["line"] for line in lines] == ["the budget is five thousand", scene.SAID[1][1]]
    typed(lines[0], LINE)
    assert lines[0]["call_id"] == "anna@north.example"
    # A summary that was made before says so.
    summaries = client.get(f"{URL}transcriptions/{budget.number}/summary").json()["summaries"]
    assert [summary["stale"] for summary in summaries] == [True]
    assert [one["id"] for one in lines[:1]] == [first["id"]]
    assert len(client.get(URL + "transcriptions?search=five").json()["transcriptions"]) == 1


def test_lines_come_in_pages_when_asked(fake: FakeServer, budget: Recording) -> None:
    client = signed_in(fake, "boris")
    where = f"{URL}transcriptions/{budget.number}/lines"
    everything = client.get(where).json()["lines"]
    one = client.get(where, {"page": 2, "page_size": 1}).json()
    assert one["lines"] == everything[1:]
    assert one["page"] == {"current": 2, "total": 2, "size": 1, "count": 2}
    assert client.get(where, {"page": 3, "page_size": 1}).json()["lines"] == []
    assert client.get(where, {"page": 1}).json()["lines"] == everything
    for language, count in (("ru", 2), ("ru-RU", 2), ("RU", 2), ("en", 0), ("", 2)):
        assert len(client.get(where, {"language": language}).json()["lines"]) == count


def test_summaries(fake: FakeServer, budget: Recording) -> None:
    client = signed_in(fake, "boris")
    body = client.get(f"{URL}transcriptions/{budget.number}/summary").json()
    assert set(body) == {"summaries"}
    (summary,) = body["summaries"]
    assert parse_datetime(summary.pop("created_at"))
    stored = budget.summaries.get()
    assert summary == {
        "id": stored.pk,
        "transcription_id": budget.number,
        "name": "",
        "text": "The budget grows.",
        "items": [
            {
                "text": "The budget grows.",
                "line_ids": [budget.transcripts.get().phrases.order_by("position")[0].pk],
                "verified": True,
            }
        ],
        "coverage": 0.5,
        "stale": False,
    }
    budget.summaries.update(status="pending")
    assert client.get(f"{URL}transcriptions/{budget.number}/summary").json() == {"summaries": []}


def test_sound_with_range(fake: FakeServer, budget: Recording) -> None:
    client = signed_in(fake, "boris")
    where = f"{URL}transcriptions/{budget.number}/audio"
    whole = client.get(where)
    sound = body_of(whole)
    assert whole.status_code == 200
    assert whole["Content-Type"].startswith("audio/")
    assert len(sound) == int(whole["Content-Length"])
    part = client.get(where, headers={"range": "bytes=10-19"})
    assert part.status_code == 206
    assert body_of(part) == sound[10:20]
    assert part["Content-Range"] == f"bytes 10-19/{len(sound)}"
    beyond = client.get(where, headers={"range": f"bytes={len(sound)}-"})
    refused(beyond, 416, "range")
    assert beyond["Content-Range"] == f"bytes */{len(sound)}"
    refused(client.get(where, {"track": "999999"}), 404, "no_sound")
