"""The queue's statements for engines of the gateway: the same rows, order and fences.

An engine is a worker that is not ours: it takes only some steps and languages, may not want what it
is offered, and is kept alive by whoever talks to it.
"""

from notifications.events import EVENT_INSERT
from recordings.pipeline.statements import CLAIMED, STEP_EVENT

CLAIM = f"""
WITH head AS MATERIALIZED (
    SELECT first.id FROM unnest(%(queues)s::text[]) AS q(name) CROSS JOIN LATERAL (
        SELECT s.id, s.priority, s.turn FROM recordings_steprun s
        JOIN recordings_run r ON r.id = s.run_id
        JOIN recordings_recording c ON c.id = s.recording_id
        WHERE s.queue = q.name AND s.status = 'pending' AND s.ready_at <= now()
            AND s.executor <> 'local' AND s.step = ANY(%(steps)s::text[])
            AND s.id <> ALL(%(unwanted)s::bigint[])
            AND (cardinality(%(languages)s::text[]) = 0 OR s.step <> ALL(%(spoken)s::text[])
                OR split_part(lower(COALESCE(NULLIF(r.params->>'language', ''),
                    NULLIF(c.language, ''), %(language)s::text)), '-', 1)
                    = ANY(%(languages)s::text[] || ARRAY['']))
        ORDER BY s.priority, s.turn, s.id LIMIT 1
    ) first ORDER BY first.priority, first.turn, first.id LIMIT 1
), picked AS MATERIALIZED (
    SELECT s.id FROM recordings_steprun s JOIN head ON head.id = s.id
    WHERE s.status = 'pending' AND s.ready_at <= now() FOR UPDATE OF s SKIP LOCKED
{CLAIMED},
       (SELECT count(*) FROM head) AS heads FROM (SELECT) one LEFT JOIN step ON true"""
"""-> one row: the claimed step, or nulls; `heads` is 1 when there was one: if it is not claimed
then somebody else was faster. `queues`, `steps`, `spoken` (steps for which an engine must know the
language), `languages` (none: all), `language` (where nobody named one), `unwanted` (ids), `worker`,
`lease` (seconds)."""

PUT_BACK = f"""
WITH step AS (
    UPDATE recordings_steprun
    SET status = 'pending', lease_until = NULL, worker = '', progress = 0, ready_at = now()
    WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running' RETURNING *
), told AS ({EVENT_INSERT} {STEP_EVENT.format(before="'running'", source="step")})
SELECT queue FROM step"""
"""-> its queue, or nothing. Nobody failed and nobody was lost: an engine did not want it."""

ADOPT = f"""
WITH held AS MATERIALIZED (
    SELECT id, status FROM recordings_steprun
    WHERE id = %(id)s AND attempt = %(attempt)s AND (
        (status = 'running' AND worker = %(worker)s)
        OR (status = 'pending' AND ready_at IS NOT NULL))
    FOR UPDATE
), step AS (
    UPDATE recordings_steprun s
    SET status = 'running', worker = %(worker)s,
        lease_until = now() + %(lease)s * interval '1 second'
    FROM held WHERE s.id = held.id RETURNING s.*, held.status AS before
), told AS (
    {EVENT_INSERT}
    {STEP_EVENT.format(before="s.before", source="step")} WHERE s.before <> s.status
)
SELECT id, run_id, recording_id, track_id, step, queue, status, attempt, failures, lost, cost,
       position, priority, turn, extract(epoch FROM now() - started_at)::float8 AS since,
       progress FROM step"""
"""-> the row, which `worker` goes on with: it still holds it, or its lease ran out and nobody has
claimed it since. Ask only for who held that attempt. `id`, `attempt`, `worker`, `lease`."""

KEEP = f"""
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(leases)s::float8[],
        %(progress)s::int[], %(due)s::bool[], %(tell)s::bool[])
        AS w(id, attempt, lease, progress, due, tell)
), held AS MATERIALIZED (
    SELECT s.id, w.lease, w.progress, w.tell
    FROM recordings_steprun s JOIN wanted w ON w.id = s.id AND w.attempt = s.attempt
    WHERE s.status = 'running' AND w.due ORDER BY s.id FOR UPDATE OF s SKIP LOCKED
), step AS (
    UPDATE recordings_steprun s
    SET lease_until = GREATEST(s.lease_until, now() + held.lease * interval '1 second'),
        progress = held.progress
    FROM held WHERE s.id = held.id RETURNING s.*, held.tell
), told AS (
    {EVENT_INSERT}
    SELECT 'step.progress', 'step', id::text, 'recording:' || recording_id,
           jsonb_build_object('progress', progress, 'step', step, 'run', run_id,
               'recording', recording_id, 'track', track_id)
    FROM step WHERE tell
)
SELECT w.id, EXISTS (SELECT FROM step WHERE step.id = w.id) AS renewed,
    EXISTS (SELECT FROM recordings_steprun s
            WHERE s.id = w.id AND s.attempt = w.attempt AND s.status = 'running') AS ours
FROM wanted w"""
"""-> for each row whether it is still held by that attempt, and whether its lease was renewed (only
where `due`, and not while somebody has it locked). Parallel arrays; `lease` in seconds from now."""
