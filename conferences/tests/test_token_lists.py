"""All tokens in one list: seen, filtered and revoked by administrators, on the page and by REST."""

import pytest
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.test import Client

from accounts import services, tidying
from accounts.choices import Role, TokenKind
from accounts.models import AuditEntry, Token, User
from accounts.tokens import make
from common.sql import ask
from conferences import signing_in
from conferences.models import Connection
from conferences.services import connections, people
from recordings.tests import factories
from recordings.tests.doors import caller

pytestmark = pytest.mark.django_db
JSON = "application/json"
LIST = "/admin/accounts/token/"


@pytest.fixture
def admin() -> User:
    return factories.user("root", role=Role.ADMIN)


@pytest.fixture
def anna(db: None) -> User:
    north = Connection.objects.create(name="North office", url="https://north.example")
    return people.person_of(north, "anna@north.example")


def tokens_of_all_kinds(user: User, admin: User) -> dict[str, Token]:
    found = {kind: make(user, kind, kind, days=1)[0] for kind in ("access", "refresh")}
    found["api"] = services.make_token(user, actor=admin, label="api")[0]
    found["tcs"] = Token.objects.create(
        user=user, kind=TokenKind.TCS, label="tcs", prefix="tcs_1", digest=f"d{user.pk}"
    )
    return found


def test_the_page_says_whose_and_of_which_server(admin: User, anna: User) -> None:
    tokens_of_all_kinds(anna, admin)
    services.make_token(None, actor=admin, label="gpu box", engine=True)
    browser = Client()
    browser.force_login(admin)
    page = browser.get(LIST).content.decode()
    for text in ("anna@north.example", "North office", "gpu box", "tcs_1"):
        assert text in page
    assert page.count("North office") > 4
    only = browser.get(LIST, {"realm": anna.realm}).content.decode()
    assert "anna@north.example" in only
    assert "gpu box" not in only
    one = Token.objects.get(kind=TokenKind.API, user=anna)
    detail = browser.get(f"{LIST}{one.pk}/change/").content.decode()
    assert "North office" in detail
    assert "root" in detail


def test_an_administrator_lists_and_filters_by_rest(admin: User, anna: User) -> None:
    made = tokens_of_all_kinds(anna, admin)
    services.make_token(admin, actor=admin, label="mine")
    client = caller(admin)

    def listed(**query: str) -> list[str]:
        answer = client.get("/api/v1/tokens/", {"everyone": "true", **query})
        assert answer.status_code == 200
        return sorted(row["label"] for row in answer.json()["results"] if row["label"] != "test")

    assert listed() == ["api", "mine", "tcs"]
    assert listed(user=anna.username) == ["api", "tcs"]
    assert listed(realm=anna.realm, kind="access") == ["access"]
    assert client.get("/api/v1/tokens/?everyone=true&kind=x").status_code == 400
    rows = client.get("/api/v1/tokens/", {"everyone": "true", "kind": "api"}).json()["results"]
    row = next(row for row in rows if row["id"] == made["api"].pk)
    assert (row["issued_by"], row["user"], row["realm"]) == ("root", anna.username, anna.realm)
    # Nobody else sees anything but his own, whatever he asks for.
    mine = caller(anna).get("/api/v1/tokens/", {"everyone": "true", "user": "root"}).json()
    assert mine["results"] == []


@pytest.mark.parametrize("whose", ["user", "realm"])
def test_everything_of_a_person_or_a_server_is_revoked(admin: User, anna: User, whose: str) -> None:
    made = tokens_of_all_kinds(anna, admin)
    others = tokens_of_all_kinds(factories.user("other"), admin)
    browser = Client()
    browser.force_login(anna)
    client = caller(anna)
    assert client.get("/api/v1/me/").status_code == 200
    name = {"user": anna.username, "realm": anna.realm}[whose]

    answer = caller(admin).post("/api/v1/tokens/revoke/", {whose: name}, content_type=JSON)

    assert (answer.status_code, answer.json()) == (200, {"revoked": len(made) + 1})
    assert client.get("/api/v1/me/").status_code == 401
    request = HttpRequest()
    request.session = browser.session
    assert not isinstance(get_user(request), User)  # the cookie as well
    good = Token.objects.filter(revoked_at=None)
    assert set(good.exclude(user=admin).values_list("pk", flat=True)) == {
        token.pk for token in others.values()
    }
    entry = AuditEntry.objects.filter(action="token_revoked").latest("pk")
    assert (entry.actor_id, entry.object_type) == (admin.pk, whose)
    assert entry.data == {"all": True, "count": len(made) + 1}


@pytest.mark.parametrize("action", ["revoke", "revoke_owners", "revoke_servers"])
def test_the_page_revokes(admin: User, anna: User, action: str) -> None:
    made = tokens_of_all_kinds(anna, admin)
    beth = people.person_of(Connection.objects.get(), "beth@north.example")
    services.make_token(beth, actor=admin, label="beth's")
    services.make_token(admin, actor=admin, label="mine")
    browser = Client()
    browser.force_login(admin)
    chosen = {"action": action, "_selected_action": [made["api"].pk]}
    answer = browser.post(LIST, chosen, follow=True)
    assert answer.status_code == 200
    gone = set(Token.objects.exclude(revoked_at=None).values_list("label", flat=True))
    every = {"access", "refresh", "api", "tcs"}
    expected = {"revoke": {"api"}, "revoke_owners": every, "revoke_servers": every | {"beth's"}}
    assert gone == expected[action]


def test_only_administrators_revoke_for_others(admin: User, anna: User) -> None:
    made = tokens_of_all_kinds(anna, admin)
    for body in ({"user": "root"}, {"realm": anna.realm}):
        answer = caller(anna).post("/api/v1/tokens/revoke/", body, content_type=JSON)
        assert answer.status_code == 403
    for body in ({}, {"user": "root", "realm": "x"}, {"user": "nobody"}, {"user": 5}):
        answer = caller(admin).post("/api/v1/tokens/revoke/", body, content_type=JSON)
        assert answer.status_code == 400
    assert not Token.objects.exclude(revoked_at=None).exists()
    where = f"/api/v1/tokens/{made['access'].pk}/"
    assert caller(factories.user()).delete(where).status_code == 404
    assert caller(admin).delete(where).status_code == 204


@pytest.mark.parametrize("how", ["switched off", "another server", "deleted"])
def test_who_proved_himself_to_a_server_that_is_gone_proved_nothing(
    admin: User, anna: User, how: str
) -> None:
    north = Connection.objects.get()
    connections.change(north, actor=admin, client_id="x", poll_seconds=90)
    tokens_of_all_kinds(anna, admin)
    browser = Client()
    browser.force_login(anna)
    connections.change(north, actor=admin, name="Still the same")
    assert not Token.objects.exclude(revoked_at=None).exists()
    if how == "switched off":
        connections.change(north, actor=admin, enabled=False)
    elif how == "another server":
        connections.change(north, actor=admin, url="https://other.example")
    else:
        connections.delete(north, actor=admin)
    assert not Token.objects.filter(revoked_at=None).exists()
    request = HttpRequest()
    request.session = browser.session
    assert not isinstance(get_user(request), User)


def test_the_page_of_a_connection_says_where_people_come_back(admin: User, anna: User) -> None:
    north = Connection.objects.get()
    browser = Client()
    browser.force_login(admin)
    page = browser.get(f"/admin/conferences/connection/{north.pk}/change/").content.decode()
    assert signing_in.redirect_uri(north) in page
    assert browser.get("/admin/conferences/connection/add/").status_code == 200


def test_old_rows_of_servers_tokens_are_tidied(admin: User, anna: User) -> None:
    tokens_of_all_kinds(anna, admin)
    ask("UPDATE accounts_token SET last_used_at = now() - interval '40 days'")
    tidying.tidy()
    assert not Token.objects.filter(kind=TokenKind.TCS).exists()
    assert Token.objects.filter(kind=TokenKind.API).exists()
