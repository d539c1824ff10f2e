"""A token of the server becomes a pair of ours, which lives on by itself."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from accounts.models import AuditEntry
from common.sql import ask
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests.user_api.answers import (
    PAIR,
    URL,
    post,
    refused,
    signed_in,
)

pytestmark = pytest.mark.django_db


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
