"""The ways in which a remote engine can fail to do its work, each with what it means."""

from collections.abc import Mapping

from engines.errors import EngineError
from engines.errors import gettext_noop as _


def told(error: EngineError) -> Mapping[str, str | bool]:
    """An error as a `failed` message carries it: code, message, retryable."""
    message = error.message.replace("\0", "")[:1000]
    return {"code": error.code, "message": message, "retryable": error.retryable}


def bad_path() -> EngineError:
    return EngineError(
        "bad_path",
        _("A path of the offer leads out of the shared directory."),
        retryable=False,
        next_action=_("Check that the engine's --exchange and --storage are the gateway's own."),
    )


def source_missing() -> EngineError:
    return EngineError(
        "source_missing",
        _("A file of the offer can't be read where the offer says it is."),
        retryable=False,
        next_action=_("Check that the engine sees the exchange directory, or start it without."),
    )


def download_failed(detail: str) -> EngineError:
    return EngineError(
        "download_failed",
        _("A file could not be fetched from the gateway (%(detail)s)."),
        retryable=True,
        next_action=_("Check the network between the engine and the gateway."),
        detail=detail,
    )


def upload_failed(detail: str) -> EngineError:
    return EngineError(
        "upload_failed",
        _("Audio that was made could not be sent to the gateway (%(detail)s)."),
        retryable=True,
        next_action=_("Check the network between the engine and the gateway."),
        detail=detail,
    )


def no_space() -> EngineError:
    return EngineError(
        "no_space",
        _("The engine has no room on its disk."),
        retryable=True,
        next_action=_("Make room in the engine's --scratch directory."),
    )


def result_too_large() -> EngineError:
    return EngineError(
        "result_too_large",
        _("The result is larger than one message may be."),
        retryable=False,
        next_action=_("Give the engine the shared directory (--exchange)."),
    )


def too_long_for_the_model() -> EngineError:
    return EngineError(
        "llm_context_overflow",
        _("The text does not fit into what the engine's language model can read."),
        retryable=False,
        next_action=_("Shorten the prompt, or raise the engine's --llm-context."),
    )


def worker_lost() -> EngineError:
    return EngineError(
        "worker_lost",
        _("The process that did the work was stopped from outside."),
        retryable=True,
        next_action=_("Look whether the engine's machine runs out of memory."),
    )


def worker_stalled() -> EngineError:
    return EngineError(
        "worker_stalled",
        _("The process that did the work did not move on and was stopped."),
        retryable=True,
        next_action=_("Look at the engine's log; --stall sets how long it may take."),
    )


def stopping() -> EngineError:
    return EngineError(
        "engine_stopping",
        _("The engine is being stopped and gave its work back."),
        retryable=True,
    )


def cancelled() -> EngineError:
    return EngineError("cancelled", _("The request was cancelled."), retryable=False)


def broken() -> EngineError:
    return EngineError(
        "engine_failed",
        _("The engine failed in a way it does not know."),
        retryable=True,
        next_action=_("Look at the engine's log."),
    )
