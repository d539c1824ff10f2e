"""A title can be searched for; the index of words is an upper floor's and is told by name."""

from django.conf import settings
from django.utils.module_loading import import_string

from recordings.models import Recording


def note(recording: Recording) -> None:
    """Call it in the transaction that writes the title."""
    import_string(settings.TITLE_INDEX)(recording)
