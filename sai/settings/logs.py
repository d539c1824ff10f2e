"""Logs: a constant message plus fields, as text or JSON, to stdout (the launcher keeps files)."""

import re
from typing import Any

import structlog

from sai.env import env

LOGGING_CONFIG = "logging.config.dictConfig"
_LINK = re.compile(r"/l/[^/\s]+")


def without_addresses(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Django adds the request to its lines: a query may hold a link's secret, or a person's words.

    The path alone stays, in the message, and of a link's page not even that.
    """
    entry.pop("request", None)
    entry["event"] = _LINK.sub("/l/…", str(entry.get("event", "")))
    return entry


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    without_addresses,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_RENDER = {
    "text": structlog.dev.ConsoleRenderer(colors=False),
    "json": structlog.processors.JSONRenderer(ensure_ascii=False),
}


def _formatter(kind: str) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _RENDER[kind]],
    }


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"stdout": _formatter(env.log_format)},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "stdout"}},
    "root": {"handlers": ["stdout"], "level": env.log_level},
    "loggers": {
        # They write addresses and URLs with secrets at INFO.
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "faster_whisper": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
