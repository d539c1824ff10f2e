"""`manage.py retention`: what the rules would take away, and with --apply, taking it away."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from recordings import retention

SHOWN = 50


class Command(BaseCommand):
    help = "Shows what the rules of retention say is due; --apply does it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="do it; else nothing is changed")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["apply"]:
            done = retention.keep_the_rules()
            counted = ", ".join(f"{action}: {count}" for action, count in sorted(done.items()))
            self.stdout.write(counted or "Nothing was due.")
            return
        found, total = retention.due(limit=SHOWN)
        for one in found:
            self.stdout.write(
                f"{one.action:<7} #{one.number:<8} {one.began:%Y-%m-%d}  {one.rule or 'trash'}"
            )
        more = f", {len(found)} shown" if total > len(found) else ""
        self.stdout.write(f"{total} due{more}; nothing was changed. --apply does it.")
