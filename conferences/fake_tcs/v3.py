"""REST of generation 3: `/api/v3/...` to `/api/v3.3/...`, for servers older than 5.5.

Fields as in the fixtures of public clients; dates are PHP DateTime objects in the server's zone.
No AI block and no tracks there: what can be had are the video records.
"""

from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from conferences.fake_tcs.files import download
from conferences.fake_tcs.forms import conference_form, user_form
from conferences.fake_tcs.pages import ordered, page_by_id
from conferences.fake_tcs.state import Meeting, Participant, Recording, Session, State, now
from conferences.fake_tcs.v4 import Route, meeting_of, visible
from conferences.fake_tcs.web import Answer, Refusal, Request, json_answer

ZONE = "Europe/Moscow"
NOT_IN_V3 = ("sai", "web_client_url", "connect_urls", "tags")


def php_date(moment: datetime | None) -> dict[str, Any] | None:
    """`{"date": "2020-10-31 23:05:45.000000", "timezone_type": 3, "timezone": "Europe/London"}`."""
    if moment is None:
        return None
    local = moment.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S.%f")
    return {"date": local, "timezone_type": 3, "timezone": ZONE}


def conferences(state: State, request: Request) -> Answer:
    forms = [_conference_form(state, one) for one in visible(state, request)]
    rows, after = page_by_id(state, request, ordered(request, forms, "created_at"))
    return json_answer({"cnt": len(forms), "next_page_id": after, "conferences": rows})


def conference(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return json_answer({"conference": _conference_form(state, meeting)})


def _conference_form(state: State, meeting: Meeting) -> dict[str, Any]:
    form = conference_form(state, meeting)
    return {name: value for name, value in form.items() if name not in NOT_IN_V3}


def records(state: State, request: Request, conference: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    rows = [_record_form(state, meeting, one) for one in meeting.recordings]
    return json_answer({"records": rows})


def record(state: State, request: Request, conference: str, record: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return json_answer({"record": _record_form(state, meeting, _record_of(meeting, record))})


def record_download(state: State, request: Request, conference: str, record: str) -> Answer:
    meeting = meeting_of(state, request, conference)
    return download(state, request, _record_of(meeting, record).sound)


def _record_of(meeting: Meeting, name: str) -> Recording:
    for one in meeting.recordings:
        if one.sound.name == name:
            return one
    raise Refusal(404, "recordNotFound", "Record not found.", "path", "record_id")


def _record_form(state: State, meeting: Meeting, one: Recording) -> dict[str, Any]:
    """The size is a string there."""
    name = quote(one.sound.name, safe="")
    return {
        "name": one.sound.name,
        "size": str(one.sound.size),
        "created": int(one.stopped_at.timestamp()),
        "download_url": f"{state.base_url}/api/v3.3/conferences/{quote(meeting.id, safe='')}"
        f"/records/{name}/download",
    }


def calls(state: State, request: Request) -> Answer:
    """`{"cnt", "next_page_id", "list"}`; a running call has no end_time."""
    rows = [
        _call_form(meeting, session)
        for meeting in visible(state, request)
        for session in meeting.sessions
        if _is_wanted(request, meeting, session)
    ]
    shown, after = page_by_id(state, request, ordered(request, rows, "start_time"))
    return json_answer({"cnt": len(rows), "next_page_id": after, "list": shown})


def _is_wanted(request: Request, meeting: Meeting, session: Session) -> bool:
    if request.query.get("named_conf_id") not in (None, "", meeting.id):
        return False
    started = session.started_at.timestamp()
    return request.number("date_from", 0) <= started <= request.number("date_to", 1 << 60)


def call(state: State, request: Request, session: str) -> Answer:
    meeting, found = _call_of(state, request, session)
    return json_answer({"call": _call_form(meeting, found)})


def _call_of(state: State, request: Request, session: str) -> tuple[Meeting, Session]:
    found = state.session(session)
    if found is None or found[0] not in visible(state, request):
        raise Refusal(404, "callNotFound", "Call not found.", "path", "conference_id")
    return found


def _call_form(meeting: Meeting, session: Session) -> dict[str, Any]:
    end = session.stopped_at
    return {
        "conference_id": session.id,
        "named_conf_id": meeting.id,
        "topic": meeting.topic,
        "class": 10,
        "type": 5,
        "subtype": 0,
        "owner": meeting.owner,
        "participant_count": len(session.participants),
        "start_time": php_date(session.started_at),
        "duration": int(((end or now()) - session.started_at).total_seconds()),
        "end_time": php_date(end),
    }


def call_participants(state: State, request: Request, session: str) -> Answer:
    _, found = _call_of(state, request, session)
    rows = [_participant_form(found, one) for one in found.participants]
    shown, after = page_by_id(state, request, rows)
    return json_answer({"cnt": len(rows), "next_page_id": after, "list": shown})


def _participant_form(session: Session, one: Participant) -> dict[str, Any]:
    left = (one.left_at or session.stopped_at) if session.is_over else None
    return {
        "app_id": one.app_id,
        "call_id": one.call_id,
        "display_name": one.display_name,
        "duration": int(((left or now()) - one.joined_at).total_seconds()),
        "join_time": php_date(one.joined_at),
        "leave_time": php_date(left),
        "leave_reason": 0 if left else None,
        "bitrate_in": 512,
        "bitrate_out": 512,
        "avg_cpu_load": 7,
    }


def session_participants(state: State, request: Request, session: str) -> Answer:
    """Who is in a session that runs, as operators ask it."""
    _, found = _call_of(state, request, session)
    rows = [
        {"id": p.call_id, "call_id": p.call_id, "display_name": p.display_name, "role": p.flag}
        for p in found.participants
    ]
    return json_answer({"count": len(rows), "participants": rows})


def users(state: State, request: Request) -> Answer:
    rows = [_user_form(user_form(one)) for one in state.users.values()]
    shown, after = page_by_id(state, request, rows)
    return json_answer({"cnt": len(rows), "next_page_id": after, "users": shown})


def user(state: State, request: Request, user: str) -> Answer:
    found = state.user_of(user)
    if found is None:
        raise Refusal(404, "userNotFound", "User not found.", "path", "user_id")
    return json_answer({"user": _user_form(user_form(found))})


def _user_form(form: dict[str, Any]) -> dict[str, Any]:
    first, _, last = form["display_name"].partition(" ")
    more = {"first_name": first, "last_name": last, "company": "", "groups": []}
    return {**form, **more, "mobile_phone": "", "work_phone": "", "home_phone": ""}


ONE = "conferences/{conference}"
RECORDS = "conferences.records:read"
ROUTES = [
    Route("GET", "conferences", "conferences:read", conferences),
    Route("GET", ONE, "conferences:read", conference),
    Route("GET", ONE + "/records", RECORDS, records),
    Route("GET", ONE + "/records/{record}", RECORDS, record),
    Route("GET", ONE + "/records/{record}/download", RECORDS, record_download),
    Route("GET", "logs/calls", "logs.calls:read", calls),
    Route("GET", "logs/calls/{session}", "logs.calls:read", call),
    Route(
        "GET",
        "logs/calls/{session}/participants",
        "logs.calls.participants:read",
        call_participants,
    ),
    Route(
        "GET",
        "conference-sessions/{session}/participants",
        "conferences.sessions.participants:read",
        session_participants,
    ),
    Route("GET", "users", "users:read", users),
    Route("GET", "users/{user}", "users:read", user),
]
