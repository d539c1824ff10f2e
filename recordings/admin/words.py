"""Colours of statuses, short names of steps and workers, times as an administrator reads them."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from recordings.choices import RecordingStatus, RunStatus, StepStatus, TrackStatus
from recordings.templatetags.sound import how_long

COLOURS: dict[str, str] = {
    RecordingStatus.WAITING_MEDIA: "warning",
    RecordingStatus.READY: "primary",
    RecordingStatus.PROCESSING: "info",
    RunStatus.QUEUED: "warning",
    RunStatus.RUNNING: "info",
    StepStatus.PENDING: "",
    StepStatus.DONE: "success",
    StepStatus.FAILED: "danger",
    TrackStatus.STORED: "success",
    TrackStatus.MISSING: "danger",
}
"""Status -> colour of its badge; what is not here is grey. One word has one colour everywhere."""


def step_name(dotted: str) -> str:
    """`recognition.steps.Prepare` -> `Prepare`."""
    return dotted.rpartition(".")[2]


def worker_name(name: str) -> str:
    """`host:boot:namespace/pid/start` -> `host · pid`; other names (remote engines) stay."""
    place, slash, rest = name.partition("/")
    host = place.partition(":")[0]
    return f"{host} · {rest.partition('/')[0]}" if slash else name


def took(start: dt.datetime | None, end: dt.datetime | None) -> str:
    """The time between the two, until now for what has not ended; a dash before the start."""
    if start is None:
        return "-"
    seconds = ((end or timezone.now()) - start).total_seconds()
    return f"{seconds:.1f} {_('s')}" if 0 <= seconds < 10 else how_long(max(0, seconds))


def left(until: dt.datetime | None) -> str:
    """How long a lease still holds, or for how long it has been over."""
    if until is None:
        return "-"
    seconds = round((until - timezone.now()).total_seconds())
    if seconds >= 0:
        return _("%(n)d s left") % {"n": seconds}
    return _("over for %(n)d s") % {"n": -seconds}
