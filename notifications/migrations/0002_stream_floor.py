"""What is no longer kept, and the function that gives numbers."""

from django.db import migrations, models

NUMBER_EVENTS = """
CREATE FUNCTION notifications_number_events(most integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE numbered integer;
BEGIN
    IF NOT EXISTS (SELECT FROM notifications_event WHERE seq IS NULL) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(4715001);
    -- A new statement sees what the last holder of the lock has numbered. nextval stands above a
    -- subquery with LIMIT: numbers follow ids whatever the plan of the join.
    WITH waiting AS MATERIALIZED (
        SELECT id, nextval('notifications_event_seq_number') AS number
        FROM (SELECT id FROM notifications_event WHERE seq IS NULL ORDER BY id LIMIT most) oldest)
    UPDATE notifications_event SET seq = number FROM waiting
    WHERE notifications_event.id = waiting.id;
    GET DIAGNOSTICS numbered = ROW_COUNT;
    RETURN numbered;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="StreamFloor",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("seq", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(NUMBER_EVENTS, "DROP FUNCTION notifications_number_events(integer)"),
    ]
