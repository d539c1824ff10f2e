"""What the launcher runs before anything else: migrate, and make the first administrator."""

import secrets
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.choices import Role
from accounts.models import User
from sai.env import env
from sai.schedule import install


class Command(BaseCommand):
    help = "Migrates the database, makes the first administrator and installs the schedule."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        install()
        if User.objects.filter(role=Role.ADMIN).exists():
            return
        given = env.admin_password.get_secret_value()
        password = given or secrets.token_urlsafe(12)
        User.objects.create_user("admin", password=password, role=Role.ADMIN)
        told = "the password is SAI_ADMIN_PASSWORD" if given else f"password: {password}"
        self.stdout.write(f"First administrator: admin, {told}")
        if not given:
            self.stdout.write("It is shown only now; change it on the profile page.")
