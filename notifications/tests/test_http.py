"""Long poll and SSE through a real server, and what Django itself answers."""

import asyncio
import json
import threading
import time

import httpx2 as httpx
import pytest
from django.test import Client

from accounts.models import Token
from notifications import numbering
from notifications.tests.conftest import aside, happen

pytestmark = pytest.mark.django_db(transaction=True)
happens = aside(happen)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def ann(person, token_of, own_audience):
    user = await aside(person)("ann")
    user.bearer = bearer(await aside(token_of)(user))
    own_audience["a"] = {user.pk}
    return user


@pytest.fixture
async def client(server):
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


async def test_a_long_poll_answers_at_once_on_news(server, client, ann):
    empty = (await client.get(server.http, headers=ann.bearer)).json()
    assert (empty["events"], empty["reset"]) == ([], False)

    waiting = asyncio.create_task(
        client.get(f"{server.http}?since={empty['last']}&wait=25", headers=ann.bearer)
    )
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await happens("foreign", n=0)
    await happens("a", n=1)
    began = time.monotonic()
    page = (await waiting).json()
    assert time.monotonic() - began < 1.5
    assert [event["data"] for event in page["events"]] == [{"n": 1}]
    assert page["last"] == page["events"][-1]["seq"]

    await happens("a", n=2)
    url = f"{server.http}?since={page['last']}"
    again = (await client.get(url, headers=ann.bearer)).json()
    assert [event["data"] for event in again["events"]] == [{"n": 2}]
    began = time.monotonic()
    url = f"{server.http}?since={again['last']}&wait=0.5"
    nothing = (await client.get(url, headers=ann.bearer)).json()
    assert 0.4 < time.monotonic() - began < 2
    assert (nothing["events"], nothing["last"]) == ([], again["last"])


async def test_pages_follow_each_other_to_the_end(server, client, ann):
    @aside
    def much() -> int:
        happen("b")
        start = numbering.number_all()
        for n in range(450):
            happen("a" if n % 2 else "b", n=n)
        return start

    since, got, pages = await much(), [], 0
    while True:
        url = f"{server.http}?since={since}"
        page = (await client.get(url, headers=ann.bearer)).json()
        if not page["events"]:
            break
        got += [event["data"]["n"] for event in page["events"]]
        since, pages = page["last"], pages + 1
    assert got == list(range(1, 450, 2))
    assert pages == 2


async def test_waiting_holds_no_thread_and_a_client_that_goes_is_forgotten(server, client, ann):
    last = (await client.get(server.http, headers=ann.bearer)).json()["last"]
    before = threading.active_count()
    url = f"{server.http}?since={last}&wait=25"
    waiting = [asyncio.create_task(client.get(url, headers=ann.bearer)) for _ in range(30)]
    await asyncio.sleep(1)
    assert threading.active_count() <= before + 4
    for task in waiting[:29]:
        task.cancel()
    await happens("a", n=1)
    assert len((await waiting[29]).json()["events"]) == 1


async def test_bad_questions_get_answers_that_help(server, client, ann, settings):
    for query, status, code in (
        ("since=x", 400, "since"),
        ("since=-1", 400, "since"),
        ("wait=nan", 400, "wait"),
        ("wait=-1", 400, "wait"),
        ("topics=nonsense", 400, "topic"),
        ("topics=recording:b", 403, "not_allowed"),
    ):
        for at in (server.http, f"{server.http}stream"):
            answer = await client.get(f"{at}?{query}", headers=ann.bearer)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.json()["message"]
    answer = await client.get(f"{server.http}?since={10**15}", headers=ann.bearer)
    assert answer.json()["reset"] is True
    for headers in ({}, bearer("nonsense")):
        answer = await client.get(server.http, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    settings.EVENTS = {"readers_per_user": 0}
    answer = await client.get(server.http, headers=ann.bearer)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    answer = await client.post(server.http, headers=ann.bearer)
    assert answer.status_code == 405


async def lines_of(stream: httpx.Response):
    async for line in stream.aiter_lines():
        if line:
            yield line


async def test_a_stream_of_events_resumes_where_it_was(server, client, ann, settings):
    settings.EVENTS = {"heartbeat_seconds": 0.3}
    async with client.stream("GET", f"{server.http}stream", headers=ann.bearer) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        lines = lines_of(stream)
        assert (await anext(lines)).startswith("id: ")
        await happens("a", n=1)
        await happens("foreign", n=2)
        heard = [await anext(lines) for _ in range(3)]
    told = [line for line in heard if not line.startswith(":")]
    seq = int(told[0].removeprefix("id: "))
    event = json.loads(told[1].removeprefix("data: "))
    assert (event["seq"], event["data"]) == (seq, {"n": 1})
    assert ": still here" in heard

    await happens("a", n=3)
    headers = ann.bearer | {"Last-Event-ID": str(seq)}
    async with client.stream("GET", f"{server.http}stream?since=0", headers=headers) as stream:
        lines = lines_of(stream)
        assert await anext(lines) == f"id: {seq}"
        assert await anext(lines) == f"id: {seq + 2}"
        assert json.loads((await anext(lines)).removeprefix("data: "))["data"] == {"n": 3}

    headers = ann.bearer | {"Last-Event-ID": str(10**15)}
    async with client.stream("GET", f"{server.http}stream", headers=headers) as stream:
        assert await anext(lines_of(stream)) == "event: reset"


async def test_a_stream_ends_with_the_token(server, client, ann, settings):
    settings.EVENTS = {"heartbeat_seconds": 0.2, "recheck_seconds": 0.3}
    async with client.stream("GET", f"{server.http}stream", headers=ann.bearer) as stream:
        lines = lines_of(stream)
        await anext(lines)
        await aside(Token.objects.filter(user=ann).delete)()
        async with asyncio.timeout(3):
            assert {line async for line in lines} <= {": still here"}


async def test_a_browser_reads_by_its_session(server, client, ann):
    browser = Client()
    await aside(browser.force_login)(ann)
    cookie = {"Cookie": "sessionid=" + browser.cookies["sessionid"].value}
    assert (await client.get(server.http, headers=cookie)).status_code == 200


def test_django_alone_answers_without_waiting(person, token_of, own_audience):
    user = person("ann")
    own_audience["a"] = {user.pk}
    happen("b")
    start = numbering.number_all()
    happen("a", n=1)
    client = Client(headers=bearer(token_of(user)))
    page = client.get("/api/v1/events/", {"since": start, "wait": 25}).json()
    assert [event["data"] for event in page["events"]] == [{"n": 1}]
    assert page["last"] == start + 1
    assert client.get("/api/v1/events/stream").status_code == 503
    assert Client().get("/api/v1/events/").status_code == 401
