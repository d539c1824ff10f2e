"""The getter: which vendor's adapter speaks for a profile."""

from collections.abc import Callable, Mapping

from engines.errors import EngineError
from engines.errors import gettext_noop as _
from engines.llm.base import LanguageModel, LanguageProfile
from engines.llm.openai_compatible import OpenAICompatible

VENDORS: Mapping[str, Callable[[LanguageProfile], LanguageModel]] = {
    "openai-compatible": OpenAICompatible,
    "openai": OpenAICompatible,
    "ollama": OpenAICompatible,
    "vllm": OpenAICompatible,
}


def get_language_model(profile: LanguageProfile) -> LanguageModel:
    """Open the model a profile names. Nothing is sent before the first question.

    Raises EngineError ``llm_misconfigured`` for an unknown vendor.
    """
    if profile.vendor not in VENDORS:
        known = ", ".join(sorted(VENDORS))
        raise EngineError(
            "llm_misconfigured",
            _("No language model vendor is called “%(vendor)s”."),
            retryable=False,
            next_action=_("Choose one of: %(known)s."),
            vendor=profile.vendor,
            known=known,
        )
    return VENDORS[profile.vendor](profile)
