"""The queue of tracks: claimed, kept, put back and settled, fenced by the attempt, as steps are.

Lock order everywhere: remote track, then session, then what `recordings` locks.
"""

ONE_BY_ONE = "SELECT pg_advisory_xact_lock(7239001)"
"""Before `CLAIM`, in its transaction: so that its count of downloads is everybody's. A statement
that waits for a lock goes on with the rows it saw before."""

CLAIM = """
WITH busy AS MATERIALIZED (
    SELECT connection_id, count(*) AS n FROM conferences_remotetrack
    WHERE status = 'downloading' AND lease_until >= now() GROUP BY connection_id
), room AS MATERIALIZED (
    SELECT COALESCE((SELECT download_workers FROM conferences_conferencesettings WHERE id = 1), 5)
        > COALESCE((SELECT sum(n) FROM busy), 0) AS any
), picked AS MATERIALIZED (
    SELECT t.id FROM room, conferences_connection c
    LEFT JOIN busy b ON b.connection_id = c.id
    CROSS JOIN LATERAL (
        SELECT t.id, t.priority, t.turn FROM conferences_remotetrack t
        JOIN conferences_session s ON s.id = t.session_id AND s.recording_id IS NOT NULL
        WHERE t.connection_id = c.id AND t.status = 'pending' AND t.ready_at <= now()
            AND t.track_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM conferences_participant p WHERE p.conference_id = s.conference_id
                    AND p.call_id = lower(t.call_id) AND p.left_out)
        ORDER BY t.priority, t.turn, t.id LIMIT 1
    ) t
    WHERE room.any AND c.enabled AND c.access = 'full' AND c.status NOT IN ('rejected', 'off')
        AND (c.download_after IS NULL OR c.download_after <= now())
        AND COALESCE(b.n, 0) < COALESCE(c.download_workers, 32767)
    ORDER BY t.priority, COALESCE(b.n, 0), t.turn, t.id LIMIT 1
)
UPDATE conferences_remotetrack t
SET status = 'downloading', attempt = t.attempt + 1, worker = %(worker)s, updated_at = now(),
    lease_until = now() + %(lease)s * interval '1 second'
FROM picked WHERE t.id = picked.id AND t.status = 'pending' RETURNING t.id, t.attempt"""
"""-> (id, attempt), or nothing. By priority; then from the server that has the fewest downloads
under way; then by turn. Counts what all processes bring, so the limit holds for all of them."""

RENEW = """
WITH held AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(bytes)s::bigint[])
        AS h(id, attempt, bytes)
)
UPDATE conferences_remotetrack t
SET lease_until = now() + %(lease)s * interval '1 second', bytes_done = h.bytes
FROM held h WHERE t.id = h.id AND t.attempt = h.attempt AND t.status = 'downloading'
RETURNING t.id"""
"""-> those that are still ours. `ids`, `attempts`, `bytes` (parallel), `lease`."""

SHARES = """
SELECT t.id, LEAST(
    (SELECT bytes_per_second FROM conferences_conferencesettings WHERE id = 1)
        / count(*) OVER (),
    c.bytes_per_second / count(*) OVER (PARTITION BY t.connection_id)) AS bytes_per_second
FROM conferences_remotetrack t JOIN conferences_connection c ON c.id = t.connection_id
WHERE t.status = 'downloading' AND t.lease_until >= now()"""
"""-> how fast each download may be now (null: as fast as it can): what is allowed in all, and what
its server is allowed, divided among those under way in all processes."""

HOLD = """
SELECT id FROM conferences_remotetrack
WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'downloading' FOR UPDATE"""

KNOW = """
UPDATE conferences_remotetrack SET etag = %(etag)s, size = COALESCE(size, %(size)s)
WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'downloading' RETURNING id"""
"""Which file it is that now comes: it stands in the row before its first byte is written."""

STORED = """
WITH done AS (
    UPDATE conferences_remotetrack
    SET status = 'stored', lease_until = NULL, worker = '', error = NULL, failures = 0,
        bytes_done = %(size)s, size = %(size)s, sha256 = %(sha256)s, merged = %(merged)s,
        updated_at = now()
    WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'downloading'
    RETURNING connection_id
)
UPDATE conferences_connection c SET download_after = NULL, download_failures = 0
FROM done WHERE c.id = done.connection_id AND c.download_failures > 0"""

PUT_BACK = """
WITH ended AS (
    SELECT t.id, %(final)s OR (%(counts)s AND now() > GREATEST(
            t.created_at, COALESCE(s.stopped_at, t.created_at))
            + c.track_patience_hours * interval '1 hour') AS given_up
    FROM conferences_remotetrack t JOIN conferences_session s ON s.id = t.session_id
    JOIN conferences_connection c ON c.id = t.connection_id
    WHERE t.id = %(id)s
)
UPDATE conferences_remotetrack t
SET status = CASE WHEN e.given_up THEN %(as)s ELSE 'pending' END,
    lease_until = NULL, worker = '', updated_at = now(), bytes_done = %(bytes)s,
    failures = t.failures + CASE WHEN %(counts)s THEN 1 ELSE 0 END,
    error = COALESCE(%(error)s, t.error),
    ready_at = now() + %(delay)s * interval '1 second'
FROM ended e WHERE t.id = e.id AND t.attempt = %(attempt)s AND t.status = 'downloading'
RETURNING t.status"""
"""-> its status now, or nothing when it is no longer ours. `final`: no other try; `counts`: this
was a failure (patience may be over); `as`: what it is when given up; `delay` (seconds)."""

AWAY = """
UPDATE conferences_connection
SET download_failures = download_failures + 1, download_after = now()
    + LEAST(300, 2 * 2 ^ LEAST(download_failures, 10)) * %(pace)s * interval '1 second'
WHERE id = %(id)s AND (download_after IS NULL OR download_after <= now())"""
"""Its server did not answer: none of its tracks is tried for a while."""

RELEASE = """
UPDATE conferences_remotetrack
SET status = 'pending', lease_until = NULL, worker = '', ready_at = now(), updated_at = now()
WHERE id IN (
    SELECT id FROM conferences_remotetrack
    WHERE status = 'downloading' AND (worker = ANY(%(workers)s) OR (lease_until < now()
        AND now() > pg_postmaster_start_time() + %(lease)s * interval '1 second'))
    FOR UPDATE SKIP LOCKED)
RETURNING id"""
"""Frees what `workers`, known to be dead, held, and what nobody kept for a lease."""

WORKERS = "SELECT DISTINCT worker FROM conferences_remotetrack WHERE status = 'downloading'"

BACKLOG = """
SELECT c.id, c.name, count(*) AS tracks,
       COALESCE(sum(GREATEST(COALESCE(t.size, 0) - t.bytes_done, 0)), 0)::bigint AS bytes,
       count(DISTINCT t.session_id) AS sessions,
       extract(epoch FROM now() - min(t.created_at))::float8 AS oldest_s
FROM conferences_remotetrack t JOIN conferences_connection c ON c.id = t.connection_id
WHERE t.status IN ('pending', 'downloading') GROUP BY c.id, c.name"""
"""-> what each server still has to give: tracks, bytes as far as known, seconds of the oldest."""
