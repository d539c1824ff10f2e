"""Takes the shipped sample meeting in for the first administrator."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.choices import Role
from accounts.models import User
from sai import sample


class Command(BaseCommand):
    help = "Submits the sample meeting; a second time changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
        if owner is None:
            raise CommandError("There is no administrator yet: run `manage.py first_start`.")
        recording, created = sample.submit(owner)
        self.stdout.write(f"{'Submitted' if created else 'Already there'}: {recording.pk}")
