"""`/api/user/v1/`: every field of every answer, and every refusal in its own shape."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from accounts.models import AuditEntry
from common.sql import ask
from conferences.choices import ConnectionAccess
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests import scene
from recognition.services import editing
from recordings.choices import Right
from recordings.models import Recording, Run
from recordings.tests import factories
from recordings.tests.doors import body_of, caller

pytestmark = pytest.mark.django_db
URL = "/api/user/v1/"
PAIR = {
    "access_token",
    "access_token_expires_at",
    "refresh_token",
    "refresh_token_expires_at",
}
CARD: dict[str, Any] = {
    "id": int,
    "conference_id": str,
    "session_id": str,
    "display_name": str,
    "duration": float,
    "language": str,
    "transcription_status_id": int,
    "status": str,
    "status_note": str,
    "recognition_progress": int,
    "started_at": str,
    "finished_at": str,
    "created_at": str,
    "recognized_at": (str, type(None)),
    "access_level": str,
    "rights": list,
    "tcs_id": int,
    "transcription_url": str,
    "audio_url": str,
}
LINE = {
    "id": int,
    "transcription_id": int,
    "call_id": str,
    "user_id": int,
    "display_name": str,
    "line": str,
    "start_time": float,
    "end_time": float,
    "language": str,
}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeServer]:
    with FakeServer(name="north.example") as server:
        for login in ("anna", "boris", "carl"):
            server.add_user(login, name=f"{login.title()} North")
        yield server


@pytest.fixture
def north(fake: FakeServer, db: None) -> Connection:
    fake.faults.remove()
    return scene.connect(fake)


@pytest.fixture
def budget(north: Connection, root: Path, tmp_path: Path) -> Recording:
    recording = scene.meeting(north, tmp_path)
    scene.recognised(recording)
    return recording


def post(path: str, body: Any, **headers: str) -> Any:
    return Client(headers=headers).post(URL + path, body, content_type="application/json")


def signed_in(fake: FakeServer, login: str, domain: str = "") -> Client:
    answer = post("auth/from-tcs", {"domain": domain or fake.url, "token": fake.token_for(login)})
    assert answer.status_code == 200, answer.content
    return Client(headers={"authorization": f"Bearer {answer.json()['access_token']}"})


def refused(answer: Any, status: int, reason: str) -> str:
    """It is a refusal in the shape of this API; its description."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) - {"details"} == {"code", "description", "reason"}
    assert body["error"]["code"] == status
    assert body["error"]["reason"] == reason
    description = body["error"]["description"]
    assert isinstance(description, str)
    assert description
    return description


def typed(row: dict[str, Any], shape: dict[str, Any]) -> None:
    assert set(row) == set(shape)
    for name, kind in shape.items():
        assert isinstance(row[name], kind), (name, row[name])
        assert not (kind is int and isinstance(row[name], bool)), name


# -- signing in -----------------------------------------------------------------------------


def test_a_token_of_the_server_is_exchanged_for_a_pair(fake: FakeServer, north: Connection) -> None:
    answer = post("auth/from-tcs", {"domain": fake.url, "token": fake.token_for("anna")})
    assert answer.status_code == 200
    pair = answer.json()
    assert set(pair) == PAIR
    now = dt.datetime.now(dt.UTC)
    for name, hours in (("access", 24), ("refresh", 30 * 24)):
        text = pair[f"{name}_token_expires_at"]
        end = parse_datetime(text)
        assert end is not None
        assert end.tzinfo is not None
        assert text[10] == "T"
        assert abs(end - now - dt.timedelta(hours=hours)) < dt.timedelta(minutes=1)
    signed = AuditEntry.objects.get(action="sign_in")
    assert signed.data == {"door": "from-tcs", "connection": north.pk}


def test_the_host_may_be_written_in_any_way(fake: FakeServer, north: Connection) -> None:
    ask("UPDATE conferences_connection SET host = 'tcs.north.example:8443'")
    for domain in (
        "tcs.north.example:8443",
        "TCS.North.Example:8443",
        "https://tcs.north.example:8443",
        "http://TCS.north.example:8443/api/",
        "tcs.north.example",
        "https://tcs.north.example",
        " https://tcs.north.example. ",
    ):
        signed_in(fake, "anna", domain)
    for domain in ("north.example", "tcs.north.example:9", "xtcs.north.example"):
        answer = post("auth/from-tcs", {"domain": domain, "token": fake.token_for("anna")})
        description = refused(answer, 404, "server_not_found")
        assert "not found" in description
        assert "provider (full) with host" in description


def test_an_unknown_server_is_said_in_the_words_clients_look_for(north: Connection) -> None:
    for language in ("ru", "en"):
        answer = post(
            "auth/from-tcs", {"domain": "X", "token": "t" * 32}, **{"accept-language": language}
        )
        said = refused(answer, 404, "server_not_found")
        assert said == "provider (full) with host x not found"


def test_two_servers_of_one_name_are_not_guessed_between(fake: FakeServer) -> None:
    for port in (1, 2):
        Connection.objects.create(name=f"n{port}", url=f"https://tcs.example:{port}")
    answer = post("auth/from-tcs", {"domain": "tcs.example", "token": fake.token_for("anna")})
    refused(answer, 404, "server_not_found")


def test_what_the_server_refuses_opens_nothing(fake: FakeServer, north: Connection) -> None:
    answer = post("auth/from-tcs", {"domain": fake.url, "token": "nobody-gave-this-token"})
    refused(answer, 401, "tcs_token_refused")
    north.enabled = False
    north.save()
    answer = post("auth/from-tcs", {"domain": fake.url, "token": fake.token_for("anna")})
    refused(answer, 404, "server_not_found")


def test_a_server_that_is_away_is_told_from_one_that_refuses(
    fake: FakeServer, north: Connection
) -> None:
    fake.faults.add("html_502")
    answer = post("auth/from-tcs", {"domain": fake.url, "token": fake.token_for("anna")})
    refused(answer, 503, "server_away")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"domain": "x"},
        {"token": "t" * 40},
        {"domain": "", "token": "t" * 40},
        {"domain": 5, "token": ["x"]},
        {"domain": "x\0", "token": "t" * 40},
        {"domain": "x" * 501, "token": "t" * 40},
        {"domain": "x", "token": "t" * 5000},
        [],
        "text",
    ],
)
def test_what_cannot_be_used_is_422(body: Any, db: None) -> None:
    answer = post("auth/from-tcs", json.dumps(body))
    assert answer.status_code in (404, 422)
    refused(answer, 422, "invalid")


def test_what_cannot_be_read_is_400(db: None) -> None:
    for path in ("auth/from-tcs", "auth/refresh"):
        refused(post(path, "{"), 400, "invalid")
    answer = Client().post(URL + "auth/refresh", b"x", content_type="text/x")
    refused(answer, 415, "unsupported_media")


def test_a_token_without_a_shape_bothers_no_server(fake: FakeServer, north: Connection) -> None:
    before = len(fake.requests)
    answer = post("auth/from-tcs", {"domain": fake.url, "token": "short"})
    refused(answer, 422, "token_shape")
    assert len(fake.requests) == before


def test_refused_exchanges_are_throttled(
    fake: FakeServer, north: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.conf import Rate
    from conferences import tokens

    monkeypatch.setattr(tokens, "EXCHANGES", Rate(rate=1, per_seconds=60, burst=2))
    for _ in range(4):
        signed_in(fake, "anna")  # what is good does not count
    bad = {"domain": fake.url, "token": "nobody-gave-this-token"}
    for _ in range(2):
        refused(post("auth/from-tcs", bad), 401, "tcs_token_refused")
    answer = post("auth/from-tcs", bad)
    refused(answer, 429, "too_many")
    assert int(answer["Retry-After"]) >= 1
    refused(post("auth/refresh", {"refresh_token": "x"}), 429, "too_many")


def test_a_refresh_token_is_good_once(fake: FakeServer, north: Connection) -> None:
    first = post("auth/from-tcs", {"domain": fake.url, "token": fake.token_for("anna")}).json()
    answer = post("auth/refresh", {"refresh_token": first["refresh_token"]})
    assert answer.status_code == 200
    second = answer.json()
    assert set(second) == PAIR
    assert not set(second.values()) & {first["access_token"], first["refresh_token"]}
    end = parse_datetime(second["refresh_token_expires_at"])
    assert end
    assert end - dt.datetime.now(dt.UTC) > dt.timedelta(days=29)

    refused(post("auth/refresh", {"refresh_token": first["refresh_token"]}), 401, "session_ended")
    # It was copied: everything of this sign-in has ended.
    late = Client(headers={"authorization": f"Bearer {second['access_token']}"})
    refused(late.get(URL + "transcriptions"), 401, "token_refused")
    refused(post("auth/refresh", {"refresh_token": second["refresh_token"]}), 401, "session_ended")
    assert AuditEntry.objects.filter(action="token_reused").count() == 1


def test_who_may_not_go_on_is_not_refreshed(fake: FakeServer, north: Connection) -> None:
    pair = post("auth/from-tcs", {"domain": fake.url, "token": fake.token_for("anna")}).json()
    body = {"refresh_token": pair["refresh_token"]}
    north.enabled = False
    north.save()
    refused(post("auth/refresh", body), 401, "session_ended")
    north.enabled = True
    north.save()
    ask("UPDATE accounts_user SET is_active = false")
    refused(post("auth/refresh", body), 401, "session_ended")
    ask("UPDATE accounts_user SET is_active = true")
    assert post("auth/refresh", body).status_code == 200


def test_pairs_are_refreshed_where_they_were_made(fake: FakeServer, north: Connection) -> None:
    pair = post("auth/from-tcs", {"domain": fake.url, "token": fake.token_for("anna")}).json()
    other = Client().post(
        "/api/v1/auth/refresh/",
        {"refresh": pair["refresh_token"]},
        content_type="application/json",
    )
    assert other.status_code == 401
    assert post("auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 200


# -- reading --------------------------------------------------------------------------------


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


# -- choosing -------------------------------------------------------------------------------


@pytest.fixture
def several(north: Connection, root: Path, tmp_path: Path) -> dict[str, Recording]:
    made = {}
    for index, topic in enumerate(("Apples", "Bread", "Cheese")):
        made[topic] = scene.meeting(
            north,
            tmp_path,
            topic=topic,
            pitch=300 + 100 * index,
            at=scene.HELD - dt.timedelta(days=index),
        )
    ask("UPDATE recordings_recording SET duration = 30 - mod(number, 3) * 10")
    scene.recognised(made["Bread"])
    return made


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(URL + "transcriptions", query)
    assert answer.status_code == 200, answer.content
    return [card["display_name"] for card in answer.json()["transcriptions"]]


def test_sorting_and_pages(fake: FakeServer, several: dict[str, Recording]) -> None:
    client = signed_in(fake, "anna")
    assert listed(client) == ["Cheese", "Bread", "Apples"]
    assert listed(client, sort_order=0) == ["Apples", "Bread", "Cheese"]
    assert listed(client, sort_field="display_name", sort_order=0) == ["Apples", "Bread", "Cheese"]
    assert listed(client, sort_field="started_at") == ["Apples", "Bread", "Cheese"]
    by_duration = sorted(several, key=lambda name: Recording.objects.get(title=name).duration)
    assert listed(client, sort_field="duration", sort_order=0) == by_duration
    assert listed(client, page_size=2) == ["Cheese", "Bread"]
    page = client.get(URL + "transcriptions", {"page_size": 2, "page": 2}).json()
    assert [card["display_name"] for card in page["transcriptions"]] == ["Apples"]
    assert page["page"] == {"current": 2, "total": 2, "size": 2, "count": 3}
    assert listed(client, page=9) == []


def test_filters(fake: FakeServer, several: dict[str, Recording]) -> None:
    client = signed_in(fake, "boris")
    assert listed(client, status=8) == ["Bread"]
    assert listed(client, status=3) == ["Cheese", "Apples"]
    assert listed(client, status=6) == []
    assert listed(client, conference_id="Apples-id") == ["Apples"]
    assert listed(client, conference_id="nothing") == []
    assert listed(client, search="CHEE") == ["Cheese"]
    assert listed(client, search="thousand") == ["Bread"]
    assert listed(client, search="the budget") == ["Bread"]
    assert listed(client, search="100%_'") == []
    assert listed(client, search="thousand", status=3) == []


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0},
        {"page": "x"},
        {"page_size": 0},
        {"page_size": 100000},
        {"status": 5},
        {"status": "done"},
        {"sort_field": "owner"},
        {"sort_order": 2},
        {"search": "a\0b"},
        {"conference_id": "a\0b"},
        {"page": 10**30},
    ],
)
def test_queries_that_make_no_sense(
    fake: FakeServer, north: Connection, query: dict[str, Any]
) -> None:
    refused(signed_in(fake, "anna").get(URL + "transcriptions", query), 422, "invalid")


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 19, "9" * 40, "1.5", "١"])
def test_ids_that_are_none(fake: FakeServer, north: Connection, number: str) -> None:
    client = signed_in(fake, "anna")
    for rest in ("", "/lines", "/summary", "/audio"):
        refused(client.get(f"{URL}transcriptions/{number}{rest}"), 404, "transcription_not_found")


def test_everything_needs_a_token(budget: Recording) -> None:
    for rest in ("", f"/{budget.number}", f"/{budget.number}/lines", f"/{budget.number}/audio"):
        answer = Client().get(f"{URL}transcriptions{rest}")
        refused(answer, 401, "not_signed_in")
        assert answer["WWW-Authenticate"] == "Bearer"
        wrong = Client(headers={"authorization": "Bearer x"}).get(f"{URL}transcriptions{rest}")
        refused(wrong, 401, "token_refused")


def test_other_addresses_and_methods_answer_in_the_same_shape(db: None) -> None:
    refused(Client().get(URL + "conferences"), 404, "routeNotFound")
    refused(Client().delete(URL + "a/b/c"), 404, "routeNotFound")
    refused(Client().put(URL + "auth/from-tcs"), 405, "method_not_allowed")


# -- the journey ----------------------------------------------------------------------------


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
