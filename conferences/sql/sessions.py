"""What sessions still lack: these are candidates; who takes one locks it and looks again.

`after` and `limit` everywhere: a few at a time, by their ids.
"""

UNBORN = """
SELECT s.id FROM conferences_session s
JOIN conferences_conference k ON k.id = s.conference_id
JOIN conferences_connection c ON c.id = k.connection_id
WHERE s.status = 'discovered' AND s.ended AND s.recording_id IS NULL AND NOT s.forgotten
    AND c.access = 'full'
    AND EXISTS (SELECT FROM conferences_remotetrack t WHERE t.session_id = s.id)
    AND s.id > %(after)s
ORDER BY s.id LIMIT %(limit)s"""
"""Over, with tracks on the server, and without a recording."""

TRACKLESS = """
SELECT t.id FROM conferences_remotetrack t JOIN conferences_session s ON s.id = t.session_id
WHERE t.track_id IS NULL AND s.recording_id IS NOT NULL AND t.status <> 'stored'
    AND t.id > %(after)s
ORDER BY t.id LIMIT %(limit)s"""
"""Came to a session that has a recording already."""

COMPLETE = """
SELECT s.id FROM conferences_session s
WHERE s.recording_id IS NOT NULL AND (
    (s.status = 'downloading' AND NOT EXISTS (
        SELECT FROM conferences_remotetrack t
        WHERE t.session_id = s.id AND t.status IN ('pending', 'downloading')))
    OR (s.status = 'incomplete' AND NOT EXISTS (
        SELECT FROM conferences_remotetrack t WHERE t.session_id = s.id
            AND t.status IN ('pending', 'downloading', 'missing', 'failed'))))
    AND s.id > %(after)s
ORDER BY s.id LIMIT %(limit)s"""
"""Nothing more is awaited, or what was lost has come, and nobody has said so: whoever brought the
last track was killed before he could."""

STATES = """
SELECT count(*) FILTER (WHERE status = 'stored') AS stored,
       count(*) FILTER (WHERE status IN ('missing', 'failed')) AS lost,
       count(*) FILTER (WHERE status IN ('pending', 'downloading')) AS awaited
FROM conferences_remotetrack WHERE session_id = %(session)s"""

ALL_STATES = """
SELECT count(*) FILTER (WHERE t.status IN ('missing', 'failed')) AS lost,
       count(*) FILTER (WHERE t.status IN ('pending', 'downloading') AND s.status = 'downloading')
            AS awaited
FROM conferences_remotetrack t JOIN conferences_session s ON s.id = t.session_id
WHERE s.recording_id = %(recording)s"""
"""Of all sessions that share a recording. A track that came late is not awaited."""

UNRECOGNISED = """
SELECT s.id FROM conferences_session s
JOIN conferences_conference k ON k.id = s.conference_id
JOIN conferences_connection c ON c.id = k.connection_id
JOIN recordings_recording r ON r.id = s.recording_id
WHERE NOT s.started_recognition AND s.status IN ('ready', 'incomplete')
    AND s.completed_at > now() - GREATEST(c.rescan_hours, 1) * interval '1 hour'
    AND COALESCE(k.auto_recognition, c.auto_recognize) AND c.access = 'full'
    AND (k.consent = 'given' OR (k.consent = 'unknown' AND NOT c.consent_required))
    AND r.trashed_at IS NULL AND (r.status = 'ready' OR (r.status = 'failed'
        AND EXISTS (SELECT FROM recordings_track t WHERE t.recording_id = r.id
            AND t.status = 'stored')
        AND NOT EXISTS (SELECT FROM recordings_run n WHERE n.recording_id = r.id)))
    AND s.id > %(after)s
ORDER BY s.id LIMIT %(limit)s"""
"""To be recognised without being asked. After the trailing window only a person starts it."""

START = """
UPDATE conferences_session SET started_recognition = true, updated_at = now()
WHERE recording_id = %(recording)s AND NOT started_recognition RETURNING id"""
"""-> rows, once in the life of a session: whoever gets them starts."""

UNMERGED = """
SELECT t.id, t.track_id, s.recording_id FROM conferences_remotetrack t
JOIN conferences_session s ON s.id = t.session_id
JOIN recordings_recording r ON r.id = s.recording_id
WHERE t.status = 'stored' AND NOT t.merged AND r.status IN ('done', 'failed', 'cancelled')
ORDER BY s.recording_id, t.id LIMIT %(limit)s"""
"""In, of recordings that have been recognised (or were to be) before."""

HEARD = """
SELECT DISTINCT track_id FROM recordings_steprun
WHERE recording_id = %(recording)s AND track_id = ANY(%(tracks)s)"""
"""Tracks that some run has met."""

FORGET = """
UPDATE conferences_session SET forgotten = true, updated_at = now()
WHERE recording_id IS NULL AND NOT forgotten
    AND status IN ('downloading', 'ready', 'incomplete', 'failed')"""
"""Its recording was deleted here: it is not brought again."""

EXPIRE = """
UPDATE conferences_session s SET status = 'expired', updated_at = now()
FROM conferences_conference k, conferences_connection c
WHERE k.id = s.conference_id AND c.id = k.connection_id
    AND s.status = 'discovered' AND s.ended AND s.looked_at IS NOT NULL
    AND GREATEST(s.created_at, COALESCE(s.stopped_at, s.created_at))
        + c.track_patience_hours * interval '1 hour' < now()
    AND NOT EXISTS (SELECT FROM conferences_remotetrack t WHERE t.session_id = s.id)"""
"""The server has no sound of it, and none was made any more."""

REOPEN = """
UPDATE conferences_session s SET status = 'discovered', updated_at = now()
WHERE s.status = 'expired' AND NOT s.forgotten AND EXISTS (
    SELECT FROM conferences_remotetrack t WHERE t.session_id = s.id)"""

ACCESS_DUE = """
SELECT id FROM conferences_conference WHERE access_due AND id > %(after)s
ORDER BY id LIMIT %(limit)s"""

RULES_OVER = """
WITH over AS (
    DELETE FROM conferences_rolerights WHERE expires_at <= now() RETURNING conference_id
)
UPDATE conferences_conference SET access_due = true WHERE id IN (SELECT conference_id FROM over)"""
"""Rights of roles that have ended: what was before counts again."""
