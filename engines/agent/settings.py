"""What the program is told: by arguments, else by its environment. Nothing else reads either.

Secrets have no place in a list of processes: give them by environment or file.
"""

import argparse
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

PATH = "/ws/supervisor"
LONGEST_ID = 180
FORMATS = ("", "mp3", "wav")
SECRETS = ("SAI_ENGINE_TOKEN", "SAI_LLM_API_KEY")
"""Taken out of the environment at once: no child and no library ever sees them there."""


class WrongSettings(Exception):
    """The program can't start like this; the text says which name is wrong and what it may be."""


@dataclass(frozen=True)
class Token:
    """A token, or the file it stands in: read anew for every connection, so it can be changed."""

    value: str = field(default="", repr=False)
    file: Path | None = None

    def read(self) -> str:
        """Raises WrongSettings when the file is not there or empty."""
        if self.file is None:
            return self.value
        try:
            value = self.file.read_text().strip()
        except OSError as error:
            raise WrongSettings(f"--token-file {self.file}: {error.strerror}") from None
        if not value:
            raise WrongSettings(f"--token-file {self.file} is empty")
        return value


@dataclass(frozen=True)
class Work:
    """What a worker child has to know; goes to it as JSON. Directories are real paths or ""."""

    engine: str
    engine_options: dict[str, Any]
    exchange: str
    storage: str
    audio: str
    web: str
    authority: str
    llm: dict[str, Any] = field(repr=False)
    log_level: str
    log_format: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Settings:
    server: str
    token: Token
    engine_id: str
    slots: int
    languages: tuple[str, ...]
    state: Path | None
    scratch: Path | None
    pulse: Path | None
    grace_s: float
    stall_s: float
    exit_when_drained: bool
    work: Work


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Raises WrongSettings; argparse itself exits with status 2 for an unknown argument."""
    asked = _parser(environment).parse_args(arguments)
    _judge(asked)
    server = _server_address(asked.server)
    exchange, storage = _directories(asked.exchange, asked.storage)
    llm = _language_model(asked, environment)
    if asked.engine == "none" and not llm:
        raise WrongSettings("--engine none leaves nothing to do without --llm-url")
    return Settings(
        server=server,
        token=_token(asked, environment),
        engine_id=asked.id,
        slots=asked.slots,
        languages=tuple(code for code in asked.languages.lower().replace(",", " ").split()),
        state=asked.state,
        scratch=asked.scratch,
        pulse=asked.pulse,
        grace_s=asked.grace,
        stall_s=asked.stall,
        exit_when_drained=asked.exit_when_drained,
        work=Work(
            engine=asked.engine,
            engine_options=_engine_options(asked),
            exchange=exchange,
            storage=storage,
            audio=asked.audio,
            web=_web_address(server),
            authority=str(asked.ca or ""),
            llm=llm,
            log_level=asked.log_level,
            log_format=asked.log_format,
        ),
    )


def _judge(asked: argparse.Namespace) -> None:
    if asked.ca and not asked.ca.is_file():
        raise WrongSettings(f"--ca {asked.ca} is no file here")
    if not 1 <= asked.slots <= 1000:
        raise WrongSettings("--slots must be from 1 to 1000")
    if len(asked.id) > LONGEST_ID:
        raise WrongSettings(f"--id must be at most {LONGEST_ID} characters long")
    if asked.audio not in FORMATS:
        raise WrongSettings("--audio (or SAI_ENGINE_AUDIO) must be mp3 or wav, or empty for none")


def _number(environment: Mapping[str, str], name: str, usual: float) -> float:
    try:
        return float(environment.get(name) or usual)
    except ValueError:
        raise WrongSettings(f"{name} must be a number") from None


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engines.agent", description=__doc__)
    _add_place(parser, environment)
    _add_engine(parser, environment)
    _add_life(parser, environment)
    return parser


def _add_place(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    said = environment.get
    add = parser.add_argument
    add("--server", default=said("SAI_SERVER", ""), help="wss://host/ws/supervisor")
    add("--token", default="", help="better: SAI_ENGINE_TOKEN or --token-file")
    add("--token-file", type=Path, default=_path(said("SAI_ENGINE_TOKEN_FILE")))
    add("--ca", type=Path, default=_path(said("SAI_ENGINE_CA")), help="PEM of a private authority")
    add("--id", default=said("SAI_ENGINE_ID", ""), help="default: the one kept in --state")
    add("--exchange", default=said("SAI_EXCHANGE", ""), help="the shared exchange directory")
    add("--storage", default=said("SAI_EXCHANGE_STORAGE", ""), help="where its links may lead")
    add("--state", type=Path, default=_path(said("SAI_ENGINE_STATE")), help="keeps results")
    add("--scratch", type=Path, default=_path(said("SAI_ENGINE_SCRATCH")), help="decoded sound")
    add("--pulse", type=Path, default=_path(said("SAI_ENGINE_PULSE")), help="touched while well")


def _add_engine(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    said = environment.get
    add = parser.add_argument
    add("--engine", default=said("SAI_STT_ENGINE") or "auto", help="of engines/stt, or none")
    add("--speed", default="0", help="of the engine fake: 100x real time; 0: at once")
    add("--whisper-model", default=said("SAI_WHISPER_MODEL", ""))
    add("--device", default=said("SAI_WHISPER_DEVICE") or "auto")
    add("--compute-type", default=said("SAI_WHISPER_COMPUTE_TYPE") or "auto")
    add("--models-dir", default=said("SAI_MODELS_DIR", ""))
    add("--languages", default=said("SAI_ENGINE_LANGUAGES", ""), help="en,ru; default: all it can")
    add("--audio", metavar="mp3|wav", default=said("SAI_ENGINE_AUDIO", ""))
    add("--llm-url", default=said("SAI_LLM_URL", ""))
    add("--llm-model", default=said("SAI_LLM_MODEL", ""))
    add(
        "--llm-context",
        type=int,
        default=int(_number(environment, "SAI_LLM_CONTEXT_TOKENS", 16_384)),
    )
    add("--llm-timeout", type=float, default=_number(environment, "SAI_LLM_TIMEOUT_SECONDS", 120))


def _add_life(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    said = environment.get
    add = parser.add_argument
    add("--slots", type=int, default=int(_number(environment, "SAI_ENGINE_SLOTS", 1)))
    add("--grace", type=float, default=20.0, help="seconds to finish after SIGTERM")
    add("--stall", type=float, default=900.0, help="seconds without progress: a hung worker")
    add("--exit-when-drained", action="store_true", help="default: connect again later")
    add("--log-level", default=said("SAI_LOG_LEVEL") or "INFO")
    add("--log-format", choices=["text", "json"], default=said("SAI_LOG_FORMAT") or "text")


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _server_address(given: str) -> str:
    """ws or wss; http(s) is understood; without a path the gateway's own is meant."""
    if not given:
        raise WrongSettings("--server (or SAI_SERVER) is missing: wss://host/ws/supervisor")
    address = urlsplit(given)
    scheme = {"http": "ws", "https": "wss"}.get(address.scheme, address.scheme)
    if scheme not in {"ws", "wss"} or not address.hostname:
        raise WrongSettings("--server must begin with wss:// or ws:// and name a host")
    if address.username or address.password or address.query:
        raise WrongSettings("--server must hold no password and no query; see --token-file")
    path = address.path if address.path not in {"", "/"} else PATH
    return urlunsplit((scheme, address.netloc, path, "", ""))


def _web_address(server: str) -> str:
    address = urlsplit(server)
    return urlunsplit(("https" if address.scheme == "wss" else "http", address.netloc, "/", "", ""))


def _token(asked: argparse.Namespace, environment: Mapping[str, str]) -> Token:
    value = asked.token or environment.get("SAI_ENGINE_TOKEN", "")
    token = Token(file=asked.token_file) if asked.token_file and not asked.token else Token(value)
    if not token.read():
        raise WrongSettings("a token is missing: SAI_ENGINE_TOKEN, --token-file or --token")
    return token


def _directories(exchange: str, storage: str) -> tuple[str, str]:
    """Real paths. The exchange is `<storage root>/exchange` and its links lead into the storage:
    that root is allowed by itself, unless it would be the whole machine."""
    if os.path.basename(os.path.normpath(exchange)) == "exchange":
        # The gateway makes it with its first request: an engine may be there sooner.
        with suppress(OSError):
            os.mkdir(exchange)
    for name, value in (("--exchange", exchange), ("--storage", storage)):
        if value and not os.path.isdir(value):
            raise WrongSettings(f"{name} {value} is no directory here")
    if not exchange:
        return "", ""
    root = os.path.realpath(exchange)
    if storage:
        return root, os.path.realpath(storage)
    parent, name = os.path.split(root)
    return root, parent if name == "exchange" and parent != "/" else root


def _engine_options(asked: argparse.Namespace) -> dict[str, Any]:
    try:
        speed = float(asked.speed.removesuffix("x"))
    except ValueError:
        raise WrongSettings("--speed is a number, such as 100x") from None
    options = {
        "fake_speed": speed,
        "whisper_model": asked.whisper_model,
        "device": asked.device,
        "compute_type": asked.compute_type,
        "models_dir": asked.models_dir,
    }
    return {name: value for name, value in options.items() if value}


def _language_model(asked: argparse.Namespace, environment: Mapping[str, str]) -> dict[str, Any]:
    """Keywords of `LanguageProfile`; empty without a URL."""
    if not asked.llm_url:
        return {}
    if not asked.llm_model:
        raise WrongSettings("--llm-url needs --llm-model (or SAI_LLM_MODEL)")
    return {
        "name": "engine",
        "url": asked.llm_url,
        "model": asked.llm_model,
        "api_key": environment.get("SAI_LLM_API_KEY", ""),
        "context_tokens": asked.llm_context,
        "timeout_s": asked.llm_timeout,
        "max_retries": 1,
    }


def usual_id() -> str:
    """A name for an engine that was given none and keeps none."""
    return f"{socket.gethostname()[:100]}-{os.urandom(4).hex()}"
