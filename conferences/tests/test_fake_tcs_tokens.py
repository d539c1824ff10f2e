"""The fake TCS's tokens, scopes and sign-in of people, as both generations have them."""

import time
from urllib.parse import parse_qs, urlsplit

import httpx2

from conferences.fake_tcs.server import FakeServer
from conferences.tests.tcs_client import ask, grant, reason, tracks_path

BACK = "http://sai.example/callback/"


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
