"""An administrator at the admin."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.choices import Role
from recordings.tests import factories


@pytest.fixture(autouse=True)
def fresh(settings, tmp_path):
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(tmp_path / "storage"),
        "disk_reserve_bytes": 0,
    }
    cache.clear()


@pytest.fixture
def root():
    return factories.user("root", role=Role.ADMIN)


@pytest.fixture
def admin(root):
    client = Client()
    client.force_login(root)
    return client
