"""From a session to a recording, and on: what happens when tracks come, are given up, or are late.

`advance` looks for everything that is due and does it; each deed locks its session, looks again,
and is one transaction. Calling it too often, or from many processes at once, changes nothing.
"""

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict, Invalid, NotAllowed, SaiError
from common.sql import ask
from conferences import abandoning, leaving_out, rights
from conferences.choices import ImportStatus
from conferences.models import Conference, RemoteTrack, Session
from conferences.services import people
from conferences.sql import sessions as statements
from recordings import services
from recordings.choices import Priority, RecordingStatus
from recordings.models import Recording, Run
from recordings.pipeline.patience import insist
from recordings.services import awaited, values

logger = logging.getLogger(__name__)
AT_ONCE = 20
"""Of one kind, before downloads that became possible are begun."""
PIPELINE = "meeting"


def advance(between: Callable[[], object] = lambda: None) -> None:
    """Everything that is due now; `between` is called after every few deeds and may raise."""
    ask(statements.FORGET)
    ask(statements.EXPIRE)
    ask(statements.REOPEN)
    abandoning.give_up_silent()
    insist(leaving_out.forget_late)
    ask(statements.RULES_OVER)
    deeds: list[tuple[str, Callable[[int], object]]] = [
        (statements.UNBORN, give_recording),
        (statements.TRACKLESS, add_late),
        (statements.COMPLETE, settle),
        (statements.ACCESS_DUE, rights.write),
        (statements.UNRECOGNISED, recognise),
    ]
    for statement, act in deeds:
        after = 0
        while last := _some(statement, act, after):
            after = last
            between()
    merge_late()


def after_track(session_id: int) -> None:
    """A track of this session was stored or given up."""
    insist(partial(settle, session_id))
    insist(partial(recognise, session_id))


def _some(statement: str, act: Callable[[int], object], after: int) -> int:
    """The next few by their ids, so that one that can't be helped does not stop the others: the
    last of them; 0 when there are no more."""
    rows = ask(statement, limit=AT_ONCE, after=after)
    for row in rows:
        try:
            # A deadlock with a deletion is a reason to do it again, as a lost database is.
            insist(partial(act, row["id"]))
        except SaiError as error:
            logger.warning("session waits", extra={"id": row["id"], "code": error.code})
    return rows[-1]["id"] if len(rows) == AT_ONCE else 0


@transaction.atomic
def give_recording(session_id: int) -> Recording | None:
    """The session has ended and its tracks are known: a recording that waits for them."""
    session = _held(session_id)
    if session is None or session.status != ImportStatus.DISCOVERED or session.recording_id:
        return None
    conference = session.conference
    remote = list(session.tracks.order_by("started_at", "id"))
    start = beginning(session, remote)
    recording, tracks = awaited.announce(
        owner_of(conference),
        [expected(conference, one, start) for one in remote],
        title=title_of(conference, start),
        source=conference.connection.platform,
        realm=conference.connection.realm,
        language=language_of(conference),
        started_at=start,
        tags=sorted({str(tag)[:60].lower() for tag in conference.tags}),
    )
    for one, track in zip(remote, tracks, strict=True):
        RemoteTrack.objects.filter(pk=one.pk).update(track=track)
    Session.objects.filter(pk=session.pk).update(
        recording=recording, status=ImportStatus.DOWNLOADING
    )
    Conference.objects.filter(pk=conference.pk).update(access_due=True)
    data = {"made_of": session.pk, "connection": conference.connection_id, "tracks": len(remote)}
    audit.record(None, Action.CHANGE, "recording", recording.pk, data=data)
    return recording


@transaction.atomic
def add_late(remote_id: int) -> None:
    """A track came up after its session had got a recording."""
    remote = RemoteTrack.objects.select_for_update().get(pk=remote_id)
    session = _held(remote.session_id)
    if session is None or session.recording is None or remote.track_id:
        return
    recording = Recording.objects.select_for_update().get(pk=session.recording.pk)
    start = recording.started_at or beginning(session, [remote])
    remote.track = awaited.expect(recording, expected(session.conference, remote, start))
    remote.save(update_fields=["track", "updated_at"])


@transaction.atomic
def settle(session_id: int) -> None:
    """Says how far the session has come, and its recording with it."""
    session = _held(session_id)
    if session is None or session.recording is None or not session.tracks.exists():
        return
    status = _status(session)
    if status != session.status:
        values_ = {"status": status, "updated_at": timezone.now()}
        if session.completed_at is None and status != ImportStatus.DOWNLOADING:
            values_["completed_at"] = timezone.now()
        Session.objects.filter(pk=session.pk).update(**values_)
    states = ask(statements.ALL_STATES, recording=session.recording_id)[0]
    if not states["awaited"]:
        awaited.arrive(session.recording, incomplete=bool(states["lost"]))


def _status(session: Session) -> str:
    states = ask(statements.STATES, session=session.pk)[0]
    stored, lost, due = states["stored"], states["lost"], states["awaited"]
    if due:
        return session.status  # of a late track nothing is known yet
    if lost:
        return ImportStatus.INCOMPLETE if stored else ImportStatus.FAILED
    return ImportStatus.READY


@transaction.atomic
def recognise(session_id: int) -> Run | None:
    """Starts recognition by itself where that is wanted and allowed: once in a session's life."""
    rows = ask(statements.UNRECOGNISED, limit=1, after=session_id - 1)
    if [row["id"] for row in rows] != [session_id]:
        return None
    session = _held(session_id)
    if session is None or session.recording is None or session.started_recognition:
        return None
    if not ask(statements.START, recording=session.recording_id):
        return None
    try:
        with transaction.atomic():
            return services.process(
                session.recording, pipeline=PIPELINE, priority=priority_of(session)
            )
    except Conflict:
        return None  # a person was faster


def merge_late() -> None:
    """Tracks that came after their recording had been recognised get a run of their own."""
    found: dict[UUID, list[int]] = {}
    for row in ask(statements.UNMERGED, limit=1000):
        found.setdefault(row["recording_id"], []).append(row["track_id"])
    for recording_id, tracks in found.items():
        try:
            insist(partial(merge, recording_id, tracks))
        except SaiError as error:
            logger.warning("track not merged", extra={"code": error.code})


@transaction.atomic
def merge(recording_id: UUID, tracks: Sequence[int]) -> Run | None:
    """Hears only `tracks`, as far as no run has met them; the transcript gets a new version."""
    recording = Recording.objects.select_for_update().filter(pk=recording_id).first()
    if recording is None or recording.status == RecordingStatus.PROCESSING:
        return None
    rows = ask(statements.HEARD, recording=recording_id, tracks=list(tracks))
    new = sorted(set(tracks) - {row["track_id"] for row in rows})
    RemoteTrack.objects.filter(track_id__in=tracks).update(merged=True)
    hearing = recording.runs.filter(status="done", steps__track__isnull=False)
    last = hearing.order_by("-created_at").first()
    if not new or last is None or recording.status != RecordingStatus.DONE:
        return None  # the next run, whoever starts it, hears them with all others
    return services.process(
        recording, pipeline=last.pipeline, params=last.params, tracks=new, by=None
    )


def _held(session_id: int) -> Session | None:
    related = ("conference__connection", "recording")
    held = Session.objects.select_for_update(of=("self",)).select_related(*related)
    found: Session | None = held.filter(pk=session_id).first()
    return found


def beginning(session: Session, remote: Sequence[RemoteTrack]) -> dt.datetime:
    """When the recording begins: no track before it."""
    known = [one.started_at for one in remote if one.started_at]
    if session.started_at:
        known.append(session.started_at)
    return min(known, default=session.created_at)


def expected(conference: Conference, remote: RemoteTrack, start: dt.datetime) -> awaited.Expected:
    there = conference.participants.filter(call_id=remote.call_id.lower()).first()
    late = (remote.started_at - start).total_seconds() if remote.started_at else 0.0
    name = remote.display_name or (there.display_name if there else "") or remote.call_id
    return awaited.Expected(name, offset=late, left_out=bool(there and there.left_out))


def owner_of(conference: Conference) -> User:
    """Whose recording it is: the conference's owner; where nobody is known, the server itself."""
    connection = conference.connection
    call_id = conference.owner_call_id
    try:
        if rights.is_person(call_id):
            there = conference.participants.filter(call_id=call_id.lower()).first()
            return people.person_of(connection, call_id, there.display_name if there else "")
    except (Invalid, NotAllowed) as error:
        logger.warning("owner not known", extra={"code": error.code})
    return people.person_of(connection, f"nobody@{connection.host}"[:200], connection.name)


def title_of(conference: Conference, start: dt.datetime) -> str:
    topic = values.clean_text(conference.topic or conference.remote_id, limit=180)
    return f"{topic}, {timezone.localtime(start):%Y-%m-%d %H:%M}"


def language_of(conference: Conference) -> str:
    """What the conference says, where that is a language we know."""
    try:
        return values.check_language(conference.recognition_language)
    except Invalid:
        return ""


def priority_of(session: Session) -> Priority:
    """What was held long before we came stands behind what people wait for."""
    ended = session.stopped_at or session.created_at
    window = dt.timedelta(hours=max(session.conference.connection.rescan_hours, 1))
    return Priority.LOW if ended < timezone.now() - window else Priority.NORMAL
