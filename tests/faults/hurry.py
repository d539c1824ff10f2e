"""Short times, so that what takes a minute in production takes a second here; and the real ones."""

HURRIED = {
    "lease_seconds": 1.5,
    "heartbeat_seconds": 0.4,
    "sweep_seconds": 0.5,
    "poll_seconds": 0.5,
    "retry_pace": 0.02,
}
REAL = {"lease_seconds": 30, "heartbeat_seconds": 10, "sweep_seconds": 10, "poll_seconds": 3}
NEVER_LOOKS = {**HURRIED, "poll_seconds": 3600}
"""Such a worker works only when a message wakes it."""
