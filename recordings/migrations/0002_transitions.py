"""Illegal changes of a status are refused by PostgreSQL; the table stands in `choices`."""

from django.db import migrations

from recordings.transitions import install_sql, remove_sql


class Migration(migrations.Migration):
    dependencies = [("recordings", "0001_initial")]
    operations = [migrations.RunSQL(install_sql(), remove_sql())]
