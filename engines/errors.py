"""What a machine that hears, speaks or thinks may raise; the adapter decides what is retryable.

* EngineError
  - BadMedia           415  the file can't be used as it is; trying again changes nothing
  - EngineUnavailable  503  the engine, its model or its process is not there now

Codes are snake_case words. Texts are msgids (see `common.errors.Untranslated`): engines are free of
Django and never translate.
"""

from common.errors import Untranslated, gettext_noop

__all__ = ["BadMedia", "EngineError", "EngineUnavailable", "gettext_noop"]


class EngineError(Untranslated):
    """Base: `code`, `msgid`, `details`, `retryable`, `next_action`. Holds no personal data."""

    status = 502
    code = "engine_failed"


class BadMedia(EngineError):
    """The file itself is the reason. Never retryable."""

    status = 415

    def __init__(
        self, code: str, message: str, *, next_action: str = "", **details: float | str
    ) -> None:
        super().__init__(code, message, retryable=False, next_action=next_action, **details)


class EngineUnavailable(EngineError):
    """The engine can't work now; `retryable` says whether waiting may help."""

    status = 503

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = True,
        next_action: str = "",
        **details: float | str,
    ) -> None:
        super().__init__(code, message, retryable=retryable, next_action=next_action, **details)
