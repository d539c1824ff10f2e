"""What the engine gateway and an engine say to each other, as types. Both sides import this file.

One JSON object per WebSocket text frame, told apart by `type` (an offer also by `kind`). Unknown
fields are ignored, so that either side may grow first; a known field of a wrong type is an error.
`docs/engine-protocol.md` tells the story; `engines.protocol_schema` makes the JSON Schema of it.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

MESSAGE_BYTES = 16 << 20
"""The largest message; a longer result is written into `result_dir` or loses its word times."""
OFFER_ANSWER_S = 5.0
"""An offer that nobody answered for this long is withdrawn."""


def _plain_name(name: str) -> str:
    """One part of a path and no way out of its folder."""
    if name in {".", ".."} or set(name) & {"/", "\\", "\0"}:
        raise ValueError("a plain file name, without a folder")
    return name


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("no zero characters")
    return text


Identity = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_nul)]
Attempt = Annotated[int, Field(ge=0, le=2**31 - 1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False, description="seconds of the file")]
FileName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\\\x00]+$"),
    AfterValidator(_plain_name),
]
Text = Annotated[str, StringConstraints(max_length=4 << 20), AfterValidator(_no_nul)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Short = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_no_nul)]
Language = Annotated[str, StringConstraints(max_length=20), AfterValidator(_no_nul)]
Capability = Literal["transcribe", "summarize"]


class Part(BaseModel):
    """A piece of a message."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class Message(Part):
    """Whatever has a `type`."""

    type: str

    def frame(self) -> str:
        """The text of its frame; what is not set is left out."""
        return self.model_dump_json(exclude_none=True)


class Held(Part):
    """A request and the number of the claim it is held under."""

    request_id: Identity
    attempt: Attempt


class Hello(Message):
    """The first message of an engine."""

    type: Literal["hello"] = "hello"
    engine_id: Annotated[
        str, StringConstraints(min_length=1, max_length=180), AfterValidator(_no_nul)
    ]
    """Stays the same when the engine connects again."""
    version: Short
    capabilities: list[Capability]
    languages: list[Language] = []
    """ISO 639-1 codes; empty: any."""
    slots: Annotated[int, Field(ge=1, le=1000)]
    """How many requests it works on at the same time."""
    holding: list[Held] = []
    """Requests it works on, and finished ones whose result nobody has acknowledged."""
    shared_files: bool = False
    """Whether it sees the exchange directory."""


class Welcome(Message):
    """The gateway's answer to `hello`."""

    type: Literal["welcome"] = "welcome"
    heartbeat_s: Annotated[float, Field(gt=0)]
    """The gateway wants to hear something at least this often."""
    lease_s: Annotated[float, Field(gt=0)]
    """After this much silence it gives the engine's requests to others."""


class OfferedFile(Part):
    """A track's sound: `name` in `source_dir`, or at `url`."""

    name: FileName
    track: int
    """Whose sound it is; comes back in every phrase."""
    participant: Short = ""
    url: str = ""
    """Short-lived and signed: GET, with Range. Absolute, or a path on the gateway's own host."""
    regions: list[tuple[Seconds, Seconds]] | None = None
    """Where somebody speaks, `[start, end]` each; without it the engine finds out by itself."""


class TranscribeParams(Part):
    """How to listen. Further fields are allowed and may be ignored."""

    model_config = ConfigDict(extra="allow", frozen=True)

    language: str | None = None
    """ISO 639-1; null or empty: the engine finds out."""
    engine: str | None = None
    """A speech engine by its name, when the user insists on one."""
    hotwords: str | None = None


class SummarizeParams(Part):
    """How to write. Further fields are allowed and may be ignored."""

    model_config = ConfigDict(extra="allow", frozen=True)

    language: str | None = None


class TranscribeOffer(Held, Message):
    """Sound that wants words."""

    type: Literal["offer"] = "offer"
    kind: Literal["transcribe"] = "transcribe"
    source_dir: str = ""
    """Relative to the exchange root."""
    result_dir: str = ""
    """Relative to the exchange root; `result.json` and audio go here."""
    files: Annotated[list[OfferedFile], Field(min_length=1)]
    params: TranscribeParams = TranscribeParams()
    upload_url: str = ""
    """PUT of audio that was made, where no files are shared; `{name}` becomes the file's name."""


class SummarizeOffer(Held, Message):
    """A text that wants a summary."""

    type: Literal["offer"] = "offer"
    kind: Literal["summarize"] = "summarize"
    prompt: str
    text: str
    params: SummarizeParams = SummarizeParams()


Offer = TranscribeOffer | SummarizeOffer


class Accept(Held, Message):
    """The engine takes the offer; the lease begins."""

    type: Literal["accept"] = "accept"


class Reject(Held, Message):
    """The engine does not take the offer; somebody else may."""

    type: Literal["reject"] = "reject"
    reason: Short = ""


class Progress(Held, Message):
    """At least every `heartbeat_s` for everything the engine works on."""

    type: Literal["progress"] = "progress"
    percent: Annotated[float, Field(ge=0, le=100)]
    stage: Short = ""


class Done(Held, Message):
    """Finished. `result` is checked apart from the message (`read_result`), so that a bad result
    is refused with a reason and a bad message is still a bad message."""

    type: Literal["done"] = "done"
    result: dict[str, Any] | None = None
    """Left out when `result.json` stands in `result_dir`."""


class Failed(Held, Message):
    """It did not work, or was given back; `retryable` says whether another try may help."""

    type: Literal["failed"] = "failed"
    code: Code
    message: Short = ""
    retryable: bool


class Cancel(Held, Message):
    """Stop and forget; the engine answers `failed` with the code `cancelled`."""

    type: Literal["cancel"] = "cancel"


class Accepted(Held, Message):
    """The result is safe; the engine may forget it."""

    type: Literal["accepted"] = "accepted"


class Refused(Held, Message):
    """The result is not wanted (an old attempt, a bad shape); the engine forgets it."""

    type: Literal["refused"] = "refused"
    reason: Short = ""


class Problem(Message):
    """The gateway could not use what the engine said. The connection goes on, or is closed next."""

    type: Literal["error"] = "error"
    code: Code
    message: Short = ""


class Drain(Message):
    """From the gateway: finish what you hold, take nothing new, then close. From an engine: it
    takes nothing new."""

    type: Literal["drain"] = "drain"


class Ping(Message):
    """Are you there? Either side may ask."""

    type: Literal["ping"] = "ping"


class Pong(Message):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"


class Timed(Part):
    """A stretch of a file."""

    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError("it ends before it starts")
        return self


class ResultWord(Timed):
    """One word of a phrase."""

    word: Text
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None


class ResultPhrase(Timed):
    """A phrase of one track."""

    track: int
    text: Text
    words: list[ResultWord] | None = None


class ResultAudio(Part):
    """Names of audio files made in `result_dir`, or uploaded under these names."""

    mp3: FileName | None = None
    wav: FileName | None = None


class TranscriptionResult(Part):
    """What `result.json` or `done.result` holds for the kind `transcribe`."""

    language: Language
    """ISO 639-1; empty where nobody spoke."""
    phrases: list[ResultPhrase]
    audio: ResultAudio | None = None
    engine: Annotated[str, StringConstraints(max_length=100), AfterValidator(_no_nul)] | None = None
    """What recognised it, for people: engine and model."""


class SummaryResult(Part):
    """What `done.result` holds for the kind `summarize`."""

    summary: Text


Result = TranscriptionResult | SummaryResult
RESULTS: dict[str, type[TranscriptionResult] | type[SummaryResult]] = {
    "transcribe": TranscriptionResult,
    "summarize": SummaryResult,
}

FromServer = (
    Problem
    | Welcome
    | TranscribeOffer
    | SummarizeOffer
    | Cancel
    | Accepted
    | Refused
    | Drain
    | Ping
    | Pong
)
FromEngine = Hello | Accept | Reject | Progress | Done | Failed | Drain | Ping | Pong

_offer = Annotated[Offer, Field(discriminator="kind")]
_from_server: TypeAdapter[FromServer] = TypeAdapter(
    Annotated[
        Problem | Welcome | _offer | Cancel | Accepted | Refused | Drain | Ping | Pong,
        Field(discriminator="type"),
    ]
)
_from_engine: TypeAdapter[FromEngine] = TypeAdapter(
    Annotated[FromEngine, Field(discriminator="type")]
)


class BadMessage(ValueError):
    """A frame or a result that breaks the protocol. The text names fields, never their values."""


def from_server(frame: str | bytes) -> FromServer:
    """A frame that an engine received. Raises BadMessage."""
    try:
        return _from_server.validate_json(frame)
    except ValidationError as error:
        raise BadMessage(_told(error)) from None


def from_engine(frame: str | bytes) -> FromEngine:
    """A frame that the gateway received. Raises BadMessage."""
    try:
        return _from_engine.validate_json(frame)
    except ValidationError as error:
        raise BadMessage(_told(error)) from None


def read_result(kind: str, raw: object) -> Result:
    """A result of that kind from JSON (text, bytes) or from what `json.loads` made of it.

    Raises BadMessage saying which field is wrong.
    """
    model = RESULTS[kind]
    try:
        if isinstance(raw, str | bytes):
            return model.model_validate_json(raw)
        return model.model_validate(raw)
    except ValidationError as error:
        raise BadMessage(_told(error)) from None


def as_json(part: Part) -> dict[str, Any]:
    """Plain values; what is not set is left out."""
    return part.model_dump(mode="json", exclude_none=True)


def _told(error: ValidationError) -> str:
    """The first mistakes: where and what, without what was sent (it may be somebody's phrase)."""
    mistakes = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(_told_one(mistake) for mistake in mistakes[:3])


def _told_one(mistake: Any) -> str:
    unknown = mistake["type"] == "union_tag_invalid"
    said = "unknown type or kind" if unknown else mistake["msg"]
    return f"{'.'.join(str(part) for part in mistake['loc']) or 'message'}: {said}"
