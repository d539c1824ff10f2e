"""One exchange with an OpenAI-compatible server, through pydantic-ai.

The only file that touches the vendor's libraries; they load on first use (about two seconds).
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Generic

from engines.llm.base import Check, LanguageProfile, Usage, Value

CONNECT_TIMEOUT_S = 10.0
# The model may correct its answer this many times after it broke the schema or the check.
CORRECTIONS = 1

_SAFE_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Question(Generic[Value]):
    """One question with all that an exchange needs."""

    profile: LanguageProfile
    system: str
    prompt: str
    output: type[Value]
    check: Check[Value] | None


class ExchangeFailed(Exception):
    """An exchange failed: a code of failures.py, a safe detail, the pause the server asked for."""

    def __init__(self, code: str, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


async def exchange(question: Question[Value], *, by_schema: bool) -> tuple[Value, Usage]:
    """Send the question once (and its corrections) and return the checked value.

    ``by_schema`` asks the server to keep to the JSON schema; otherwise the prompt describes it.
    Raises ExchangeFailed for whatever the server or the network did.
    """
    import httpx2
    from pydantic_ai.exceptions import AgentRunError

    try:
        async with asyncio.timeout(question.profile.timeout_s):
            return await _run(question, by_schema=by_schema)
    except TimeoutError:
        raise ExchangeFailed("llm_timeout") from None
    except (AgentRunError, httpx2.HTTPError) as problem:
        # Without "from": the vendor's exceptions quote bodies, and bodies quote keys and phrases.
        raise _translate(problem) from None


async def _run(question: Question[Value], *, by_schema: bool) -> tuple[Value, Usage]:
    import httpx2

    profile = question.profile
    async with httpx2.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        proxy=profile.proxy.get_secret_value() or None,
        # The whole exchange is bounded above: a slow model may be silent for minutes.
        timeout=httpx2.Timeout(None, connect=min(CONNECT_TIMEOUT_S, profile.timeout_s)),
    ) as client:
        agent = _agent(question, client, by_schema=by_schema)
        result = await agent.run(question.prompt)
    usage = result.usage
    return result.output, Usage(usage.input_tokens or 0, usage.output_tokens or 0)


def _agent(question: Question[Value], client: Any, *, by_schema: bool) -> Any:
    from pydantic_ai import Agent, ModelRetry, NativeOutput, PromptedOutput

    shape = NativeOutput if by_schema else PromptedOutput
    agent = Agent(
        _model(question.profile, client),
        output_type=shape(question.output),
        instructions=question.system,
        retries=CORRECTIONS,
        model_settings=_settings(question.profile),
    )

    @agent.output_validator
    async def apply_check(value: Value) -> Value:
        complaint = question.check(value) if question.check else None
        if complaint:
            raise ModelRetry(complaint)
        return value

    return agent


def _model(profile: LanguageProfile, client: Any) -> Any:
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    sdk = AsyncOpenAI(
        base_url=profile.url,
        # The SDK would take a missing key from the environment and send it to this server.
        api_key=profile.api_key.get_secret_value() or "none",
        http_client=client,
        max_retries=0,
    )
    return OpenAIChatModel(
        profile.model,
        provider=OpenAICompatibleProvider(profile.name, openai_client=sdk),
        profile=OpenAIModelProfile(
            supports_json_schema_output=True,
            # Plain prompting is the fallback for servers that refuse response_format at all.
            supports_json_object_output=False,
            # Chat templates of some open models raise on a second system message.
            openai_chat_supports_multiple_system_messages=False,
            # Only OpenAI itself insists on the newer name of the limit.
            openai_chat_supports_max_completion_tokens=".openai.com" in profile.url,
        ),
    )


def _settings(profile: LanguageProfile) -> Any:
    from pydantic_ai.settings import ModelSettings

    settings = ModelSettings()
    if profile.temperature is not None:
        settings["temperature"] = profile.temperature
    for key in ("max_tokens", "top_p", "seed", "extra_body"):
        if key in profile.options:
            settings[key] = profile.options[key]
    if "headers" in profile.options:
        settings["extra_headers"] = dict(profile.options["headers"])
    return settings


def _translate(problem: Exception) -> ExchangeFailed:
    """Say by a code of ours what the vendor's exception means."""
    from pydantic_ai import exceptions

    status = getattr(problem, "status_code", None)
    vendor_code = str(getattr(problem, "provider_error_code", None) or "")
    words = [f"HTTP {status}"] if isinstance(status, int) else []
    words += [vendor_code] if _SAFE_WORD.fullmatch(vendor_code) else []
    detail = ", ".join(words)
    for kind, code in (
        (exceptions.ModelTimeoutError, "llm_timeout"),
        (exceptions.ModelConnectionError, "llm_unreachable"),
        (exceptions.ModelQuotaExceededError, "llm_quota"),
        (exceptions.ModelRateLimitError, "llm_rate_limited"),
        (exceptions.ModelAuthenticationError, "llm_unauthorized"),
        (exceptions.ModelContextWindowExceededError, "llm_context_overflow"),
        (exceptions.ModelNotFoundError, "llm_not_found"),
        (exceptions.ModelRequestRejectedError, "llm_rejected"),
        (exceptions.ModelUnavailableError, "llm_unavailable"),
        (exceptions.ModelServerError, "llm_unavailable"),
        (exceptions.OutputTokenLimitExceeded, "llm_output_too_long"),
        (exceptions.UnexpectedModelBehavior, "llm_bad_output"),
    ):
        if isinstance(problem, kind):
            return ExchangeFailed(code, detail, getattr(problem, "retry_after", None))
    return ExchangeFailed(_code_of_a_rare_problem(problem, status), detail)


def _code_of_a_rare_problem(problem: Exception, status: object) -> str:
    """Tell redirects and broken connections from what nobody has met yet."""
    import httpx2

    status = status or getattr(problem.__cause__, "status_code", None)
    if isinstance(status, int) and 300 <= status < 400:
        return "llm_redirected"
    if isinstance(problem, httpx2.TransportError):
        return "llm_unreachable"
    return "llm_bad_output"
