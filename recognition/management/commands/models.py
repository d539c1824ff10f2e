"""`manage.py models list|download|check`: speech models on this machine."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engines import models
from engines.errors import EngineError
from recognition.conf import conf


class Command(BaseCommand):
    help = "Lists, fetches and checks speech models in SAI_MODELS_DIR."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="models that are here, and names that can be fetched")
        for verb, text in [("download", "fetch a model"), ("check", "is a model whole?")]:
            one = verbs.add_parser(verb, help=text)
            one.add_argument("name", nargs="?", default="", help="default: SAI_WHISPER_MODEL")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        name = options.get("name") or conf().model
        folder = Path(conf().models_dir)
        try:
            if verb == "list":
                self._list(folder)
            elif verb == "download":
                self._show(models.download(name, folder))
            else:
                self._check(name, folder)
        except EngineError as error:
            raise CommandError(f"{error} {error.next_action}".rstrip(), returncode=2) from error

    def _list(self, folder: Path) -> None:
        found = models.list_models(folder)
        for model in found:
            self._show(model)
        if not found:
            self.stdout.write(f"No model in {folder} yet.")
        self.stdout.write(f"Can be fetched: {', '.join(models.known_names())}")

    def _check(self, name: str, folder: Path) -> None:
        found = models.find_model(name, folder)
        if found is None:
            raise CommandError(
                f"{name} is not in {folder}. Run: python manage.py models download {name}",
                returncode=2,
            )
        self._show(found)

    def _show(self, model: models.LocalModel) -> None:
        state = f"lacks {', '.join(model.missing)}" if model.missing else "whole"
        self.stdout.write(f"{model.name}\t{model.bytes / 1e6:.0f} MB\t{state}\t{model.path}")
