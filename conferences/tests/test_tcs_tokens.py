"""Tokens of meeting servers carried as they are: asked of their server, remembered for a minute."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.choices import TokenKind
from accounts.conf import Rate
from accounts.models import Token, User
from common.sql import ask
from conferences import tokens
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection, Identity
from conferences.services import people
from conferences.tests import scene

pytestmark = pytest.mark.django_db
ME = "/api/v1/me/"


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeServer]:
    with FakeServer(name="north.example") as server:
        server.add_user("anna", name="Anna North")
        yield server


@pytest.fixture
def north(fake: FakeServer, db: None) -> Connection:
    fake.faults.remove()
    fake.users["olga"].is_admin = True
    return scene.connect(fake)


def get(token: str, where: str = ME, **headers: str) -> Any:
    return Client(headers={"authorization": f"Bearer {token}", **headers}).get(where)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def asked(fake: FakeServer) -> int:
    return sum(seen.path.endswith("/me") for seen in fake.requests)


def a_minute_passes() -> None:
    ask("UPDATE accounts_token SET checked_at = checked_at - interval '61 seconds'")


def test_a_person_is_known_by_his_servers_token(fake: FakeServer, north: Connection) -> None:
    token = fake.token_for("anna")
    answer = get(token)
    assert answer.status_code == 200
    assert answer.json()["username"] == "anna@north.example"
    row = Token.objects.get(kind=TokenKind.TCS)
    assert row.user == User.objects.get(realm=north.realm)
    assert (row.label, row.scopes) == ("north", ["read", "write"])
    assert row.last_used_at is not None
    stored = ask("SELECT row_to_json(t)::text AS all FROM accounts_token t")
    assert token not in str(stored)
    assert token[:8] not in str(stored)


def test_the_server_is_asked_once_a_minute(fake: FakeServer, north: Connection) -> None:
    token, before = fake.token_for("anna"), asked(fake)
    for _ in range(3):
        assert get(token).status_code == 200
    assert asked(fake) == before + 1
    a_minute_passes()
    for _ in range(2):
        assert get(token).status_code == 200
    assert asked(fake) == before + 2


def test_what_the_server_refuses_is_refused_at_once_everywhere(
    fake: FakeServer, north: Connection
) -> None:
    token = fake.token_for("anna")
    assert get(token).status_code == 200
    fake.revoke_tokens("anna")
    a_minute_passes()
    assert code(get(token)) == (401, "tcs_token_refused")
    row = Token.objects.get(kind=TokenKind.TCS)
    assert (row.checked_at, row.expires_at is None) == (None, False)
    before = asked(fake)
    assert code(get(token)) == (401, "tcs_token_refused")
    assert asked(fake) == before + 1  # nothing is remembered as good


def test_a_server_that_is_away_is_said_to_be_away(fake: FakeServer, north: Connection) -> None:
    token, other = fake.token_for("anna"), fake.token_for("olga")
    assert get(token).status_code == 200
    fake.die()
    try:
        assert get(token).status_code == 200  # within the minute
        answer = get(other)
        assert code(answer) == (503, "server_away")
        assert answer.json()["details"]["next_action"]
        a_minute_passes()
        assert code(get(token)) == (503, "server_away")
    finally:
        fake.revive()
    assert get(token).status_code == 200
    assert get(other).status_code == 200


def test_revoked_here_is_revoked_although_the_server_likes_it(
    fake: FakeServer, north: Connection
) -> None:
    token = fake.token_for("anna")
    assert get(token).status_code == 200
    ask("UPDATE accounts_token SET revoked_at = now()")
    assert code(get(token)) == (401, "token_revoked")
    a_minute_passes()
    assert code(get(token)) == (401, "token_revoked")
    assert get(fake.token_for("anna")).status_code == 200


def test_people_and_servers_that_are_off(fake: FakeServer, north: Connection) -> None:
    token = fake.token_for("anna")
    assert get(token).status_code == 200
    ask("UPDATE accounts_user SET is_active = false")
    assert code(get(token)) == (401, "user_inactive")
    ask("UPDATE accounts_user SET is_active = true")
    north.enabled = False
    north.save()
    assert code(get(token, **{"x-tcs-domain": fake.url})) == (401, "server_not_found")
    assert code(get(token)) == (401, "token_refused")


def test_the_server_may_be_named_in_three_ways(fake: FakeServer, north: Connection) -> None:
    token = fake.token_for("anna")
    assert get(token).status_code == 200  # the only server
    assert get(token, **{"x-tcs-domain": fake.url.upper()}).status_code == 200
    assert get(f"tcs:{north.host}/{token}").status_code == 200
    assert code(get(token, **{"x-tcs-domain": "south.example"})) == (401, "server_not_found")
    assert Token.objects.filter(kind=TokenKind.TCS).count() == 1


@pytest.mark.parametrize(
    "text", ["x", "short", "sai_p_" + "x" * 43, "sai_x" + "y" * 60, "tcs:", "tcs:/", "a b" * 20]
)
def test_what_is_no_token_of_a_server_bothers_none(
    fake: FakeServer, north: Connection, text: str
) -> None:
    before = len(fake.requests)
    assert get(text).status_code == 401
    assert len(fake.requests) == before


def test_rubbish_does_not_flood_the_server(
    fake: FakeServer, north: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = fake.token_for("anna")
    assert get(known).status_code == 200
    monkeypatch.setattr(tokens, "NEW_TOKENS", Rate(rate=1, per_seconds=60, burst=3))
    answers = [get(f"rubbish-of-some-length-{n}").status_code for n in range(8)]
    assert answers == [401] * 3 + [429] * 5
    a_minute_passes()
    assert get(known).status_code == 200  # whom the server knew is not held up


def test_an_administrator_there_is_one_as_long_as_the_server_says_so(
    fake: FakeServer, north: Connection
) -> None:
    token = fake.token_for("olga")
    group = people.administrators_of(north)
    get(token)
    olga = Identity.objects.get(call_id="olga@north.example")
    assert olga.is_administrator
    assert list(group.user_set.all()) == [olga.user]
    assert get(token, "/api/v1/users/").status_code == 403
    fake.users["olga"].is_admin = False
    a_minute_passes()
    assert get(token).status_code == 200
    olga.refresh_from_db()
    assert not olga.is_administrator
    assert not group.user_set.exists()


def test_a_short_token_makes_no_long_ones(fake: FakeServer, north: Connection) -> None:
    client = Client(headers={"authorization": f"Bearer {fake.token_for('anna')}"})
    answer = client.post("/api/v1/tokens/", {"label": "x"}, content_type="application/json")
    assert code(answer) == (403, "scope")
    assert not Token.objects.filter(kind=TokenKind.API).exists()


def test_the_same_text_of_two_servers_is_two_tokens(fake: FakeServer, north: Connection) -> None:
    other = Connection(name="south", url="https://south.example", pk=north.pk + 1)
    text = fake.token_for("anna")
    assert tokens.digest_of(north, text) != tokens.digest_of(other, text)
