"""`manage.py rotate_secrets`: write every stored secret anew with the newest key.

Afterwards the older keys may leave SAI_ENCRYPTION_KEYS. Running it twice, or beside a working
instance, does no harm.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from common.encryption import EncryptedTextField

BATCH = 200


class Command(BaseCommand):
    help = "Encrypt all stored secrets with the newest of SAI_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        for model, names in encrypted_fields():
            try:
                count = rotate(model, names)
            except ImproperlyConfigured as error:
                raise CommandError(f"{model._meta.label}: {error}", returncode=2) from None
            self.stdout.write(f"{model._meta.label}: {count}")


def encrypted_fields() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Every stored model that has secrets, with the names of its fields."""
    for model in apps.get_models():
        names = [
            field.name
            for field in model._meta.local_concrete_fields
            if isinstance(field, EncryptedTextField)
        ]
        if names and model._meta.managed and not model._meta.proxy:
            yield model, names


def rotate(model: type[models.Model], names: list[str]) -> int:
    """How many rows were written. A row is locked between reading and writing its secrets."""
    rows = model._base_manager.order_by("pk")
    count, last = 0, None
    while True:
        with transaction.atomic():
            behind = rows if last is None else rows.filter(pk__gt=last)
            batch = list(behind.select_for_update().values("pk", *names)[:BATCH])
            for row in batch:
                secrets = {name: row[name] for name in names}
                model._base_manager.filter(pk=row["pk"]).update(**secrets)
        if not batch:
            return count
        count, last = count + len(batch), batch[-1]["pk"]
