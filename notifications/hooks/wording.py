"""Why a webhook was not taken, by the code that its row keeps."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

WORDS: Final[dict[str, Any]] = {
    "status": _("It answered with something else than 2xx."),
    "gone": _("It answered 410: it wants nothing more."),
    "outbound_refused": _(
        "The address lies in a network that must not be reached; see SAI_OUTBOUND_ALLOW."
    ),
    "outbound_unknown_host": _("The name of its host is not known."),
    "outbound_timeout": _("It did not answer within 10 seconds."),
    "outbound_tls": _("Its certificate can't be trusted."),
    "outbound_unreachable": _("It can't be reached."),
    "outbound_broken": _("It broke off, or did not speak HTTP."),
    "bad_url": _("The address can't be used."),
}


def told(code: str) -> str:
    """A sentence; the code itself where nobody wrote one."""
    return str(WORDS.get(code, code))
