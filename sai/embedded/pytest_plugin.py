"""Real servers for the tests, started before Django's settings are read.

Loaded by `-p sai.embedded.pytest_plugin` in pyproject.toml: pytest-django reads the settings before
any conftest.py exists, so this cannot stand there. Every test process (each xdist worker, or the
only process) has servers of its own: a test that kills or flushes them disturbs nobody else.
DATABASE_URL and REDIS_URL, where set, name other servers to be used instead.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sai import embedded
from sai.embedded import processes

PREFIX = "sai-test-"

# Set where the caller has not: short times, no download, no key on disk.
ENVIRONMENT = {
    "SAI_SECRET_KEY": "test-key-that-is-long-enough-for-every-check-of-django-0123456789",
    "SAI_LEASE_SECONDS": "1.5",
    "SAI_HEARTBEAT_SECONDS": "0.4",
    "SAI_SWEEP_SECONDS": "0.5",
    "SAI_STT_ENGINE": "fake",
    "SAI_LANGUAGE": "en",
    "SAI_TIMEZONE": "UTC",
    "OMP_NUM_THREADS": "1",
}

# What the controller of `-n` gets: it runs no test and only needs settings that load.
NO_DATABASE, NO_REDIS = "postgresql://none@127.0.0.1:9/none", "redis://127.0.0.1:9/0"

servers_key = pytest.StashKey[embedded.Servers]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Iterator[None]:
    """A wrapper runs before pytest-django, which is merely `tryfirst`."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _sweep()
    var = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    atexit.register(shutil.rmtree, var, ignore_errors=True)
    os.environ["SAI_VAR"] = str(var)
    if _distributes(early_config):
        os.environ.setdefault("DATABASE_URL", NO_DATABASE)
        os.environ.setdefault("REDIS_URL", NO_REDIS)
    else:
        early_config.stash[servers_key] = _start(var)
    yield


def pytest_unconfigure(config: pytest.Config) -> None:
    if servers_key in config.stash:
        config.stash[servers_key].stop()


def _distributes(config: pytest.Config) -> bool:
    """True in the controller of `-n`."""
    distributed = bool(getattr(config.known_args_namespace, "numprocesses", None))
    return distributed and "PYTEST_XDIST_WORKER" not in os.environ


def _start(var: Path) -> embedded.Servers:
    postgres = os.environ.get("DATABASE_URL", "") in ("", NO_DATABASE)
    redis = os.environ.get("REDIS_URL", "") in ("", NO_REDIS)
    try:
        servers = embedded.start(var, postgres=postgres, redis=redis, durable=False)
    except embedded.EmbeddedError as error:
        raise pytest.UsageError(str(error)) from error
    os.environ["DATABASE_URL"] = servers.database_url or os.environ["DATABASE_URL"]
    os.environ["REDIS_URL"] = servers.redis_url or _own_database(os.environ["REDIS_URL"])
    return servers


def _own_database(redis_url: str) -> str:
    """A Redis that all test processes share: each takes the database of its number."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return redis_url
    return urlsplit(redis_url)._replace(path=f"/{int(worker.removeprefix('gw')) + 1}").geturl()


def _sweep() -> None:
    """Remove what test processes that were killed have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and processes.started(int(pid)) is None:
            shutil.rmtree(folder, ignore_errors=True)
