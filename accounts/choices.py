"""Words of this app that are stored."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """What a person is here. Only administrators see everything and manage the installation."""

    ADMIN = "admin", _("Administrator")
    USER = "user", _("User")
    GUEST = "guest", _("Guest")


class TokenKind(TextChoices):
    """Kinds are not interchangeable."""

    ACCESS = "access", _("Session access")
    REFRESH = "refresh", _("Session refresh")
    API = "api", _("API token")
    ENGINE = "engine", _("Engine token")
    TCS = "tcs", _("Token of a meeting server")


class Scope(TextChoices):
    """What an API token may do; none named means all that its owner may."""

    READ = "read", _("Read")
    WRITE = "write", _("Write")
    ADMIN = "admin", _("Administer")


class Action(TextChoices):
    """What the audit trail speaks of."""

    SIGN_IN = "sign_in", _("Signed in")
    SIGN_IN_REFUSED = "sign_in_refused", _("Sign-in refused")
    SIGN_OUT = "sign_out", _("Signed out")
    PASSWORD = "password", _("Password changed")
    TOKEN_MADE = "token_made", _("Token made")
    TOKEN_REVOKED = "token_revoked", _("Token revoked")
    TOKEN_REUSED = "token_reused", _("Refresh token used twice")
    GRANT = "grant", _("Access given")
    REVOKE = "revoke", _("Access taken away")
    VIEW = "view", _("Viewed")
    EXPORT = "export", _("Exported")
    DELETE = "delete", _("Deleted")
    CHANGE = "change", _("Changed")
    TRASH = "trash", _("Put into the trash")
    RESTORE = "restore", _("Restored")
    HOLD = "hold", _("Legal hold changed")
    PURGE = "purge", _("Sound deleted")
    LICENCE_INSTALLED = "licence_installed", _("Licence installed")
    LICENCE_REMOVED = "licence_removed", _("Licence removed")
