"""REST of generation 4: `/api/v4/...`, with the tracks of sessions as contracts name them.

Paths are those of TrueConf's public MCP client. Track lists, their download and the scope of
`notify` are not public: what stands here is this project's default, see docs/fake-tcs.md.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from conferences.fake_tcs.files import download
from conferences.fake_tcs.forms import (
    conference_form,
    invitation_form,
    iso,
    participant_form,
    recording_form,
    session_form,
    track_form,
    user_form,
)
from conferences.fake_tcs.pages import ordered, page
from conferences.fake_tcs.state import (
    Meeting,
    Notice,
    Recording,
    Session,
    State,
    User,
    now,
)
from conferences.fake_tcs.web import Answer, Refusal, Request, json_answer


class Route(NamedTuple):
    """`{name}` in the pattern is an argument of the handler; scope "" needs only a token."""

    method: str
    pattern: str
    scope: str
    handler: Callable[..., Answer]


def visible(state: State, request: Request) -> list[Meeting]:
    """All for a server's token; for a person's, those he owns or is listed in."""
    user = request.token.user if request.token else None
    return [m for m in state.meetings.values() if user is None or m.concerns(user)]


def meeting_of(state: State, request: Request, conference: str) -> Meeting:
    """Raises Refusal: 404 for what is not there, or not for him."""
    meeting = state.meetings.get(conference)
    user = request.token.user if request.token else None
    if meeting and (user is None or meeting.concerns(user)):
        return meeting
    raise Refusal(404, "conferenceNotFound", "Conference not found.", "path", "conference_id")


def session_of(meeting: Meeting, session: str) -> Session:
    for one in meeting.sessions:
        if one.id == session:
            return one
    raise Refusal(404, "sessionNotFound", "Session not found.", "path", "session_id")


def _wanted(request: Request, meeting: Meeting) -> bool:
    """The filters of the list of conferences."""
    asked = request.query
    state = "running" if meeting.is_running else "stopped"
    exact = {"state": state, "access": meeting.access, "mode": meeting.mode}
    if any(asked.get(name) not in (None, "", value) for name, value in exact.items()):
        return False
    if asked.get("owner") not in (None, "", meeting.owner, meeting.owner.partition("@")[0]):
        return False
    if asked.get("topic", "").casefold() not in meeting.topic.casefold():
        return False
    either = f"{meeting.topic}\n{meeting.id}".casefold()
    if asked.get("topic_cid_contains", "").casefold() not in either:
        return False
    if "invitation" in asked and asked["invitation"] not in {i.id for i in meeting.invitations}:
        return False
    planned = int((meeting.starts_at or meeting.created_at).timestamp())
    return request.number("after", 0) <= planned <= request.number("before", 1 << 60)


def conferences(state: State, request: Request) -> Answer:
    found = [one for one in visible(state, request) if _wanted(request, one)]
    rows = ordered(request, [conference_form(state, one) for one in found], "created_at")
    return json_answer({"results": len(rows), "conferences": page(state, request, rows)})


def conference(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return json_answer({"conference": conference_form(state, meeting)})


def owner(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    user = state.user_of(meeting.owner)
    return json_answer({"owner": user_form(user) if user else {"id": meeting.owner}})


def my_roles(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    user = _person(request)
    flags = {p.flag for s in meeting.sessions for p in s.participants if p.call_id == user.uid}
    roles = {"owner": user.uid == meeting.owner, "moderator": 1 in flags, "operator": False}
    return json_answer({"conference": {**roles, "participant": bool(flags)}})


def participants(state: State, request: Request, conference: str) -> Answer:
    """Those of the latest session."""
    meeting = meeting_of(state, request, conference)
    return _participants_of(state, request, meeting.sessions[-1:])


def session_participants(state: State, request: Request, conference: str, session: str) -> Answer:
    """Those of that session."""
    meeting = meeting_of(state, request, conference)
    return _participants_of(state, request, [session_of(meeting, session)])


def _participants_of(state: State, request: Request, sessions: list[Session]) -> Answer:
    rows = [participant_form(one, person) for one in sessions for person in one.participants]
    rows = [row for row in rows if _is_wanted_participant(request, row)]
    return json_answer({"cnt": len(rows), "list": page(state, request, rows)})


def _is_wanted_participant(request: Request, row: dict[str, Any]) -> bool:
    asked = request.query
    inside = asked.get("is_in_conf", "").lower()
    if inside and (inside in ("1", "true")) != (row["leave_time"] is None):
        return False
    if asked.get("display_name", "").casefold() not in row["display_name"].casefold():
        return False
    return asked.get("call_id") in (None, "", row["call_id"])


def invitations(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return json_answer({"invitations": [invitation_form(one) for one in meeting.invitations]})


def invitation(state: State, request: Request, conference: str, invitation: str) -> Answer:
    for one in meeting_of(state, request, conference).invitations:
        if one.id == invitation:
            return json_answer({"invitation": invitation_form(one)})
    raise Refusal(404, "invitationNotFound", "Invitation not found.", "path", "invitation_id")


def recordings(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    rows = [
        recording_form(state, meeting, one)
        for one in meeting.recordings
        if request.number("date_from", 0)
        <= one.started_at.timestamp()
        <= request.number("date_to", 1 << 60)
        and request.query.get("name", "") in one.sound.name
    ]
    return json_answer({"cnt": len(rows), "list": page(state, request, rows)})


def recording(state: State, request: Request, conference: str, recording: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    found = recording_form(state, meeting, recording_of(meeting, recording))
    return json_answer({"recording": found})


def recording_of(meeting: Meeting, wanted: str) -> Recording:
    for one in meeting.recordings:
        if str(one.id) == wanted:
            return one
    raise Refusal(404, "recordingNotFound", "Recording not found.", "path", "recording_id")


def recording_download(state: State, request: Request, conference: str, recording: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return download(state, request, recording_of(meeting, recording).sound)


def sessions(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    rows = [session_form(one) for one in meeting.sessions]
    return json_answer({"cnt": len(rows), "list": page(state, request, rows)})


def session(state: State, request: Request, conference: str, session: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return json_answer({"session": session_form(session_of(meeting, session))})


def tracks(state: State, request: Request, conference: str, session: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    found = session_of(meeting, session)
    listed = found.listed() if meeting.recording_enabled else []
    rows = [track_form(state, request, meeting, found, one) for one in listed]
    return json_answer({"cnt": len(rows), "list": page(state, request, rows)})


def track_download(
    state: State, request: Request, conference: str, session: str, track: str
) -> Answer:
    meeting = meeting_of(state, request, conference)
    for one in session_of(meeting, session).listed():
        if one.id == track and not one.gone and meeting.recording_enabled:
            return download(state, request, one.sound)
    raise Refusal(404, "trackNotFound", "Track not found.", "path", "track_id")


def notify(state: State, request: Request, conference: str) -> Answer:
    """`{"invitations": [...], "message"?}`; no invitations: everybody invited."""
    meeting = meeting_of(state, request, conference)
    told = request.fields()
    named = told.get("invitations") or []
    known = [one.id for one in meeting.invitations]
    if not isinstance(named, list) or not set(map(str, named)) <= set(known):
        raise Refusal(404, "invitationNotFound", "Invitation not found.", "body", "invitations")
    people = [str(one) for one in named]
    state.notified.append(Notice(meeting.id, people, str(told.get("message", "")), people or known))
    return json_answer({})


def translations(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return json_answer({"translations": meeting.translations})


def run(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    if not meeting.is_running:
        started = Session(f"{state.number():08x}@{state.name}#vcs", now(), None)
        meeting.sessions.append(started)
    return json_answer({"conference": conference_form(state, meeting)})


def stop(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    meeting.stop()
    return json_answer({"conference": conference_form(state, meeting)})


def users(state: State, request: Request) -> Answer:
    rows = [user_form(one) for one in state.users.values()]
    return json_answer({"cnt": len(rows), "list": page(state, request, rows)})


def user(state: State, request: Request, user: str) -> Answer:
    found = state.user_of(user)
    if found is None:
        raise Refusal(404, "userNotFound", "User not found.", "path", "user_id")
    return json_answer({"user": user_form(found)})


def _person(request: Request) -> User:
    user = request.token.user if request.token else None
    if user is None:
        raise Refusal(403, "userTokenRequired", "This token belongs to nobody.")
    return user


def me(state: State, request: Request) -> Answer:
    return json_answer({"user": user_form(_person(request))})


def servers_ai(state: State, request: Request) -> Answer:
    """Needs the right admin/serverais: administrators and the secret key."""
    token = request.token
    if not token or not (token.secret_key or (token.user and token.user.is_admin)):
        raise Refusal(403, "accessDenied", "The right admin/serverais is needed.")
    return json_answer({"cnt": len(state.servers_ai), "list": state.servers_ai})


def server(state: State, request: Request) -> Answer:
    """Open to everybody: the vendor's bot asks it without a token."""
    return json_answer({"product": {"display_name": state.name, "version": state.version}})


def running_sessions(state: State, request: Request) -> Answer:
    """What runs now, with the moment when somebody connected; the vendor's eraser asks it."""
    rows = [
        {"id": one.id, "conference_id": meeting.id, "start_time": iso(one.started_at)}
        for meeting in visible(state, request)
        for one in meeting.sessions
        if not one.is_over
    ]
    return json_answer({"conference_sessions": rows})


OPEN = "open"
ONE = "conferences/{conference}"
IN_SESSION = ONE + "/sessions/{session}"
READ, PEOPLE, INVITED = (
    "conferences:read",
    "conferences.participants:read",
    "conferences.invitations:read",
)
PRESENT = "conferences.sessions.participants:read"
RECORDS, CALLS, WRITE = (
    "conferences.records:read",
    "conferences.sessions:read",
    "conferences:write",
)
ROUTES = [
    Route("GET", "server", OPEN, server),
    Route("GET", "me", "", me),
    Route("GET", "servers-ai", "", servers_ai),
    Route("GET", "users", "users:read", users),
    Route("GET", "users/{user}", "users:read", user),
    Route("GET", "sessions", CALLS, running_sessions),
    Route("GET", "conferences", READ, conferences),
    Route("GET", ONE, READ, conference),
    Route("GET", ONE + "/owner", READ, owner),
    Route("GET", ONE + "/me", READ, my_roles),
    Route("GET", ONE + "/participants", PEOPLE, participants),
    Route("GET", ONE + "/invitations", INVITED, invitations),
    Route("GET", ONE + "/invitations/{invitation}", INVITED, invitation),
    Route("GET", ONE + "/recordings", RECORDS, recordings),
    Route("GET", ONE + "/recordings/{recording}", RECORDS, recording),
    Route("GET", ONE + "/recordings/{recording}/download", RECORDS, recording_download),
    Route("GET", ONE + "/sessions", CALLS, sessions),
    Route("GET", IN_SESSION, CALLS, session),
    Route("GET", IN_SESSION + "/participants", PRESENT, session_participants),
    Route("GET", IN_SESSION + "/tracks", RECORDS, tracks),
    Route("GET", IN_SESSION + "/tracks/{track}/download", RECORDS, track_download),
    Route("GET", ONE + "/translations", READ, translations),
    Route("POST", ONE + "/notify", "conferences.invitations:write", notify),
    Route("POST", ONE + "/run", WRITE, run),
    Route("POST", ONE + "/stop", WRITE, stop),
]
