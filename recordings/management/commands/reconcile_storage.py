"""`manage.py reconcile_storage`: what is stored and should not be, or the other way round."""

import dataclasses
from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from common.errors import SaiError
from recordings.storage.reconcile import reconcile


class Command(BaseCommand):
    help = "Compares stored files with their rows; prints JSON; exit status 1 when bytes are lost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--delete-orphans", action="store_true", help="delete what is unused")
        parser.add_argument("--verify", action="store_true", help="read all bytes, compare hashes")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = reconcile(delete_orphans=options["delete_orphans"], verify=options["verify"])
        except SaiError as error:
            raise CommandError(f"{error.message} {error.next_action}", returncode=2) from error
        body = dataclasses.asdict(report) | {"clean": report.clean}
        self.stdout.write(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
        if not report.clean:
            raise SystemExit(1)
