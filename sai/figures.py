"""What the metrics ask PostgreSQL."""

from typing import Final

RECENT: Final = """
SELECT step, quantile::text AS quantile, value FROM (
    SELECT regexp_replace(step, '^.*[.]', '') AS step,
        percentile_cont(ARRAY[0.5, 0.95, 0.99])
            WITHIN GROUP (ORDER BY extract(epoch FROM {seconds})::float8) AS values
    FROM (SELECT step, ready_at, started_at, finished_at FROM recordings_steprun
          WHERE status = 'done' ORDER BY id DESC LIMIT 2000) recent
    WHERE ({seconds}) >= interval '0'
    GROUP BY 1
) measured, unnest(ARRAY[0.5, 0.95, 0.99], measured.values) AS told(quantile, value)"""

FIGURES: dict[str, tuple[str, str, list[str]]] = {
    "sai_recordings": (
        "Recordings by status",
        "SELECT status, count(*) AS value FROM recordings_recording GROUP BY status",
        ["status"],
    ),
    "sai_steps": (
        "Open steps by queue and status",
        "SELECT queue, status, count(*) AS value FROM recordings_steprun"
        " WHERE status IN ('pending', 'running') GROUP BY queue, status",
        ["queue", "status"],
    ),
    "sai_queue_oldest_seconds": (
        "Age of the oldest ready step",
        "SELECT queue, extract(epoch FROM now() - min(ready_at))::float8 AS value"
        " FROM recordings_steprun WHERE status = 'pending' AND ready_at <= now() GROUP BY queue",
        ["queue"],
    ),
    "sai_steps_late": (
        "Running steps whose lease ran out",
        "SELECT count(*) AS value FROM recordings_steprun"
        " WHERE status = 'running' AND lease_until < now()",
        [],
    ),
    "sai_engines": (
        "Engines connected to the gateway",
        "SELECT v.draining::text AS draining, count(e.id) AS value"
        " FROM (VALUES (false), (true)) v(draining) LEFT JOIN recognition_engine e"
        " ON e.draining = v.draining AND e.session IS NOT NULL"
        " AND e.heard_at > now() - interval '1 minute' GROUP BY v.draining",
        ["draining"],
    ),
    "sai_engine_slots": (
        "Requests that the connected engines can work on at once",
        "SELECT COALESCE(sum(slots), 0) AS value FROM recognition_engine"
        " WHERE session IS NOT NULL AND heard_at > now() - interval '1 minute'",
        [],
    ),
    "sai_engine_requests": (
        "Requests to engines of the last day by outcome",
        "SELECT outcome, count(*) AS value FROM recognition_enginerequest"
        " WHERE created_at > now() - interval '1 day' GROUP BY outcome",
        ["outcome"],
    ),
    "sai_speech_seconds": (
        "Seconds of speech heard in all",
        "SELECT COALESCE(sum(speech), 0)::float8 AS value FROM recordings_track",
        [],
    ),
    "sai_downloads_waiting": (
        "Tracks that are still to be brought, by status",
        "SELECT status, count(*) AS value FROM conferences_remotetrack"
        " WHERE status IN ('pending', 'downloading') GROUP BY status",
        ["status"],
    ),
    "sai_downloads_bytes": (
        "Bytes that are still to be brought, as far as known",
        "SELECT COALESCE(sum(GREATEST(COALESCE(size, 0) - bytes_done, 0)), 0)::float8 AS value"
        " FROM conferences_remotetrack WHERE status IN ('pending', 'downloading')",
        [],
    ),
    "sai_downloads_oldest_seconds": (
        "Age of the oldest track that is still to be brought",
        "SELECT COALESCE(extract(epoch FROM now() - min(created_at)), 0)::float8 AS value"
        " FROM conferences_remotetrack WHERE status IN ('pending', 'downloading')",
        [],
    ),
    "sai_connections": (
        "Connections to meeting servers by status",
        "SELECT status, count(*) AS value FROM conferences_connection GROUP BY status",
        ["status"],
    ),
    "sai_events_last": (
        "Number of the newest event",
        "SELECT COALESCE(max(seq), 0) AS value FROM notifications_event",
        [],
    ),
    "sai_stored_bytes": (
        "Bytes in the storage",
        "SELECT COALESCE(sum(size), 0)::float8 AS value FROM recordings_storedfile",
        [],
    ),
    "sai_backlog_hours": (
        "Hours of sound that open steps are to work on",
        "SELECT queue, sum(cost)::float8 / 3600 AS value FROM recordings_steprun"
        " WHERE status IN ('pending', 'running') GROUP BY queue",
        ["queue"],
    ),
    "sai_step_wait_seconds": (
        "How long the last 2,000 steps were ready before somebody took them",
        RECENT.format(seconds="started_at - ready_at"),
        ["step", "quantile"],
    ),
    "sai_step_run_seconds": (
        "How long the last 2,000 steps took",
        RECENT.format(seconds="finished_at - started_at"),
        ["step", "quantile"],
    ),
    "sai_failed_recordings": (
        "Failed recordings by reason",
        "SELECT COALESCE(error->>'code', '') AS reason, count(*) AS value"
        " FROM recordings_recording WHERE status = 'failed' GROUP BY 1 ORDER BY 2 DESC LIMIT 30",
        ["reason"],
    ),
    "sai_stream_behind": (
        "Events that a reader of ours has not read",
        "SELECT name AS reader, GREATEST(seq.last - c.seq, 0) AS value"
        " FROM notifications_streamcursor c,"
        " (SELECT COALESCE(max(seq), 0) AS last FROM notifications_event) seq",
        ["reader"],
    ),
    "sai_notices_undelivered": (
        "Messages that are due and not sent, by channel",
        "SELECT channel, count(*) AS value FROM notifications_delivery"
        " WHERE status IN ('waiting', 'sending') AND (ready_at <= now() OR failures > 0)"
        " GROUP BY channel",
        ["channel"],
    ),
    "sai_notices_oldest_seconds": (
        "How long the oldest due message has been due",
        "SELECT channel, extract(epoch FROM now() - min(ready_at))::float8 AS value"
        " FROM notifications_delivery"
        " WHERE status IN ('waiting', 'sending') AND ready_at <= now() GROUP BY channel",
        ["channel"],
    ),
    "sai_notices_failed": (
        "Messages of the last day that were given up, by channel",
        "SELECT channel, count(*) AS value FROM notifications_delivery"
        " WHERE status = 'failed' AND created_at > now() - interval '1 day' GROUP BY channel",
        ["channel"],
    ),
    "sai_webhook_failures": (
        "Deliveries in a row that a webhook did not take",
        "SELECT name AS webhook, failures AS value FROM notifications_webhook WHERE enabled",
        ["webhook"],
    ),
    "sai_webhook_paused": (
        "1 while a webhook is paused",
        "SELECT name AS webhook, (paused_at IS NOT NULL)::int AS value"
        " FROM notifications_webhook WHERE enabled",
        ["webhook"],
    ),
    "sai_webhook_waiting": (
        "Deliveries that wait, by webhook",
        "SELECT w.name AS webhook, count(*) AS value FROM notifications_webhookdelivery d"
        " JOIN notifications_webhook w ON w.id = d.webhook_id"
        " WHERE d.status IN ('waiting', 'sending') GROUP BY w.name",
        ["webhook"],
    ),
}
"""Name -> (what it is, the question, labels). Each question is one cheap statement: open rows,
the newest rows, or an index."""
