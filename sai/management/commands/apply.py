"""`manage.py apply FILE.yaml`: declare users, tokens, connections, engines and so on."""

import sys
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sai import apply


class Command(BaseCommand):
    help = "Make true what a YAML file declares; prints JSON with what was made. “-” is stdin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE.yaml")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        try:
            answer = apply.apply(apply.read(_text_of(file)))
        except apply.Mistakes as mistakes:
            lines = [f"{file}: {mistake}" for mistake in mistakes.found]
            raise CommandError("\n".join([*lines, "Nothing was changed."]), returncode=2) from None
        self.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2, default=str).decode())


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}.", returncode=2) from None
    except UnicodeDecodeError:
        raise CommandError(f"{file}: this is not text in UTF-8.", returncode=2) from None
