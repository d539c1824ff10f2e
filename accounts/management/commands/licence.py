"""`manage.py licence keygen | issue | inspect | install | show | remove`. See docs/licences.md."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import licences
from accounts.licences import files, issuing, keys
from accounts.licences.terms import Terms
from accounts.licences.wording import amount
from accounts.models import Licence
from common.errors import SaiError


class Command(BaseCommand):
    help = "Issue, inspect, install and show licence files."
    requires_system_checks = []  # keys and files need no instance

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        keygen = verbs.add_parser("keygen", help="make a key pair; prints the public key")
        keygen.add_argument("--out", type=Path, required=True, metavar="FILE")
        self._add_issue(verbs.add_parser("issue", help="sign a licence"))
        inspect = verbs.add_parser("inspect", help="check a file and print what it says")
        inspect.add_argument("file", type=Path)
        install = verbs.add_parser("install", help="install a file here")
        install.add_argument("file", type=Path)
        show = verbs.add_parser("show", help="this installation, its licence and what is used")
        show.add_argument(
            "--with",
            dest="wished",
            action="append",
            default=[],
            metavar="LIMIT=N",
            help="what would be refused if so many were in use in all",
        )
        remove = verbs.add_parser("remove", help="take an installed licence away")
        remove.add_argument("number")

    def _add_issue(self, parser: ArgumentParser) -> None:
        parser.add_argument("--key", type=Path, required=True, metavar="FILE")
        parser.add_argument("--customer", required=True)
        parser.add_argument("--installation", required=True, help="its id, or * for a short trial")
        parser.add_argument("--expires", required=True, metavar="DAY", help="the last day, UTC")
        parser.add_argument("--valid-from", default="", metavar="DAY", help="without: today")
        parser.add_argument("--grace-days", type=int, default=issuing.GRACE_DAYS)
        parser.add_argument("--limit", action="append", default=[], metavar="NAME=N|unlimited")
        parser.add_argument("--feature", action="append", default=[])
        parser.add_argument("--reset-clock", action="store_true", help="see docs/licences.md")
        parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="without: to stdout")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(options)
        except SaiError as error:
            raise CommandError(
                f"{error.message} {error.next_action}".strip(), returncode=2
            ) from None
        except OSError as error:
            told = f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")
            raise CommandError(told, returncode=2) from None
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from None

    def _keygen(self, options: dict[str, Any]) -> None:
        public = keys.generate(options["out"])
        self.stdout.write(f"SAI_LICENCE_PUBLIC_KEY={keys.write(public)}")

    def _issue(self, options: dict[str, Any]) -> None:
        terms = issuing.write_terms(
            customer=options["customer"],
            installation=options["installation"],
            expires=options["expires"],
            valid_from=options["valid_from"],
            grace_days=options["grace_days"],
            limits=options["limit"],
            features=options["feature"],
            resets_clock=options["reset_clock"],
        )
        text = files.sign(terms, keys.load(options["key"]))
        if options["out"] is None:
            self.stdout.write(text, ending="")
            return
        options["out"].write_text(text, "utf-8")
        self.stdout.write(terms.id)

    def _inspect(self, options: dict[str, Any]) -> None:
        terms = files.read(files.decode(options["file"].read_bytes()), keys.public_keys())
        self.stdout.write(json.dumps(terms.as_dict(), indent=2, ensure_ascii=False))

    def _install(self, options: dict[str, Any]) -> None:
        row, new = licences.install(files.decode(options["file"].read_bytes()), actor=None)
        self.stdout.write(f"{row.number} {'installed' if new else 'was installed already'}")

    def _remove(self, options: dict[str, Any]) -> None:
        row = Licence.objects.filter(number=options["number"]).first()
        if row is None:
            raise CommandError(f"No licence {options['number']} is installed.", returncode=2)
        licences.remove(row, actor=None)
        self.stdout.write(f"{row.number} removed")

    def _show(self, options: dict[str, Any]) -> None:
        wished = {name: n for name, n in issuing.counts(options["wished"]).items() if n is not None}
        found = licences.status()
        self.stdout.write(f"installation  {found.standing.installation}")
        self.stdout.write(f"state         {found.state.value}")
        if found.terms:
            self._show_terms(found.terms)
        for use in found.limits:
            mark = "  !" if use.warning else ""
            self.stdout.write(f"{use.limit}  {amount(use.used)} of {amount(use.allowed)}{mark}")
        for line in found.warnings:
            self.stdout.write(self.style.WARNING(line))
        if wished:
            refusals = licences.what_if(found, wished)
            for line in refusals or ["All of it would be allowed."]:
                self.stdout.write(line)

    def _show_terms(self, terms: Terms) -> None:
        said = terms.as_dict()
        for name in ("id", "customer", "valid_from", "expires_at"):
            self.stdout.write(f"{name:12}  {said[name]}")
        self.stdout.write(f"works until   {terms.grace_until.isoformat()}")
        self.stdout.write(f"features      {', '.join(terms.features) or '-'}")
