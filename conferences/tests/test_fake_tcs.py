"""The fake TCS speaks as TrueConf's public clients expect, and refuses as a server does."""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from conferences.fake_tcs.meetings import Voice
from conferences.fake_tcs.server import FakeServer
from conferences.fake_tcs.sound import sample, tone
from conferences.tests.tcs_client import ask, grant, reason, tracks_path

BACK = "http://sai.example/callback/"


@pytest.fixture
def tcs() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


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


# -- tokens -----------------------------------------------------------------------------------


def test_client_credentials_give_a_token_for_the_whole_server(tcs: FakeServer) -> None:
    tcs.add_meeting(tracks=1)
    answer = grant(tcs, grant_type="client_credentials")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert set(body["scope"].split()) == tcs.app.scopes
    assert "refresh_token" not in body
    client = ask(tcs, body["access_token"])
    assert client.get("/api/v4/conferences").json()["results"] == 1
    assert client.get("/api/v4/me").status_code == 403


def test_wrong_credentials_are_refused_by_both_generations(tcs: FakeServer) -> None:
    wrong = grant(tcs, grant_type="client_credentials", client_secret="no")
    assert wrong.status_code == 401
    assert wrong.json()["error_description"]
    form = {"grant_type": "client_credentials", "client_id": "no", "client_secret": "no"}
    old = httpx2.post(f"{tcs.url}/oauth2/v1/token", data=form)
    assert old.status_code == 401
    assert old.json() == {"reason": "InvalidCredentials"}
    assert not tcs.state.tokens


def test_v3_takes_a_form_or_json_and_lives_seven_days(tcs: FakeServer) -> None:
    fields = {
        "grant_type": "client_credentials",
        "client_id": tcs.app.client_id,
        "client_secret": tcs.app.client_secret,
    }
    url = f"{tcs.url}/oauth2/v1/token"
    for answer in (httpx2.post(url, data=fields), httpx2.post(url, json=fields)):
        assert answer.json()["expires_in"] == 604_800
    form = httpx2.post(f"{tcs.url}/api/v4/oauth2/token", data=fields)
    assert form.status_code == 400, "v4 is called with JSON"


def test_a_password_grant_refreshes_and_the_old_pair_is_over(tcs: FakeServer) -> None:
    first = grant(tcs, grant_type="password", username="olga", password="olga-password").json()
    assert ask(tcs, first["access_token"]).get("/api/v4/me").json()["user"]["uid"] == (
        "olga@tcs.example"
    )
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = grant(tcs, **again).json()
    assert ask(tcs, first["access_token"]).get("/api/v4/me").status_code == 401
    assert ask(tcs, second["access_token"]).get("/api/v4/me").status_code == 200
    assert grant(tcs, **again).status_code == 401
    bad = grant(tcs, grant_type="password", username="olga", password="no")
    assert bad.json()["error"] == "invalid_grant"


def test_a_switched_off_grant_and_an_unknown_scope_are_named(tcs: FakeServer) -> None:
    tcs.app.grants.discard("password")
    off = grant(tcs, grant_type="password", username="olga", password="olga-password")
    assert (off.status_code, off.json()["error"]) == (403, "auth_method_disabled")
    tcs.app.scopes = {"conferences:read"}
    wrong = grant(tcs, grant_type="client_credentials", scope="conferences:read users:read")
    assert (wrong.status_code, reason(wrong)) == (400, "invalidScope")
    assert wrong.json()["error"]["trace_id"]
    tcs.app.scopes = set()
    assert reason(grant(tcs, grant_type="client_credentials")) == "invalidScope"


def test_scopes_are_checked_on_each_route(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(tracks=1)
    tcs.app.scopes = {"conferences:read", "conferences.sessions:read"}
    client = ask(tcs, grant(tcs, grant_type="client_credentials").json()["access_token"])
    assert client.get(f"/api/v4/conferences/{meeting.id}/sessions").status_code == 200
    for path in ("participants", "recordings", "invitations"):
        refused = client.get(f"/api/v4/conferences/{meeting.id}/{path}")
        assert (refused.status_code, reason(refused)) == (403, "insufficientScope")
    assert client.get(tracks_path(meeting)).status_code == 403
    assert client.post(f"/api/v4/conferences/{meeting.id}/notify", json={}).status_code == 403
    assert not tcs.notified


def test_an_expired_token_is_401_by_v4_and_403_by_v3(tcs: FakeServer) -> None:
    tcs.app.access_seconds = 0.2
    token = grant(tcs, grant_type="client_credentials").json()
    assert token["expires_in"] == 1
    client = ask(tcs, token["access_token"])
    assert client.get("/api/v4/conferences").status_code == 200
    time.sleep(0.25)
    new, old = client.get("/api/v4/conferences"), client.get("/api/v3.3/conferences")
    assert (new.status_code, reason(new)) == (401, "accessTokenInvalid")
    assert (old.status_code, reason(old)) == (403, "accessTokenInvalid")
    assert new.json()["error"]["trace_id"]
    assert "trace_id" not in old.json()["error"]


def test_tokens_can_be_revoked_for_one_person(tcs: FakeServer) -> None:
    mine, other = tcs.token_for("olga"), tcs.server_token()
    tcs.revoke_tokens("olga")
    assert ask(tcs, mine).get("/api/v4/me").status_code == 401
    assert ask(tcs, other).get("/api/v4/conferences").status_code == 200


def test_a_token_in_the_query_is_taken_and_noticed(tcs: FakeServer) -> None:
    token = tcs.server_token()
    assert httpx2.get(f"{tcs.url}/api/v3.3/users?access_token={token}").status_code == 200
    seen = tcs.requests[-1]
    assert (seen.token_in_query, seen.query) == (True, "")


def test_the_secret_key_has_all_rights(tcs: FakeServer) -> None:
    tcs.app.scopes = set()
    answer = ask(tcs, tcs.state.secret_key).get("/api/v4/servers-ai")
    assert answer.status_code == 200


# -- sign-in of people ------------------------------------------------------------------------


def _authorise(tcs: FakeServer, **more: str) -> httpx2.Response:
    asked = {"client_id": tcs.app.client_id, "response_type": "code", "redirect_uri": BACK, **more}
    return httpx2.get(f"{tcs.url}/oauth2/authorize", params=asked)


def test_a_person_signs_in_and_his_code_is_good_once(tcs: FakeServer) -> None:
    page = _authorise(tcs, state="abc")
    assert "password" in page.text
    asked = {"client_id": tcs.app.client_id, "response_type": "code", "redirect_uri": BACK}
    url = f"{tcs.url}/oauth2/authorize"
    wrong = httpx2.post(url, params=asked, data={"username": "olga", "password": "no"})
    assert wrong.status_code == 401
    form = {"username": "olga", "password": "olga-password"}
    sent = httpx2.post(url, params={**asked, "state": "abc"}, data=form)
    assert sent.status_code == 302
    given = parse_qs(urlsplit(sent.headers["location"]).query)
    assert given["state"] == ["abc"]
    exchange = {"grant_type": "authorization_code", "redirect_uri": BACK}
    assert grant(tcs, **exchange, code=given["code"][0]).status_code == 401, "v4 says auth_code"
    found = grant(tcs, **exchange, auth_code=given["code"][0])
    assert found.json()["user_id"] == "olga@tcs.example"
    assert found.json()["display_name"] == "Olga Admin"
    assert grant(tcs, **exchange, auth_code=given["code"][0]).status_code == 401


def test_the_callback_can_come_twice_and_lose_its_state(tcs: FakeServer) -> None:
    tcs.state.signed_in = "olga"
    tcs.faults.add("doubled_callback")
    tcs.faults.add("lost_state")
    page = _authorise(tcs, state="abc")
    assert page.status_code == 200
    assert "fetch(to" in page.text
    assert "location.assign(to)" in page.text
    assert "state=null" in page.text


def test_a_foreign_address_gets_no_code(tcs: FakeServer) -> None:
    tcs.state.signed_in = "olga"
    tcs.app.redirect_uris = {BACK}
    assert _authorise(tcs).status_code == 302
    assert _authorise(tcs, redirect_uri="http://evil.example/").status_code == 400
    assert _authorise(tcs, client_id="other").status_code == 400
    assert len(tcs.state.codes) == 1


# -- generation 4 -----------------------------------------------------------------------------


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


# -- generation 3 -----------------------------------------------------------------------------


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
