"""The admin of conferences: connections and their health, what was found, what is being brought."""

from conferences.admin.conference import ConferenceAdmin, SessionAdmin
from conferences.admin.connection import ConnectionAdmin
from conferences.admin.downloads import ConferenceSettingsAdmin, RemoteTrackAdmin

__all__ = [
    "ConferenceAdmin",
    "ConferenceSettingsAdmin",
    "ConnectionAdmin",
    "RemoteTrackAdmin",
    "SessionAdmin",
]
