"""The WebSocket through a real server: replay, live, rights, and every way to be closed."""

import asyncio
import json
import socket
import time

import pytest
from django.test import Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.choices import Role
from accounts.models import Token, User
from notifications import numbering
from notifications.tests.conftest import aside, happen

pytestmark = pytest.mark.django_db(transaction=True)
happens = aside(happen)


@aside
def happen_often(recording: str, numbers: range, **more: object) -> None:
    for n in numbers:
        happen(recording, n=n, **more)


async def say(ws: ClientConnection, **message: object) -> None:
    await ws.send(json.dumps(message))


async def hear(ws: ClientConnection, seconds: float = 5) -> dict:
    async with asyncio.timeout(seconds):
        return json.loads(await ws.recv())


async def closed_with(ws: ClientConnection, seconds: float = 8) -> int:
    async with asyncio.timeout(seconds):
        try:
            while True:
                await ws.recv()
        except ConnectionClosed:
            return ws.close_code


async def subscribed(ws: ClientConnection, token: str, topics: list[str], **more) -> dict:
    await say(ws, op="auth", token=token)
    await say(ws, op="subscribe", topics=topics, **more)
    answer = await hear(ws)
    assert answer["type"] == "snapshot", answer
    return answer


async def nothing_more(ws: ClientConnection, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await hear(ws, seconds)


async def test_replay_then_live_without_gap_or_double(server, person, token_of, own_audience):
    ann = await aside(person)("ann")
    token = await aside(token_of)(ann)
    own_audience["a"] = {ann.pk}
    await happens("a", n=-1)
    start = await aside(numbering.number_all)()
    await happen_often("a", range(600))
    writing = asyncio.create_task(happen_often("a", range(600, 1000)))
    async with connect(server.socket) as ws:
        answer = await subscribed(ws, token, ["recording:a"], since=start)
        assert answer == {"type": "snapshot", "seq": start, "reset": False}
        heard = [await hear(ws) for _ in range(1000)]
    await writing
    assert [event["data"]["n"] for event in heard] == list(range(1000))
    assert [event["seq"] for event in heard] == list(range(start + 1, start + 1001))
    assert heard[0]["type"] == "recording.status"
    assert heard[0]["object"] == {"type": "recording", "id": "a"}
    assert "T" in heard[0]["at"]


async def test_only_what_one_may_see_and_only_while_one_may(server, person, token_of, own_audience):
    ann, bob = [await aside(person)(name) for name in ("ann", "bob")]
    root = await aside(person)("root", Role.ADMIN)
    tokens = [await aside(token_of)(user) for user in (ann, bob, root)]
    own_audience.update(a={ann.pk}, b={bob.pk})
    async with (
        connect(server.socket) as ws,
        connect(server.socket) as other,
        connect(server.socket) as all_seeing,
    ):
        await subscribed(ws, tokens[0], ["me", "recording:a"])
        await subscribed(other, tokens[1], ["me"])
        await subscribed(all_seeing, tokens[2], ["me"])
        await happens("b", n=1)
        await happens("a", n=2)
        assert (await hear(ws))["data"] == {"n": 2}
        assert (await hear(other))["data"] == {"n": 1}
        assert [(await hear(all_seeing))["data"]["n"] for _ in range(2)] == [1, 2]

        own_audience["a"] = set()
        await happens("a", n=3)
        assert (await hear(all_seeing))["data"] == {"n": 3}
        own_audience["a"] = {ann.pk}
        await happens("a", n=4)
        assert (await hear(ws))["data"] == {"n": 4}
        assert (await hear(all_seeing))["data"] == {"n": 4}
        await nothing_more(other, 0.3)


async def test_foreign_topics_are_refused_and_tell_nothing(server, person, token_of, own_audience):
    ann, bob = [await aside(person)(name) for name in ("ann", "bob")]
    token = await aside(token_of)(ann)
    own_audience["b"] = {bob.pk}
    for topic in ("recording:b", "recording:does-not-exist", f"user:{bob.pk}"):
        async with connect(server.socket) as ws:
            await say(ws, op="auth", token=token)
            await say(ws, op="subscribe", topics=[topic], since=0)
            with pytest.raises(ConnectionClosed):
                await hear(ws)
            assert ws.close_code == 4403


async def test_who_is_not_signed_in(server, person, token_of, settings):
    settings.EVENTS = {"auth_seconds": 0.5}
    async with connect(server.socket) as ws:
        await say(ws, op="subscribe", topics=["me"])
        assert (await hear(ws))["code"] == "not_signed_in"
        assert await closed_with(ws, 2) == 4401
    async with connect(server.socket) as ws:
        await say(ws, op="auth", token="sai_p_" + "x" * 43)
        assert await closed_with(ws, 2) == 4401
    ann = await aside(person)("ann")
    header = {"Authorization": "Bearer " + await aside(token_of)(ann)}
    async with connect(server.socket, additional_headers=header) as ws:
        await asyncio.sleep(0.8)
        await say(ws, op="ping")
        assert (await hear(ws))["type"] == "pong"


async def test_a_browser_is_known_by_its_session_and_a_foreign_page_is_refused(server, person):
    ann = await aside(person)("ann")
    browser = Client()
    await aside(browser.force_login)(ann)
    cookie = {"Cookie": "sessionid=" + browser.cookies["sessionid"].value}
    own = f"http://127.0.0.1:{server.port}"
    async with connect(server.socket, additional_headers=cookie, origin=own) as ws:
        await say(ws, op="subscribe", topics=["me"])
        assert (await hear(ws))["type"] == "snapshot"
    for origin in ("http://evil.example", f"http://127.0.0.1:{server.port + 1}", "null"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(server.socket, additional_headers=cookie, origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_a_revoked_token_and_a_switched_off_user_stop_reading(
    server, person, token_of, settings
):
    settings.EVENTS = {"recheck_seconds": 0.3}
    ann, bob = [await aside(person)(name) for name in ("ann", "bob")]
    tokens = [await aside(token_of)(user) for user in (ann, bob)]
    async with connect(server.socket) as one, connect(server.socket) as two:
        await subscribed(one, tokens[0], ["me"])
        await subscribed(two, tokens[1], ["me"])
        await aside(Token.objects.filter(user=ann).delete)()
        await aside(User.objects.filter(pk=bob.pk).update)(is_active=False)
        assert await closed_with(one, 3) == 4401
        assert await closed_with(two, 3) == 4401


async def test_nonsense_is_answered_and_changes_nothing(server, person, token_of, own_audience):
    ann = await aside(person)("ann")
    own_audience["a"] = {ann.pk}
    async with connect(server.socket) as ws:
        await subscribed(ws, await aside(token_of)(ann), ["me"])
        for text, code in (
            ("{", "bad_json"),
            ("[]", "bad_json"),
            ('{"op": "dance"}', "unknown_op"),
            ('{"op": "subscribe"}', "topics"),
            ('{"op": "subscribe", "topics": [{}]}', "topics"),
            ('{"op": "subscribe", "topics": ["me"], "since": -1}', "since"),
            ('{"op": "subscribe", "topics": ["me"], "since": "5"}', "since"),
            ('{"op": "subscribe", "topics": ["nothing"]}', "topic"),
            ('{"op": "subscribe", "topics": ["planet:1"]}', "topic"),
        ):
            await ws.send(text)
            answer = await hear(ws)
            assert (answer["type"], answer["code"]) == ("error", code)
            assert answer["message"]
        await ws.send(b"\xff\xfe")
        assert (await hear(ws))["code"] == "bad_json"
        await happens("a", n=1)
        assert (await hear(ws))["data"] == {"n": 1}


async def test_topics_come_and_go(server, person, token_of, own_audience):
    ann = await aside(person)("ann")
    own_audience.update(a={ann.pk}, b={ann.pk})
    async with connect(server.socket) as ws:
        first = await subscribed(ws, await aside(token_of)(ann), ["recording:a"])
        await happens("b", n=1)
        await happens("a", n=2)
        assert (await hear(ws))["data"] == {"n": 2}
        await say(ws, op="subscribe", topics=["recording:b"])
        assert (await hear(ws))["type"] == "snapshot"
        await happens("b", n=3)
        await happens("a", n=4)
        assert [(await hear(ws))["data"]["n"] for _ in range(2)] == [3, 4]
        await say(ws, op="unsubscribe", topics=["recording:a"])
        await say(ws, op="ping")
        assert (await hear(ws))["type"] == "pong"
        await happens("a", n=5)
        await happens("b", n=6)
        assert (await hear(ws))["data"] == {"n": 6}
        await say(ws, op="subscribe", topics=["recording:a"], since=first["seq"])
        assert (await hear(ws)) == {"type": "snapshot", "seq": first["seq"], "reset": False}
        assert [(await hear(ws))["data"]["n"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]
        await say(ws, op="subscribe", topics=["me"], since=10**12)
        assert (await hear(ws))["reset"] is True
        await happens("a", n=7)
        assert (await hear(ws))["data"] == {"n": 7}


async def test_too_many_sockets_and_too_many_messages(server, person, token_of, settings):
    settings.EVENTS = {"readers_per_user": 2, "messages_per_10_seconds": 5}
    token = await aside(token_of)(await aside(person)("ann"))
    async with connect(server.socket) as one, connect(server.socket) as two:
        await subscribed(one, token, ["me"])
        await subscribed(two, token, ["me"])
        async with connect(server.socket) as three:
            await say(three, op="auth", token=token)
            assert await closed_with(three) == 4429
        for _ in range(9):
            await say(one, op="ping")
        assert await closed_with(one) == 4429
        await say(two, op="ping")
        assert (await hear(two))["type"] == "pong"
    async with connect(server.socket) as again:
        await subscribed(again, token, ["me"])


async def test_a_slow_reader_is_closed_and_the_others_go_on(
    server, person, token_of, own_audience, settings
):
    settings.EVENTS = {"queue": 20}
    ann = await aside(person)("ann")
    token = await aside(token_of)(ann)
    own_audience["a"] = {ann.pk}
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    narrow.connect(("127.0.0.1", server.port))
    async with (
        connect(server.socket, sock=narrow, max_queue=1, compression=None) as slow,
        connect(server.socket, compression=None) as quick,
    ):
        await subscribed(slow, token, ["me"])
        await subscribed(quick, token, ["me"])
        big = "x" * 100_000
        for start in range(0, 130, 10):
            await happen_often("a", range(start, start + 10), big=big)
            for n in range(start, start + 10):
                assert (await hear(quick))["data"]["n"] == n
        assert await closed_with(slow) == 4408


async def test_without_redis_events_still_arrive(server, person, token_of, own_audience, servers):
    ann = await aside(person)("ann")
    own_audience["a"] = {ann.pk}
    async with connect(server.socket) as ws:
        await subscribed(ws, await aside(token_of)(ann), ["me"])
        servers.redis.kill()
        for n in range(3):
            began = time.monotonic()
            await happens("a", n=n)
            assert time.monotonic() - began < 0.5, "writing does not wait for Redis"
            assert (await hear(ws, 3))["data"] == {"n": n}
        servers.redis.start()
        servers.redis.freeze()
        await happens("a", n=3)
        assert (await hear(ws, 3))["data"] == {"n": 3}
        servers.redis.thaw()
        await asyncio.sleep(2.5)
        lags = []
        for n in range(4, 9):
            began = time.monotonic()
            await happens("a", n=n)
            assert (await hear(ws, 3))["data"] == {"n": n}
            lags.append(time.monotonic() - began)
        assert min(lags) < 0.2, "hints are heard again"


async def test_sockets_outlive_a_restart_of_the_database(
    server, person, token_of, own_audience, servers
):
    ann = await aside(person)("ann")
    own_audience["a"] = {ann.pk}
    async with connect(server.socket) as ws:
        await subscribed(ws, await aside(token_of)(ann), ["me"])
        await happens("a", n=1)
        assert (await hear(ws))["data"] == {"n": 1}
        servers.postgres.stop()
        await asyncio.sleep(1.2)
        servers.postgres.start()
        await happens("a", n=2)
        assert (await hear(ws, 8))["data"] == {"n": 2}
