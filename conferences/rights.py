"""Who may see a conference's recordings: rows of access written from the roles of its people.

Rows that a person wrote are never touched: ours carry their rule as origin, `role:participant`.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from accounts import audit
from accounts.choices import Action
from conferences import role_rules
from conferences.choices import ConferenceRole
from conferences.models import Conference, RemoteTrack
from conferences.role_rules import Rules
from conferences.services import people
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.services import awaited

PREFIX = "role:"
ADMINISTRATORS = "role:administrator"
Given = tuple[str, list[str], dt.datetime | None]
Wanted = dict[tuple[str, int], Given]
"""(`user` or `group`, its id) -> (origin, rights, their end)."""
NOTHING: Given = ("", [], None)


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
    rules = role_rules.rules_of(conference, [one.pk for one in recordings])
    there = _people(conference, list(rules.values()))
    for recording in recordings:
        _bring_in_step(recording, _wanted(conference, there, rules[recording.pk]))
    _name_tracks(conference)


def is_person(call_id: str) -> bool:
    """Somebody with an account: guests get a call id for one meeting (`#guest...`)."""
    login, at, _host = call_id.partition("@")
    return bool(login and at) and not login.startswith("#")


def _people(conference: Conference, rules: Sequence[Rules]) -> list[tuple[int, str]]:
    """(user, role) of those to whom some recording's rules give anything."""
    found = []
    for there in conference.participants.all():
        owns = there.call_id == conference.owner_call_id.lower()
        role = ConferenceRole.OWNER.value if owns else there.role
        if is_person(there.call_id) and any(one[role].rights for one in rules):
            user = people.person_of(conference.connection, there.call_id, there.display_name)
            found.append((user.pk, role))
    return found


def _wanted(conference: Conference, there: Sequence[tuple[int, str]], rules: Rules) -> Wanted:
    connection = conference.connection
    group = people.administrators_of(connection)
    everything = role_rules.allowed(connection.access, Right)
    wanted: Wanted = {("group", group.pk): (ADMINISTRATORS, everything, None)}
    for user, role in there:
        if rules[role].rights:
            rule = rules[role]
            wanted["user", user] = (f"{PREFIX}{role}", rule.rights, rule.expires_at)
    return wanted


def _bring_in_step(recording: Recording, wanted: Wanted) -> None:
    Recording.objects.select_for_update(no_key=True).get(pk=recording.pk)
    wanted = {key: one for key, one in wanted.items() if key != ("user", recording.owner_id)}
    seen = set()
    for row in recording.access.filter(origin__startswith=PREFIX):
        key = ("user", row.user_id) if row.user_id else ("group", row.group_id or 0)
        if wanted.get(key, NOTHING)[0] != row.origin or key in seen:
            _record(Action.REVOKE, row)
            row.delete()
            continue
        seen.add(key)
        _change(row, wanted[key])
    for (kind, id_), (origin, given, end) in wanted.items():
        if (kind, id_) not in seen:
            whom = {f"{kind}_id": id_, "origin": origin, "rights": given, "expires_at": end}
            _record(Action.GRANT, Access.objects.create(recording=recording, **whom))


def _change(row: Access, given: Given) -> None:
    _origin, rights, end = given
    if sorted(row.rights) != sorted(rights) or row.expires_at != end:
        row.rights, row.expires_at = rights, end
        row.save(update_fields=["rights", "expires_at", "updated_at"])
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
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
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
