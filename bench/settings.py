"""Settings of the bench and of the processes it starts: the product's own, with its stand-ins."""

from engines.stt.registry import TRANSCRIBERS
from sai.settings import *  # noqa: F403
from sai.settings.wiring import PIPELINES as _PIPELINES

_NOTHING = "bench.steps.Nothing"
_HEAR = ["recognition.steps.Transcribe"]
PIPELINES = {**_PIPELINES, "one": [_NOTHING], "four": [_NOTHING] * 4, "heard": _HEAR}
TRANSCRIBERS["paced"] = "bench.steps.Paced"
TRANSCRIBERS["counting"] = "bench.steps.Counting"
