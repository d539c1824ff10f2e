"""The table of legal transitions as triggers: PostgreSQL itself refuses an illegal change."""

from django.db.models import TextChoices

from recordings.choices import (
    TRANSITIONS,
    RecordingStatus,
    RunStatus,
    StepStatus,
    TrackStatus,
)

TABLES: dict[type[TextChoices], str] = {
    RecordingStatus: "recordings_recording",
    RunStatus: "recordings_run",
    StepStatus: "recordings_steprun",
    TrackStatus: "recordings_track",
}


def install_sql() -> list[str]:
    """Statements that create or replace the triggers."""
    statements = []
    for statuses, table in TABLES.items():
        pairs = ", ".join(
            f"('{old}', '{new}')"
            for old, following in TRANSITIONS[statuses].items()
            for new in sorted(following)
        )
        name = f"{table}_transition"
        statements += [
            f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (OLD.status, NEW.status) IN ({pairs}) THEN RETURN NEW; END IF;
                RAISE EXCEPTION '{table}: % may not follow %', NEW.status, OLD.status
                    USING ERRCODE = 'check_violation'; END $$""",
            f"""CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE OF status ON {table} FOR EACH ROW
                WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION {name}()""",
        ]
    return statements


def remove_sql() -> list[str]:
    return [f"DROP FUNCTION IF EXISTS {table}_transition() CASCADE" for table in TABLES.values()]
