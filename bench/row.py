"""One line of the table that `make bench` prints."""

from typing import NamedTuple


class Row(NamedTuple):
    """`met`: whether the goal is reached; None where the row only informs."""

    metric: str
    ours: str
    peer: str
    ratio: str
    goal: str
    note: str = ""
    met: bool | None = None
