"""Who may see a conference's recordings: rows of access written from the roles of its people.

Rows that a person wrote are never touched: ours carry their rule as origin, `role:participant`.
"""

from collections.abc import Iterable

from django.db import transaction

from accounts import audit
from accounts.choices import Action
from conferences.choices import ConferenceRole, ConnectionAccess
from conferences.models import Conference, RemoteTrack
from conferences.services import people
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.services import awaited

PREFIX = "role:"
ADMINISTRATORS = "role:administrator"
READ_ONLY = frozenset({Right.VIEW, Right.COMMENT})
Wanted = dict[tuple[str, int], tuple[str, list[str]]]
"""(`user` or `group`, its id) -> (origin, rights)."""


@transaction.atomic
def write(conference_id: int) -> None:
    """Makes the access of all recordings of a conference what its people's roles say now."""
    conference = (
        Conference.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("connection")
        .filter(pk=conference_id, access_due=True)
        .first()
    )
    if conference is None:
        return
    Conference.objects.filter(pk=conference.pk).update(access_due=False)
    recordings = list(Recording.objects.filter(sessions__conference=conference).distinct())
    if not recordings:
        return
    wanted = _wanted(conference)
    for recording in recordings:
        _bring_in_step(recording, wanted)
    _name_tracks(conference)


def is_person(call_id: str) -> bool:
    """Somebody with an account: guests get a call id for one meeting (`#guest...`)."""
    login, at, _host = call_id.partition("@")
    return bool(login and at) and not login.startswith("#")


def _wanted(conference: Conference) -> Wanted:
    connection = conference.connection
    group = people.administrators_of(connection)
    wanted: Wanted = {("group", group.pk): (ADMINISTRATORS, _allowed(connection.access, Right))}
    for there in conference.participants.all():
        owns = there.call_id == conference.owner_call_id.lower()
        role = ConferenceRole.OWNER.value if owns else there.role
        given = _allowed(connection.access, connection.default_rights.get(role, []))
        if given and is_person(there.call_id):
            user = people.person_of(connection, there.call_id, there.display_name)
            wanted["user", user.pk] = (f"{PREFIX}{role}", given)
    return wanted


def _allowed(access: str, rights: Iterable[str]) -> list[str]:
    """In the usual order; view is always among them. A read-only connection gives no more than a
    look."""
    chosen = {Right(right) for right in rights if right in Right.values}
    if access == ConnectionAccess.READ_ONLY:
        chosen &= READ_ONLY
    return [right.value for right in Right if right in chosen | {Right.VIEW}] if chosen else []


def _bring_in_step(recording: Recording, wanted: Wanted) -> None:
    Recording.objects.select_for_update(no_key=True).get(pk=recording.pk)
    wanted = {key: one for key, one in wanted.items() if key != ("user", recording.owner_id)}
    seen = set()
    for row in recording.access.filter(origin__startswith=PREFIX):
        key = ("user", row.user_id) if row.user_id else ("group", row.group_id or 0)
        if wanted.get(key, ("", []))[0] != row.origin or key in seen:
            _record(Action.REVOKE, row)
            row.delete()
            continue
        seen.add(key)
        if sorted(row.rights) != sorted(wanted[key][1]):
            row.rights = wanted[key][1]
            row.save(update_fields=["rights", "updated_at"])
            _record(Action.GRANT, row)
    for (kind, id_), (origin, given) in wanted.items():
        if (kind, id_) not in seen:
            whom = {f"{kind}_id": id_}
            row = Access.objects.create(recording=recording, origin=origin, rights=given, **whom)
            _record(Action.GRANT, row)


def _record(action: Action, row: Access) -> None:
    audit.record(
        None,
        action,
        "recording",
        row.recording_id,
        data={
            "user": row.user_id,
            "group": row.group_id,
            "rights": row.rights,
            "rule": row.origin,
        },
    )


def _name_tracks(conference: Conference) -> None:
    """A participant's name may be known only after his track."""
    names = {one.call_id: one.display_name for one in conference.participants.all()}
    for remote in RemoteTrack.objects.filter(
        session__conference=conference, display_name="", track__isnull=False
    ):
        name = names.get(remote.call_id.lower())
        if name and remote.track_id:
            awaited.rename(remote.track_id, before=remote.call_id, name=name)
