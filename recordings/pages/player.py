"""What the player needs to know about the tracks."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from recordings.choices import TrackStatus
from recordings.models import Recording


def tracks_for_player(recording: Recording, secret: str = "") -> list[dict[str, Any]]:
    """`{"id", "name", "url", "offset", "duration"}` per track with sound; times in seconds.

    `secret` is that of a link, for a visitor who is not signed in.
    """
    address = reverse("api-recording-audio", args=[recording.pk])
    link = f"&{urlencode({'link': secret})}" if secret else ""
    return [
        {
            "id": track.pk,
            "name": track.name or str(track.position + 1),
            "url": f"{address}?track={track.pk}{link}",
            "offset": track.offset,
            "duration": track.duration,
        }
        for track in recording.tracks.filter(status=TrackStatus.STORED, left_out=False)
    ]
