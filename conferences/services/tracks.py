"""Trying again what was given up, and saying that people agreed."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from conferences.choices import Consent, DownloadStatus
from conferences.models import Conference, RemoteTrack
from recordings import hints

GIVEN_UP = (DownloadStatus.FAILED, DownloadStatus.MISSING)


def retry(
    tracks: Iterable[RemoteTrack], *, actor: User | None, request: HttpRequest | None = None
) -> int:
    """Tracks that were given up, or wait for their next try, are tried at once: how many."""
    ids = [one.pk for one in tracks]
    with transaction.atomic():
        again = RemoteTrack.objects.filter(
            pk__in=ids, status__in=[*GIVEN_UP, DownloadStatus.PENDING]
        )
        count = again.update(
            status=DownloadStatus.PENDING, ready_at=Now(), failures=0, created_at=Now()
        )
        if count:
            data = {"tried_again": ids[:100]}
            audit.record(actor, Action.CHANGE, "remote_track", "", request=request, data=data)
        hints.wake("download")
    return count


def say_consent(
    conference: Conference,
    consent: str,
    *,
    actor: User | None,
    request: HttpRequest | None = None,
) -> Conference:
    """Whether its people agreed to be recognised. Given: what waited for it begins."""
    conference.consent = Consent(consent)
    with transaction.atomic():
        conference.save(update_fields=["consent", "updated_at"])
        data = {"consent": conference.consent}
        audit.record(actor, Action.CHANGE, "conference", conference.pk, request=request, data=data)
        hints.wake("download")
    return conference
