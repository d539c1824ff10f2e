"""What a person and what an administrator can manage by REST, and what others can't."""

import asyncio
import csv
import io
import json

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client
from rest_framework.test import APIRequestFactory

from accounts import audit, audit_export, limits
from accounts.choices import Action, Role, TokenKind
from accounts.models import AuditEntry, LimitBucket, Token, User
from accounts.tests.people import PASSWORD, Caller, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return Caller.of(person())


@pytest.fixture
def admin():
    return Caller.of(person("root", Role.ADMIN))


def test_a_person_changes_his_profile_and_nothing_above_it(ann):
    answer = ann("patch", "me/", {"email": "ann@example.org", "language": "en", "role": "admin"})
    assert answer.status_code == 200
    assert answer.json()["email"] == "ann@example.org"
    assert User.objects.get(username="ann").role == Role.USER
    assert ann("patch", "me/", {"email": "nonsense"}).status_code == 400
    assert ann("patch", "me/", {"language": "xx"}).status_code == 400
    assert User.objects.get(username="ann").email == "ann@example.org"


def test_a_token_is_made_shown_once_used_and_revoked(ann):
    made = ann("post", "tokens/", {"label": "laptop", "scopes": ["read"], "days": 7})
    assert made.status_code == 201
    text = made.json()["token"]
    listed = ann("get", "tokens/").json()
    assert [row["label"] for row in listed["results"]] == ["laptop", ""]
    assert text not in json.dumps(listed)
    reader = Caller(text)
    assert reader("get", "me/").status_code == 200
    assert reader("patch", "me/", {"email": "x@example.org"}).status_code == 403
    assert ann("delete", f"tokens/{made.json()['id']}/").status_code == 204
    assert ann("delete", f"tokens/{made.json()['id']}/").status_code == 204
    assert reader("get", "me/").status_code == 401
    kinds = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert kinds == [Action.TOKEN_MADE, Action.TOKEN_REVOKED]
    assert text not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("scopes", [["read"], ["write"], ["read", "write"]])
def test_a_narrow_token_makes_no_wider_one_and_changes_no_password(scopes):
    narrow = Caller.of(person(), scopes=scopes)
    assert narrow("post", "tokens/", {"label": "wide"}).status_code == 403
    change = {"current_password": PASSWORD, "new_password": "another good 7"}
    assert narrow("post", "auth/password/", change).status_code == 403
    assert Token.objects.count() == 1
    assert User.objects.get().check_password(PASSWORD)


def test_tokens_of_others_are_out_of_reach(ann, admin):
    bob = person("bob")
    theirs = Caller.of(bob)
    row = Token.objects.get(user=bob)
    assert ann("delete", f"tokens/{row.pk}/").status_code == 404
    assert theirs("get", "me/").status_code == 200
    assert len(ann("get", "tokens/", everyone="true").json()["results"]) == 1
    assert ann("post", "tokens/", {"label": "x", "user": "bob"}).status_code == 403
    assert ann("post", "tokens/", {"label": "x", "engine": True}).status_code == 403
    assert Token.objects.count() == 3
    assert len(admin("get", "tokens/", everyone="true").json()["results"]) == 3
    assert admin("post", "tokens/", {"label": "x", "user": "bob"}).json()["user"] == "bob"
    engine = admin("post", "tokens/", {"label": "gpu", "engine": True}).json()
    assert (engine["kind"], engine["user"]) == ("engine", None)
    assert Caller(engine["token"])("get", "me/").status_code == 403
    assert admin("delete", f"tokens/{row.pk}/").status_code == 204
    assert theirs("get", "me/").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": "x", "scopes": ["everything"]},
        {"label": "x", "days": 0},
        {"label": "x", "days": 1e9},
        {"label": "x", "user": "no\0body"},
        {"label": "x", "engine": "perhaps"},
    ],
)
def test_a_wrong_token_request_makes_none(admin, body):
    assert admin("post", "tokens/", body).status_code == 400
    assert Token.objects.count() == 1


def test_an_administrator_makes_changes_and_deactivates_people(admin):
    Group.objects.create(name="sales")
    body = {"username": "bob", "password": PASSWORD, "role": "guest", "groups": ["sales"]}
    made = admin("post", "users/", body)
    assert made.status_code == 201
    assert (made.json()["role"], made.json()["groups"]) == ("guest", ["sales"])
    assert "password" not in made.json()
    where = f"users/{made.json()['id']}/"
    again = admin("post", "users/", body)
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    weak = admin("post", "users/", {"username": "eve", "password": "123"})
    assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
    assert not User.objects.filter(username="eve").exists()
    bob = Caller()("post", "auth/login/", {"username": "bob", "password": PASSWORD}).json()
    assert admin("patch", where, {"role": "user"}).json()["role"] == "user"
    assert Caller(bob["access"])("get", "me/").status_code == 200
    assert admin("delete", where).status_code == 204
    assert Caller(bob["access"])("get", "me/").status_code == 401
    assert admin("get", where).json()["is_active"] is False
    assert admin("patch", where, {"is_active": True}).status_code == 200
    assert Caller(bob["access"])("get", "me/").status_code == 401
    assert [row["username"] for row in admin("get", "users/", q="BO").json()["results"]] == ["bob"]


def test_the_last_administrator_stays(admin):
    root = User.objects.get(username="root")
    for body in ({"role": "user"}, {"is_active": False}):
        answer = admin("patch", f"users/{root.pk}/", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert admin("delete", f"users/{root.pk}/").status_code == 409
    root.refresh_from_db()
    assert (root.role, root.is_active, root.is_staff) == (Role.ADMIN, True, True)
    person("second", Role.ADMIN)
    assert admin("patch", f"users/{root.pk}/", {"role": "user"}).status_code == 200
    root.refresh_from_db()
    assert root.is_staff is False


def test_groups_and_their_members(admin):
    bob = person("bob")
    made = admin("post", "groups/", {"name": "sales", "members": [bob.pk]}).json()
    assert made["members"] == [bob.pk]
    assert admin("post", "groups/", {"name": "sales"}).status_code in (400, 409)
    where = f"groups/{made['id']}/"
    assert admin("patch", where, {"name": "selling"}).json()["members"] == [bob.pk]
    assert admin("patch", where, {"members": []}).json() == {
        "id": made["id"],
        "name": "selling",
        "members": [],
    }
    assert admin("delete", where).status_code == 204
    assert not Group.objects.exists()
    assert User.objects.filter(pk=bob.pk).exists()


@pytest.mark.parametrize("where", ["users/", "users/1/", "groups/", "audit/", "audit/export/"])
def test_management_is_for_administrators(ann, where):
    assert ann("get", where).status_code == 403
    assert Caller()("get", where).status_code == 401
    before = User.objects.count(), Group.objects.count()
    assert ann("post", where, {"username": "eve", "password": PASSWORD}).status_code in (403, 405)
    assert (User.objects.count(), Group.objects.count()) == before


def test_the_audit_trail_is_read_with_filters(admin):
    for number in range(3):
        audit.record(None, Action.VIEW, "recording", number, address="10.0.0.9")
    audit.record(None, Action.DELETE, "recording", 1)
    found = admin("get", "audit/", action="view", object_id="1").json()["results"]
    assert [(row["action"], row["object_id"]) for row in found] == [("view", "1")]
    assert len(admin("get", "audit/", address="10.0.0.9").json()["results"]) == 3
    assert admin("get", "audit/", address="nonsense").status_code == 400
    assert admin("get", "audit/", action="nonsense").status_code == 400
    page = admin("get", "audit/", limit="3").json()
    assert len(page["results"]) == 3
    assert page["next"] is not None


def test_the_audit_trail_can_only_grow():
    audit.record(None, Action.VIEW, "recording", 1)
    for change in (
        lambda: AuditEntry.objects.update(action=Action.DELETE),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="can only grow"), transaction.atomic():
            change()

    def by_sql():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_auditentry")

    with pytest.raises(DatabaseError, match="can only grow"), transaction.atomic():
        by_sql()
    assert AuditEntry.objects.get().action == Action.VIEW


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_export_holds_everything_in_order_and_is_itself_audited(monkeypatch, form):
    monkeypatch.setattr(audit_export, "_PIECE", 3)
    root = person("root", Role.ADMIN)
    for number in range(7):
        audit.record(None, Action.VIEW, "recording", number, actor_name="=cmd|' /C calc'!A0")
    request = APIRequestFactory().get("/")
    chosen = AuditEntry.objects.filter(action=Action.VIEW)
    response = audit_export.answer(chosen, form, actor=root, request=request)

    async def collect():
        found = b"".join([piece async for piece in response]).decode()
        await sync_to_async(connections.close_all)()
        return found

    text = asyncio.run(collect())
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows[0]["actor_name"].startswith("'=")
    else:
        rows = [json.loads(line) for line in text.splitlines()]
    assert [row["object_id"] for row in rows] == [str(number) for number in range(7)]
    assert AuditEntry.objects.filter(action=Action.EXPORT, actor_id=root.pk).count() == 1


def test_the_export_is_reached_by_its_address(admin):
    answer = admin("get", "audit/export/", format="jsonl")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/x-ndjson"
    assert admin("get", "audit/export/", format="xml").status_code == 400


def test_a_caller_over_his_limit_is_told_how_long_to_wait(ann, settings):
    settings.ACCOUNTS = {"api_requests_per_minute": 2}
    assert [ann("get", "me/").status_code for _ in range(3)] == [200, 200, 429]
    refused = ann("patch", "me/", {"email": "late@example.org"})
    assert refused.status_code == 429
    assert 1 <= refused.json()["details"]["wait_seconds"] <= 30
    assert refused["Retry-After"] == str(refused.json()["details"]["wait_seconds"])
    assert User.objects.get().email == ""
    assert Caller.of(person("bob"))("get", "me/").status_code == 200
    settings.ACCOUNTS = {"api_requests_per_minute": 0}
    LimitBucket.objects.all().delete()
    assert {ann("get", "me/").status_code for _ in range(5)} == {200}
    assert not LimitBucket.objects.exists()
    assert limits.key_of("api", "user 1") != limits.key_of("api", "user 2")


def test_a_cookie_needs_the_csrf_token_and_ends_with_the_password():
    user = person()
    browser, other = Client(enforce_csrf_checks=True), Client()
    browser.force_login(user)
    other.force_login(user)
    assert browser.get("/api/v1/me/").status_code == 200
    refused = browser.patch("/api/v1/me/", {"email": "x@y.org"}, content_type="application/json")
    assert refused.status_code == 403
    user.refresh_from_db()
    assert user.email == ""
    change = {"current_password": PASSWORD, "new_password": "another good 7"}
    own = Client()
    own.force_login(user)
    assert (
        own.post("/api/v1/auth/password/", change, content_type="application/json").status_code
        == 204
    )
    assert own.get("/api/v1/me/").status_code == 200
    assert other.get("/api/v1/me/").status_code == 401
    User.objects.update(is_active=False)
    assert own.get("/api/v1/me/").status_code == 401


def test_sessions_are_not_listed_as_tokens(ann):
    person("bob")
    Caller()("post", "auth/login/", {"username": "bob", "password": PASSWORD})
    assert Token.objects.filter(kind=TokenKind.ACCESS).exists()
    assert [row["kind"] for row in ann("get", "tokens/").json()["results"]] == ["api"]
