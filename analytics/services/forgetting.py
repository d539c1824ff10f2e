"""What was made of words goes when words must go."""

from analytics.models import Summary
from recognition import index
from recognition.models import IndexEntry
from recordings.models import Recording


def forget_meaning(recording: Recording) -> None:
    """Deletes every summary of it: any of them may hold what was said by who is left out now."""
    Summary.objects.filter(recording=recording).delete()
    index.replace(recording, IndexEntry.Kind.SUMMARY, [])
