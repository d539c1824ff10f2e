"""A dump of the database can be restored, functions, triggers and generated columns included."""

import subprocess

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from sai.embedded import postgres

RESTORED = "sai_restored"


@pytest.mark.django_db
def test_a_dump_can_be_restored(tmp_path):
    binaries = postgres.binaries()
    if binaries is None:
        pytest.skip("no pg_dump of the right version on this platform")
    given = settings.DATABASES["default"]
    server = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}".format(**given)
    dump = tmp_path / "sai.dump"
    run(binaries / "pg_dump", "--format=custom", f"--file={dump}", f"{server}/{given['NAME']}")
    name = sql.Identifier(RESTORED)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            into = f"{server}/{RESTORED}"
            run(binaries / "pg_restore", "--exit-on-error", "--no-owner", "--dbname", into, dump)
            with psycopg.connect(into) as restored:
                assert restored.execute("SELECT recognition_words('ёлка')").fetchone() == (
                    "'елк':2B 'елка':1A",
                )
        finally:
            link.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
