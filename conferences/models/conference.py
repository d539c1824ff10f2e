"""What is known of a conference: its sessions, who was there, and the tracks it has there."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from conferences.choices import (
    ConferenceRole,
    Consent,
    DownloadStatus,
    ImportStatus,
)
from conferences.models.connection import Connection
from recordings.models import Recording, Track


class Conference(TimestampedModel):
    """A conference as its server knows it; it may be held many times."""

    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        related_name="conferences",
        verbose_name=_("connection"),
    )
    remote_id = models.CharField(_("id on the server"), max_length=200)
    topic = models.CharField(_("topic"), max_length=500, blank=True)
    owner_call_id = models.CharField(_("owner"), max_length=200, blank=True)
    """login@server."""
    is_running = models.BooleanField(_("running"), default=False)
    auto_recognition = models.BooleanField(_("recognise automatically"), null=True, blank=True)
    """As the conference says; null: the connection decides."""
    recognition_language = models.CharField(_("language"), max_length=10, blank=True)
    consent = models.CharField(
        _("consent"), max_length=10, choices=Consent, default=Consent.UNKNOWN
    )
    tags = models.JSONField(default=list, blank=True)
    seen = models.JSONField(default=dict, blank=True, editable=False)
    """The server's own fields as last seen."""
    held_at = models.DateTimeField(null=True, blank=True, db_index=True)
    """When it last took place."""
    access_due = models.BooleanField(default=False, editable=False)
    """Who may see its recordings has to be written anew: people or rules have changed."""

    class Meta:
        verbose_name = _("conference")
        verbose_name_plural = _("conferences")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "remote_id"], name="conference_once_per_connection"
            )
        ]

    def __str__(self) -> str:
        return self.topic or self.remote_id


class Session(TimestampedModel):
    """One time that a conference was held: it becomes one recording. Sessions of a call that broke
    can be joined; then they share it."""

    conference = models.ForeignKey(Conference, on_delete=models.CASCADE, related_name="sessions")
    remote_id = models.CharField(_("id on the server"), max_length=200)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("ended"), null=True, blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=ImportStatus, default=ImportStatus.DISCOVERED
    )
    recording = models.ForeignKey(
        Recording, on_delete=models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    ended = models.BooleanField(_("over"), default=False, editable=False)
    """Nobody speaks any more: its tracks can be had."""
    looked_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When the server was last asked for its tracks."""
    completed_at = models.DateTimeField(_("tracks complete"), null=True, blank=True, editable=False)
    """When its last track was in or given up."""
    forgotten = models.BooleanField(default=False, editable=False)
    """Its recording was deleted for good here: it is not brought again."""
    started_recognition = models.BooleanField(default=False, editable=False)
    """Recognition was begun by itself, once."""

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conference", "remote_id"], name="session_once_per_conference"
            ),
            models.CheckConstraint(
                condition=Q(status__in=ImportStatus.values), name="session_status_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(status__in=[ImportStatus.DISCOVERED, ImportStatus.DOWNLOADING]),
                name="session_unfinished",
            ),
            models.Index(
                fields=["completed_at"],
                condition=Q(started_recognition=False),
                name="session_not_recognised",
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id


class Participant(TimestampedModel):
    """Somebody who was in a session or invited to the conference."""

    conference = models.ForeignKey(
        Conference, on_delete=models.CASCADE, related_name="participants"
    )
    call_id = models.CharField(_("call id"), max_length=200)
    """login@server; a guest's is made by the server."""
    display_name = models.CharField(_("name"), max_length=200, blank=True)
    role = models.CharField(
        _("role"), max_length=12, choices=ConferenceRole, default=ConferenceRole.PARTICIPANT
    )
    left_out = models.BooleanField(_("left out"), default=False)
    """Of sound and text."""
    joined_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(
                fields=["conference", "call_id"], name="participant_once_per_conference"
            ),
            models.CheckConstraint(
                condition=Q(role__in=ConferenceRole.values), name="participant_role_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["conference"], condition=Q(left_out=True), name="participant_left_out"
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.call_id


class RemoteTrack(TimestampedModel):
    """A participant's sound on the server: the queue of `scheduler`. Claimed, kept and settled as
    steps are: attempt as fence, lease on the database's clock."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="tracks")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    remote_id = models.CharField(_("id on the server"), max_length=200)
    call_id = models.CharField(_("call id"), max_length=200, blank=True)
    display_name = models.CharField(_("name"), max_length=200, blank=True)
    size = models.BigIntegerField(_("size"), null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    download_url = models.CharField(max_length=2000, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    """For If-Range: what was already brought is only continued while it is the same file."""
    track = models.OneToOneField(
        Track, on_delete=models.SET_NULL, null=True, blank=True, related_name="remote"
    )
    status = models.CharField(
        _("status"), max_length=12, choices=DownloadStatus, default=DownloadStatus.PENDING
    )
    priority = models.SmallIntegerField(default=20)
    turn = models.BigIntegerField(default=0)
    """Fair order between connections."""
    ready_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    bytes_done = models.BigIntegerField(default=0)
    error = models.JSONField(_("error"), null=True, blank=True)
    merged = models.BooleanField(default=False)
    """It stands in a transcript already, or in the run that will make one."""

    class Meta:
        verbose_name = _("track on a server")
        verbose_name_plural = _("tracks on servers")
        constraints = [
            models.UniqueConstraint(
                fields=["session", "remote_id"], name="remote_track_once_per_session"
            ),
            models.CheckConstraint(
                condition=Q(status__in=DownloadStatus.values), name="remote_track_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=DownloadStatus.DOWNLOADING) | Q(lease_until__isnull=False),
                name="remote_track_downloading_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "priority", "turn", "id"],
                condition=Q(status=DownloadStatus.PENDING),
                name="remote_track_waiting",
            ),
            models.Index(
                fields=["session"],
                condition=Q(status=DownloadStatus.STORED, merged=False),
                name="remote_track_unmerged",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(status=DownloadStatus.DOWNLOADING),
                name="remote_track_leases",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.remote_id
