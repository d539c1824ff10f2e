"""Transcripts over REST: pages, exports, names; and nothing for strangers."""

import json

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import AuditEntry, User
from recognition.models import SpeakerName
from recognition.tests.factories import transcript
from recordings.models import Access, Recording
from recordings.tests import factories

pytestmark = pytest.mark.django_db
SAID = [("Анна", "Первое слово"), ("Boris", "<b>second</b> line"), ("Анна", "Третья строка")]


@pytest.fixture
def owner() -> User:
    return factories.user()


@pytest.fixture
def talk(owner: User) -> Recording:
    recording = factories.recording(owner)
    transcript(recording, SAID)
    return recording


def client(user: User | None) -> Client:
    if user is None:
        return Client()
    _, text = tokens.make(user, "api", "test")
    return Client(headers={"Authorization": f"Bearer {text}"})


def url(recording: Recording, rest: str = "transcript/") -> str:
    return f"/api/v1/recordings/{recording.pk}/{rest}"


def test_lines_come_by_pages_and_the_next_page_goes_on(owner: User, talk: Recording) -> None:
    first = client(owner).get(url(talk), {"limit": 2}).json()
    assert [line["text"] for line in first["phrases"]] == [text for _, text in SAID[:2]]
    assert set(first) == {
        *("id", "version", "language", "engine", "created_at", "phrases", "next"),
    }
    assert set(first["phrases"][0]) >= {
        *("id", "speaker", "track", "start", "end", "text", "words"),
    }
    assert set(first["phrases"][0]["words"][0]) == {"word", "start", "end", "confidence"}
    second = client(owner).get(first["next"]).json()
    assert [line["text"] for line in second["phrases"]] == [SAID[2][1]]
    assert second["next"] is None


def test_versions_stay_as_they_were(owner: User, talk: Recording) -> None:
    transcript(talk, [("Анна", "Иначе")])
    assert client(owner).get(url(talk)).json()["version"] == 2
    old = client(owner).get(url(talk), {"version": 1}).json()
    assert len(old["phrases"]) == 3
    missing = client(owner).get(url(talk), {"version": 9})
    assert (missing.status_code, missing.json()["code"]) == (404, "no_transcript")


@pytest.mark.parametrize("format", ["txt", "srt", "vtt", "json", "docx"])
def test_a_file_to_take_away(owner: User, talk: Recording, format: str) -> None:
    answer = client(owner).get(url(talk, "transcript/export/"), {"format": format})
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert len(answer.content) > 50
    if format == "json":
        assert len(json.loads(answer.content)["phrases"]) == 3
    assert AuditEntry.objects.filter(action="export", object_id=str(talk.pk)).count() == 1


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"after": "-1"},
        {"after": "99999999999999999999"},
        {"version": "0"},
    ],
)
def test_what_cant_be_is_a_400(owner: User, talk: Recording, query: dict[str, str]) -> None:
    answer = client(owner).get(url(talk), query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_an_unknown_format_is_a_400(owner: User, talk: Recording) -> None:
    answer = client(owner).get(url(talk, "transcript/export/"), {"format": "exe"})
    assert answer.status_code == 400


def test_a_speaker_gets_a_name_in_every_version(owner: User, talk: Recording) -> None:
    send = {"content_type": "application/json"}
    body = {"label": "Анна", "name": " Анна Петрова "}
    answer = client(owner).post(url(talk, "speakers/"), body, **send)
    assert answer.json() == {"Анна": "Анна Петрова"}
    lines = client(owner).get(url(talk)).json()["phrases"]
    assert [line["speaker"] for line in lines] == ["Анна Петрова", "Boris", "Анна Петрова"]
    nobody = client(owner).post(url(talk, "speakers/"), {"label": "X", "name": "Y"}, **send)
    assert nobody.status_code == 404
    back = client(owner).post(url(talk, "speakers/"), {"label": "Анна", "name": ""}, **send)
    assert back.json() == {}


def test_strangers_get_nothing_and_viewers_change_nothing(talk: Recording) -> None:
    stranger, viewer = factories.user(), factories.user()
    Access.objects.create(recording=talk, user=viewer, rights=["view"])
    reads = ["transcript/", "transcript/export/?format=txt", "speakers/", "summaries/"]
    body = {"label": "Анна", "name": "Никто"}
    for path in reads:
        assert client(None).get(url(talk, path)).status_code == 401
        answer = client(stranger).get(url(talk, path))
        assert answer.status_code == 404
        assert str(talk.pk) not in answer.content.decode()
        assert client(viewer).get(url(talk, path)).status_code == 200
    for user, status in [(None, 401), (stranger, 404), (viewer, 403)]:
        for path in ["speakers/", "summaries/"]:
            answer = client(user).post(url(talk, path), body, content_type="application/json")
            assert answer.status_code == status
    assert not SpeakerName.objects.exists()
    assert not talk.summaries.exists()


def test_search_over_rest(owner: User, talk: Recording) -> None:
    found = client(owner).get("/api/v1/search/", {"q": "строки"}).json()["results"]
    (row,) = found
    assert row["recording"] == str(talk.pk)
    assert (row["start"], row["kind"]) == (8.0, "phrase")
    assert "**строка**" in row["snippet"]
    assert client(factories.user()).get("/api/v1/search/", {"q": "строки"}).json()["results"] == []
    assert client(owner).get("/api/v1/search/").status_code == 400
