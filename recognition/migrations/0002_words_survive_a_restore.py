"""The text index names its functions so that a dump can be restored.

`pg_restore` empties the search path: a body kept as text then finds no `recognition_fold`, and the
table of the index could not be made. A body in standard SQL is bound when it is created.
"""

from django.db import migrations

WORDS = """
CREATE OR REPLACE FUNCTION recognition_words(body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN setweight(to_tsvector('pg_catalog.simple'::regconfig, recognition_fold(body)), 'A')
        || setweight(to_tsvector('pg_catalog.russian'::regconfig, recognition_fold(body)), 'B');
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0001_initial")]
    operations = [migrations.RunSQL(WORDS, migrations.RunSQL.noop)]
