"""Changing what a role may do, in one recording or in all of a conference.

What people get by it are rows of access, written at once; who comes later gets them, too.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Invalid, NotAllowed, NotFound, gettext_noop
from conferences import rights, role_rules, selectors
from conferences.choices import ConferenceRole
from conferences.models import Conference, RoleRights
from conferences.role_rules import Rule, Rules
from recordings import selectors as recordings
from recordings.choices import Right
from recordings.models import Recording

Held = Mapping[Right, dt.datetime | None]
"""What the giver may do, each with its end."""
Wishes = Mapping[str, Iterable[str] | None]
"""Role -> its rights from now on; none at all: nothing; None: as it was before any wish."""

NOT_YOURS = gettext_noop("You may not decide about this conference.")


def shown(recording: Recording) -> Rules:
    """What each role may do there. NotFound where it is of no conference."""
    conference = conference_of(recording)
    return role_rules.rules_of(conference, [recording.pk])[recording.pk]


def conference_of(recording: Recording) -> Conference:
    session = selectors.sessions_in(recording).first()
    if session is None:
        raise NotFound(_("This recording is of no conference."), code="no_conference")
    return session.conference


def change(
    recording: Recording,
    wishes: Wishes,
    *,
    by: User,
    expires_at: dt.datetime | None = None,
    request: HttpRequest | None = None,
) -> Rules:
    """For this recording alone; roles that are not named stay. Whoever is to pass it on must hold
    SHARE: the caller has looked. Raises Invalid, NotFound, and NotAllowed for rights that `by`
    does not have himself, or not for so long."""
    conference = conference_of(recording)
    held = recordings.rights_until(by, recording)
    _change(conference, recording, wishes, held, by=by, expires_at=expires_at, request=request)
    return shown(recording)


def change_conference(
    conference: Conference,
    wishes: Wishes,
    *,
    by: User,
    expires_at: dt.datetime | None = None,
    request: HttpRequest | None = None,
) -> Rules:
    """For all its recordings, those to come as well; where a recording has its own word, that
    counts. NotAllowed unless `by` decides about the conference."""
    held = dict.fromkeys(selectors.rights_over(by, conference))
    if Right.SHARE not in held:
        raise NotAllowed(_(NOT_YOURS))
    _change(conference, None, wishes, held, by=by, expires_at=expires_at, request=request)
    return role_rules.rules_of(conference, [None])[None]


def _change(
    conference: Conference,
    recording: Recording | None,
    wishes: Wishes,
    held: Held,
    *,
    by: User,
    expires_at: dt.datetime | None,
    request: HttpRequest | None,
) -> None:
    wanted = {role: _checked(role, given) for role, given in wishes.items()}
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(_("The end of the access lies in the past."), code="expired")
    where = recording.pk if recording else None
    with transaction.atomic():
        # The row is ours from here on: whoever writes rights meanwhile is waited for.
        Conference.objects.filter(pk=conference.pk).update(access_due=True)
        before = role_rules.rules_of(conference, [where])[where]
        for role, given in wanted.items():
            _check_giver(held, before[role], given or [], expires_at)
            _keep(conference, recording, role, given, by=by, expires_at=expires_at)
        kind, key = ("recording", where) if recording else ("conference", conference.pk)
        data = {"roles": wanted, "expires_at": expires_at.isoformat() if expires_at else None}
        audit.record(by, Action.CHANGE, kind, key, request=request, data=data)
        rights.write(conference.pk)


def _checked(role: str, given: Iterable[str] | None) -> list[str] | None:
    if role not in ConferenceRole.values:
        raise Invalid(
            _("There is no such role."),
            code="unknown_role",
            details={"known": ConferenceRole.values},
        )
    if given is None:
        return None
    chosen = set(given)
    if unknown := chosen - set(Right.values):
        raise Invalid(_("There is no such right."), details={"unknown": sorted(unknown)})
    return [right.value for right in Right if right in chosen | {Right.VIEW}] if chosen else []


def _check_giver(
    held: Held, before: Rule, given: Iterable[str], expires_at: dt.datetime | None
) -> None:
    """Nobody gives or takes what he does not have, or for longer than he has it."""
    if missing := {Right(right) for right in {*given, *before.rights}} - set(held):
        raise NotAllowed(
            _("You can't give or take rights that you don't have."),
            details={"missing": sorted(missing)},
        )
    ends = [end for right in given if (end := held[Right(right)])]
    if ends and (expires_at is None or expires_at > min(ends)):
        raise NotAllowed(
            _("You can't give rights for longer than you have them."),
            details={"until": min(ends).isoformat()},
        )


def _keep(
    conference: Conference,
    recording: Recording | None,
    role: str,
    given: list[str] | None,
    *,
    by: User,
    expires_at: dt.datetime | None,
) -> None:
    where: dict[str, Any] = {"conference": conference, "recording": recording, "role": role}
    if given is None:
        RoleRights.objects.filter(**where).delete()
        return
    fields = {"rights": given, "expires_at": expires_at, "granted_by": by}
    RoleRights.objects.update_or_create(**where, defaults=fields)
