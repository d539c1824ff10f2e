"""A process in which everything is loaded and that forks workers, one per line of stdin.

A worker that starts from nothing takes seconds of work on a busy machine; one that is forked takes
a tenth. Apart from that it is the same: a session, a main process and a pool of its own.
"""

import ctypes
import datetime as dt
import json
import os
import signal
import sys
from typing import Any
from urllib.parse import urlsplit

import celery.bin.celery
import django
import time_machine
from celery.bin import worker as _loaded  # noqa: F401
from celery.concurrency import prefork as _pool  # noqa: F401
from django.conf import settings
from django.db import connections

from sai.celery import app
from tests.faults import taker

PR_SET_PDEATHSIG = 1


def serve() -> None:
    """Answers each wish (JSON, see `Nursery.bear`) with a pid."""
    django.setup()
    app.loader.import_default_modules()
    connections.close_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no zombies
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become(json.loads(line))
        print(pid, flush=True)


def _become(wish: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    settings.RECORDINGS = {**settings.RECORDINGS, **wish["recordings"]}
    if wish["database"]:
        parts = urlsplit(wish["database"])
        connections["default"].settings_dict.update(HOST=parts.hostname, PORT=parts.port)
    if wish["clock"]:
        now = dt.datetime.now(tz=dt.UTC) + dt.timedelta(seconds=wish["clock"])
        time_machine.travel(now, tick=True).start()
    sys.argv = ["celery", *wish["arguments"]]
    try:
        if wish["take"]:
            taker.take(*wish["take"])
        else:
            celery.bin.celery.main()
    finally:
        os._exit(0)


if __name__ == "__main__":
    serve()
