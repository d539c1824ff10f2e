"""What notices say, in the language that is active. Titles and names, never what was said."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.texts import one_row
from notifications import subjects
from notifications.choices import Fact
from notifications.models import Notice
from notifications.subjects import Subject

LONGEST_REASON = 1000


def headline(notice: Notice, subject: Subject) -> str:
    """One line."""
    title = {"title": one_row(subject.title)}
    match notice.fact:
        case Fact.READY_TO_RECOGNISE:
            return _("Ready to be recognised: %(title)s") % title
        case Fact.RECOGNISED:
            return _("Recognised: %(title)s") % title
        case Fact.SUMMARY_READY:
            return _("The summary is ready: %(title)s") % title
        case Fact.RECOGNITION_FAILED:
            return _("Could not be recognised: %(title)s") % title
        case _other:
            return _("You were given access: %(title)s") % title


def explanation(notice: Notice, givers: Mapping[int, str]) -> str:
    """What there is to add: who, why, what to do. May be empty."""
    match notice.fact:
        case Fact.READY_TO_RECOGNISE:
            return _("Its sound is here. Start the recognition on its page.")
        case Fact.RECOGNITION_FAILED:
            return reason(notice)
        case Fact.ACCESS_GIVEN if name := givers.get(notice.data.get("by", 0)):
            return _("By %(name)s.") % {"name": one_row(name)}
        case _other:
            return ""


def reason(notice: Notice) -> str:
    """Why it failed, and what to do."""
    told = subjects.told(notice.data.get("error"))
    if not told:
        return _("Its page says why. Start it again there.")
    action = told["next_action"] or _("Start it again on its page.")
    return f"{one_row(told['message'])} {one_row(action)}"[:LONGEST_REASON]


def many(count: int) -> str:
    return ngettext("%(count)d notice", "%(count)d notices", count) % {"count": count}


def more(count: int) -> str:
    return ngettext("and %(count)d more", "and %(count)d more", count) % {"count": count}


def gone() -> str:
    return _("About something that is gone, or that you may not see any more.")
