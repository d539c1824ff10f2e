"""What each way to fail means for the user: one table, no vendor's words in it."""

from dataclasses import dataclass

from engines.errors import EngineError
from engines.errors import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail; texts are msgids and may use %(name)s (of the profile), %(model)s."""

    message: str
    retryable: bool
    next_action: str


FAILURES = {
    "llm_unauthorized": Failure(
        _("The language model “%(name)s” did not accept the API key."),
        False,
        _("Put a valid API key into the profile “%(name)s” (SAI_LLM_API_KEY), then run it again."),
    ),
    "llm_not_found": Failure(
        _("The language model server does not know the model “%(model)s”, or its URL is wrong."),
        False,
        _("Compare the model's name and the URL (usually ending in /v1) with the server."),
    ),
    "llm_context_overflow": Failure(
        _("The question is longer than the language model “%(model)s” can read."),
        False,
        _("Set the profile's context_tokens to what the server really takes, or raise it there."),
    ),
    "llm_prompt_truncated": Failure(
        _("The server of “%(model)s” read only a part of the question, so its answer was dropped."),
        False,
        _(
            "Raise the server's context (Ollama: OLLAMA_CONTEXT_LENGTH or num_ctx), or lower the "
            "profile's context_tokens to it."
        ),
    ),
    "llm_output_too_long": Failure(
        _("The language model “%(model)s” reached its limit before it finished the answer."),
        False,
        _("Raise the option max_tokens of the profile “%(name)s”, or remove it."),
    ),
    "llm_quota": Failure(
        _("The account of the language model “%(name)s” has no quota left."),
        False,
        _("Top up the account, or choose another language model; then run the step again."),
    ),
    "llm_rate_limited": Failure(
        _("The language model “%(name)s” is over its rate limit."),
        True,
        _("Nothing: it is asked again later. If this repeats, run fewer steps at once."),
    ),
    "llm_unavailable": Failure(
        _("The server of the language model “%(name)s” failed or is overloaded."),
        True,
        _("Nothing: it is asked again later. If this repeats, look at the server's own log."),
    ),
    "llm_unreachable": Failure(
        _("The server of the language model “%(name)s” cannot be reached."),
        True,
        _("Check that the server runs and that the profile's URL is right."),
    ),
    "llm_timeout": Failure(
        _("The language model “%(name)s” did not answer in time."),
        True,
        _("If this repeats, raise the profile's time-out or use a smaller or faster model."),
    ),
    "llm_redirected": Failure(
        _("The server of the language model “%(name)s” redirects, which is not followed."),
        False,
        _("Put the final address into the profile's URL."),
    ),
    "llm_rejected": Failure(
        _("The server of the language model “%(name)s” rejected the request."),
        False,
        _("Check the profile's options; the server's own log says what it did not like."),
    ),
    "llm_bad_output": Failure(
        _("The language model “%(model)s” did not answer in the shape it was asked for."),
        True,
        _("If this repeats, choose a stronger model or a server with structured output."),
    ),
    "cancelled": Failure(_("The request was cancelled."), False, ""),
}


def failed(code: str, *, name: str, model: str, detail: str = "") -> EngineError:
    """Build the error for a code; ``detail`` is a short safe word, such as an HTTP status."""
    failure = FAILURES[code]
    return EngineError(
        code,
        failure.message,
        retryable=failure.retryable,
        next_action=failure.next_action,
        name=name,
        model=model,
        detail=detail,
    )
