"""Making meetings: from the sample, a folder, tiny tones, or voices one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from conferences.fake_tcs import sound as sounds
from conferences.fake_tcs.plans import Plan, Voice, voices_of
from conferences.fake_tcs.state import (
    OWNER_FLAG,
    PARTICIPANT_FLAG,
    Invitation,
    Meeting,
    Participant,
    Recording,
    Session,
    State,
    Track,
    moments_later,
    now,
)

FIRST_CONFERENCE = 1_067_013_000


def build(state: State, plan: Plan) -> Meeting:
    """Add a meeting to the server."""
    with state.lock:
        number = state.number()
        voices = voices_of(plan.tracks, number=number)
        if not voices:
            raise ValueError("A meeting needs at least one voice.")
        _add_people(state, voices)
        if state.user_of(plan.owner) is None and "@" not in plan.owner:
            state.add_user(plan.owner)
        started_at = plan.started_at or _start(plan, voices)
        meeting = Meeting(
            id=plan.id or str(FIRST_CONFERENCE + number),
            topic=plan.topic,
            owner=state.uid(plan.owner),
            created_at=moments_later(started_at, -60),
            recognition_language=plan.language,
            auto_recognition_enabled=plan.auto_recognition,
            recording_enabled=plan.recording_enabled,
            starts_at=started_at,
            translations=list(plan.translations),
        )
        meeting.invitations = _invitations(state, plan, voices)
        _add_sessions(state, meeting, plan, voices, started_at)
        if plan.video:
            _add_video(state, meeting)
        state.meetings[meeting.id] = meeting
    return meeting


def _length(voices: Sequence[Voice]) -> float:
    return max(voice.joined + voice.sound.seconds for voice in voices)


def _start(plan: Plan, voices: Sequence[Voice]) -> datetime:
    """A finished meeting ended just now; a live one began so long ago that its sound fits."""
    length = _length(voices) + plan.gap_seconds * (plan.sessions - 1)
    if plan.live_seconds is None:
        return moments_later(now(), -length - 1)
    return moments_later(now(), min(0.0, max(0.0, plan.live_seconds) - length))


def _invitations(state: State, plan: Plan, voices: Sequence[Voice]) -> list[Invitation]:
    logins = dict.fromkeys([*(voice.login for voice in voices), *plan.invited])
    found = []
    for login in logins:
        user = state.user_of(login) or (state.add_user(login) if "@" not in login else None)
        name = user.display_name if user else login.partition("@")[0]
        found.append(Invitation(state.uid(login), name, is_moderator=login == plan.owner))
    return found


def _add_sessions(
    state: State, meeting: Meeting, plan: Plan, voices: Sequence[Voice], started_at: datetime
) -> None:
    parts = [_part(voices, number, plan.sessions) for number in range(plan.sessions)]
    for number, part in enumerate(parts):
        ends_at: datetime | None = moments_later(started_at, _length(part))
        last = number == plan.sessions - 1
        if last and plan.live_seconds is not None:
            ends_at = moments_later(now(), plan.live_seconds) if plan.live_seconds > 0 else None
        session = Session(
            id=f"{state.number():08x}@{state.name}#vcs", started_at=started_at, ends_at=ends_at
        )
        for voice in part:
            add_voice(state, session, voice, owner=plan.owner, late=(plan.late or {}))
            session.tracks[-1].gone = voice.login in plan.missing
        meeting.sessions.append(session)
        started_at = moments_later(started_at, _length(part) + plan.gap_seconds)


def add_session(state: State, meeting: Meeting, plan: Plan) -> Session:
    """One more call of a conference that exists: a weekly meeting, or a call taken up again.

    Of the plan count its tracks and times.
    """
    with state.lock:
        voices = voices_of(plan.tracks, number=state.number())
        started_at = plan.started_at or _start(plan, voices)
        _add_people(state, voices)
        _add_sessions(state, meeting, replace(plan, sessions=1), voices, started_at)
    return meeting.sessions[-1]


def _add_people(state: State, voices: Sequence[Voice]) -> None:
    for voice in voices:
        if state.user_of(voice.login) is None and "@" not in voice.login:
            state.add_user(voice.login, name=voice.name)


def _part(voices: Sequence[Voice], number: int, sessions: int) -> list[Voice]:
    if sessions == 1:
        return list(voices)
    return [
        Voice(v.login, sounds.cut(v.sound, sessions)[number], v.name, v.flag, v.joined)
        for v in voices
    ]


def add_voice(
    state: State,
    session: Session,
    voice: Voice,
    *,
    owner: str = "",
    late: Mapping[str, float] | None = None,
) -> Track:
    """A participant of the session and his track."""
    user = state.user_of(voice.login)
    uid = state.uid(voice.login)
    name = voice.name or (user.display_name if user else voice.login)
    usual = OWNER_FLAG if voice.login == owner else PARTICIPANT_FLAG
    joined_at = moments_later(session.started_at, voice.joined)
    left_at = moments_later(joined_at, voice.sound.seconds)
    number = state.number()
    session.participants.append(
        Participant(
            id=f"{number:08x}",
            call_id=uid,
            display_name=name,
            flag=usual if voice.flag is None else voice.flag,
            joined_at=joined_at,
            left_at=left_at if session.is_over else None,
            app_id=f"{voice.login}-desktop",
        )
    )
    wait = (late or {}).get(voice.login, 0.0)
    since = session.ends_at or session.started_at
    track = Track(
        id=f"track-{number}",
        call_id=uid,
        display_name=name,
        sound=voice.sound,
        started_at=joined_at,
        stopped_at=left_at,
        available_at=moments_later(since, wait) if wait else session.started_at,
    )
    session.tracks.append(track)
    return track


def add_late(state: State, meeting: Meeting, voice: Voice, after: float = 0.0) -> Track:
    """One more voice of the last session; its track is listed `after` seconds from now."""
    with state.lock:
        _add_people(state, [voice])
        track = add_voice(state, meeting.sessions[-1], voice)
        track.available_at = moments_later(now(), after)
    return track


def _add_video(state: State, meeting: Meeting) -> None:
    session = meeting.sessions[-1]
    whole = sounds.mixed()
    meeting.recordings.append(
        Recording(
            id=state.number(),
            sound=whole,
            owner=meeting.owner,
            started_at=session.started_at,
            stopped_at=moments_later(session.started_at, whole.seconds),
        )
    )
