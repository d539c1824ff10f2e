"""Signing in to the pages with the account of a meeting server."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth import get_user
from django.db import connection as database
from django.http import HttpRequest
from django.test import Client

from accounts.models import AuditEntry, User
from common.sql import ask
from conferences import signing_in
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection, Identity
from conferences.tests import scene

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeServer]:
    with FakeServer(name="north.example") as server:
        server.add_user("anna", name="Anna North")
        server.add_user("boris", name="Boris North")
        yield server


@pytest.fixture
def north(fake: FakeServer, db: None) -> Connection:
    fake.faults.remove()
    fake.state.signed_in = "anna"
    made = scene.connect(fake)
    fake.app.redirect_uris = {signing_in.redirect_uri(made)}
    return made


def begun(client: Client, north: Connection, next_url: str = "") -> str:
    """Where the visitor is sent on the server."""
    answer = client.get(f"/sign-in/{north.pk}/", {"next": next_url})
    assert answer.status_code == 302
    return str(answer["Location"])


def back(there: str) -> str:
    """What the server's page answers: path and query of our callback."""
    answer = requests.get(there, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    place = urlsplit(answer.headers["Location"])
    return f"{place.path}?{place.query}"


def who(client: Client) -> User | None:
    request = HttpRequest()
    request.session = client.session
    found = get_user(request)
    return found if isinstance(found, User) else None


def test_there_and_back(fake: FakeServer, north: Connection) -> None:
    client = Client()
    page = client.get("/login/", {"next": "/profile/"}).content.decode()
    assert f"/sign-in/{north.pk}/?next=/profile/" in page
    there = begun(client, north, "/profile/")
    assert there.startswith(f"{fake.url}/oauth2/authorize?")
    asked = parse_qs(urlsplit(there).query)
    assert asked["redirect_uri"] == [signing_in.redirect_uri(north)]
    assert who(client) is None

    answer = client.get(back(there))

    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    anna = who(client)
    assert anna
    identity = Identity.objects.get(user=anna)
    assert (identity.call_id, identity.connection) == ("anna@north.example", north)
    assert identity.verified_at is not None
    assert anna.realm == north.realm
    assert client.get("/profile/").status_code == 200
    entry = AuditEntry.objects.get(action="sign_in")
    assert (entry.actor_id, entry.data["connection"]) == (anna.pk, north.pk)


def test_a_callback_that_comes_twice_changes_nothing(fake: FakeServer, north: Connection) -> None:
    client = Client()
    callback = back(begun(client, north, "/profile/"))
    for _ in range(3):
        answer = client.get(callback)
        assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert AuditEntry.objects.filter(action="sign_in").count() == 1
    tokens = [seen for seen in fake.requests if seen.path.endswith("/token")]
    assert len(tokens) >= 1
    assert who(client)


@pytest.mark.django_db(transaction=True)
def test_two_callbacks_at_once(fake: FakeServer, north: Connection) -> None:
    client = Client()
    callback = back(begun(client, north, "/profile/"))
    cookie = client.cookies["sessionid"].value
    fake.faults.add("delay", path="*/token", seconds=0.4)
    answers: list[tuple[int, str]] = []

    def come() -> None:
        try:
            twin = Client()
            twin.cookies["sessionid"] = cookie
            answer = twin.get(callback)
            answers.append((answer.status_code, answer.get("Location", "")))
        finally:
            database.close()

    threads = [threading.Thread(target=come) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [(302, "/profile/")] * 3
    assert AuditEntry.objects.filter(action="sign_in").count() == 1


def test_only_who_began_can_finish(north: Connection) -> None:
    mine, others = Client(), Client()
    callback = back(begun(mine, north))
    for client in (others, Client()):
        answer = client.get(callback)
        assert answer.status_code == 400
        assert who(client) is None
    begun(others, north)  # he began as well, with another state
    assert others.get(callback).status_code == 400
    assert who(others) is None
    assert not AuditEntry.objects.filter(action="sign_in").exists()
    # The code was not spent by them.
    assert mine.get(callback).status_code == 302
    assert who(mine)


def test_what_was_begun_too_long_ago_is_over(
    north: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    callback = back(begun(client, north))
    monkeypatch.setattr(signing_in, "SECONDS", -1)
    assert client.get(callback).status_code == 400
    assert who(client) is None


@pytest.mark.parametrize(
    "next_url",
    ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example", ""],
)
def test_nobody_is_led_astray(north: Connection, next_url: str) -> None:
    client = Client()
    answer = client.get(back(begun(client, north, next_url)))
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_lost_state_must_be_confirmed(fake: FakeServer, north: Connection) -> None:
    client = Client()
    there = begun(client, north, "/profile/")
    fake.faults.add("lost_state")
    callback = back(there)
    assert "state=null" in callback
    assert Client().get(callback).status_code == 400

    answer = client.get(callback)

    where = f"/sign-in/{north.pk}/confirm/"
    assert (answer.status_code, answer["Location"]) == (302, where)
    assert who(client) is None
    page = client.get(where).content.decode()
    assert "anna@north.example" in page
    answer = client.post(where)
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert who(client)
    assert client.get(callback)["Location"] == "/profile/"
    assert Client().post(where).status_code == 400
    assert Client(enforce_csrf_checks=True).post(where).status_code == 403


def test_refusals_are_explained(fake: FakeServer, north: Connection) -> None:
    client = Client()
    base = f"/sign-in/{north.pk}/callback/"
    state = parse_qs(urlsplit(begun(client, north)).query)["state"][0]
    denied = client.get(base, {"error": "access_denied<b>", "state": state})
    assert denied.status_code == 400
    assert "access_denied&lt;b&gt;" in denied.content.decode()
    assert client.get(base, {"state": state}).status_code == 400
    assert client.get(base, {"code": "c" * 3000, "state": state}).status_code == 400
    assert client.get(base, {"code": "not-a-code", "state": state}).status_code == 400
    fake.faults.add("html_502", path="*/token")
    away = client.get(base, {"code": "another-code", "state": state})
    assert away.status_code == 503
    assert who(client) is None


def test_who_is_switched_off_stays_out(north: Connection) -> None:
    client = Client()
    client.get(back(begun(client, north)))
    ask("UPDATE accounts_user SET is_active = false")
    again = Client()
    answer = again.get(back(begun(again, north)))
    assert answer.status_code == 403
    assert who(again) is None


def test_a_server_that_is_off_has_no_button(north: Connection) -> None:
    Connection.objects.create(name="folder", platform="folder", url="/srv/calls")
    Connection.objects.create(name="bare", url="https://bare.example")
    page = Client().get("/login/").content.decode()
    assert page.count("/sign-in/") == 1
    north.enabled = False
    north.save()
    assert "/sign-in/" not in Client().get("/login/").content.decode()
    for pk in (north.pk, 999999):
        assert Client().get(f"/sign-in/{pk}/").status_code == 404
        assert Client().get(f"/sign-in/{pk}/callback/", {"code": "x"}).status_code == 404


def test_who_was_somebody_else_before_is_not_any_more(north: Connection) -> None:
    local = User.objects.create_user("local")
    client = Client()
    client.force_login(local)
    client.get(back(begun(client, north)))
    found = who(client)
    assert found
    assert found.realm == north.realm
