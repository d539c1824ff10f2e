"""Language models over real sockets: answers, failures, retries, cancel, secrets, leaks."""

import os
import threading
import time
from collections.abc import Iterator
from multiprocessing import get_context

import pytest
from pydantic import BaseModel, SecretStr

from engines.errors import EngineError
from engines.llm import openai_compatible
from engines.llm.base import LanguageProfile
from engines.llm.fake import FakeLanguageModel
from engines.llm.registry import get_language_model
from tests.standins.openai_server import MODEL, OpenAIStandIn

KEY = "sk-very-secret-key"
TRANSCRIPT = "<transcript>\n[1] Anna: We ship the report on Friday.\n[2] Ivan: Fine.\n</transcript>"


class Fact(BaseModel):
    text: str
    evidence: list[int]


class Facts(BaseModel):
    items: list[Fact]


class Colour(BaseModel):
    name: str
    shade: int


@pytest.fixture
def server() -> Iterator[OpenAIStandIn]:
    with OpenAIStandIn(api_key=KEY) as standin:
        yield standin


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "FIRST_WAIT_S", 0.02)


def profile(server: OpenAIStandIn, **changes: object) -> LanguageProfile:
    values: dict[str, object] = {
        "name": "office",
        "url": server.url,
        "model": MODEL,
        "api_key": SecretStr(KEY),
        "timeout_s": 5.0,
        "max_retries": 2,
    }
    return LanguageProfile(**{**values, **changes})  # type: ignore[arg-type]


def ask(server: OpenAIStandIn, *, cancelled=lambda: False, check=None, **changes: object):
    model = get_language_model(profile(server, **changes))
    return model.ask(
        "Summarise.", TRANSCRIPT, "What?", output=Facts, check=check, cancelled=cancelled
    )


def refusal(server: OpenAIStandIn, **changes: object) -> EngineError:
    with pytest.raises(EngineError) as caught:
        ask(server, **changes)
    return caught.value


def test_the_answer_is_a_checked_value_with_its_cost(server: OpenAIStandIn) -> None:
    answer = ask(server)
    assert answer.value.items[0].evidence == [1]
    assert answer.value.items[0].text == "We ship the report on Friday."
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer.engine == f"office/{MODEL}"


def test_system_text_comes_first_and_the_question_last(server: OpenAIStandIn) -> None:
    ask(server, temperature=0.2, options={"max_tokens": 77})
    body = server.seen[0].body
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][0]["content"] == "Summarise."
    assert body["messages"][1]["content"] == f"{TRANSCRIPT}\n\nWhat?"
    assert "tools" not in body
    assert body["temperature"] == 0.2
    assert body["max_tokens"] == 77
    assert body["response_format"]["json_schema"]["schema"]["properties"].keys() == {"items"}
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"


def test_any_flat_shape_can_be_asked_for(server: OpenAIStandIn) -> None:
    model = get_language_model(profile(server))
    assert model.ask("s", "q", output=Colour).value == Colour(name="stand-in", shade=1)


def test_a_server_without_json_schema_is_asked_by_prompt_and_remembered(
    server: OpenAIStandIn,
) -> None:
    server.supports_schema = False
    model = get_language_model(profile(server))
    for _ in range(2):
        answer = model.ask("Summarise.", TRANSCRIPT, "What?", output=Facts)
        assert answer.value.items[0].evidence == [1]
    assert ["response_format" in seen.body for seen in server.seen] == [True, False, False]
    assert "evidence" in server.seen[-1].body["messages"][0]["content"]


@pytest.mark.parametrize(
    "behaviour", ["server_error", "overloaded", "html_502", "cut", "invalid_json", "empty"]
)
def test_what_passes_by_itself_is_asked_again(server: OpenAIStandIn, behaviour: str) -> None:
    server.queue(behaviour)
    assert ask(server).value.items
    assert len(server.seen) == 2


def test_retry_after_is_honoured(server: OpenAIStandIn) -> None:
    server.queue("rate_limited")
    began = time.monotonic()
    assert ask(server).value.items
    assert 1.0 <= time.monotonic() - began < 4.0


def test_a_very_long_retry_after_goes_back_to_the_queue(server: OpenAIStandIn) -> None:
    server.queue("rate_limited_long")
    began = time.monotonic()
    error = refusal(server)
    assert (error.code, error.retryable) == ("llm_rate_limited", True)
    assert time.monotonic() - began < 4
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("behaviour", "code", "retryable", "requests"),
    [
        ("server_error", "llm_unavailable", True, 3),
        ("html_502", "llm_unavailable", True, 3),
        ("cut", "llm_unreachable", True, 3),
        ("no_quota", "llm_quota", False, 1),
        ("redirect", "llm_redirected", False, 1),
        ("cut_by_length", "llm_output_too_long", False, 1),
        ("invalid_json", "llm_bad_output", True, 6),
        ("breaks_schema", "llm_bad_output", True, 6),
        ("empty", "llm_bad_output", True, 6),
        ("html_200", "llm_bad_output", True, 3),
    ],
)
def test_every_failure_has_its_code_and_is_bounded(
    server: OpenAIStandIn, behaviour: str, code: str, retryable: bool, requests: int
) -> None:
    server.default = behaviour
    error = refusal(server)
    assert (error.code, error.retryable) == (code, retryable)
    assert error.next_action
    assert len(server.seen) == requests


def test_a_wrong_key_is_told_once_and_never_shown(
    server: OpenAIStandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    error = refusal(server, api_key=SecretStr("sk-wrong-key"))
    assert (error.code, error.retryable) == ("llm_unauthorized", False)
    assert "API key" in error.next_action
    assert len(server.seen) == 1
    out, err = capfd.readouterr()
    told = f"{error}{error.message}{error.next_action}{error.__cause__}{out}{err}"
    assert "sk-wrong-key" not in told
    assert "sk-wrong-key" not in repr(profile(server, api_key=SecretStr("sk-wrong-key")))
    assert error.__suppress_context__


def test_an_unknown_model_and_a_wrong_path(server: OpenAIStandIn) -> None:
    unknown = refusal(server, model="gpt-none")
    assert (unknown.code, unknown.retryable) == ("llm_not_found", False)
    assert "gpt-none" in unknown.message
    assert refusal(server, url=server.url.replace("/v1", "/api")).code == "llm_not_found"


def test_too_long_a_question(server: OpenAIStandIn) -> None:
    server.context_tokens = 10
    error = refusal(server)
    assert (error.code, error.retryable) == ("llm_context_overflow", False)
    assert "context_tokens" in error.next_action


def test_a_server_that_silently_cuts_the_prompt_is_caught(server: OpenAIStandIn) -> None:
    server.counts_tokens_up_to = 500
    model = get_language_model(profile(server))
    with pytest.raises(EngineError) as caught:
        model.ask("Summarise.", TRANSCRIPT, "word " * 4000, output=Facts)
    assert caught.value.code == "llm_prompt_truncated"


def test_nobody_listens() -> None:
    nowhere = LanguageProfile("none", "http://127.0.0.1:9/v1", "m", max_retries=1)
    with pytest.raises(EngineError) as caught:
        get_language_model(nowhere).ask("s", "q", output=Facts)
    assert (caught.value.code, caught.value.retryable) == ("llm_unreachable", True)


def test_a_slow_server_meets_the_time_out(server: OpenAIStandIn) -> None:
    server.default = "slow"
    began = time.monotonic()
    error = refusal(server, timeout_s=0.4, max_retries=1)
    assert (error.code, error.retryable) == ("llm_timeout", True)
    assert time.monotonic() - began < 4
    assert len(server.seen) == 2


def test_cancel_drops_the_request(server: OpenAIStandIn) -> None:
    server.default = "slow"
    asked_to_stop = threading.Event()
    threading.Timer(0.5, asked_to_stop.set).start()
    began = time.monotonic()
    error = refusal(server, cancelled=asked_to_stop.is_set, timeout_s=60)
    assert error.code == "cancelled"
    assert time.monotonic() - began < 4
    assert server.dropped.wait(3), "the connection was not closed"
    assert len(server.seen) == 1


def test_the_check_sends_the_model_back_once(server: OpenAIStandIn) -> None:
    complaints = ["Cite phrase 2 as well.", None]
    answer = ask(server, check=lambda value: complaints.pop(0))
    assert answer.value.items
    assert len(server.seen) == 2
    assert "Cite phrase 2 as well." in server.seen[1].prompt
    assert refusal(server, check=lambda value: "never good").code == "llm_bad_output"


def test_proxies_and_keys_of_the_environment_are_not_used(
    server: OpenAIStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
    assert refusal(server, api_key=SecretStr("")).code == "llm_unauthorized"
    assert "sk-from-environment" not in str(server.seen[0].headers)


def test_no_socket_is_left_open(server: OpenAIStandIn) -> None:
    ask(server)
    before = len(os.listdir("/proc/self/fd"))
    server.queue("cut", "honest", "server_error")
    for _ in range(5):
        ask(server)
    time.sleep(0.2)
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def _ask_in_a_child(given: LanguageProfile, answers) -> None:
    answer = get_language_model(given).ask("Summarise.", TRANSCRIPT, output=Facts)
    answers.put(answer.value.items[0].evidence)


def test_a_forked_child_may_ask_after_its_parent_did(server: OpenAIStandIn) -> None:
    ask(server)
    context = get_context("fork")
    answers = context.Queue()
    children = [
        context.Process(target=_ask_in_a_child, args=(profile(server), answers)) for _ in range(2)
    ]
    for child in children:
        child.start()
    assert [answers.get(timeout=30) for _ in children] == [[1], [1]]
    for child in children:
        child.join(10)
        assert child.exitcode == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"url": "ftp://host/v1"}, "http"),
        ({"url": "http://user:pass@host/v1"}, "password"),
        ({"model": " "}, "model"),
        ({"timeout_s": 0}, "time-out"),
        ({"vendor": "gpt"}, "openai-compatible"),
    ],
)
def test_a_profile_that_cannot_work_says_so(
    server: OpenAIStandIn, changes: dict[str, object], word: str
) -> None:
    with pytest.raises(EngineError) as caught:
        get_language_model(profile(server, **changes))
    assert caught.value.code == "llm_misconfigured"
    assert word in caught.value.next_action
    assert "pass@" not in str(caught.value)
    assert server.seen == []


def test_the_fake_answers_in_order_and_remembers() -> None:
    facts = Facts(items=[Fact(text="x", evidence=[1])])
    fake = FakeLanguageModel([facts, EngineError("llm_timeout", "late", retryable=True)])
    assert fake.ask("s", "a", "b", output=Facts).value == facts
    with pytest.raises(EngineError):
        fake.ask("s", "c", output=Facts)
    assert [question.prompt for question in fake.questions] == ["a\n\nb", "c"]
