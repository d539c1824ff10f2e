"""Taking files in and following them to their end."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from accounts.choices import Role
from accounts.models import User
from common.errors import Conflict
from recordings import selectors, services, tasks
from recordings.choices import Queue, RecordingStatus
from recordings.models import Recording
from sai.transcribe.files import Refused

ENDED = {RecordingStatus.DONE, RecordingStatus.FAILED, RecordingStatus.CANCELLED}
Progress = Callable[[float], None]


def owner_named(name: str) -> User:
    """The person the recordings will belong to: the named one, or the first administrator."""
    if name:
        found = User.objects.filter(username=name, is_active=True).first()
        if found is None:
            raise Refused(f"there is no active user called {name!r}")
        return found
    admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
    if admin:
        return admin
    local, created = User.objects.get_or_create(username="local")
    if created:
        local.set_unusable_password()
        local.save()
    return local


def take_in(
    owner: User,
    paths: Sequence[Path],
    *,
    language: str,
    engine: str,
    summary: bool,
    as_tracks: bool,
) -> list[Recording]:
    """One recording per file, or one with all of them as tracks, on their way."""
    groups = [list(paths)] if as_tracks else [[path] for path in paths]
    pipeline = "upload" if summary else "transcribe"
    params = {
        name: value for name, value in {"engine": engine, "language": language}.items() if value
    }
    return [_begin(owner, group, pipeline, params, language) for group in groups]


def _begin(
    owner: User, paths: list[Path], pipeline: str, params: dict[str, Any], language: str
) -> Recording:
    files = [services.IncomingFile(source=path, name=path.name) for path in paths]
    recording, created = services.receive(
        owner,
        files,
        title=paths[0].stem if len(paths) == 1 else paths[0].parent.name,
        language=language,
        pipeline=pipeline,
        source="command",
        params=params,
    )
    if not created or recording.status == RecordingStatus.READY:  # kept, and refused by the licence
        with suppress(Conflict):  # under way already: wait for that
            services.process(recording, pipeline=pipeline, params=params, by=owner)
    return recording


def follow(recordings: Sequence[Recording], *, inline: bool, progress: Progress) -> None:
    """Returns when all have ended. `inline`: this process does the work, there are no workers."""
    waiting = {recording.pk for recording in recordings}
    while waiting:
        worked = inline and _work()
        ended = Recording.objects.filter(pk__in=waiting, status__in=ENDED)
        waiting -= set(ended.values_list("pk", flat=True))
        done = len(recordings) - len(waiting)
        live = selectors.progress_of(list(waiting)).values()
        progress((100 * done + sum(live)) / len(recordings))
        if waiting and not worked:
            time.sleep(0.2)


def _work() -> int:
    """One round over all queues: how many steps were done."""
    return sum(tasks.drain(queue, seconds=1) for queue in Queue.values)
