"""`manage.py watch_inbox`: files that appear in a folder become recordings."""

import logging
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from accounts.models import User
from recordings.conf import conf
from recordings.services.inbox import Inbox

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Takes in what is put into the watched folder (SAI_INBOX), until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, help="instead of SAI_INBOX")
        parser.add_argument("--owner", help="user name, instead of SAI_INBOX_OWNER")
        parser.add_argument("--delete", action="store_true", help="delete what was taken")
        parser.add_argument("--once", action="store_true", help="end when the folder is empty")
        parser.add_argument("--settle", type=float, help="seconds a file must not have changed")

    def handle(self, *args: Any, **options: Any) -> None:
        inbox = self._inbox(options)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pause = min(1.0, inbox.settle_seconds / 2)
        while not stop.is_set():
            self._look(inbox)
            if options["once"] and not inbox.waiting:
                return
            stop.wait(pause)

    def _look(self, inbox: Inbox) -> None:
        close_old_connections()
        try:
            for recording in inbox.look():
                self.stdout.write(str(recording.pk))
        except (DatabaseError, OSError) as error:
            # It comes back; what was not taken is still there.
            logger.warning("inbox not read", extra={"error": type(error).__name__})
            connection.close()

    def _inbox(self, options: dict[str, Any]) -> Inbox:
        folder = options["folder"] or (Path(conf().inbox) if conf().inbox else None)
        if folder is None:
            raise CommandError("No folder to watch: set SAI_INBOX, or give --folder.")
        name = options["owner"] or conf().inbox_owner
        owner = User.objects.filter(username=name, is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active user {name!r}: set SAI_INBOX_OWNER.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"The folder {folder} can't be used: {error.strerror}.") from error
        settle = options["settle"]
        return Inbox(
            folder,
            owner,
            settle_seconds=conf().inbox_settle_seconds if settle is None else settle,
            delete=options["delete"],
        )
