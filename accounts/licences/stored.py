"""Installing licence files and taking them away."""

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.licences import clock, files, guards, keys
from accounts.licences.errors import LicenceRefused
from accounts.licences.standing import is_for
from accounts.licences.terms import Terms
from accounts.licences.wording import day
from accounts.models import Licence, User


def install(
    text: str, *, actor: User | None, request: HttpRequest | None = None
) -> tuple[Licence, bool]:
    """The installed licence, and False when this very file was there already.

    Raises LicenceRefused with the reason as its code; then nothing has changed. The text may come
    with other line ends, or with blanks around it.
    """
    terms, reading, known = examine(text)
    if known is not None:
        return known, False
    text = files.plain(text)
    with transaction.atomic():
        row, _made = Licence.objects.update_or_create(number=terms.id, defaults={"text": text})
        said = terms.as_dict()
        data = {name: said[name] for name in ("limits", "features", "valid_from", "expires_at")}
        audit.record(
            actor, Action.LICENCE_INSTALLED, "licence", terms.id, request=request, data=data
        )
        if terms.resets_clock and reading.now - terms.issued_at <= clock.RESET_WITHIN:
            clock.reset()
        transaction.on_commit(guards.forget)
    return row, True


def examine(text: str) -> tuple[Terms, clock.Reading, Licence | None]:
    """What a file says, when, and its row when it is installed already. Raises LicenceRefused."""
    terms = files.read(text, keys.public_keys())
    known = Licence.objects.filter(number=terms.id, text=files.plain(text)).first()
    reading = clock.read()
    if known is None:
        _check_place_and_time(terms, reading)
    return terms, reading, known


def remove(row: Licence, *, actor: User | None, request: HttpRequest | None = None) -> None:
    """From now on another installed licence counts, or the free one."""
    with transaction.atomic():
        audit.record(actor, Action.LICENCE_REMOVED, "licence", row.number, request=request)
        row.delete()
        transaction.on_commit(guards.forget)


def _check_place_and_time(terms: Terms, reading: clock.Reading) -> None:
    if not is_for(terms, reading):
        raise LicenceRefused(
            _("The licence belongs to another installation."),
            code="licence_foreign",
            next_action=_("Ask for a licence for this installation: %(id)s.")
            % {"id": reading.installation},
            details={"licence": terms.installation, "installation": str(reading.installation)},
        )
    if reading.now >= terms.expires_at:
        raise LicenceRefused(
            _("The licence expired on %(day)s.") % {"day": day(terms.expires_at)},
            code="licence_expired",
            next_action=_("Ask for a new one."),
        )
    begins = max(terms.valid_from, terms.issued_at - clock.TOLERANCE)
    if reading.now < begins:
        raise LicenceRefused(
            _("The licence is not valid before %(day)s.") % {"day": day(begins)},
            code="licence_not_yet_valid",
            next_action=_("Install it then; check the server's clock if that day has come."),
        )
