"""Where recordings come from, by name: upper floors know what realms are called."""

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from recordings.models import Recording


def realm_names() -> dict[str, str]:
    """Realm -> what people call it, `connection:3` -> `Head office`."""
    return cast("dict[str, str]", import_string(settings.REALM_NAMES)())


def known_realms() -> list[tuple[str, str]]:
    """(realm, name), by name: those that have a name, and those that recordings still have."""
    names = realm_names()
    found = Recording.objects.exclude(realm="").order_by("realm").values_list("realm", flat=True)
    realms = {*names, *found.distinct()}
    return sorted(((one, names.get(one, one)) for one in realms), key=lambda one: one[1])
