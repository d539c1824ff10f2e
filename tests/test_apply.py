"""`apply` declares storage and prompts as well."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from analytics.models import Prompt
from recordings.models import StorageSettings

pytestmark = pytest.mark.django_db

FILE = """
storage:
  - {root: "s3://bucket/talks", reserve: 1000, secret_access_key: "${S3_TEST_SECRET}"}
prompts:
  - {name: minutes, text: "Minutes of {{ title }}"}
"""


def test_storage_and_prompts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_TEST_SECRET", "hush")
    path = tmp_path / "sai.yaml"
    path.write_text(FILE)
    call_command("apply", str(path))
    first = json.loads(capsys.readouterr().out)
    assert [row["created"] for rows in first.values() for row in rows] == [True, True]
    row = StorageSettings.objects.get()
    assert (row.root, row.reserve_bytes, row.secret_access_key) == (
        "s3://bucket/talks",
        1000,
        "hush",
    )
    call_command("apply", str(path))
    again = json.loads(capsys.readouterr().out)
    assert [row["created"] for rows in again.values() for row in rows] == [False, False]
    assert Prompt.objects.filter(name="minutes").count() == 1


def test_a_bad_prompt_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_TEST_SECRET", "hush")
    path = tmp_path / "sai.yaml"
    path.write_text(FILE.replace("title", "nonsense"))
    with pytest.raises(CommandError, match="nonsense") as ended:
        call_command("apply", str(path))
    assert ended.value.returncode == 2
    assert not StorageSettings.objects.exists()
