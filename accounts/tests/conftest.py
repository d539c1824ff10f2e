"""Passwords hash quickly here (the same algorithm, small costs); a licence vendor is trusted."""

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts import licences
from accounts.tests import licensing


class QuickArgon2(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 256
    parallelism = 1


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["accounts.tests.conftest.QuickArgon2"]


@pytest.fixture
def licence_vendor(settings):
    """His key is trusted here, and what is used is what `licensing.USED` says."""
    settings.ACCOUNTS = {**settings.ACCOUNTS, "licence_public_keys": [licensing.PUBLIC]}
    settings.LICENCE_USAGE = {
        "full_connections": "accounts.tests.licensing.full",
        "hours_per_month": "accounts.tests.licensing.hours",
    }
    licensing.USED.clear()
    licences.forget()
    yield
    licences.forget()
