"""The prompt that summaries are made with until somebody writes a better one."""

from typing import Any

from django.db import migrations

TEXT = """\
Summarise the conversation «{{ title }}»: its topics, what was decided, who promised what and until
when, and which questions stayed open. Leave out small talk."""


def install(apps: Any, schema_editor: Any) -> None:
    apps.get_model("analytics", "Prompt").objects.get_or_create(
        name="summary", version=1, defaults={"text": TEXT}
    )


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
