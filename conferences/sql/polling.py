"""Looking at servers: claimed by one statement, fenced by an attempt; what was found is upserted.

Two polls of one server may overlap for ever: nothing is doubled, because every row has its id on
the server as a key, and an upsert that changes nothing writes nothing.
"""

CLAIM = """
WITH picked AS MATERIALIZED (
    SELECT id FROM conferences_connection
    WHERE enabled AND status NOT IN ('rejected', 'off')
        AND (next_poll_at IS NULL OR next_poll_at <= now())
        AND (poll_until IS NULL OR poll_until < now())
    ORDER BY next_poll_at NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE conferences_connection c
SET poll_until = now() + %(lease)s * interval '1 second', poller = %(worker)s,
    poll_attempt = c.poll_attempt + 1
FROM picked WHERE c.id = picked.id RETURNING c.id, c.poll_attempt, now() AS at"""
"""-> (id, poll_attempt, at) of the connection that waits longest. `worker`, `lease` (seconds)."""

RENEW = """
UPDATE conferences_connection SET poll_until = now() + %(lease)s * interval '1 second'
WHERE id = %(id)s AND poll_attempt = %(attempt)s AND poll_until IS NOT NULL RETURNING id"""
"""-> one row while the poll is ours. `id`, `attempt`, `lease`."""

RELEASE = """
UPDATE conferences_connection SET poll_until = NULL, poller = ''
WHERE poll_until IS NOT NULL AND poller = ANY(%(workers)s)"""
"""Frees what `workers`, known to be dead, were looking at."""

POLLERS = "SELECT DISTINCT poller FROM conferences_connection WHERE poll_until IS NOT NULL"

SETTLE = """
UPDATE conferences_connection
SET poll_until = NULL, poller = '', status = 'works', error = NULL, poll_failures = 0,
    polled_at = now(), changed_since = %(since)s, updated_at = now(),
    next_poll_at = now() + poll_seconds * interval '1 second' * %(pace)s
WHERE id = %(id)s AND poll_attempt = %(attempt)s AND poll_until IS NOT NULL RETURNING id"""
"""The look is over and was good. `since`: where the next one begins."""

FAIL = """
UPDATE conferences_connection
SET poll_until = NULL, poller = '', status = %(status)s, error = %(error)s,
    poll_failures = poll_failures + 1, updated_at = now(),
    last_trace_id = COALESCE(NULLIF(%(trace_id)s, ''), last_trace_id),
    next_poll_at = now() + LEAST(
        GREATEST(3600, poll_seconds), poll_seconds * 2 ^ LEAST(poll_failures, 20)
    ) * interval '1 second' * %(pace)s
WHERE id = %(id)s AND poll_attempt = %(attempt)s AND poll_until IS NOT NULL RETURNING id"""
"""The look failed: longer and longer pauses, at most an hour. `status`, `error` (jsonb)."""

CHECKED = """
UPDATE conferences_connection
SET granted_scopes = %(granted)s::varchar[], missing_scopes = %(missing)s::varchar[],
    clock_skew_s = %(skew)s, certificate_expires_at = %(certificate)s,
    generation = %(generation)s, checked_at = now(), download_after = NULL,
    download_failures = 0
WHERE id = %(id)s"""

CONFERENCE = """
WITH given AS (
    SELECT %(connection)s::bigint AS connection_id, %(remote_id)s::text AS remote_id,
           %(topic)s::text AS topic, %(owner)s::text AS owner, %(is_running)s::boolean AS running,
           %(auto)s::boolean AS auto, %(language)s::text AS language, %(tags)s::jsonb AS tags,
           %(seen)s::jsonb AS seen
), put AS (
    INSERT INTO conferences_conference AS c (
        connection_id, remote_id, topic, owner_call_id, is_running, auto_recognition,
        recognition_language, consent, tags, seen, access_due, created_at, updated_at)
    SELECT connection_id, remote_id, topic, owner, running, auto, language, 'unknown', tags, seen,
           false, now(), now()
    FROM given
    ON CONFLICT (connection_id, remote_id) DO UPDATE
    SET topic = excluded.topic, owner_call_id = excluded.owner_call_id,
        is_running = excluded.is_running, auto_recognition = excluded.auto_recognition,
        recognition_language = excluded.recognition_language, tags = excluded.tags,
        seen = excluded.seen, updated_at = now(),
        access_due = c.access_due OR c.owner_call_id <> excluded.owner_call_id
    WHERE (c.topic, c.owner_call_id, c.is_running, c.auto_recognition, c.recognition_language,
           c.tags, c.seen)
        IS DISTINCT FROM (excluded.topic, excluded.owner_call_id, excluded.is_running,
           excluded.auto_recognition, excluded.recognition_language, excluded.tags, excluded.seen)
    RETURNING c.id
)
SELECT id FROM put
UNION SELECT c.id FROM conferences_conference c JOIN given g USING (connection_id, remote_id)"""
"""-> its id; nothing when another poll has just inserted it (ask again)."""

SESSIONS = """
WITH given AS (
    SELECT DISTINCT ON (id) * FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS g(id text, started_at timestamptz, stopped_at timestamptz, ended boolean)
    ORDER BY id
), put AS (
    INSERT INTO conferences_session AS s (
        conference_id, remote_id, started_at, stopped_at, ended, status, forgotten,
        started_recognition, created_at, updated_at)
    SELECT %(conference)s, id, started_at, stopped_at, ended, 'discovered', false, false, now(),
           now()
    FROM given
    ON CONFLICT (conference_id, remote_id) DO UPDATE
    SET started_at = COALESCE(excluded.started_at, s.started_at),
        stopped_at = COALESCE(excluded.stopped_at, s.stopped_at),
        ended = s.ended OR excluded.ended, updated_at = now()
    WHERE (s.started_at, s.stopped_at, s.ended) IS DISTINCT FROM (
        COALESCE(excluded.started_at, s.started_at), COALESCE(excluded.stopped_at, s.stopped_at),
        s.ended OR excluded.ended)
    RETURNING s.id
)
UPDATE conferences_conference c SET held_at = g.latest
FROM (SELECT max(started_at) AS latest FROM given) g
WHERE c.id = %(conference)s AND g.latest IS NOT NULL AND c.held_at IS DISTINCT FROM g.latest"""
"""`conference`, `rows`: `[{"id", "started_at", "stopped_at", "ended"}]`. What is over stays so."""

DUE = """
SELECT s.id, s.remote_id, s.stopped_at, s.started_at FROM conferences_session s
WHERE s.conference_id = %(conference)s AND s.ended AND NOT s.forgotten AND (
    s.looked_at IS NULL
    OR (COALESCE(s.stopped_at, s.created_at) > now() - %(window)s * interval '1 hour'
        AND s.looked_at < now() - LEAST(
            interval '1 hour', (now() - COALESCE(s.stopped_at, s.created_at)) / 10)))
ORDER BY COALESCE(s.started_at, s.created_at) DESC, s.id DESC"""
"""-> sessions whose tracks are to be asked for, newest first. Once looked at, again within the
trailing `window`, and the more seldom the longer it is over (at most an hour apart)."""

PARTICIPANTS = """
WITH rank(role, strength) AS (
    VALUES ('owner', 3), ('moderator', 2), ('participant', 1), ('invited', 0)
), given AS (
    SELECT DISTINCT ON (call_id) g.*, r.strength FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS g(call_id text, name text, role text, joined_at timestamptz, left_at timestamptz)
    JOIN rank r ON r.role = g.role
    ORDER BY call_id, r.strength DESC
), put AS (
    INSERT INTO conferences_participant AS p (
        conference_id, call_id, display_name, role, left_out, joined_at, left_at, created_at,
        updated_at)
    SELECT %(conference)s, call_id, name, role, false, joined_at, left_at, now(), now() FROM given
    ON CONFLICT (conference_id, call_id) DO UPDATE
    SET display_name = COALESCE(NULLIF(excluded.display_name, ''), p.display_name),
        role = excluded.role,
        joined_at = LEAST(p.joined_at, excluded.joined_at),
        left_at = GREATEST(p.left_at, excluded.left_at), updated_at = now()
    WHERE (p.display_name, p.role) IS DISTINCT FROM
            (COALESCE(NULLIF(excluded.display_name, ''), p.display_name), excluded.role)
        AND (%(newest)s OR (SELECT strength FROM rank WHERE role = excluded.role)
            >= (SELECT strength FROM rank WHERE role = p.role))
    RETURNING p.id
)
UPDATE conferences_conference c SET access_due = true
WHERE c.id = %(conference)s AND NOT c.access_due AND EXISTS (SELECT FROM put)"""
"""`conference`, `rows`: `[{"call_id", "name", "role", "joined_at", "left_at"}]`, `newest`: of the
newest session, whose roles count; an older one only adds people and rights."""

TRACKS = """
WITH given AS (
    SELECT DISTINCT ON (id) * FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS g(id text, call_id text, name text, size bigint, sha256 text, started_at timestamptz,
             stopped_at timestamptz, url text)
    ORDER BY id
), place AS MATERIALIZED (
    SELECT GREATEST(
        (SELECT COALESCE(min(turn), 0) FROM conferences_remotetrack
         WHERE status = 'pending' AND priority = %(priority)s),
        (SELECT COALESCE(max(turn) + 1, 0) FROM conferences_remotetrack
         WHERE status = 'pending' AND priority = %(priority)s
            AND connection_id = %(connection)s)) AS turn
), looked AS (
    UPDATE conferences_session SET looked_at = now() WHERE id = %(session)s
), put AS (
    INSERT INTO conferences_remotetrack AS t (
        session_id, connection_id, remote_id, call_id, display_name, size, sha256, started_at,
        stopped_at, download_url, etag, status, priority, turn, ready_at, attempt, failures,
        worker, bytes_done, merged, created_at, updated_at)
    SELECT %(session)s, %(connection)s, id, call_id, name, size, sha256, g.started_at,
        g.stopped_at, url, '', 'pending', %(priority)s,
        place.turn + row_number() OVER (ORDER BY id) - 1, now(), 0, 0, '', 0, false, now(), now()
    FROM given g, place
    ON CONFLICT (session_id, remote_id) DO UPDATE
    SET call_id = excluded.call_id, display_name = excluded.display_name, size = excluded.size,
        sha256 = excluded.sha256, started_at = excluded.started_at,
        stopped_at = excluded.stopped_at, download_url = excluded.download_url, updated_at = now(),
        status = CASE WHEN t.status IN ('failed', 'missing') THEN 'pending' ELSE t.status END,
        ready_at = CASE WHEN t.status IN ('failed', 'missing') THEN now() ELSE t.ready_at END,
        failures = CASE WHEN t.status IN ('failed', 'missing') THEN 0 ELSE t.failures END
    WHERE t.status <> 'stored' AND (
        (t.size, t.sha256) IS DISTINCT FROM (excluded.size, excluded.sha256)
        OR (t.status IN ('pending', 'downloading') AND (t.call_id, t.display_name, t.download_url)
            IS DISTINCT FROM (excluded.call_id, excluded.display_name, excluded.download_url))
        OR (t.status = 'missing' AND t.updated_at < now() - %(again)s * interval '1 second'))
    RETURNING t.id
)
SELECT count(*) FROM put"""
"""-> how many are new or another file now. A track that was given up is tried again when the server
has another file for it, and one that was missing `again` seconds later while it is listed."""

UNFINISHED = """
SELECT DISTINCT c.id FROM conferences_conference c JOIN conferences_session s
    ON s.conference_id = c.id
WHERE c.connection_id = %(connection)s AND NOT (c.id = ANY(%(seen)s)) AND NOT s.forgotten
    AND (NOT s.ended OR s.status IN ('discovered', 'downloading')
        OR (s.status = 'incomplete' AND s.completed_at > now() - %(window)s * interval '1 hour'))
ORDER BY c.id LIMIT 500"""
"""-> conferences that this look did not meet and that still lack something."""
