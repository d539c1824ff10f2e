"""Secrets at rest: unreadable in the database, readable here, and moved to a new key."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from common.encryption import decrypt, encrypt
from common.management.commands.rotate_secrets import encrypted_fields
from recordings.models.storage import StorageSettings

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def stored():
    """What stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_access_key FROM recordings_storagesettings")
        return cursor.fetchone()[0]


def readable(text, key):
    try:
        return Fernet(key).decrypt(text.encode()).decode()
    except Exception:
        return None


@pytest.mark.django_db
def test_a_secret_moves_to_the_new_key_and_the_old_one_may_go(settings, capsys):
    settings.ENCRYPTION_KEYS = [OLD]
    row = StorageSettings.objects.create(pk=1, secret_access_key="hunter2")
    before = row.updated_at
    first = stored()
    assert "hunter2" not in first
    assert readable(first, OLD) == "hunter2"

    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert StorageSettings.objects.get().secret_access_key == "hunter2"
    call_command("rotate_secrets")
    assert "recordings.StorageSettings: 1" in capsys.readouterr().out
    assert readable(stored(), NEW) == "hunter2"
    assert readable(stored(), OLD) is None

    settings.ENCRYPTION_KEYS = [NEW]
    row = StorageSettings.objects.get()
    assert row.secret_access_key == "hunter2"
    assert row.updated_at == before


@pytest.mark.django_db
def test_without_the_right_key_nothing_is_touched_and_the_reason_is_told(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    StorageSettings.objects.create(pk=1, secret_access_key="hunter2")
    before = stored()
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match="SAI_ENCRYPTION_KEYS") as error:
        call_command("rotate_secrets")
    assert error.value.returncode == 2
    assert stored() == before


def test_every_secret_of_every_app_is_found():
    assert (StorageSettings, ["secret_access_key"]) in list(encrypted_fields())


def test_without_keys_of_its_own_the_secret_key_serves(settings):
    settings.ENCRYPTION_KEYS = []
    text = encrypt("hunter2")
    assert decrypt(text) == "hunter2"
    assert encrypt("") == decrypt("") == ""
    settings.SECRET_KEY = "x" * 50
    with pytest.raises(ImproperlyConfigured, match="SAI_SECRET_KEY"):
        decrypt(text)
