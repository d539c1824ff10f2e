"""Every environment variable SAI reads, with its type and default.

Values come from the environment, then from `.env`. Where no database or Redis is named, those of
a running instance are used: `var/run.json` says where they are. Nothing else reads `os.environ`.
"""

import base64
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sai.launcher.runfile import read as read_runfile

ROOT = Path(__file__).resolve().parent.parent

Words = Annotated[list[str], NoDecode]
"""A list written as words separated by commas or spaces."""


def _plain(name: str, default: Any) -> Any:
    """A variable whose name has no SAI_ in front: other programs know it too."""
    return Field(default, validation_alias=name)


class Env(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=ROOT / ".env",
        env_prefix="SAI_",
        extra="ignore",
        # An empty line of .env.example means the default, not the folder ".".
        env_ignore_empty=True,
        frozen=True,
        populate_by_name=True,
    )

    database_url: str = _plain("DATABASE_URL", "")
    redis_url: str = _plain("REDIS_URL", "")
    database_pool: int = Field(0, ge=0)
    """Connections a web process keeps for its requests; 0: each thread has one of its own."""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = ""
    var: Path = ROOT / "var"
    secret_key: SecretStr = SecretStr("")
    encryption_keys: Words = []
    """Fernet keys, newest first; empty derives one from the secret key."""
    debug: bool = False
    https: bool = False
    """True behind a TLS proxy: secure cookies, HSTS and redirects."""
    allowed_hosts: Words = []
    cors_origins: Words = []
    language: Literal["ru", "en"] = "ru"
    timezone: str = "Europe/Moscow"
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    admin_password: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    outbound_allow: Words = []
    """Hosts (`.example.org`: all below it), addresses and networks `common.http` lets through."""
    api_requests_per_minute: int = Field(6000, ge=0)
    """By one caller; 0 sets no limit."""
    user_api_access_hours: float = Field(24, gt=0)
    user_api_refresh_days: float = Field(30, gt=0)
    """Lifetimes of the pair that a person of a meeting server gets for his token there."""
    licence_public_key: Words = []
    """Ed25519 keys that may sign licences, each base64 of 32 bytes."""

    smtp_host: str = ""
    """A mail server; empty: no e-mail is sent."""
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    email_from: str = "sai@localhost"

    storage: str = ""
    """A path, or s3://bucket/prefix."""
    aws_access_key_id: str = _plain("AWS_ACCESS_KEY_ID", "")
    aws_secret_access_key: SecretStr = _plain("AWS_SECRET_ACCESS_KEY", SecretStr(""))
    aws_region: str = _plain("AWS_REGION", "us-east-1")
    s3_endpoint_url: str = _plain("S3_ENDPOINT_URL", "")
    disk_reserve_mb: int = Field(512, ge=0)
    upload_limit_mb: int = Field(2048, ge=1)
    inbox: Path | None = None
    """A watched folder: files that appear there become recordings."""
    inbox_owner: str = "admin"

    lease_seconds: float = Field(30, gt=0)
    heartbeat_seconds: float = Field(10, gt=0)
    sweep_seconds: float = Field(10, gt=0)
    poll_seconds: float = Field(3, gt=0)
    """How often a worker looks for ready rows by itself, without a message."""

    stt_engine: str = "auto"
    whisper_model: str = ""
    """A name or a directory; empty: large-v3 on a GPU, small without one."""
    whisper_device: Literal["auto", "cpu", "cuda"] = "auto"
    whisper_compute_type: str = "auto"
    models_dir: Path | None = None
    language_default: str = ""
    """Language of recordings whose language nobody gave; empty lets the engine decide."""
    tts_engine: str = "auto"
    """For `engines/tts`; comes with the first engine that speaks."""
    llm_url: str = ""
    llm_model: str = ""
    llm_api_key: SecretStr = SecretStr("")
    llm_context_tokens: int = Field(16384, ge=1024)
    llm_timeout_seconds: float = Field(120, gt=0)

    @field_validator(
        "encryption_keys",
        "allowed_hosts",
        "cors_origins",
        "outbound_allow",
        "licence_public_key",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("licence_public_key")
    @classmethod
    def _is_a_key(cls, value: list[str]) -> list[str]:
        for key in value:
            if len(base64.b64decode(key, validate=True)) != 32:
                raise ValueError("a licence key is base64 of 32 bytes; see `licence keygen`")
        return value

    @cached_property
    def servers(self) -> tuple[str, str]:
        """URLs of PostgreSQL and Redis; those of a running instance where none is named."""
        run = None if self.database_url and self.redis_url else read_runfile(self.var)
        return (
            self.database_url or (run.database_url if run else ""),
            self.redis_url or (run.redis_url if run else ""),
        )

    @cached_property
    def key(self) -> str:
        """The secret key: from the environment, or made once and kept in `var/secret.key`."""
        if given := self.secret_key.get_secret_value():
            return given
        kept = self.var / "secret.key"
        if not kept.exists():
            self.var.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(48))
        return kept.read_text().strip()

    @property
    def base_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def variable(name: str) -> str | None:
    """A variable that somebody's file names (`${NAME}` in `apply`); None where it is not set."""
    return os.environ.get(name) or dotenv_values(ROOT / ".env").get(name)


env = Env()
