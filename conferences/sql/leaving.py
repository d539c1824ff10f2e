"""Tracks of participants who are left out. Lock order as in `downloads`: remote track first."""

LEAVE_OUT = """
UPDATE conferences_remotetrack
SET status = 'left_out', lease_until = NULL, worker = '', bytes_done = 0, error = NULL,
    updated_at = now()
WHERE status NOT IN ('stored', 'left_out') AND id IN (
    SELECT t.id FROM conferences_participant p
    JOIN conferences_session s ON s.conference_id = p.conference_id
    JOIN conferences_remotetrack t ON t.session_id = s.id AND lower(t.call_id) = p.call_id
    WHERE p.left_out
    UNION ALL
    SELECT t.id FROM conferences_remotetrack t WHERE t.track_id = ANY(%(tracks)s::bigint[]))
RETURNING id, track_id"""
"""-> what will not be brought: of everybody who is left out, and of these `tracks`. Whoever brings
one now has lost it."""
