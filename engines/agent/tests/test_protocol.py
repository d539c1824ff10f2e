"""The written protocol: the schema is the types', the example of the page is an engine."""

import asyncio
import json
import os
import re
import subprocess
import sys

import jsonschema
import pytest
import pytest_asyncio

from engines import protocol
from engines.agent.tests.stand_in import ROOT, SCHEMA, TOKEN, VALIDATOR
from engines.protocol_schema import schema

PAGE = (ROOT / "docs" / "engine-protocol.md").read_text()
EXAMPLE = re.findall(r"```python\n(.*?)```", PAGE, re.S)[0]


def test_the_schema_in_docs_is_made_of_the_types():
    """Otherwise: python -m engines.protocol_schema > docs/engine-protocol.schema.json"""
    assert schema() == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_message_of_the_page_fits_the_schema():
    """Those that stand there whole; the table shows names of fields only."""
    block = re.compile(r"(?:gateway|engine) +(\{.*?\})\n(?=    (?:gateway|engine)|\n)", re.S)
    messages = [json.loads(found) for found in block.findall(PAGE)]
    assert [message["type"] for message in messages] == [
        "hello",
        "welcome",
        "offer",
        "accept",
        "progress",
        "done",
        "accepted",
        "offer",
        "reject",
    ]
    for message in messages:
        VALIDATOR.validate(message)


def test_the_result_of_the_page_fits():
    text = PAGE.partition("For `transcribe`:")[2].partition("`track` is")[0]
    result = protocol.read_result("transcribe", text.strip())
    assert isinstance(result, protocol.TranscriptionResult)
    assert result.phrases[0].words


def test_types_and_schema_agree_about_what_is_wrong():
    held = {"request_id": "r", "attempt": 1}
    right = [
        {"type": "drain"},
        {"type": "done", **held},
        {"type": "done", **held, "result": {"summary": "x"}, "later": [1]},
        {"type": "failed", **held, "code": "no_space", "retryable": True},
        {"type": "reject", **held},
    ]
    wrong = [
        {},
        [],
        {"type": "sing"},
        {"type": "done", "request_id": "r"},
        {"type": "done", **held, "attempt": -1},
        {"type": "done", **held, "request_id": ""},
        {"type": "failed", **held, "code": "No Space", "retryable": True},
        {"type": "failed", **held, "code": "no_space"},
        {"type": "progress", **held, "percent": 101},
        {"type": "hello", "engine_id": "e", "version": "1", "capabilities": ["sing"], "slots": 1},
    ]
    for message in right:
        VALIDATOR.validate(message)
        assert protocol.from_engine(json.dumps(message)).type == message["type"]
    for message in wrong:
        assert not VALIDATOR.is_valid(message), message
        with pytest.raises(protocol.BadMessage):
            protocol.from_engine(json.dumps(message))


@pytest.mark.parametrize(
    ("result", "place"),
    [
        ({"language": "en"}, "phrases"),
        ({"language": "en", "phrases": [{"track": 1, "start": 2, "end": 1, "text": "x"}]}, "0"),
        (
            {"language": "en", "phrases": [{"track": "a", "start": 0, "end": 1, "text": ""}]},
            "track",
        ),
        ({"language": "en", "phrases": [{"track": 1, "start": -1, "end": 1, "text": ""}]}, "start"),
        (
            {"language": "en", "phrases": [{"track": 1, "start": 0, "end": 1, "text": "a\0"}]},
            "text",
        ),
        ({"language": "en", "phrases": [], "audio": {"mp3": "../up.mp3"}}, "audio.mp3"),
        ({"language": "en", "phrases": [], "audio": {"mp3": ".."}}, "audio.mp3"),
        ('{"language": "en", "phrases": [}', "JSON"),
        ('{"language": "en", "phrases": [{"track":1,"start":NaN,"end":1,"text":""}]}', "0"),
    ],
)
def test_a_bad_result_says_where_and_not_what(result, place):
    with pytest.raises(protocol.BadMessage) as refused:
        protocol.read_result("transcribe", result)
    assert place in str(refused.value)
    assert "up.mp3" not in str(refused.value)


def test_an_engine_carries_no_django():
    code = (
        "import pkgutil, importlib, sys, engines.agent as a\n"
        "for m in pkgutil.walk_packages(a.__path__, 'engines.agent.'):\n"
        "    '.tests' in m.name or '__main__' in m.name or importlib.import_module(m.name)\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('django', 'celery', 'channels')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest_asyncio.fixture
async def example(gateway, tmp_path):
    place = tmp_path / "first_sentence.py"
    place.write_text(EXAMPLE)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        place,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "SAI_SERVER": gateway.url,
            "SAI_ENGINE_TOKEN": TOKEN,
        },
    )
    yield process
    process.kill()
    _, said = await process.communicate()
    assert said.decode() == ""


async def test_the_engine_of_the_page_works(gateway, example):
    text = {"kind": "summarize", "prompt": "Short.", "text": "We ship on Friday. Fine. Bye."}
    peer = await gateway.engine()
    await peer.send(type="ping")
    await peer.expect("pong")
    await peer.accepted("s1", attempt=2, **text)
    done = await peer.expect("done", "s1")
    assert done["attempt"] == 2
    assert protocol.read_result("summarize", done["result"]) == protocol.SummaryResult(
        summary="We ship on Friday."
    )
    await peer.offer("t1", files=[{"name": "a", "track": 1}])
    await peer.expect("reject", "t1")
    await peer.send(type="cancel", request_id="s9", attempt=1)
    assert (await peer.expect("failed", "s9"))["code"] == "cancelled"
    await peer.expect("ping")
    peer.drop()
    peer = await gateway.engine()
    await peer.accepted("s2", **text)
    await peer.expect("done", "s2")
    assert len(EXAMPLE.splitlines()) <= 60
