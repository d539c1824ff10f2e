"""Pipelines of fragile steps; plain data, because settings modules read it."""

from recordings.tests.pipelines import PIPELINES as HARMLESS

_STEPS = "tests.faults.steps."
PIPELINES = {
    **HARMLESS,
    "fragile": [_STEPS + "Open", _STEPS + "EachTrack", _STEPS + "Middle", _STEPS + "Close"],
    "held": [_STEPS + "Held"],
    "quick": [_STEPS + "Open"],
    "told": [_STEPS + "Middle"],
}
