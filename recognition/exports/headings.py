"""The headings of an exported file in the language that is active now."""

from django.utils.translation import gettext as _

from recognition.exports.base import Headings


def translated() -> Headings:
    """Return the headings in the active language."""
    return Headings(
        transcript=_("Transcript"),
        summary=_("Summary"),
        started=_("Started"),
        duration=_("Duration"),
        unverified=_("not verified"),
        untitled=_("Untitled"),
        stale=_("Made before the latest changes of the transcript."),
    )
