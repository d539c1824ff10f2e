"""What others may read about conferences."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from common.sql import ask
from conferences.choices import ConnectionAccess
from conferences.models import (
    Conference,
    ConferenceSettings,
    Connection,
    Identity,
    RemoteTrack,
    Session,
)
from conferences.sql import downloads
from recordings import selectors as recordings
from recordings.choices import Right
from recordings.models import Recording


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a server still has to give."""

    sessions: int = 0
    tracks: int = 0
    bytes: int = 0
    oldest_s: float = 0.0


def connections() -> QuerySet[Connection]:
    return Connection.objects.order_by("name")


def full_connections() -> int:
    """How many count against the licence's limit of full access."""
    return Connection.objects.filter(access=ConnectionAccess.FULL, enabled=True).count()


def read_only_connections() -> int:
    return Connection.objects.filter(access=ConnectionAccess.READ_ONLY, enabled=True).count()


def realm_names() -> dict[str, str]:
    """Realm -> the connection's name."""
    return {one.realm: one.name for one in Connection.objects.only("pk", "name")}


def backlog() -> dict[int, Backlog]:
    """Connection id -> what is awaited from it; those that owe nothing are not listed."""
    found = {}
    for row in ask(downloads.BACKLOG):
        row.pop("name")
        connection = row.pop("id")
        found[connection] = Backlog(**row)
    return found


def download_settings() -> ConferenceSettings:
    """The one row; with its defaults where nobody has saved it."""
    return ConferenceSettings.objects.filter(pk=1).first() or ConferenceSettings(pk=1)


def conferences_for(user: Any) -> QuerySet[Conference]:
    """Those of which this person may see a recording; an administrator sees all."""
    found = Conference.objects.select_related("connection")
    if getattr(user, "is_superuser", False) and not user.realm:
        return found
    seen = Session.objects.filter(recording__in=recordings.visible_to(user))
    return found.filter(pk__in=seen.values("conference_id"))


def sessions_of(conference: Conference) -> QuerySet[Session]:
    return conference.sessions.annotate(
        tracks_total=Count("tracks"),
        tracks_stored=Count("tracks", filter=Q(tracks__status="stored")),
    ).select_related("recording")


def sessions_in(recording: Recording) -> QuerySet[Session]:
    """Sessions that share this recording, in order of time."""
    return recording.sessions.select_related("conference__connection").order_by("started_at", "id")


def tracks_in(recording: Recording) -> QuerySet[RemoteTrack]:
    found = RemoteTrack.objects.filter(session__recording=recording)
    return found.select_related("session", "track").order_by("session_id", "id")


def joinable_with(recording: Recording, user: Any) -> QuerySet[Session]:
    """Other sessions of the same conference, with a recording of their own that he may delete."""
    mine = recording.sessions.values("conference_id")
    allowed = recordings.with_right(user, Right.DELETE)
    return (
        Session.objects.filter(conference_id__in=mine, recording__in=allowed)
        .exclude(recording=recording)
        .select_related("recording")
        .order_by("started_at", "id")
    )


def rights_over(user: Any, conference: Conference) -> frozenset[Right]:
    """What this person may decide about a conference as a whole: its owner and administrators
    everything, others what they may do with every recording of it."""
    if getattr(user, "is_superuser", False) and not user.realm:
        return frozenset(Right)
    person = Identity.objects.filter(user=user, connection=conference.connection_id).first()
    owner = conference.owner_call_id.lower()
    if person and (person.is_administrator or (owner and person.call_id == owner)):
        return frozenset(Right)
    held = Recording.objects.filter(sessions__conference=conference, trashed_at__isnull=True)
    found = [recordings.rights_of(user, one) for one in held.distinct()]
    return frozenset.intersection(*found) if found else frozenset()


def call_id_of(user: Any, recording: Recording) -> str:
    """Who this person was in the recording's conference; empty where he is not of its server."""
    person = Identity.objects.filter(
        user=user, connection__conferences__sessions__recording=recording
    ).first()
    return person.call_id if person else ""


def seen_sessions(user: Any, conference: Conference) -> QuerySet[Session, int]:
    """Ids of its sessions whose recording this person may see."""
    visible = recordings.visible_to(user)
    return conference.sessions.filter(recording__in=visible).values_list("pk", flat=True)
