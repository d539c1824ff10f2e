"""`/_fake/...`: switches over HTTP. Whoever has not the control key gets 404, as from a TCS."""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from conferences.fake_tcs import meetings, plans
from conferences.fake_tcs.faults import KINDS, Fault
from conferences.fake_tcs.forms import conference_form, session_form
from conferences.fake_tcs.state import Meeting, State
from conferences.fake_tcs.web import Answer, Refusal, Request, json_answer

PREFIX = "/_fake/"
MOST_MEETINGS = 2_000


def handle(state: State, request: Request) -> Answer:
    """Raises Refusal: 404 without the key or for what does not exist, 400 for wrong values."""
    given = request.headers.get("x-fake-key", "")
    if not secrets.compare_digest(given.encode(), state.control_key.encode()):
        raise Refusal(404, "routeNotFound")
    route = (request.method, request.path.removeprefix(PREFIX).rstrip("/"))
    if route not in ROUTES:
        raise Refusal(
            404, "routeNotFound", f"There are: {', '.join(f'{m} {p}' for m, p in ROUTES)}"
        )
    try:
        return json_answer(ROUTES[route](state, request.fields()))
    except (ValueError, TypeError, LookupError) as error:
        raise Refusal(400, "invalidParameter", str(error)) from None


def _fault(fault: Fault) -> dict[str, Any]:
    return asdict(fault)


def add_fault(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"kind", "path"?, "times"?, "skip"?, "chance"?, options}`."""
    return _fault(state.faults.add(str(fields.pop("kind", "")), **fields))


def remove_faults(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"kind"?}`; without: all."""
    state.faults.remove(fields.get("kind"))
    return list_faults(state, {})


def list_faults(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    kinds = {name: {"meaning": k.meaning, "options": dict(k.options)} for name, k in KINDS.items()}
    return {"on": [_fault(fault) for fault in state.faults.on()], "kinds": kinds}


def add_meetings(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """A plan (see `plans.Plan`), and `count` for many of the kind."""
    many = int(fields.pop("count", 1))
    if not 0 < many <= MOST_MEETINGS:
        raise ValueError(f"count is from 1 to {MOST_MEETINGS}.")
    wanted = [plans.from_dict(fields) for _ in range(many)]
    return {"meetings": [shown(state, meetings.build(state, plan)) for plan in wanted]}


def _meeting(state: State, fields: dict[str, Any]) -> Meeting:
    wanted = str(fields.get("meeting", ""))
    if not wanted and state.meetings:
        return list(state.meetings.values())[-1]
    if wanted not in state.meetings:
        raise ValueError(f"There is no meeting “{wanted}”.")
    return state.meetings[wanted]


def end_meeting(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"meeting"?}`: what runs ends now; without a name the newest."""
    meeting = _meeting(state, fields)
    meeting.stop()
    return shown(state, meeting)


def add_session(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"meeting"?}` and tracks or times of a plan: one more call of that conference."""
    meeting = _meeting(state, {"meeting": fields.pop("meeting", "")})
    meetings.add_session(state, meeting, plans.from_dict(fields))
    return shown(state, meeting)


def late_track(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"meeting"?, "login", "sound"?, "after"?}`: one more track of its last session."""
    meeting = _meeting(state, fields)
    plan = plans.from_dict({"tracks": [{k: v for k, v in fields.items() if k in VOICE}]})
    meetings.add_late(
        state, meeting, plans.voices_of(plan.tracks)[0], float(fields.get("after", 0))
    )
    return shown(state, meeting)


def track(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"meeting"?, "track", "gone": bool}`: a listed track is 404, or there again."""
    for session in _meeting(state, fields).sessions:
        for one in session.tracks:
            if fields.get("track") in (one.id, one.call_id, one.call_id.partition("@")[0]):
                one.gone = bool(fields.get("gone", True))
                return {"track": one.id, "gone": one.gone}
    raise ValueError(f"There is no track “{fields.get('track')}”.")


def tokens(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"do": "expire" | "revoke", "user"?}`."""
    if fields.get("do") == "expire":
        state.expire_tokens()
    elif fields.get("do") == "revoke":
        state.revoke_tokens(fields.get("user"))
    else:
        raise ValueError("do is expire or revoke.")
    return {"tokens": len(state.tokens)}


def app(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"scopes"?, "grants"?, "access_seconds"?}` of the application."""
    one = next(iter(state.apps.values()))
    if "scopes" in fields:
        one.scopes = {str(scope) for scope in fields["scopes"]}
    if "grants" in fields:
        one.grants = {str(grant) for grant in fields["grants"]}
    if "access_seconds" in fields:
        one.access_seconds = float(fields["access_seconds"])
    return {
        "client_id": one.client_id,
        "scopes": sorted(one.scopes),
        "grants": sorted(one.grants),
        "access_seconds": one.access_seconds,
    }


def sign_in(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"user": login or null}`: who is signed in on the authorise page."""
    who = fields.get("user")
    if who and state.user_of(str(who)) is None:
        raise ValueError(f"There is nobody called “{who}”.")
    state.signed_in = who
    return {"user": who}


def chats(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"do": "drop" | "expire"}`."""
    if fields.get("do") == "drop":
        return {"dropped": state.drop_chats()}
    if fields.get("do") == "expire":
        state.expire_bot_tokens()
        return {"expired": True}
    raise ValueError("do is drop or expire.")


def die(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """`{"seconds"}`: nobody answers at this address for so long."""
    seconds = float(fields.get("seconds", 5))
    state.die(seconds)
    return {"dead_for": seconds}


def show(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """Everything but secrets."""
    return {
        "name": state.name,
        "url": state.base_url,
        "users": [{"login": u.login, "is_admin": u.is_admin} for u in state.users.values()],
        "meetings": [shown(state, one) for one in state.meetings.values()],
        "notified": [{**asdict(one), "at": one.at.isoformat()} for one in state.notified],
        "messages": [{**asdict(one), "at": one.at.isoformat()} for one in state.messages],
        "faults": [_fault(fault) for fault in state.faults.on()],
        "requests": len(state.requests),
        "last_requests": [asdict(one) for one in state.requests[-50:]],
        "most_downloading": state.most_downloading,
    }


def shown(state: State, meeting: Meeting) -> dict[str, Any]:
    form = conference_form(state, meeting)
    found = {name: form[name] for name in ("id", "topic", "owner", "state", "created_at", "sai")}
    found["sessions"] = [
        {
            **session_form(session),
            "tracks": [
                {"id": t.id, "call_id": t.call_id, "size": t.sound.size, "gone": t.gone}
                for t in session.tracks
            ],
        }
        for session in meeting.sessions
    ]
    return found


VOICE = ("login", "sound", "name", "flag", "joined")
ROUTES: dict[tuple[str, str], Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    ("GET", "state"): show,
    ("GET", "faults"): list_faults,
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): remove_faults,
    ("POST", "meetings"): add_meetings,
    ("POST", "end-meeting"): end_meeting,
    ("POST", "sessions"): add_session,
    ("POST", "late-track"): late_track,
    ("POST", "track"): track,
    ("POST", "tokens"): tokens,
    ("POST", "app"): app,
    ("POST", "sign-in"): sign_in,
    ("POST", "chats"): chats,
    ("POST", "die"): die,
}
