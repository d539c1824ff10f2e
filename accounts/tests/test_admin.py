"""What administrators do in the admin, and what nobody can do there."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts import audit
from accounts.choices import Action, Role, TokenKind
from accounts.models import AuditEntry, Token, User
from accounts.tests.people import PASSWORD, Caller, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    client = Client()
    client.force_login(person("root", Role.ADMIN))
    return client


def user_form(name, **more):
    return {"username": name, "role": "user", "is_active": "on", "new_password": "", **more}


@pytest.mark.parametrize("what", ["user", "group", "token", "auditentry"])
def test_every_list_opens_and_is_searched(admin, what):
    Caller.of(person())
    Group.objects.create(name="sales")
    audit.record(None, Action.VIEW, "recording", 1)
    app = "auth" if what == "group" else "accounts"
    answer = admin.get(f"/admin/{app}/{what}/", {"q": "a"})
    assert answer.status_code == 200
    bob = Client()
    bob.force_login(person("bob"))
    assert bob.get(f"/admin/{app}/{what}/").status_code == 302


def test_a_person_is_made_changed_and_made_inactive(admin):
    where = "/admin/accounts/user/add/"
    assert admin.get(where).status_code == 200
    assert admin.post(where, user_form("bob")).status_code == 200
    assert admin.post(where, user_form("bob", new_password="123")).status_code == 200
    assert not User.objects.filter(username="bob").exists()
    assert admin.post(where, user_form("bob", new_password=PASSWORD)).status_code == 302
    bob = User.objects.get(username="bob")
    assert bob.check_password(PASSWORD)
    pair = Caller()("post", "auth/login/", {"username": "bob", "password": PASSWORD}).json()
    where = f"/admin/accounts/user/{bob.pk}/change/"
    assert admin.get(where).status_code == 200
    assert admin.post(where, user_form("bob", role="guest")).status_code == 302
    bob.refresh_from_db()
    assert (bob.role, bob.check_password(PASSWORD)) == (Role.GUEST, True)
    changed = user_form("bob", new_password="another good 7")
    assert admin.post(where, changed).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password("another good 7")
    assert Caller(pair["access"])("get", "me/").status_code == 401
    assert AuditEntry.objects.filter(action=Action.PASSWORD, actor_name="root").exists()
    assert admin.post(f"/admin/accounts/user/{bob.pk}/delete/").status_code == 403
    assert User.objects.filter(pk=bob.pk).exists()


def test_the_last_administrator_cannot_put_himself_out(admin):
    root = User.objects.get()
    answer = admin.post(f"/admin/accounts/user/{root.pk}/change/", user_form("root"))
    assert answer.status_code == 200
    assert "last active administrator" in answer.content.decode()
    root.refresh_from_db()
    assert root.role == Role.ADMIN


def test_groups_are_made_and_deleted(admin):
    bob = person("bob")
    assert admin.get("/admin/auth/group/add/").status_code == 200
    admin.post("/admin/auth/group/add/", {"name": "sales", "members": [bob.pk]})
    group = Group.objects.get()
    assert list(group.user_set.all()) == [bob]
    where = f"/admin/auth/group/{group.pk}"
    assert admin.get(f"{where}/change/").status_code == 200
    assert admin.post(f"{where}/change/", {"name": "selling"}).status_code == 302
    group.refresh_from_db()
    assert (group.name, group.user_set.count()) == ("selling", 0)
    assert admin.post(f"{where}/delete/", {"post": "yes"}).status_code == 302
    assert not Group.objects.exists()
    assert AuditEntry.objects.filter(action=Action.DELETE, object_type="group").count() == 1


@pytest.mark.parametrize("engine", [False, True])
def test_a_token_is_made_shown_once_and_revoked(admin, engine):
    root = User.objects.get()
    where = "/admin/accounts/token/add/"
    assert admin.get(where).status_code == 200
    neither = admin.post(where, {"label": "x"})
    assert neither.status_code == 200
    assert not Token.objects.exists()
    owner = {"engine": "on"} if engine else {"user": root.pk, "scopes": ["read"]}
    made = admin.post(where, {"label": "gpu", **owner})
    text = re.search(r"sai_[pe]_[\w-]{43}", made.content.decode())[0]
    assert text not in str(made.cookies)
    assert "no-store" in made["Cache-Control"]
    token = Token.objects.get()
    assert token.kind == (TokenKind.ENGINE if engine else TokenKind.API)
    shown = admin.get(f"/admin/accounts/token/{token.pk}/change/")
    assert shown.status_code == 200
    assert text not in shown.content.decode()
    assert token.digest not in shown.content.decode()
    assert Caller(text)("get", "me/").status_code == (403 if engine else 200)
    chosen = {"action": "revoke", "_selected_action": [token.pk]}
    assert admin.post("/admin/accounts/token/", chosen).status_code == 302
    assert Caller(text)("get", "me/").status_code == 401


def test_the_audit_trail_is_read_and_exported_never_changed(admin):
    audit.record(None, Action.VIEW, "recording", 77)
    entry = AuditEntry.objects.get()
    where = f"/admin/accounts/auditentry/{entry.pk}"
    assert admin.get(f"{where}/change/").status_code == 200
    assert admin.post(f"{where}/change/", {"action": "delete"}).status_code == 403
    assert admin.post(f"{where}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get("/admin/accounts/auditentry/add/").status_code == 403
    chosen = {"action": "export_csv", "_selected_action": [entry.pk]}
    exported = admin.post("/admin/accounts/auditentry/", chosen)
    assert exported["Content-Type"].startswith("text/csv")
    assert AuditEntry.objects.filter(action=Action.EXPORT).count() == 1
    assert AuditEntry.objects.get(pk=entry.pk).action == Action.VIEW
