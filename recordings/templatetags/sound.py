"""How lengths and positions of sound are written on pages."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def clock(seconds: float | None) -> str:
    """A position: 75.2 -> `1:15`, 3675 -> `1:01:15`."""
    whole = int(seconds or 0)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


@register.filter
def how_long(seconds: float | None) -> str:
    """A length, for reading: `45 s`, `12 min`, `1 h 5 min`."""
    whole = round(seconds or 0)
    if whole < 60:
        return _("%(n)d s") % {"n": whole}
    minutes = round(whole / 60)
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.filter
def wait(seconds: float | None) -> str:
    """A wait that is only roughly known."""
    whole = round(seconds or 0)
    if whole < 15:
        return _("a few seconds")
    if whole < 90:
        return _("about a minute")
    minutes = round(whole / 60)
    if minutes < 90:
        return ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(n)d hour", "about %(n)d hours", hours) % {"n": hours}


@register.filter
def seconds(value: float | None) -> str:
    """A number for data-attributes: dot, milliseconds, whatever the page's language."""
    return f"{value or 0:.3f}".rstrip("0").rstrip(".")


@register.filter
def percent(value: float | None) -> int:
    """0-100 as a whole number."""
    return round(value or 0)
