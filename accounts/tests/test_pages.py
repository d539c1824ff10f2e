"""Signing in with a browser, the profile, and one's own tokens there."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import conf
from accounts.choices import Action, Role
from accounts.models import AuditEntry, Token, User
from accounts.tests.people import PASSWORD, Caller, person

pytestmark = pytest.mark.django_db


def sign_in(client, password=PASSWORD, where="/login/", **more):
    return client.post(where, {"username": "ann", "password": password, **more})


def test_a_person_signs_in_with_a_fresh_session_and_signs_out():
    user, client = person(), Client()
    session = client.session
    session["seen"] = True
    session.save()
    before = session.session_key
    answer = sign_in(client, next="/profile/")
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    page = client.get("/profile/")
    assert "ann" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert client.get("/profile/").status_code == 302
    actions = list(AuditEntry.objects.order_by("id").values_list("action", "actor_id"))
    assert actions == [(Action.SIGN_IN, user.pk), (Action.SIGN_OUT, user.pk)]


def test_the_way_back_never_leads_to_another_site():
    person()
    answer = sign_in(Client(), next="https://evil.example/")
    assert "evil" not in answer["Location"]


@pytest.mark.parametrize("where", ["/login/", "/admin/login/"])
def test_guessing_with_a_browser_is_throttled_with_rest_in_one_bucket(where):
    person(role=Role.ADMIN)
    client = Client()
    for _ in range(int(conf.SIGN_IN_BY_PERSON.burst) - 1):
        page = sign_in(client, "wrong", where)
        assert page.status_code == 200
        assert "The name or the password is wrong." in page.content.decode()
    wrong = {"username": "ann", "password": "wrong"}
    assert Caller()("post", "auth/login/", wrong).status_code == 401
    refused = sign_in(client, where=where)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1
    assert "_auth_user_id" not in client.session


def test_the_sign_in_page_asks_for_the_csrf_token():
    person()
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client).status_code == 403
    page = client.get("/login/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert sign_in(client, csrfmiddlewaretoken=found[1]).status_code == 302


def test_changing_the_password_keeps_this_browser_and_puts_out_the_others():
    person()
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    pair = Caller()("post", "auth/login/", {"username": "ann", "password": PASSWORD}).json()
    new = {"new_password1": "another good 7", "new_password2": "another good 7"}
    wrong = here.post("/password/", {"old_password": "no", **new})
    assert wrong.status_code == 200
    assert User.objects.get().check_password(PASSWORD)
    assert here.post("/password/", {"old_password": PASSWORD, **new}).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302
    assert Caller(pair["access"])("get", "me/").status_code == 401
    assert AuditEntry.objects.filter(action=Action.PASSWORD).count() == 1


def test_a_deactivated_person_is_out_at_the_next_request():
    person()
    client = Client()
    sign_in(client)
    User.objects.update(is_active=False)
    assert client.get("/profile/").status_code == 302
    fresh = Client()
    assert sign_in(fresh).status_code == 200
    assert "_auth_user_id" not in fresh.session


def test_the_profile_is_changed_and_mistakes_are_shown():
    person()
    client = Client()
    sign_in(client)
    good = {"first_name": "Ann", "last_name": "", "email": "ann@example.org", "role": "admin"}
    assert client.post("/profile/", good).status_code == 302
    user = User.objects.get()
    assert (user.first_name, user.email, user.role) == ("Ann", "ann@example.org", Role.USER)
    bad = client.post("/profile/", {"email": "nonsense"})
    assert bad.status_code == 400
    assert "errorlist" in bad.content.decode()
    assert User.objects.get().email == "ann@example.org"


def test_a_token_is_made_shown_once_and_revoked_on_the_profile():
    person()
    client = Client()
    sign_in(client)
    made = client.post("/profile/tokens/", {"label": "<b>laptop</b>", "scopes": ["read"]})
    text = re.search(r"sai_p_[\w-]{43}", made.content.decode())[0]
    assert "<b>laptop" not in made.content.decode()
    assert text not in str(made.cookies)
    assert Caller(text)("get", "me/").status_code == 200
    assert text not in client.get("/profile/").content.decode()
    assert client.post("/profile/tokens/", {"label": ""}).status_code == 400
    assert client.post("/profile/tokens/", {"label": "x", "days": "-1"}).status_code == 400
    assert Token.objects.count() == 1
    where = f"/profile/tokens/{Token.objects.get().pk}/revoke/"
    stranger = Client()
    stranger.force_login(person("bob"))
    assert stranger.post(where).status_code == 404
    assert Caller(text)("get", "me/").status_code == 200
    assert client.post(where).status_code == 302
    assert Caller(text)("get", "me/").status_code == 401


@pytest.mark.parametrize("where", ["/profile/", "/password/", "/profile/tokens/"])
def test_pages_about_oneself_send_strangers_to_sign_in(where):
    answer = Client().get(where)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={where}")


def test_every_field_of_the_forms_has_a_label():
    person()
    client = Client()
    pages = [client.get("/login/").content.decode()]
    sign_in(client)
    pages += [client.get(where).content.decode() for where in ("/profile/", "/password/")]
    for page in pages:
        main = page[page.index("<main") : page.index("</main>")]
        fields = re.findall(r"<input(?![^>]*type=\"hidden\")[^>]*>", main)
        assert fields
        for field in fields:
            name = re.search(r'id="([^"]+)"', field)[1]
            assert f'<label for="{name}"' in main, field
