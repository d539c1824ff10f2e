"""`manage.py create_token`: a new API token, alone on stdout."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.choices import Scope
from accounts.models import User
from common.errors import SaiError


class Command(BaseCommand):
    help = "Make an API token for a user and print it; it can't be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME")
        parser.add_argument("--label", required=True, metavar="TEXT")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            choices=Scope.values,
            help="what it may do; may be repeated; none: all that the user may",
        )
        parser.add_argument("--days", type=float, help="until it expires; without: never")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['user']}”.", returncode=2)
        try:
            _token, text = services.make_token(
                user,
                actor=None,
                label=options["label"],
                scopes=options["scope"],
                days=options["days"],
            )
        except SaiError as error:
            raise CommandError(error.message, returncode=2) from None
        self.stdout.write(text)
