"""Values as generation 4 writes them; field names are those of TrueConf's public MCP client."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from conferences.fake_tcs.state import (
    Invitation,
    Meeting,
    Participant,
    Recording,
    Session,
    State,
    Track,
    User,
    now,
)
from conferences.fake_tcs.web import Request


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


ORDINARY = {
    "description": "",
    "max_participants": 36,
    "max_podiums": 36,
    "broadcast_enabled": False,
    "broadcast_id": None,
    "waiting_room_enabled": False,
    "pin": None,
    "pin_enabled": False,
    "tags": [],
    "rights": {},
    "registration": {"enabled": False},
    "connect_urls": {},
}
"""Fields of a conference that are the same for all here."""


def conference_form(state: State, meeting: Meeting) -> dict[str, Any]:
    url = f"{state.base_url}/c/{meeting.id}"
    start = meeting.starts_at
    return {
        **ORDINARY,
        "id": meeting.id,
        "topic": meeting.topic,
        "owner": meeting.owner,
        "state": "running" if meeting.is_running else "stopped",
        "mode": meeting.mode,
        "access": meeting.access,
        "recording_enabled": bool(meeting.recordings),
        "url": url,
        "web_client_url": f"{url}#web",
        "created_at": iso(meeting.created_at),
        "session_id": meeting.sessions[-1].id if meeting.sessions else None,
        "invitations": [invitation_form(one) for one in meeting.invitations],
        "schedule": {
            "type": "once" if start else "none",
            "start_time": int(start.timestamp()) if start else None,
            "duration": 3600,
            "days": None,
            "time": None,
            "special_time_offset": None,
        },
        "sai": {
            "recording_enabled": meeting.recording_enabled,
            "recognition_language": meeting.recognition_language,
            "auto_recognition_enabled": meeting.auto_recognition_enabled,
        },
    }


def invitation_form(one: Invitation) -> dict[str, Any]:
    return {"id": one.id, "display_name": one.display_name, "is_moderator": one.is_moderator}


def participant_form(session: Session, one: Participant) -> dict[str, Any]:
    left = one.left_at or session.stopped_at
    left = left if left and left <= now() else None
    return {
        "id": one.id,
        "call_id": one.call_id,
        "display_name": one.display_name,
        "flag": one.flag,
        "duration": int(((left or now()) - one.joined_at).total_seconds()),
        "join_time": iso(one.joined_at),
        "leave_time": iso(left),
        "app_id": one.app_id,
    }


def session_form(one: Session) -> dict[str, Any]:
    return {"id": one.id, "started_at": iso(one.started_at), "stopped_at": iso(one.stopped_at)}


def track_form(
    state: State, request: Request, meeting: Meeting, session: Session, track: Track
) -> dict[str, Any]:
    strikes = state.faults.take
    ids = [quote(one, safe="") for one in (meeting.id, session.id, track.id)]
    size, digest = track.sound.size, track.sound.sha256
    url = state.base_url + "/api/v4/conferences/{}/sessions/{}/tracks/{}/download".format(*ids)
    if fault := strikes("wrong_size", request.path):
        size += int(fault["delta"])
    if strikes("wrong_sha256", request.path):
        digest = digest[::-1]
    if fault := strikes("foreign_download_url", request.path):
        url = str(fault["url"])
    row = {
        "id": track.id,
        "call_id": track.call_id,
        "display_name": track.display_name,
        "size": size,
        "sha256": digest,
        "started_at": iso(track.started_at),
        "stopped_at": iso(track.stopped_at),
        "download_url": url,
    }
    if not state.with_sha256 or strikes("no_sha256", request.path):
        del row["sha256"]
    if strikes("no_download_url", request.path):
        del row["download_url"]
    return row


def recording_form(state: State, meeting: Meeting, one: Recording) -> dict[str, Any]:
    url = f"{state.base_url}/api/v4/conferences/{quote(meeting.id, safe='')}/recordings/{one.id}"
    return {
        "id": one.id,
        "conference_id": meeting.id,
        "topic": meeting.topic,
        "name": one.sound.name,
        "owner": one.owner,
        "size": one.sound.size,
        "download_url": f"{url}/download",
        "stream_url": f"{url}/stream",
        "started_at": iso(one.started_at),
        "stopped_at": iso(one.stopped_at),
    }


def user_form(user: User) -> dict[str, Any]:
    return {
        "id": user.login,
        "uid": user.uid,
        "avatar": None,
        "login_name": user.login,
        "email": user.email,
        "display_name": user.display_name,
        "is_active": int(user.is_active),
        "status": 0 if user.is_active else -2,
    }
