"""Any server that speaks OpenAI's chat completions: OpenAI, vLLM, Ollama's ``/v1``, llama.cpp.

Each question runs on a fresh event loop with its own connection, closed before the answer is
handed over: safe in a prefork worker and in a thread, nothing is left open. Retries, time-outs
and the meaning of failures are ours; the SDK's own retries are off, redirects are not followed,
the environment is not read, and no vendor message (it may quote the key or the prompt) leaves.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from engines.errors import EngineError
from engines.llm.base import Answer, Check, LanguageProfile, Usage, Value, never_cancelled
from engines.llm.exchange import ExchangeFailed, Question, exchange
from engines.llm.failures import failed

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

CANCEL_POLL_S = 0.2
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
# A server that asks for a longer pause is asked again by the queue, not by a sleeping worker.
LONGEST_RETRY_AFTER_S = 60.0
# No tokenizer packs more characters of running text into a token (measured: English 4.5 to 5.5,
# Russian 2 to 4): fewer counted tokens mean that the server dropped a part of the prompt, as
# Ollama silently does. Short prompts are not judged.
CHARACTERS_PER_TOKEN = 8
SHORTEST_JUDGED = 8000


class OpenAICompatible:
    """A language model behind an OpenAI-compatible URL. See base.LanguageModel."""

    def __init__(self, profile: LanguageProfile) -> None:
        self.profile = profile
        self._structured = str(profile.options.get("structured", "auto"))

    def ask(
        self,
        system: str,
        *parts: str,
        output: type[Value],
        check: Check[Value] | None = None,
        cancelled: Callable[[], bool] = never_cancelled,
    ) -> Answer[Value]:
        """Ask from synchronous code; not from inside a running event loop."""
        question = Question(self.profile, system, "\n\n".join(parts), output, check)
        return asyncio.run(_until_cancelled(self._ask(question), cancelled, self._failed))

    async def _ask(self, question: Question[Value]) -> Answer[Value]:
        for attempt in range(self.profile.max_retries + 1):
            try:
                return await self._ask_in_a_known_shape(question)
            except ExchangeFailed as failure:
                error = self._failed(failure.code, failure.detail)
                pause = _pause(attempt, failure.retry_after)
            last = attempt == self.profile.max_retries
            log.warning(
                "language model failed", engine=self.profile.name, code=error.code, attempt=attempt
            )
            if last or not error.retryable or pause is None:
                raise error from None
            await asyncio.sleep(pause)
        raise AssertionError("the loop above returns or raises")

    async def _ask_in_a_known_shape(self, question: Question[Value]) -> Answer[Value]:
        """Use the server's JSON schema where it has one; otherwise describe it in the prompt."""
        if self._structured != "prompt":
            try:
                return await self._attempt(question, by_schema=True)
            except ExchangeFailed as failure:
                if failure.code != "llm_rejected" or self._structured == "schema":
                    raise
            log.info("language model has no structured output", engine=self.profile.name)
        answer = await self._attempt(question, by_schema=False)
        self._structured = "prompt"
        return answer

    async def _attempt(self, question: Question[Value], *, by_schema: bool) -> Answer[Value]:
        value, usage = await exchange(question, by_schema=by_schema)
        self._refuse_truncation(question, usage)
        return Answer(value, usage, f"{self.profile.name}/{self.profile.model}")

    def _refuse_truncation(self, question: Question[Value], usage: Usage) -> None:
        length = len(question.system) + len(question.prompt)
        judged = self.profile.options.get("check_truncation", True) and length > SHORTEST_JUDGED
        if judged and 0 < usage.input_tokens * CHARACTERS_PER_TOKEN < length:
            raise self._failed("llm_prompt_truncated", f"{usage.input_tokens} tokens")

    def _failed(self, code: str, detail: str = "") -> EngineError:
        return failed(code, name=self.profile.name, model=self.profile.model, detail=detail)


async def _until_cancelled(
    work: Coroutine[Any, Any, Result],
    cancelled: Callable[[], bool],
    stopped: Callable[[str], EngineError],
) -> Result:
    """Run ``work``; drop it, connection included, soon after ``cancelled`` turns true."""
    task = asyncio.ensure_future(work)
    while not task.done():
        if cancelled():
            task.cancel()
            await asyncio.wait({task})
            raise stopped("cancelled")
        await asyncio.wait({task}, timeout=CANCEL_POLL_S)
    return task.result()


def _pause(attempt: int, retry_after: float | None) -> float | None:
    """Seconds to wait before the next attempt, with jitter; None when it is too long to wait."""
    if retry_after is not None:
        if retry_after > LONGEST_RETRY_AFTER_S:
            return None
        return retry_after + random.uniform(0, 0.25 * FIRST_WAIT_S)  # noqa: S311 not a secret
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
    return random.uniform(longest / 2, longest)  # noqa: S311 not a secret
