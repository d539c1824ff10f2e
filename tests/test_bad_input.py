"""What a stranger may send without breaking anything: a clear refusal, never a broken page."""

import json
import re
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.choices import Role
from accounts.models import Token
from recordings.models import Access, Recording
from recordings.tests import factories
from recordings.tests.doors import URL, caller, send, upload

pytestmark = pytest.mark.django_db(transaction=True)
JSON = "application/json"


def refused(answer, *statuses: int) -> str:
    """The code of a refusal in the shape that is promised."""
    assert answer.status_code in statuses, answer.content[:300]
    assert answer["Content-Type"].startswith(JSON)
    body = answer.json()
    assert set(body) <= {"code", "message", "details"}
    assert body["message"]
    return body["code"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"label":' * 50_000,
        b'{"label": "x", "scopes": ["\\ud800"]}',
        b'{"label": "x", "days": NaN}',
        b'{"label": "x", "days": 1e999}',
        b'{"label": "x", "days": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b"[]",
        b'"x"',
        b"",
    ],
)
def test_json_that_would_break_a_careless_reader(body: bytes) -> None:
    client = caller(factories.user(role=Role.ADMIN))
    before = Token.objects.count()
    assert refused(client.post("/api/v1/tokens/", body, content_type=JSON), 400) == "invalid"
    assert refused(Client().post("/api/v1/auth/login/", body, content_type=JSON), 400)
    assert Token.objects.count() == before


@pytest.mark.parametrize("position", ["abc", "0000-00-00", "9" * 40, "\0", ""])
def test_a_cursor_that_nobody_gave(position: str) -> None:
    client = caller(factories.user(role=Role.ADMIN))
    cursor = b64encode(urlencode({"p": position}).encode()).decode()
    for name in ("tokens", "users", "audit", "groups"):
        answer = client.get(f"/api/v1/{name}/", {"cursor": cursor})
        assert answer.status_code == 200 or refused(answer, 400) == "bad_cursor"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01"])
def test_the_ends_of_time(moment: str, root, tmp_path, settings) -> None:
    """East of Greenwich the first moment of the calendar lies before it, west the last behind."""
    owner, friend = factories.user(), factories.user("friend")
    for zone in ("Asia/Tokyo", "America/New_York"):
        settings.TIME_ZONE = zone
        client = caller(owner)
        sent = send(client, upload(tmp_path), started_at=moment, process="false")
        assert sent.status_code in (200, 201) or refused(sent, 400) == "invalid"
        assert client.get(URL).status_code == 200
        where = f"{URL}{factories.recording(owner).pk}/access/"
        body = json.dumps({"user": friend.username, "expires_at": moment})
        given = client.post(where, body, content_type=JSON)
        assert given.status_code == 201 or refused(given, 400)
        assert client.get(where).status_code == 200


@pytest.mark.parametrize(
    "cookie",
    ['sessionid="\\000aaaaaaaaaa"', "sessionid=" + "a" * 5000, 'sessionid="\\377aaaaaaaa"'],
)
def test_a_session_cookie_that_can_be_none(cookie: str) -> None:
    client = Client(headers={"cookie": cookie})
    assert refused(client.get("/api/v1/me/"), 401) == "not_signed_in"
    assert client.get("/").status_code == 302


def test_every_refusal_of_the_api_is_json() -> None:
    client = caller(factories.user())
    assert refused(client.get("/api/v1/nothing/"), 404) == "not_found"
    assert refused(client.get(f"{URL}%2e%2e%2f%2e%2e%2fetc/passwd/audio/"), 404) == "not_found"
    assert refused(client.get("/api/v1/me/", headers={"host": "evil.example"}), 400) == "invalid"
    many = {f"field{number}": "1" for number in range(2000)}
    assert refused(client.post("/api/v1/auth/login/", many), 400) == "invalid"
    assert client.get("/nothing/")["Content-Type"].startswith("text/html")


def test_a_guest_brings_nothing_in_by_any_door(root, tmp_path) -> None:
    guest = factories.user(role=Role.GUEST)
    assert refused(send(caller(guest), upload(tmp_path)), 403) == "guest"
    browser = Client()
    browser.force_login(guest)
    assert browser.post("/upload/", {"file": upload(tmp_path)}).status_code == 403
    assert not Recording.objects.exists()


def test_rights_that_do_not_exist_are_not_given() -> None:
    owner = factories.user()
    factories.user("friend")
    browser = Client()
    browser.force_login(owner)
    where = f"/recordings/{factories.recording(owner).pk}/access/"
    form = {"whom": "user", "name": "friend", "rights": ["view", "rule"]}
    assert browser.post(where, form).status_code == 400
    assert not Access.objects.exists()


def test_no_answer_about_a_person_is_kept_on_the_way() -> None:
    owner = factories.user()
    browser = Client()
    browser.force_login(owner)
    talk = factories.recording(owner).pk
    for where in ("/", f"/recordings/{talk}/", f"{URL}{talk}/", "/api/v1/me/", "/profile/", URL):
        answer = browser.get(where)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"], where
    assert "no-store" not in browser.get("/static/css/base.css").get("Cache-Control", "")


def test_numbers_without_end_in_the_forms_of_pages() -> None:
    owner = factories.user()
    browser = Client()
    browser.force_login(owner)
    page = f"/recordings/{factories.recording(owner).pk}/"
    for where, form in (
        ("process/", {"tracks": "9" * 5000}),
        ("access/", {"whom": "link", "days": "9" * 5000}),
    ):
        assert browser.post(f"{page}{where}", form).status_code < 500


def test_a_signed_in_visitor_hears_what_his_link_lets_him_hear(root, tmp_path) -> None:
    owner, visitor = factories.user(), Client()
    visitor.force_login(factories.user())
    made = send(caller(owner), upload(tmp_path), process="false").json()
    where = f"{URL}{made['id']}/access/"
    link = caller(owner).post(where, {"link": True}, content_type=JSON).json()
    page = visitor.get(f"/l/{link['secret']}/", follow=True).content.decode()
    address = re.search(r'"url": "([^"]+)"', page)
    assert address
    assert visitor.get(address[1].replace("\\u0026", "&")).status_code == 200


def test_an_upload_without_a_body() -> None:
    client = caller(factories.user())
    assert refused(client.generic("POST", URL), 400) == "no_file"
    assert refused(client.generic("POST", URL, content_type="multipart/form-data"), 400)
    assert not Recording.objects.exists()
