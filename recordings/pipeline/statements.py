"""The queue's statements. Each is one round trip, its events included, on the database's clock.

Lock order everywhere: step, then run, then recording. A run's `remaining` is counted down under its
row lock, which PostgreSQL re-reads after waiting: of two tracks that pass at once exactly one
advances the run.
"""

from notifications.events import EVENT_INSERT

STEP_EVENT = """
    SELECT 'step.status', 'step', s.id::text, 'recording:' || s.recording_id,
           jsonb_build_object('from', {before}, 'to', s.status, 'attempt', s.attempt,
               'step', s.step, 'run', s.run_id, 'recording', s.recording_id, 'track', s.track_id)
    FROM {source} s"""

_RUN_EVENT = """
    SELECT 'run.status', 'run', r.id::text, 'recording:' || r.recording_id,
           jsonb_build_object('from', {before}, 'to', r.status, 'recording', r.recording_id,
               'pipeline', r.pipeline)
    FROM {source} r {where}"""

_RECORDING_EVENT = """
    SELECT 'recording.status', 'recording', c.id::text, 'recording:' || c.id,
           jsonb_build_object('from', {before}, 'to', c.status)
    FROM {source} c"""

CLAIMED = f"""
), step AS (
    UPDATE recordings_steprun s
    SET status = 'running', attempt = s.attempt + 1, worker = %(worker)s, progress = 0,
        lease_until = now() + %(lease)s * interval '1 second', started_at = now(), error = NULL
    FROM picked WHERE s.id = picked.id RETURNING s.*
), run AS (
    UPDATE recordings_run r SET status = 'running', updated_at = now()
    FROM step WHERE r.id = step.run_id AND r.status = 'queued' RETURNING r.*
), told AS (
    {EVENT_INSERT}
    {STEP_EVENT.format(before="'pending'", source="step")}
    UNION ALL
    {_RUN_EVENT.format(before="'queued'", source="run", where="")}
)
SELECT id, run_id, recording_id, track_id, step, queue, status, attempt, failures, lost, cost,
       position, priority, turn"""
"""What becomes of a row in `picked`, and its columns; `FROM step` follows."""

CLAIM = f"""
WITH picked AS MATERIALIZED (
    SELECT id FROM recordings_steprun
    WHERE queue = %(queue)s AND status = 'pending' AND ready_at <= now() AND executor <> 'engine'
    ORDER BY priority, turn, id LIMIT 1 FOR UPDATE SKIP LOCKED
{CLAIMED} FROM step"""
"""-> the claimed row, or nothing. `queue`, `worker`, `lease` (seconds)."""

PASS = f"""
WITH step AS (
    UPDATE recordings_steprun
    SET status = %(status)s, lease_until = NULL, worker = '', progress = 100, finished_at = now()
    WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running' RETURNING *
), run AS (
    UPDATE recordings_run r
    SET remaining = CASE WHEN r.remaining > 1 THEN r.remaining - 1 ELSE following.n END,
        position = CASE WHEN r.remaining > 1 THEN r.position ELSE r.position + 1 END,
        status = CASE WHEN r.remaining > 1 OR following.n > 0 THEN r.status ELSE 'done' END,
        finished_at = CASE WHEN r.remaining > 1 OR following.n > 0 THEN NULL ELSE now() END,
        updated_at = now()
    FROM step, LATERAL (
        SELECT count(*) AS n FROM recordings_steprun n
        WHERE n.run_id = step.run_id AND n.position = step.position + 1
    ) following
    WHERE r.id = step.run_id AND r.status = 'running' RETURNING r.*
), next AS (
    UPDATE recordings_steprun n SET ready_at = now()
    FROM run WHERE n.run_id = run.id AND n.position = run.position
        AND n.status = 'pending' AND n.ready_at IS NULL
    RETURNING n.queue
), recording AS (
    UPDATE recordings_recording c SET status = 'done', error = NULL, updated_at = now()
    FROM run WHERE c.id = run.recording_id AND run.status = 'done' AND c.status = 'processing'
    RETURNING c.*
), told AS (
    {EVENT_INSERT}
    {STEP_EVENT.format(before="'running'", source="step")}
    UNION ALL
    {_RUN_EVENT.format(before="'running'", source="run", where="WHERE r.status = 'done'")}
    UNION ALL
    {_RECORDING_EVENT.format(before="'processing'", source="recording")}
)
SELECT (SELECT count(*) FROM step), ARRAY(SELECT DISTINCT queue FROM next)"""
"""-> (1, or 0 when another attempt holds it; queues with new work). `status`, `id`, `attempt`."""

RETRY = f"""
WITH step AS (
    UPDATE recordings_steprun
    SET status = 'pending', lease_until = NULL, worker = '', failures = failures + 1, progress = 0,
        ready_at = now() + %(delay)s * interval '1 second', error = %(error)s
    WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running' RETURNING *
), told AS ({EVENT_INSERT} {STEP_EVENT.format(before="'running'", source="step")})
SELECT count(*) FROM step"""
"""-> 1 or 0. `id`, `attempt`, `delay` (seconds), `error` (jsonb)."""

_RELEASED = f"""
), step AS (
    UPDATE recordings_steprun s
    SET status = 'pending', lease_until = NULL, worker = '', lost = s.lost + 1, progress = 0,
        ready_at = now()
    FROM gone WHERE s.id = gone.id RETURNING s.*
), told AS ({EVENT_INSERT} {STEP_EVENT.format(before="'running'", source="step")})
SELECT id, queue, run_id, attempt, lost FROM step"""

SWEEP = f"""
WITH gone AS MATERIALIZED (
    SELECT id FROM recordings_steprun
    WHERE status = 'running' AND lease_until < now()
        AND now() > pg_postmaster_start_time() + %(lease)s * interval '1 second'
    ORDER BY lease_until LIMIT 500 FOR UPDATE SKIP LOCKED
{_RELEASED}"""
"""-> rows whose lease ran out, now waiting again. `lease` (seconds): no sweeping for that long
after PostgreSQL started, because nobody could renew while it was away."""

RELEASE = f"""
WITH gone AS MATERIALIZED (
    SELECT id FROM recordings_steprun
    WHERE status = 'running' AND worker = ANY(%(workers)s) FOR UPDATE SKIP LOCKED
{_RELEASED}"""
"""-> rows held by `workers` (known to be dead), now waiting again."""

RENEW = f"""
WITH step AS (
    UPDATE recordings_steprun
    SET lease_until = now() + %(lease)s * interval '1 second', progress = %(progress)s
    WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running' RETURNING *
), told AS (
    {EVENT_INSERT}
    SELECT 'step.progress', 'step', id::text, 'recording:' || recording_id,
           jsonb_build_object('progress', progress, 'step', step, 'run', run_id,
               'recording', recording_id, 'track', track_id)
    FROM step WHERE %(tell)s
)
SELECT count(*) FROM step"""
"""-> 1, or 0 when the step is no longer ours. `id`, `attempt`, `lease`, `progress`, `tell`."""

HOLD = """
SELECT set_config('idle_in_transaction_session_timeout', %(idle)s, true) FROM recordings_steprun
WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running' FOR UPDATE"""
"""-> one row when the step is ours; nobody takes it before this transaction ends. `idle` (ms):
PostgreSQL throws out whoever freezes or vanishes inside it for that long."""

END_STEPS = f"""
WITH held AS MATERIALIZED (
    SELECT id, status FROM recordings_steprun
    WHERE run_id = %(run)s AND status IN ('pending', 'running') ORDER BY id FOR UPDATE
), step AS (
    UPDATE recordings_steprun s
    SET status = CASE WHEN s.id = %(failed)s THEN 'failed' ELSE 'cancelled' END,
        error = CASE WHEN s.id = %(failed)s THEN %(error)s ELSE s.error END,
        lease_until = NULL, finished_at = now()
    FROM held WHERE s.id = held.id RETURNING s.*, held.status AS before
), told AS ({EVENT_INSERT} {STEP_EVENT.format(before="s.before", source="step")})
SELECT count(*) FROM step"""
"""Ends every open step of `run`; the one called `failed` (or none) fails with `error`."""

END_RUN = f"""
WITH held AS MATERIALIZED (
    SELECT id, status FROM recordings_run
    WHERE id = %(run)s AND status IN ('queued', 'running') FOR UPDATE
), run AS (
    UPDATE recordings_run r SET status = %(status)s, finished_at = now(), updated_at = now()
    FROM held WHERE r.id = held.id RETURNING r.*, held.status AS before
), recording AS (
    UPDATE recordings_recording c SET error = %(error)s, updated_at = now(), status = CASE
        WHEN %(status)s = 'cancelled' AND EXISTS (
            SELECT FROM recordings_run d WHERE d.recording_id = c.id AND d.status = 'done')
        THEN 'done' ELSE %(status)s END
    FROM run WHERE c.id = run.recording_id AND c.status = 'processing' RETURNING c.*
), told AS (
    {EVENT_INSERT}
    {_RUN_EVENT.format(before="r.before", source="run", where="")}
    UNION ALL
    {_RECORDING_EVENT.format(before="'processing'", source="recording")}
)
SELECT count(*) FROM run"""
"""Ends `run` as `status` (failed or cancelled), and its recording with `error`; one that was done
before, and whose new run is cancelled, is done again."""

TURN = """
SELECT GREATEST(
    (SELECT COALESCE(min(turn), 0) FROM recordings_run
     WHERE status IN ('queued', 'running') AND priority = %(priority)s),
    (SELECT COALESCE(max(turn) + 1, 0) FROM recordings_run
     WHERE status IN ('queued', 'running') AND priority = %(priority)s AND owner_id = %(owner)s))"""
"""-> the turn of an owner's next run: after his own, never behind everybody's."""
