"""A language model for tests: answers what it was given, and remembers what it was asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pydantic import BaseModel

from engines.errors import EngineError
from engines.llm.base import Answer, Check, LanguageProfile, Usage, Value, never_cancelled

Reply = BaseModel | EngineError | Callable[[str], BaseModel]


@dataclass(frozen=True, slots=True)
class Question:
    """What the fake was asked: the system text and the joined parts."""

    system: str
    prompt: str


def fake_profile(**changes: object) -> LanguageProfile:
    """Return a profile that points nowhere."""
    values: dict[str, object] = {"name": "fake", "url": "http://fake.invalid/v1", "model": "fake"}
    return LanguageProfile(**{**values, **changes})  # type: ignore[arg-type]  # any field, by its name


@dataclass
class FakeLanguageModel:
    """Gives ``replies`` in order, the last one again and again; an error among them is raised."""

    replies: Iterable[Reply]
    profile: LanguageProfile = field(default_factory=fake_profile)
    questions: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._replies = list(self.replies)

    def ask(
        self,
        system: str,
        *parts: str,
        output: type[Value],
        check: Check[Value] | None = None,
        cancelled: Callable[[], bool] = never_cancelled,
    ) -> Answer[Value]:
        """Answer the next reply, checked like a real one."""
        if cancelled():
            raise EngineError("cancelled", "The request was cancelled.", retryable=False)
        prompt = "\n\n".join(parts)
        reply = self._replies[min(len(self.questions), len(self._replies) - 1)]
        self.questions.append(Question(system, prompt))
        if isinstance(reply, EngineError):
            raise reply
        given = reply if isinstance(reply, BaseModel) else reply(prompt)
        value = output.model_validate(given.model_dump())
        if check is not None and check(value):
            raise EngineError("llm_bad_output", "The answer failed its check.", retryable=True)
        words = len(prompt.split())
        return Answer(value, Usage(words, len(value.model_dump_json()) // 4), self.profile.name)
