"""What every language model promises: plain frozen values and one Protocol."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from engines.errors import EngineError
from engines.errors import gettext_noop as _

Value = TypeVar("Value", bound=BaseModel)
# Looks at a valid value; returns what is wrong with it (told to the model), or None.
Check = Callable[[Value], str | None]

NO_SECRET = SecretStr("")


def never_cancelled() -> bool:
    """Stand for a caller that never cancels."""
    return False


@dataclass(frozen=True, slots=True)
class LanguageProfile:
    """One language model as an administrator describes it.

    ``url`` is the base of the API, usually ending in ``/v1``. ``timeout_s`` bounds one attempt as
    a whole, seconds. ``max_retries`` counts attempts after the first. ``context_tokens`` is what
    one request may hold, prompt and answer together. ``options``: ``max_tokens``, ``top_p``,
    ``seed``, ``extra_body`` and ``headers`` go to the server; ``structured`` is ``"auto"``,
    ``"schema"`` or ``"prompt"``; ``check_truncation`` (default true) see openai_compatible.py.

    Raises EngineError ``llm_misconfigured`` for a value that cannot work.
    """

    name: str
    url: str
    model: str
    api_key: SecretStr = NO_SECRET
    timeout_s: float = 300.0
    max_retries: int = 3
    context_tokens: int = 8192
    temperature: float | None = 0.0
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    leaves_premises: bool = True
    proxy: SecretStr = NO_SECRET
    vendor: str = "openai-compatible"

    def __post_init__(self) -> None:
        for wrong, advice in self._mistakes():
            if wrong:
                raise EngineError(
                    "llm_misconfigured",
                    _("The language model profile “%(name)s” cannot work: %(advice)s"),
                    retryable=False,
                    next_action=_("Correct the profile “%(name)s”: %(advice)s"),
                    name=self.name,
                    advice=advice,
                )

    def _mistakes(self) -> list[tuple[bool, str]]:
        address = urlsplit(self.url)
        web = address.scheme in {"http", "https"} and bool(address.hostname)
        secret = bool(address.username or address.password or address.query)
        return [
            (not web, _("its URL must begin with http:// or https:// and name a host.")),
            (
                secret,
                _("its URL must hold no password and no query; put the key into the API key."),
            ),
            (not self.model.strip(), _("the name of the model is missing.")),
            (self.timeout_s <= 0, _("the time-out must be above 0 seconds.")),
            (self.max_retries < 0, _("the number of retries must be 0 or more.")),
            (self.context_tokens < 1024, _("the context must be at least 1024 tokens.")),
        ]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the server counted; zero where it does not say."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """A value that passed its schema and check, what it cost, and who gave it."""

    value: Value
    usage: Usage
    engine: str


class LanguageModel(Protocol):
    """A machine that answers a question with a value of a given shape."""

    @property
    def profile(self) -> LanguageProfile:
        """The profile this model was opened with."""
        ...

    def ask(
        self,
        system: str,
        *parts: str,
        output: type[Value],
        check: Check[Value] | None = None,
        cancelled: Callable[[], bool] = never_cancelled,
    ) -> Answer[Value]:
        """Ask and wait. ``parts`` are joined in order: put the question last.

        ``cancelled`` is asked several times a second, from inside an event loop: it may look at
        a flag, not at a database through Django. Once true, the request is dropped.
        Raises EngineError; its code ``cancelled`` when the caller asked for that.
        """
        ...
