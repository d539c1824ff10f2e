"""Rows that measurements work on, written the short way."""

import uuid

from django.db import connection

from accounts.choices import Role
from accounts.models import User
from recordings.models import Recording

RECORDINGS = """
INSERT INTO recordings_recording (id, owner_id, title, kind, source, status, incomplete, language,
    duration, content_sha256, created_at, updated_at)
SELECT gen_random_uuid(), %(owner)s, 'Talk ' || n, 'upload', 'upload', %(status)s, false, 'ru',
    600, '', now() - n * interval '7 seconds', now()
FROM generate_series(1, %(count)s) n"""

TRACKS = """
WITH file AS (
    INSERT INTO recordings_storedfile (uid, size, sha256, content_type, created_at, updated_at)
    SELECT gen_random_uuid(), 1, md5(random()::text), 'audio/ogg', now(), now()
    FROM recordings_recording, generate_series(1, %(tracks)s) RETURNING uid
), numbered AS (
    SELECT uid, row_number() OVER () - 1 AS n FROM file
), place AS (
    SELECT id, position, row_number() OVER () - 1 AS n
    FROM recordings_recording, generate_series(0, %(tracks)s - 1) position
)
INSERT INTO recordings_track (recording_id, position, name, status, file_id, format, duration,
    speech, "offset", regions, created_at, updated_at)
SELECT place.id, place.position, 'Person ' || place.position, 'stored', numbered.uid, 'ogg',
    600, 300, 0, '{}', now(), now()
FROM place JOIN numbered USING (n)"""


def user(*, admin: bool = False) -> User:
    made = User.objects.create_user(f"bench-{uuid.uuid4().hex[:12]}")
    if admin:
        made.role, made.is_superuser = Role.ADMIN, True
        made.save()
    return made


def recordings(owner: User, count: int, *, status: str = "done", tracks: int = 0) -> None:
    """That many of one owner, seven seconds apart, each with `tracks` tracks."""
    with connection.cursor() as cursor:
        cursor.execute(RECORDINGS, {"owner": owner.pk, "count": count, "status": status})
        if tracks:
            cursor.execute(TRACKS, {"tracks": tracks})
        cursor.execute("VACUUM ANALYZE recordings_recording, recordings_track")


def all_recordings() -> list[Recording]:
    return list(Recording.objects.order_by("number"))
