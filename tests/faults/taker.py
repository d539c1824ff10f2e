"""Takes files in until it is killed.

Prints the id of each recording once `receive` has returned: from then on it must not get lost.
"""

from pathlib import Path


def take(owner: int, folder: str) -> None:
    """All files of a folder in the order of their names."""
    # Loaded by the nursery before Django is set up.
    from accounts.models import User
    from recordings import services

    who = User.objects.get(pk=owner)
    for path in sorted(Path(folder).glob("*.wav")):
        given = [services.IncomingFile(path, path.name)]
        recording, _ = services.receive(who, given, pipeline="quick")
        print(path.name, recording.pk, flush=True)
