"""The page of notices, the wishes, and both by REST."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.choices import Role
from accounts.models import User
from notifications import selectors, tasks
from notifications.choices import Fact
from notifications.models import Delivery, Notice, NoticePreferences
from notifications.tests import audience
from notifications.tests.scene import Pigeons, make_all, meeting, recognised

Person = Callable[..., User]


@pytest.fixture
def ann(person: Person) -> User:
    user = person("ann")
    user.language = "en"
    user.save()
    return user


@pytest.fixture
def client(ann: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(ann)
    return client


def told(user: User, title: str) -> str:
    key = meeting(user, title=title)
    recognised(key)
    make_all()
    return key


def test_the_page_and_its_bell(client: Client, ann: User, person: Person) -> None:
    assert "Nothing has happened" in client.get("/notices/").content.decode()
    assert client.get("/notices/count/").content.strip() == b""
    first, _second = told(ann, "First <b>"), told(ann, "Second")
    told(person("bob"), "Of somebody else")
    page = client.get("/notices/").content.decode()
    assert page.index("Second") < page.index("First &lt;b&gt;")
    assert f'href="/recordings/{first}/"' in page
    assert "Of somebody else" not in page
    assert "2 unread" in client.get("/notices/count/").content.decode()
    assert "/notices/count/" in client.get("/").content.decode()


def test_read_is_what_stood_there(client: Client, ann: User) -> None:
    told(ann, "First")
    seen = Notice.objects.latest("id").pk
    told(ann, "Second")
    client.post("/notices/", {"newest": str(seen)})
    assert selectors.unread_count(ann) == 1
    for nonsense in ("", "x", "-1", "9" * 30, "²"):
        assert client.post("/notices/", {"newest": nonsense}).status_code == 302
    assert selectors.unread_count(ann) == 1


def test_what_may_not_be_seen_any_more_has_no_name(client: Client, ann: User) -> None:
    audience.allowed[told(ann, "Secret")].clear()
    page = client.get("/notices/").content.decode()
    assert "Secret" not in page
    assert "may not see any more" in page
    (line,) = client.get("/api/v1/notices/").json()["results"]
    assert "Secret" not in str(line)
    assert (line["object"], line["path"]) == (None, "")


def test_an_administrator_sees_his_own_notices(person: Person) -> None:
    root = person("root", Role.ADMIN)
    told(root, "Mine")
    client = Client()
    client.force_login(root)
    assert [one["text"] for one in client.get("/api/v1/notices/").json()["results"]]


def test_rest_lists_and_reads(client: Client, ann: User, person: Person) -> None:
    keys = [told(ann, f"No. {number}") for number in range(3)]
    other = told(person("bob"), "Foreign")
    foreign = Notice.objects.get(object_id=other)
    page = client.get("/api/v1/notices/?limit=2").json()
    assert [one["text"] for one in page["results"]] == ["Recognised: No. 2", "Recognised: No. 1"]
    rest = client.get(page["next"]).json()
    (line,) = rest["results"]
    assert line["object"] == {"type": "recording", "id": keys[0]}
    assert (line["fact"], line["read"]) == (Fact.RECOGNISED, False)
    answer = client.post(
        "/api/v1/notices/read/", {"ids": [line["id"], foreign.pk]}, content_type="application/json"
    )
    assert answer.json() == {"read": 1, "unread": 2}
    assert len(client.get("/api/v1/notices/?unread=true").json()["results"]) == 2
    answer = client.post("/api/v1/notices/read/", {}, content_type="application/json")
    assert answer.json() == {"read": 2, "unread": 0}
    foreign.refresh_from_db()
    assert foreign.read_at is None


@pytest.mark.parametrize("body", [{"ids": ["x"]}, {"ids": [0]}, {"upto": 2**70}, {"ids": 7}])
def test_bad_readings_are_told(client: Client, body: dict) -> None:
    answer = client.post("/api/v1/notices/read/", body, content_type="application/json")
    assert answer.status_code == 400


def test_wishes_by_rest(client: Client, ann: User) -> None:
    usual = client.get("/api/v1/me/notices/").json()
    assert usual["channels"][Fact.RECOGNISED] == ["page", "tcs_call", "tcs_chat", "email"]
    assert usual["known_channels"] == ["page", "tcs_call", "tcs_chat", "email"]
    changes = {
        "channels": {"recognised": ["page"]},
        "quiet_from": "22:00",
        "quiet_until": "07:30",
        "digest": "daily",
        "digest_hour": 8,
        "time_zone": "Asia/Tokyo",
    }
    answer = client.patch("/api/v1/me/notices/", changes, content_type="application/json")
    assert answer.status_code == 200
    found = client.get("/api/v1/me/notices/").json()
    assert found["channels"]["recognised"] == ["page"]
    assert found["channels"]["summary_ready"] == ["page", "tcs_call", "tcs_chat", "email"]
    assert (found["quiet_from"], found["quiet_until"]) == ("22:00:00", "07:30:00")
    assert (found["digest"], found["time_zone"]) == ("daily", "Asia/Tokyo")
    off = {"quiet_from": None, "quiet_until": None}
    client.patch("/api/v1/me/notices/", off, content_type="application/json")
    row = NoticePreferences.objects.get(user=ann)
    assert (row.quiet_from, row.digest_hour) == (None, 8)


@pytest.mark.parametrize(
    "body",
    [
        {"channels": {"nonsense": ["page"]}},
        {"channels": {"recognised": ["telegraph"]}},
        {"channels": {"recognised": "page"}},
        {"quiet_from": "22:00"},
        {"quiet_from": "25:00"},
        {"digest": "yearly"},
        {"digest_hour": 24},
        {"time_zone": "Europe/Nowhere"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "\x00"},
    ],
)
def test_bad_wishes_are_told_and_change_nothing(client: Client, ann: User, body: dict) -> None:
    answer = client.patch("/api/v1/me/notices/", body, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) >= {"code", "message"}
    row = selectors.preferences_of(User.objects.get(pk=ann.pk))
    assert (row.channels, row.quiet_from, row.time_zone) == ({}, None, "")


def test_wishes_on_the_page(client: Client, ann: User) -> None:
    page = client.get("/profile/notices/").content.decode()
    assert "A recording was recognised" in page
    form = {
        "recognised": ["page"],
        "access_given": ["page", "email"],
        "quiet_from": "23:00",
        "quiet_until": "06:00",
        "digest": "hourly",
        "digest_hour": "9",
        "time_zone": "Europe/Berlin",
    }
    assert client.post("/profile/notices/", form).status_code == 302
    row = NoticePreferences.objects.get(user=ann)
    assert row.channels["recognised"] == ["page"]
    assert row.channels["summary_ready"] == []
    assert str(row.quiet_from) == "23:00:00"
    again = client.post("/profile/notices/", {**form, "quiet_until": "", "digest": "weekly"})
    assert again.status_code == 400
    half = client.post("/profile/notices/", {**form, "quiet_until": ""})
    assert (half.status_code, "beginning and an end" in half.content.decode()) == (400, True)


@pytest.mark.parametrize("address", ["/notices/", "/profile/notices/"])
def test_nobody_else_gets_in(transactional_db, address: str) -> None:
    assert Client().get(address).status_code == 302


def test_who_was_signed_out_gets_no_sign_in_page_for_a_bell(transactional_db) -> None:
    answer = Client().get("/notices/count/")
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("address", ["/api/v1/notices/", "/api/v1/me/notices/"])
def test_nobody_else_gets_in_by_rest(transactional_db, address: str) -> None:
    assert Client().get(address).status_code == 401


@pytest.fixture
def failed(ann: User) -> Delivery:
    key = meeting(ann)
    recognised(key)
    make_all()
    fields = {"recipient": ann, "channel": "pigeons", "key": "given up", "status": "failed"}
    row = Delivery.objects.create(
        **fields, failures=6, error={"code": "no_wind", "message": "No wind.", "retryable": True}
    )
    row.notices.add(Notice.objects.get())
    return row


def test_what_was_given_up_is_sent_again(person: Person, failed: Delivery, settings) -> None:
    settings.NOTICE_CHANNELS = {"pigeons": "notifications.tests.scene.Pigeons"}
    Pigeons.sent.clear()
    root = Client(headers={"accept-language": "en"})
    root.force_login(person("root", Role.ADMIN))
    url = "/api/v1/notices/deliveries/"
    (row,) = root.get(f"{url}?status=failed&channel=pigeons").json()["results"]
    assert (row["user"], row["failures"], row["error"]["message"]) == ("ann", 6, "No wind.")
    for body in ({}, {"ids": [1], "since": "2026-01-01T00:00:00Z"}, {"ids": ["x"]}):
        told = root.post(f"{url}retry/", body, content_type="application/json")
        assert told.status_code == 400
    answer = root.post(f"{url}retry/", {"ids": [row["id"]]}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (202, {"sent_again": 1})
    tasks.deliver()
    assert [name for name, _message in Pigeons.sent] == ["ann"]
    again = root.post(
        f"{url}retry/", {"since": "2026-01-01T00:00:00Z"}, content_type="application/json"
    )
    assert again.json() == {"sent_again": 0}


def test_sent_again_in_the_admin(person: Person, failed: Delivery) -> None:
    root = Client()
    root.force_login(person("root", Role.ADMIN))
    chosen = {"action": "send_again", "_selected_action": str(failed.pk)}
    assert root.post("/admin/notifications/delivery/", chosen).status_code == 302
    failed.refresh_from_db()
    assert (failed.status, failed.failures, failed.error) == ("waiting", 0, None)


def test_messages_of_others_are_for_administrators(client: Client, failed: Delivery) -> None:
    assert client.get("/api/v1/notices/deliveries/").status_code == 403
    assert client.post("/api/v1/notices/deliveries/retry/", {}).status_code == 403
    failed.refresh_from_db()
    assert failed.status == "failed"
