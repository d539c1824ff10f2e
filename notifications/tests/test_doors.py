"""The admin's list, the OpenAPI description, and which pages may open sockets."""

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from accounts.choices import Role
from notifications.models import Event
from notifications.origins import is_ours
from notifications.tests.conftest import happen


def test_an_administrator_looks_at_events_and_changes_none(person):
    happen("a", n=1)
    event = Event.objects.get()
    client = Client()
    client.force_login(person("root", Role.ADMIN))
    listed = client.get("/admin/notifications/event/", {"type": "recording.status"})
    assert listed.status_code == 200
    assert b"recording:a" in listed.content
    assert client.get("/admin/notifications/event/add/").status_code == 403
    at = f"/admin/notifications/event/{event.pk}/"
    assert client.post(f"{at}delete/", {"post": "yes"}).status_code == 403
    client.post(f"{at}change/", {"type": "forged"})
    assert Event.objects.get().type == "recording.status"


def test_both_addresses_are_described_without_warnings():
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    poll = schema["paths"]["/api/v1/events/"]["get"]
    assert [one["name"] for one in poll["parameters"]] == ["since", "topics", "wait"]
    stream = schema["paths"]["/api/v1/events/stream"]["get"]
    assert "text/event-stream" in stream["responses"]["200"]["content"]
    warned = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    assert not [line for line in warned if "notifications" in line]


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        (None, True),
        ("http://127.0.0.1:8000", True),
        ("https://app.partner.example", True),
        ("http://127.0.0.1:9000", False),
        ("http://evil.example", False),
        ("http://127.0.0.1:8000.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_whose_page_it_is(origin, ours, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.partner.example"]
    headers = [(b"host", b"127.0.0.1:8000")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    assert is_ours(headers) is ours


def test_a_name_that_was_bent_to_this_address_is_not_ours():
    assert not is_ours([(b"host", b"evil.example"), (b"origin", b"http://evil.example")])
