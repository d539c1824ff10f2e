"""`manage.py fake_tcs`: a TrueConf Server that is not one, until Ctrl-C."""

from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conferences.fake_tcs import cli


class Command(BaseCommand):
    help = cli.DESCRIPTION
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cli.run(options, self._say)
        except (ValueError, TypeError, OSError, yaml.YAMLError) as error:
            raise CommandError(str(error), returncode=2) from None

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
