"""Words of this app that are stored."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Platform(TextChoices):
    """Kinds of meeting servers; each has one file or package in `platforms`."""

    TRUECONF = "trueconf", _("TrueConf Server")
    FOLDER = "folder", _("Shared folder")
    FAKE = "fake", _("Fake")


class ConnectionAccess(TextChoices):
    """What a connection is for; licences count the two apart."""

    FULL = "full", _("Full")
    READ_ONLY = "read_only", _("Read only")


class ConnectionStatus(TextChoices):
    """Whether a server can be asked. Rejected: its credentials were refused, nothing is asked."""

    NEW = "new", _("Not asked yet")
    WORKS = "works", _("Works")
    AWAY = "away", _("Does not answer")
    REJECTED = "rejected", _("Credentials rejected")
    OFF = "off", _("Switched off")


class ImportStatus(TextChoices):
    """How far one session of a conference has come.

    discovered -> downloading -> ready | incomplete | failed; expired: the server no longer has it.
    Incomplete: at least one track is here and another was given up; a late one still joins.
    """

    DISCOVERED = "discovered", _("Discovered")
    DOWNLOADING = "downloading", _("Downloading")
    READY = "ready", pgettext_lazy("session", "Ready")
    INCOMPLETE = "incomplete", _("Incomplete")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


class DownloadStatus(TextChoices):
    """One track's way here: pending -> downloading -> stored | missing | failed; all but stored
    may become pending again. Missing: the server does not have it (any more). Left out: its
    participant is, so that it is never brought; whatever it was but stored becomes that."""

    PENDING = "pending", _("Pending")
    DOWNLOADING = "downloading", _("Downloading")
    STORED = "stored", _("Stored")
    MISSING = "missing", _("Missing on the server")
    FAILED = "failed", _("Failed")
    LEFT_OUT = "left_out", _("Left out")


class ConferenceRole(TextChoices):
    """What somebody is in a conference; rights can be given to a role."""

    OWNER = "owner", _("Owner")
    MODERATOR = "moderator", _("Moderator")
    PARTICIPANT = "participant", _("Participant")
    INVITED = "invited", _("Invited")


class Consent(TextChoices):
    """Whether the participants agreed to be recognised. Required and unknown: nothing starts."""

    UNKNOWN = "unknown", _("Unknown")
    GIVEN = "given", _("Given")
    REFUSED = "refused", _("Refused")
