"""Counters of limits need no durability: without a write-ahead log a request doesn't wait for a disk.

After a crash of PostgreSQL the table is empty, that is, every bucket is full.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_append_only")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE accounts_limitbucket SET UNLOGGED",
            "ALTER TABLE accounts_limitbucket SET LOGGED",
        )
    ]
