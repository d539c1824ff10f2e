"""Pipelines of stand-in steps; plain data, because settings modules read it."""

_STEPS = "recordings.tests.steps."
PIPELINES = {
    "short": [_STEPS + "First"],
    "long": [_STEPS + "First", _STEPS + "PerTrack", _STEPS + "Skipped", _STEPS + "Last"],
    "hasty": [_STEPS + "Short"],
    "upload": [_STEPS + "First"],
}
