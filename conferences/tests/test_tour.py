"""The tour of `/api/user/v1/` in docs/api.md, run as it stands there."""

import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from conferences.fake_tcs.server import FakeServer
from conferences.tests import scene
from notifications.tests.conftest import Server

HEADING = "## People of a TrueConf Server: `/api/user/v1/`"


def commands() -> str:
    """The indented lines of the section."""
    text = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
    section = text.split(HEADING)[1].split("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    return "set -eo pipefail\n" + "\n".join(textwrap.dedent(block) for block in blocks)


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    running = Server()
    yield running
    running.stop()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq") and shutil.which("bash")),
    reason="the tour is written for bash, curl and jq",
)
def test_the_tour_works_as_it_is_written(server: Server, root: Path, tmp_path: Path) -> None:
    with FakeServer(name="north.example") as fake:
        fake.add_user("anna", name="Anna North")
        north = scene.connect(fake)
        recording = scene.meeting(north, tmp_path)
        scene.recognised(recording)
        ran = subprocess.run(
            ["bash", "-c", commands()],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "SAI": f"http://127.0.0.1:{server.port}",
                "TCS": fake.url,
                "CLIENT_ID": fake.app.client_id,
                "CLIENT_SECRET": fake.app.client_secret,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout.splitlines()
    assert "true" in said  # registered
    assert f'[{recording.number},"Budget","recognized","owner"]' in said
    assert "The budget grows." in said
    assert '"conference_id": "Budget-id"' in ran.stdout
    assert "provider (full) with host nobody.example not found" in ran.stdout
    assert said[-1] == "anna@north.example"
    assert len((tmp_path / "part.wav").read_bytes()) == 100
