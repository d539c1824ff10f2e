"""Sorting, pages and filters; queries, numbers and addresses that make no sense."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from common.sql import ask
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests import scene
from conferences.tests.user_api.answers import (
    URL,
    listed,
    refused,
    signed_in,
)
from recordings.models import Recording

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(north: Connection, root: Path, tmp_path: Path) -> dict[str, Recording]:
    made = {}
    for index, topic in enumerate(("Apples", "Bread", "Cheese")):
        made[topic] = scene.meeting(
            north,
            tmp_path,
            topic=topic,
            pitch=300 + 100 * index,
            at=scene.HELD - dt.timedelta(days=index),
        )
    ask("UPDATE recordings_recording SET duration = 30 - mod(number, 3) * 10")
    scene.recognised(made["Bread"])
    return made


def test_sorting_and_pages(fake: FakeServer, several: dict[str, Recording]) -> None:
    client = signed_in(fake, "anna")
    assert listed(client) == ["Cheese", "Bread", "Apples"]
    assert listed(client, sort_order=0) == ["Apples", "Bread", "Cheese"]
    assert listed(client, sort_field="display_name", sort_order=0) == ["Apples", "Bread", "Cheese"]
    assert listed(client, sort_field="started_at") == ["Apples", "Bread", "Cheese"]
    by_duration = sorted(several, key=lambda name: Recording.objects.get(title=name).duration)
    assert listed(client, sort_field="duration", sort_order=0) == by_duration
    assert listed(client, page_size=2) == ["Cheese", "Bread"]
    page = client.get(URL + "transcriptions", {"page_size": 2, "page": 2}).json()
    assert [card["display_name"] for card in page["transcriptions"]] == ["Apples"]
    assert page["page"] == {"current": 2, "total": 2, "size": 2, "count": 3}
    assert listed(client, page=9) == []


def test_filters(fake: FakeServer, several: dict[str, Recording]) -> None:
    client = signed_in(fake, "boris")
    assert listed(client, status=8) == ["Bread"]
    assert listed(client, status=3) == ["Cheese", "Apples"]
    assert listed(client, status=6) == []
    assert listed(client, conference_id="Apples-id") == ["Apples"]
    assert listed(client, conference_id="nothing") == []
    assert listed(client, search="CHEE") == ["Cheese"]
    assert listed(client, search="thousand") == ["Bread"]
    assert listed(client, search="the budget") == ["Bread"]
    assert listed(client, search="100%_'") == []
    assert listed(client, search="thousand", status=3) == []


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0},
        {"page": "x"},
        {"page_size": 0},
        {"page_size": 100000},
        {"status": 5},
        {"status": "done"},
        {"sort_field": "owner"},
        {"sort_order": 2},
        {"search": "a\0b"},
        {"conference_id": "a\0b"},
        {"page": 10**30},
    ],
)
def test_queries_that_make_no_sense(
    fake: FakeServer, north: Connection, query: dict[str, Any]
) -> None:
    refused(signed_in(fake, "anna").get(URL + "transcriptions", query), 422, "invalid")


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 19, "9" * 40, "1.5", "١"])
def test_ids_that_are_none(fake: FakeServer, north: Connection, number: str) -> None:
    client = signed_in(fake, "anna")
    for rest in ("", "/lines", "/summary", "/audio"):
        refused(client.get(f"{URL}transcriptions/{number}{rest}"), 404, "transcription_not_found")


def test_everything_needs_a_token(budget: Recording) -> None:
    for rest in ("", f"/{budget.number}", f"/{budget.number}/lines", f"/{budget.number}/audio"):
        answer = Client().get(f"{URL}transcriptions{rest}")
        refused(answer, 401, "not_signed_in")
        assert answer["WWW-Authenticate"] == "Bearer"
        wrong = Client(headers={"authorization": "Bearer x"}).get(f"{URL}transcriptions{rest}")
        refused(wrong, 401, "token_refused")


def test_other_addresses_and_methods_answer_in_the_same_shape(db: None) -> None:
    refused(Client().get(URL + "conferences"), 404, "routeNotFound")
    refused(Client().delete(URL + "a/b/c"), 404, "routeNotFound")
    refused(Client().put(URL + "auth/from-tcs"), 405, "method_not_allowed")
