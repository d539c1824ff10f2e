"""The fake TCS speaks as TrueConf's public clients expect, and refuses as a server does."""

import re
import time
from datetime import datetime

import httpx2
import pytest

from conferences.fake_tcs.meetings import Voice
from conferences.fake_tcs.server import FakeServer
from conferences.fake_tcs.sound import sample, tone
from conferences.tests.tcs_client import ask, grant, reason, tracks_path


def test_it_starts_quickly_and_many_live_in_one_process() -> None:
    began = time.perf_counter()
    servers = [FakeServer(name=f"tcs{n}.example").start() for n in range(5)]
    try:
        assert time.perf_counter() - began < 1.5
        for server in servers:
            server.add_meeting(tracks=1)
            answer = httpx2.get(f"{server.url}/api/v4/server").json()
            assert answer["product"] == {
                "display_name": server.state.name,
                "version": server.state.version,
            }
        assert {one for server in servers for one in server.meetings} == {"1067013001"}
        a, b = servers[:2]
        assert ask(a, b.server_token()).get("/api/v4/conferences").status_code == 401
    finally:
        for server in servers:
            server.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{servers[0].url}/api/v4/server")


def test_a_conference_has_its_fields(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting("Launch", language="ru", auto_recognition=False)
    body = ask(tcs).get("/api/v4/conferences").json()
    assert body["results"] == 1
    one = body["conferences"][0]
    assert one["id"] == meeting.id
    assert (one["topic"], one["owner"], one["state"]) == ("Launch", "alice@tcs.example", "stopped")
    assert one["session_id"] == meeting.sessions[0].id
    assert meeting.sessions[0].id.endswith("@tcs.example#vcs")
    assert one["sai"] == {
        "recording_enabled": True,
        "recognition_language": "ru",
        "auto_recognition_enabled": False,
    }
    assert datetime.fromisoformat(one["created_at"]).tzinfo
    assert ask(tcs).get(f"/api/v4/conferences/{meeting.id}").json() == {"conference": one}


def test_conferences_are_paged_filtered_and_sorted(tcs: FakeServer) -> None:
    tcs.add_meetings(5, tracks=1)
    tcs.add_meeting("Live one", tracks=1, live_seconds=60)
    client = ask(tcs)

    def topics(**asked: object) -> list[str]:
        answer = client.get("/api/v4/conferences", params=asked).json()
        return [one["topic"] for one in answer["conferences"]]

    assert topics(page=2, page_size=4, sort_field="topic", sort_order=0) == [
        "Meeting 4",
        "Meeting 5",
    ]
    assert topics(page=3, page_size=4) == []
    assert topics(state="running") == ["Live one"]
    assert topics(topic="live") == ["Live one"]
    assert topics(owner="nobody") == []
    assert topics(after=int(time.time()) + 60) == []
    assert len(topics(page_size=1000)) == 6
    assert client.get("/api/v4/conferences?page=x").status_code == 400
    assert client.get("/api/v4/conferences?page=0").status_code == 400


def test_overlapping_pages_repeat_a_row_and_lose_none(tcs: FakeServer) -> None:
    tcs.add_meetings(7, tracks=1)
    tcs.faults.add("doubled_page")
    client = ask(tcs)
    got: list[str] = []
    for number in (1, 2, 3):
        asked = {"page": number, "page_size": 3}
        rows = client.get("/api/v4/conferences", params=asked).json()["conferences"]
        got += [one["id"] for one in rows]
    assert len(got) == 9
    assert set(got) == set(tcs.meetings)


def test_a_user_sees_only_what_concerns_him(tcs: FakeServer) -> None:
    mine = tcs.add_meeting(tracks={"alice": tone(1)}, owner="alice")
    other = tcs.add_meeting(tracks={"boris": tone(2)}, owner="boris", invited=["clara"])
    for login, seen in (("alice", {mine.id}), ("clara", {other.id}), ("olga", set())):
        client = ask(tcs, tcs.token_for(login))
        rows = client.get("/api/v4/conferences").json()["conferences"]
        assert {row["id"] for row in rows} == seen
    hidden = ask(tcs, tcs.token_for("alice")).get(tracks_path(other))
    assert (hidden.status_code, reason(hidden)) == (404, "conferenceNotFound")


def test_only_administrators_see_the_ai_servers(tcs: FakeServer) -> None:
    tcs.add_user("boris")
    assert ask(tcs, tcs.token_for("olga")).get("/api/v4/servers-ai").status_code == 200
    for token in (tcs.token_for("boris"), tcs.server_token()):
        refused = ask(tcs, token).get("/api/v4/servers-ai")
        assert (refused.status_code, reason(refused)) == (403, "accessDenied")


def test_ids_must_be_percent_encoded(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(tracks=1)
    client = ask(tcs)
    right = client.get(tracks_path(meeting))
    assert right.json()["cnt"] == 1
    assert "%40" in tcs.requests[-1].raw_path
    assert "%23" in tcs.requests[-1].raw_path
    raw = meeting.sessions[0].id.partition("#")[0]
    wrong = client.get(f"/api/v4/conferences/{meeting.id}/sessions/{raw}%23vcs/tracks")
    assert (wrong.status_code, reason(wrong)) == (404, "routeNotFound")
    assert wrong.json()["error"]["message"] == "Not Found"


def test_people_of_a_meeting(tcs: FakeServer) -> None:
    voices = [Voice("alice", tone(1, 1.0)), Voice("guest@else.example", tone(2), "Guest", joined=1)]
    meeting = tcs.add_meeting(tracks=voices, invited=["clara"])
    client = ask(tcs)
    base = f"/api/v4/conferences/{meeting.id}"
    rows = client.get(f"{base}/participants").json()
    assert rows["cnt"] == 2
    alice, guest = rows["list"]
    assert (alice["call_id"], alice["flag"], alice["duration"]) == ("alice@tcs.example", 2, 1)
    assert (guest["call_id"], guest["display_name"]) == ("guest@else.example", "Guest")
    apart = datetime.fromisoformat(guest["join_time"]) - datetime.fromisoformat(alice["join_time"])
    assert apart.total_seconds() == 1
    assert client.get(f"{base}/participants?is_in_conf=true").json()["cnt"] == 0
    inside = tracks_path(meeting).replace("/tracks", "/participants")
    assert client.get(inside).json() == rows
    invited = client.get(f"{base}/invitations").json()["invitations"]
    assert [one["id"] for one in invited][-1] == "clara@tcs.example"
    one = client.get(f"{base}/invitations/clara%40tcs.example").json()["invitation"]
    assert one["display_name"] == "Clara"
    assert client.get(f"{base}/owner").json()["owner"]["uid"] == "alice@tcs.example"
    roles = ask(tcs, tcs.token_for("alice")).get(f"{base}/me").json()["conference"]
    assert (roles["owner"], roles["participant"]) == (True, True)


def test_the_sample_meeting_has_a_track_for_each_person(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(translations=["ru"], video=True)
    client = ask(tcs)
    listed = client.get(f"/api/v4/conferences/{meeting.id}/sessions").json()
    assert listed["cnt"] == 1
    assert listed["list"][0]["id"] == meeting.sessions[0].id
    rows = client.get(tracks_path(meeting)).json()
    assert [row["display_name"] for row in rows["list"]] == ["Alice", "Boris", "Clara"]
    for row in rows["list"]:
        heard = sample()[row["display_name"].lower()]
        assert (row["size"], row["sha256"]) == (heard.size, heard.sha256)
        assert client.get(row["download_url"]).content == heard.read(0, heard.size)
        spoken = datetime.fromisoformat(row["stopped_at"]) - datetime.fromisoformat(
            row["started_at"]
        )
        assert spoken.total_seconds() == pytest.approx(111.8, abs=0.1)
    assert client.get(f"/api/v4/conferences/{meeting.id}/translations").json() == {
        "translations": ["ru"]
    }
    record = client.get(f"/api/v4/conferences/{meeting.id}/recordings").json()["list"][0]
    assert isinstance(record["id"], int)
    assert len(client.get(record["download_url"]).content) == record["size"]


def test_a_meeting_without_recording_has_no_tracks(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(tracks=2, recording_enabled=False)
    assert ask(tcs).get(tracks_path(meeting)).json() == {"cnt": 0, "list": []}


def test_a_call_that_broke_has_two_sessions(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(sessions=2)
    client = ask(tcs)
    found = client.get(f"/api/v4/conferences/{meeting.id}/sessions").json()["list"]
    times = [datetime.fromisoformat(one["started_at"]) for one in found]
    assert (times[1] - times[0]).total_seconds() == pytest.approx(115.9, abs=0.1)
    for number in (0, 1):
        rows = client.get(tracks_path(meeting, number)).json()["list"]
        assert len({row["sha256"] for row in rows}) == 3
    assert (
        client.get(f"/api/v4/conferences/{meeting.id}").json()["conference"]["session_id"]
        == (found[1]["id"])
    )


def test_notify_records_whom_and_what(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(tracks={"alice": tone(1), "boris": tone(2)})
    url = f"/api/v4/conferences/{meeting.id}/notify"
    client = ask(tcs)
    told = {"invitations": ["boris@tcs.example"], "message": "ready"}
    assert client.post(url, json=told).status_code == 200
    assert client.post(url).status_code == 200
    assert client.post(url, json={"invitations": ["who@else"]}).status_code == 404
    first, second = tcs.notified
    assert (first.conference_id, first.recipients, first.message) == (
        meeting.id,
        ["boris@tcs.example"],
        "ready",
    )
    assert second.recipients == ["alice@tcs.example", "boris@tcs.example"]


def test_what_does_not_exist_is_404_in_the_form_of_the_api(tcs: FakeServer) -> None:
    client = ask(tcs)
    missing = client.get("/api/v4/conferences/12").json()["error"]
    assert missing["code"] == 404
    assert missing["errors"][0] == {
        "reason": "conferenceNotFound",
        "message": "Conference not found.",
        "locationType": "path",
        "location": "conference_id",
    }
    for path in ("/api/v4/nothing", "/api/v5/conferences", "/", "/api/v4/conferences/"):
        assert reason(client.get(path)) == "routeNotFound"
    assert client.get("/api/v4/users/nobody").status_code == 404
    assert client.get("/api/v4/users/olga%40tcs.example").json()["user"]["email"]


def test_an_old_server_has_no_v4_but_calls_records_and_users() -> None:
    with FakeServer(generation="v3") as tcs:
        meeting = tcs.add_meeting(video=True)
        client = ask(tcs)
        assert reason(client.get("/api/v4/conferences")) == "routeNotFound"
        assert grant(tcs, grant_type="client_credentials").status_code == 404
        one = client.get("/api/v3.3/conferences").json()["conferences"][0]
        assert "sai" not in one
        record = client.get(f"/api/v3.3/conferences/{one['id']}/records").json()["records"][0]
        assert record["size"] == str(meeting.recordings[0].sound.size)
        assert len(client.get(record["download_url"]).content) == int(record["size"])
        single = client.get(f"/api/v3.1/conferences/{one['id']}/records/{record['name']}").json()
        assert single == {"record": record}


def test_calls_are_paged_by_id_and_dates_are_php_objects(tcs: FakeServer) -> None:
    tcs.add_meetings(3, tracks=2)
    live = tcs.add_meeting("Live", tracks=2, live_seconds=60)
    client = ask(tcs)
    rows: list[dict] = []
    page_id = 0
    while page_id != -1:
        asked = {"page_id": page_id, "page_size": 3}
        body = client.get("/api/v3.3/logs/calls", params=asked).json()
        rows += body["list"]
        page_id = body["next_page_id"]
    assert len(rows) == body["cnt"] == 4
    running = next(row for row in rows if row["named_conf_id"] == live.id)
    assert running["end_time"] is None
    ended = next(row for row in rows if row["end_time"])
    assert ended["start_time"]["timezone_type"] == 3
    assert ended["start_time"]["timezone"] == "Europe/Moscow"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", ended["start_time"]["date"])
    session = ended["conference_id"].replace("@", "%40").replace("#", "%23")
    people = client.get(f"/api/v3.3/logs/calls/{session}/participants").json()
    assert people["cnt"] == 2
    assert people["list"][0]["leave_time"]["timezone"] == "Europe/Moscow"
    inside = client.get(f"/api/v3.3/conference-sessions/{session}/participants").json()
    assert inside["count"] == len(inside["participants"]) == 2
    users = client.get("/api/v3.3/users", params={"page_size": 2}).json()
    assert (len(users["users"]), users["next_page_id"]) == (2, 1)
