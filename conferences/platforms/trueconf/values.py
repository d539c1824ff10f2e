"""Rows of answers as values of ours. What is missing or strange becomes empty, never an error."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from conferences.choices import ConferenceRole
from conferences.platforms.base import (
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
)
from conferences.platforms.trueconf.moments import moment

Row = Mapping[str, Any]
Read = Callable[[Row, str], Any]
ROLES: Final[Mapping[str, str]] = {
    "2": ConferenceRole.OWNER,
    "1": ConferenceRole.MODERATOR,
    "owner": ConferenceRole.OWNER,
    "moderator": ConferenceRole.MODERATOR,
    "leader": ConferenceRole.MODERATOR,
}
"""What `flag` and `role` mean. Its numbers are not public: `options.roles` overrides them."""
_KEPT: Final = ("id", "topic", "owner", "state", "mode", "access", "session_id", "created_at")
_KEPT_NESTED: Final = ("tags", "schedule", "sai")
ID_LENGTH: Final = 200


def text(value: Any, most: int = 500) -> str:
    """A text or a number as a text that a row can hold."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "").strip()[:most]


def id_of(value: Any) -> str:
    """An id, or nothing where it is longer than any we can keep: it must not be cut."""
    found = text(value, ID_LENGTH + 1)
    return found if len(found) <= ID_LENGTH else ""


def number(value: Any) -> int | None:
    """A size; v3 writes them as text."""
    found = text(value, 20)
    return int(found) if found.isascii() and found.isdigit() and int(found) < 2**63 else None


def conference(row: Row) -> RemoteConference | None:
    """None: a row without an id."""
    if not (found := id_of(row.get("id"))):
        return None
    sai = row.get("sai") if isinstance(row.get("sai"), dict) else {}
    auto = sai.get("auto_recognition_enabled") if isinstance(sai, dict) else None
    tags = row.get("tags")
    return RemoteConference(
        id=found,
        topic=text(row.get("topic")),
        owner=owner_of(row.get("owner")),
        is_running=row.get("state") == "running",
        auto_recognition=auto if isinstance(auto, bool) else None,
        recognition_language=text((sai or {}).get("recognition_language"), 10),
        created_at=moment(row.get("created_at")),
        tags=tuple(text(tag, 100) for tag in tags) if isinstance(tags, list) else (),
        session_id=id_of(row.get("session_id")),
        seen=_seen(row),
    )


def owner_of(value: Any) -> str:
    """A call id; some answers have a card of the person instead."""
    if isinstance(value, dict):
        value = value.get("call_id") or value.get("uid") or value.get("id")
    return id_of(value)


def _seen(row: Row) -> dict[str, Any]:
    """What tells a change. Never its pin, its links and its people."""
    simple = {name: row[name] for name in _KEPT if isinstance(row.get(name), str | int)}
    nested = {name: row[name] for name in _KEPT_NESTED if row.get(name)}
    return {**simple, **nested}


def session(row: Row, read: Read) -> RemoteSession | None:
    if not (found := id_of(read(row, "id"))):
        return None
    return RemoteSession(found, moment(read(row, "started_at")), moment(read(row, "stopped_at")))


def call(row: Row) -> RemoteSession | None:
    """v3's call log names the session `conference_id`."""
    if not (found := id_of(row.get("conference_id"))):
        return None
    return RemoteSession(found, moment(row.get("start_time")), moment(row.get("end_time")))


def track(row: Row, read: Read) -> RemoteTrackInfo | None:
    if not (found := id_of(read(row, "id"))):
        return None
    digest = text(read(row, "sha256"), 65).lower()
    return RemoteTrackInfo(
        id=found,
        call_id=id_of(read(row, "call_id")),
        display_name=text(read(row, "display_name"), 200),
        size=number(read(row, "size")),
        sha256=digest if len(digest) == 64 else "",
        started_at=moment(read(row, "started_at")),
        stopped_at=moment(read(row, "stopped_at")),
        download_url=_url(read(row, "download_url")),
    )


def _url(value: Any) -> str:
    found = text(value, 2001)
    return found if len(found) <= 2000 else ""


def participant(row: Row, read: Read, roles: Mapping[str, str]) -> RemoteParticipant | None:
    if not (found := id_of(read(row, "call_id")) or id_of(row.get("id"))):
        return None
    flag = read(row, "flag")
    if flag is None:
        flag = row.get("role")
    return RemoteParticipant(
        call_id=found,
        display_name=text(read(row, "display_name"), 200),
        role=roles.get(text(flag, 20).lower(), ConferenceRole.PARTICIPANT),
        joined_at=moment(read(row, "join_time")),
        left_at=moment(read(row, "leave_time")),
    )


def invited(row: Row) -> RemoteParticipant | None:
    if not (found := id_of(row.get("call_id")) or id_of(row.get("id"))):
        return None
    role = ConferenceRole.MODERATOR if row.get("is_moderator") is True else ConferenceRole.INVITED
    return RemoteParticipant(found, text(row.get("display_name"), 200), role)


def merged(
    inside: list[RemoteParticipant], invited: list[RemoteParticipant]
) -> list[RemoteParticipant]:
    """Each person once: his connections together, and those invited who did not come."""
    people: dict[str, RemoteParticipant] = {}
    for one in [*inside, *invited]:
        known = people.get(one.call_id)
        people[one.call_id] = one if known is None else _together(known, one)
    return list(people.values())


_RANK: Final = [
    ConferenceRole.OWNER,
    ConferenceRole.MODERATOR,
    ConferenceRole.PARTICIPANT,
    ConferenceRole.INVITED,
]


def _together(one: RemoteParticipant, other: RemoteParticipant) -> RemoteParticipant:
    """The first time he came and the last he left; nothing where he is still there."""
    joined = [time for time in (one.joined_at, other.joined_at) if time]
    there = [each for each in (one, other) if each.joined_at]
    stays = any(each.left_at is None for each in there)
    left = [each.left_at for each in there if each.left_at]
    return RemoteParticipant(
        call_id=one.call_id,
        display_name=one.display_name or other.display_name,
        role=min(one.role, other.role, key=lambda role: _RANK.index(ConferenceRole(role))),
        joined_at=min(joined, default=None),
        left_at=None if stays else max(left, default=None),
    )
