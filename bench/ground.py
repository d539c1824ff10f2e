"""What all measurements stand on: servers of the bench's own with real commits, and empty tables.

Everything is started in a temporary directory and is gone at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sai import embedded

SETTINGS = "bench.settings"
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": SETTINGS,
    "SAI_SECRET_KEY": "only-for-the-bench-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF",
    "SAI_STT_ENGINE": "paced",
    "SAI_LANGUAGE": "en",
    "SAI_LOG_LEVEL": "ERROR",
    "SAI_API_REQUESTS_PER_MINUTE": "1000000",
    "SAI_DISK_RESERVE_MB": "0",
    "SAI_ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
TABLES = (
    "recordings_recording, recordings_storedfile, recordings_stepspeed, notifications_event,"
    " accounts_user, recognition_engine"
)


_running: list[embedded.Servers] = []


@contextmanager
def prepared() -> Iterator[None]:
    """Servers, Django set up on them, tables made."""
    folder = Path(tempfile.mkdtemp(prefix="sai-bench-"))
    try:
        _running.append(embedded.start(folder, durable=True))
        os.environ.update(
            ENVIRONMENT,
            SAI_VAR=str(folder),
            DATABASE_URL=servers().database_url,
            REDIS_URL=servers().redis_url,
        )
        _migrate()
        yield
    finally:
        while _running:
            _running.pop().stop()
        shutil.rmtree(folder, ignore_errors=True)


def _migrate() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def servers() -> embedded.Servers:
    """Those that are running, to be stopped and started again."""
    return _running[-1]


def folder() -> Path:
    """The bench's temporary directory."""
    return Path(os.environ["SAI_VAR"])


def clear() -> None:
    """No rows of an earlier measurement; plans and statistics as after a quiet night."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
