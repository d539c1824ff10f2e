"""Giving others rights on a recording, and taking them back. Each change is audited with it."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from accounts.selectors import groups_known_to, people_known_to
from common.errors import Invalid, NotAllowed
from notifications import events
from recordings import selectors
from recordings.choices import Right
from recordings.models import Access, Recording

FOR_LINKS = frozenset({Right.VIEW, Right.COMMENT})
"""Whoever carries a link is nobody we know: he may look and speak, not change or pass on."""


@dataclass(frozen=True)
class Granted:
    access: Access
    secret: str = ""
    """What the link carries; can't be read again."""


def grant(
    recording: Recording,
    *,
    by: User,
    rights: Iterable[str],
    to: User | Group | None,
    expires_at: dt.datetime | None = None,
    request: HttpRequest | None = None,
) -> Granted:
    """Give `rights` to a user, a group or (None) a new link; they replace what he had.

    VIEW is always among them. Raises Invalid, Recording.DoesNotExist, and NotAllowed when `by`
    has not himself, or not for so long, what he would give or replace.
    """
    wanted = _check(recording, rights=rights, to=to, expires_at=expires_at)
    _check_realm(recording, by=by, to=to)
    _check_giver(recording, by=by, rights=wanted, expires_at=expires_at)
    fields = {"rights": wanted, "expires_at": expires_at, "granted_by": by}
    secret = ""
    with transaction.atomic():
        Recording.objects.select_for_update(no_key=True).get(pk=recording.pk)
        if to is None:
            secret = secrets.token_urlsafe(32)
            digest = hashlib.sha256(secret.encode()).hexdigest()
            access = Access.objects.create(recording=recording, link_digest=digest, **fields)
        else:
            whom = {"user": to} if isinstance(to, User) else {"group": to}
            held = recording.access.filter(**whom, origin="").first()
            _check_taker(held, by=by)
            access, _created = recording.access.update_or_create(defaults=fields, **whom, origin="")
            _tell(access, held, by=by)
        _record(Action.GRANT, access, by=by, request=request)
    return Granted(access, secret)


def _tell(access: Access, held: Access | None, *, by: User) -> None:
    """Those who can do more now than before hear of it; the giver knows."""
    good = held and (held.expires_at is None or held.expires_at > timezone.now())
    if held and good and set(access.rights) <= set(held.rights):
        return
    people = [access.user_id] if access.user_id else _members(access.group_id)
    topic = f"user:{access.user_id}" if access.user_id else f"recording:{access.recording_id}"
    events.append(
        events.ACCESS_GIVEN,
        object_type="access",  # not the recording: it is nobody's once the access is taken back
        object_id=access.pk,
        topic=topic,
        audience=[person for person in people if person != by.pk],
        data={"by": by.pk, "rights": access.rights},
    )


def _members(group_id: int | None) -> list[int]:
    return list(User.objects.filter(groups=group_id).values_list("pk", flat=True))


def revoke(access: Access, *, by: User, request: HttpRequest | None = None) -> None:
    """Take it back; it counts from the next request on. NotAllowed where it holds more than he."""
    _check_taker(access, by=by)
    with transaction.atomic():
        _record(Action.REVOKE, access, by=by, request=request)
        access.delete()


def _check(
    recording: Recording,
    *,
    rights: Iterable[str],
    to: User | Group | None,
    expires_at: dt.datetime | None,
) -> list[Right]:
    given = {*rights, Right.VIEW.value}
    if unknown := given - set(Right.values):
        raise Invalid(_("There is no such right."), details={"unknown": sorted(unknown)})
    wanted = {Right(right) for right in given}
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid(_("The end of the access lies in the past."), code="expired")
    if to is None and not wanted <= FOR_LINKS:
        raise Invalid(_("A link may only let its bearer view and comment."), code="link_rights")
    if isinstance(to, User) and to.pk == recording.owner_id:
        raise Invalid(_("The owner has every right already."), code="owner")
    return [right for right in Right if right in wanted]


def _check_realm(recording: Recording, *, by: User, to: User | Group | None) -> None:
    """Rights across realms would be rows that open nothing; they are refused, so that nobody
    believes that he has shared something."""
    if to is None:
        return
    known = people_known_to(by) if isinstance(to, User) else groups_known_to(by)
    takers = User.objects.filter(pk=to.pk) if isinstance(to, User) else to.user_set.all()
    outside = takers.exclude(realm="").exclude(realm=recording.realm)
    nobody = outside.exists() and not takers.exclude(pk__in=outside).exists()
    if nobody or not known.filter(pk=to.pk).exists():
        raise Invalid(
            _("Rights can't be given to people of another server."),
            code="other_realm",
            next_action=_("Make a link, or ask an administrator."),
        )


def _check_giver(
    recording: Recording, *, by: User, rights: Iterable[Right], expires_at: dt.datetime | None
) -> None:
    held = selectors.rights_until(by, recording)
    if missing := set(rights) - set(held):
        raise NotAllowed(
            _("You can't give rights that you don't have."), details={"missing": sorted(missing)}
        )
    ends = [end for right in rights if (end := held[right])]
    if ends and (expires_at is None or expires_at > min(ends)):
        raise NotAllowed(
            _("You can't give rights for longer than you have them."),
            details={"until": min(ends).isoformat()},
        )


def _check_taker(access: Access | None, *, by: User) -> None:
    """Whoever may share doesn't thereby put those out who may do more than he."""
    if access is None:
        return
    held = selectors.rights_of(by, access.recording)
    if missing := {Right(right) for right in access.rights} - held:
        raise NotAllowed(
            _("You can't take rights away that you don't have."),
            details={"missing": sorted(missing)},
        )


def _record(action: Action, access: Access, *, by: User, request: HttpRequest | None) -> None:
    audit.record(
        by,
        action,
        "recording",
        access.recording_id,
        request=request,
        data={
            "user": access.user_id,
            "group": access.group_id,
            "link": bool(access.link_digest),
            "rights": access.rights,
            "expires_at": access.expires_at.isoformat() if access.expires_at else None,
        },
    )
