"""Who may open the socket of engines, and what it answers to nonsense."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as open_socket

from accounts import tokens
from accounts.choices import TokenKind
from accounts.models import Token
from recognition.models import Engine
from recognition.tests import gateway
from recognition.tests.conftest import Connect
from recognition.tests.gateway import Engine as Client
from recognition.tests.gateway import recording
from recordings.tests import factories
from recordings.tests.web import Server

Web = Callable[[], Server]


def test_only_engine_tokens_open_the_socket(web: Web) -> None:
    port = web().port
    revoked, text = tokens.make(None, TokenKind.ENGINE)
    revoked.revoked_at = timezone.now()
    revoked.save()
    person = tokens.make(factories.user(), TokenKind.API)[1]
    for shown, code in (("", 4401), ("sai_e_unknown", 4401), (text, 4401), (person, 4403)):
        assert Client(port, shown).close_code() == code
    assert not Engine.objects.exists()


def test_a_foreign_page_does_not_open_it(web: Web) -> None:
    with pytest.raises(InvalidStatus):
        open_socket(f"ws://127.0.0.1:{web().port}/ws/supervisor", origin="http://evil.example")


def test_a_name_belongs_to_its_token(connect: Connect, web: Web) -> None:
    port, first, second = web().port, gateway.engine_token(), gateway.engine_token()
    connect("known", port=port, token=first)
    thief = Client(port, second, "known")
    with pytest.raises(AssertionError, match="another token"):
        thief.greet()
    assert thief.close_code() == 4403
    Token.objects.filter(digest=tokens.digest(first)).update(revoked_at=timezone.now())
    connect("known", port=port, token=second)  # the old one is no longer good


def test_a_revoked_token_closes_what_it_opened(connect: Connect) -> None:
    engine = connect()
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert engine.close_code() == 4401


def test_too_many_engines_of_one_token_are_refused(
    connect: Connect, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.gateway.register.ENGINES_PER_TOKEN", 2)
    monkeypatch.setattr("recognition.gateway.hub.SOCKETS_PER_TOKEN", 3)
    port, token = web().port, gateway.engine_token()
    for name in "ab":
        connect(name, port=port, token=token)
    third = Client(port, token, "c")
    with pytest.raises(AssertionError, match="Too many"):
        third.greet()
    assert third.close_code() == 4429
    silent = Client(port, token, "d")
    assert silent.hears_nothing(0.1)
    assert Client(port, token, "e").close_code() == 4429


def test_nonsense_is_answered_and_ends_nothing(connect: Connect) -> None:
    engine = connect()
    nonsense = [
        "no json",
        "[]",
        "null",
        '"hello"',
        "{}",
        json.dumps({"type": "unheard_of"}),
        json.dumps({"type": 7}),
        json.dumps({"type": "accept"}),
        json.dumps({"type": "progress", "request_id": "1", "attempt": -1, "percent": 5}),
        json.dumps({"type": "progress", "request_id": "1", "attempt": 1, "percent": 500}),
        json.dumps({"type": "failed", "request_id": "1", "attempt": 1, "code": "Bad Code!"}),
        json.dumps({"type": "done", "request_id": "1", "attempt": 1, "result": [1]}),
        '{"type": "ping", "x": ' + "[" * 5000 + "]" * 5000 + "}",
    ]
    for text in nonsense:
        engine.socket.send(text)
        assert engine.expect("error")["code"] == "bad_message", text[:40]
    engine.socket.send(b"\xff\xfe")
    engine.expect("error")
    engine.say(type="hello", engine_id="again", version="", capabilities=[], slots=1)
    assert engine.expect("error")["code"] == "hello_twice"
    engine.say(type="ping")
    engine.expect("pong")


@pytest.mark.parametrize("request_id", ["0", "-1", "1e3", "²", "9" * 30, "none", " 1", "1;--"])
def test_words_about_what_was_never_offered_change_nothing(
    connect: Connect, request_id: str
) -> None:
    engine = connect()
    name = {"request_id": request_id, "attempt": 1}
    engine.say(type="accept", **name)
    engine.expect("cancel")
    engine.say(type="progress", percent=5, stage="", **name)
    engine.expect("cancel")
    engine.say(type="reject", reason="", **name)
    engine.say(type="failed", code="x", message="", retryable=True, **name)
    engine.say(type="done", result={}, **name)
    engine.expect("refused")
    engine.say(type="done", **name)
    engine.expect("refused")


def test_a_stranger_gets_nothing_of_anothers_request(connect: Connect, tmp_path: Path) -> None:
    owner = connect("owner")
    made = recording(tmp_path)
    offer = owner.take()
    held = [{"request_id": offer["request_id"], "attempt": offer["attempt"]}]
    stranger = connect("stranger", holding=held)
    stranger.expect("cancel")
    answer = stranger.finish(offer, gateway.phrases(offer, "stolen"))
    assert answer["type"] == "refused"
    stranger.answer(offer, "failed", code="x", message="", retryable=False)
    stranger.answer(offer, "progress", percent=99, stage="")
    stranger.expect("cancel")
    assert (gateway.step(made).status, gateway.step(made).progress) == ("running", 0)
    assert owner.finish(offer, gateway.phrases(offer, "mine"))["type"] == "accepted"


def test_the_first_message_is_hello_and_comes_soon(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.consumers.HELLO_SECONDS", 0.4)
    engine = Client(web().port, gateway.engine_token())
    engine.say(type="ping")
    assert engine.expect("error")["code"] == "hello_first"
    assert engine.close_code() == 4408


@pytest.mark.parametrize(
    "fields",
    [{"slots": 0}, {"capabilities": ["fly"]}, {"engine_id": ""}, {"holding": [{"attempt": 1}]}],
)
def test_a_bad_hello_is_told_what_is_wrong(web: Web, fields: dict) -> None:
    engine = Client(web().port, gateway.engine_token())
    with pytest.raises(AssertionError, match=next(iter(fields))):
        engine.greet(**fields)
    engine.greet()  # and may say it better


def test_a_flood_and_a_huge_message_end_the_connection(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = connect("flood")
    monkeypatch.setattr("recognition.consumers.MESSAGE_BYTES", 1000)
    huge = connect("huge")
    huge.say(type="ping", more="x" * 2000)
    assert huge.close_code() == 1009
    for _ in range(600):
        flood.say(type="pong")
    assert flood.close_code() == 4429


async def _never_speak(self: object, link: object) -> None:
    await asyncio.sleep(60)


def test_an_engine_that_does_not_read_is_closed(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded."""
    monkeypatch.setattr("recognition.gateway.link.OUTBOX", 5)
    monkeypatch.setattr("recognition.consumers.EngineSocket._speak", _never_speak)
    engine = Client(web().port, gateway.engine_token(), "deaf")
    engine.say(type="hello", engine_id="deaf", version="", capabilities=["transcribe"], slots=1)
    for _ in range(10):
        engine.say(type="ping")
    assert engine.close_code() == 4408
