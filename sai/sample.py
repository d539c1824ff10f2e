"""The meeting that ships with SAI: what a newcomer sees first."""

from django.conf import settings

from accounts.models import User
from recordings import services
from recordings.models import Recording

TITLE = "Sample: planning the launch"
TRACKS = ("alice", "boris", "clara")


def submit(owner: User) -> tuple[Recording, bool]:
    """Takes the sample in for its owner; a second time gives the first recording."""
    files = [
        services.IncomingFile(
            source=settings.SAMPLE_DIR / f"{name}.opus",
            name=f"{name}.opus",
            track_name=name.capitalize(),
        )
        for name in TRACKS
    ]
    return services.receive(
        owner, files, title=TITLE, language="en", kind="meeting", source="sample"
    )
