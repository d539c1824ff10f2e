"""The settings of this app, with types. The only reader of `settings.ANALYTICS`."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed
from pydantic import SecretStr

from engines.llm.base import LanguageProfile

REMOTE = "remote"
"""As the address: engines of the gateway write summaries."""


@dataclass(frozen=True, slots=True)
class Conf:
    url: str
    model: str
    api_key: str
    context_tokens: int
    timeout_seconds: float

    @property
    def profile(self) -> LanguageProfile | None:
        """The language model of this installation; None: summaries are extractive."""
        if self.url in ("", REMOTE):
            return None
        return LanguageProfile(
            name="default",
            url=self.url,
            model=self.model,
            api_key=SecretStr(self.api_key),
            timeout_s=self.timeout_seconds,
            context_tokens=self.context_tokens,
        )


@lru_cache(maxsize=1)
def conf() -> Conf:
    return Conf(**settings.ANALYTICS)


setting_changed.connect(lambda **_: conf.cache_clear(), weak=False, dispatch_uid="analytics.conf")
