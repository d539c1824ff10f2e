"""Stand-ins of the bench: a step that does nothing, and engines that only take time or count."""

from engines.stt.fake import Fake
from recordings.pipeline.step import Context, Step

SPEED = 200.0
"""Times real time of the paced engine."""


class Nothing(Step):
    def run(self, context: Context) -> None:
        return None


class Paced(Fake):
    def __init__(self) -> None:
        super().__init__(fake_speed=SPEED)


class Counting(Fake):
    """Takes no time; `heard_s` says how many seconds it was given."""

    def __init__(self) -> None:
        super().__init__()
