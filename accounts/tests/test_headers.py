"""What every answer tells the browser not to do."""

import pytest
from django.test import Client

from accounts.choices import Role
from accounts.tests.people import Caller, person

pytestmark = pytest.mark.django_db


def policy(answer):
    found = answer["Content-Security-Policy"]
    return {part.split()[0]: part.split()[1:] for part in found.split("; ") if part}


@pytest.mark.parametrize(
    "where", ["/login/", "/profile/", "/api/v1/me/", "/admin/", "/api/docs/", "/no/such/page/"]
)
def test_every_answer_carries_the_headers(where):
    answer = Client().get(where)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    found = policy(answer)
    assert found["default-src"] == ["'self'"]
    assert found["object-src"] == ["'none'"]
    assert found["frame-ancestors"] == ["'none'"]
    assert found["base-uri"] == ["'self'"]


def test_only_the_admin_may_evaluate_and_nothing_runs_inline_scripts():
    client = Client()
    client.force_login(person(role=Role.ADMIN))
    pages = {where: policy(client.get(where)) for where in ("/profile/", "/admin/", "/api/docs/")}
    assert pages["/profile/"]["script-src"] == ["'self'"]
    assert pages["/profile/"]["style-src"] == ["'self'"]
    assert pages["/admin/"]["script-src"] == ["'self'", "'unsafe-eval'"]
    assert pages["/admin/"]["style-src"] == ["'self'", "'unsafe-inline'"]
    assert pages["/api/docs/"]["script-src"] == ["'self'"]
    assert not any("'unsafe-inline'" in page["script-src"] for page in pages.values())


def test_other_sites_read_the_api_only_if_they_are_on_the_list(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://portal.example"]
    caller = Caller.of(person())

    def allowed(where, origin):
        answer = Client().get(where, headers={**caller.headers, "origin": origin})
        return answer.headers.get("Access-Control-Allow-Origin")

    assert allowed("/api/v1/me/", "https://portal.example") == "https://portal.example"
    assert allowed("/api/v1/me/", "https://evil.example") is None
    assert allowed("/profile/", "https://portal.example") is None


def test_behind_tls_the_browser_is_told_to_stay_there(settings):
    assert "Strict-Transport-Security" not in Client().get("/login/").headers
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/login/")["Location"] == "https://testserver/login/"
    found = Client().get("/login/", secure=True)["Strict-Transport-Security"]
    assert found == "max-age=31536000; includeSubDomains; preload"


def test_cookies_are_out_of_the_reach_of_scripts_and_other_sites():
    person()
    answer = Client().post("/login/", {"username": "ann", "password": "correct horse 9"})
    cookie = answer.cookies["sessionid"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
