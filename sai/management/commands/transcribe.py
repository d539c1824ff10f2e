"""`manage.py transcribe FILE...`: from files on disk to text, through the usual pipeline."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from common.errors import SaiError
from recognition.exports.registry import FORMATS
from sai.embedded import EmbeddedError
from sai.env import env
from sai.launcher.refusal import Refusal
from sai.transcribe import files, journey, result, standalone


class Command(BaseCommand):
    help = (
        "Transcribes files with the running instance, or starts what is needed. They become "
        "recordings like any others."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--engine", default="", help="speech engine (default: SAI_STT_ENGINE)")
        parser.add_argument("--language", default="", help="two-letter code (default: found out)")
        parser.add_argument("--format", choices=sorted(FORMATS), default="txt")
        parser.add_argument("--summary", action="store_true", help="summarise as well")
        parser.add_argument("--as-tracks", action="store_true", help="the files are one meeting")
        parser.add_argument("--user", default="", help="owner (default: the first administrator)")
        parser.add_argument("-o", "--output", type=Path, help="a file, or a folder for several")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            files.look(options["files"])
            if not env.servers[0]:
                sys.exit(standalone.run_again(sys.argv, env.var))
            self._transcribe(options)
        except (files.Refused, SaiError, EmbeddedError, Refusal) as error:
            advice = getattr(error, "next_action", "")
            self.stderr.write(f"sai: {error} {advice}".rstrip())
            sys.exit(2)
        except KeyboardInterrupt:
            sys.exit(130)

    def _transcribe(self, options: dict[str, Any]) -> None:
        inline = bool(os.environ.get(standalone.INLINE))
        if inline:
            call_command("migrate", interactive=False, verbosity=0)
        recordings = journey.take_in(
            journey.owner_named(options["user"]),
            options["files"],
            language=options["language"],
            engine=options["engine"],
            summary=options["summary"],
            as_tracks=options["as_tracks"],
        )
        with _bar() as progress:
            journey.follow(recordings, inline=inline, progress=progress)
        result.write(
            recordings,
            format=options["format"],
            summary=options["summary"],
            output=options["output"],
        )


@contextmanager
def _bar() -> Iterator[journey.Progress]:
    """A bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    columns = [TextColumn("Transcribing"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=100)
        yield lambda percent: progress.update(task, completed=percent)
