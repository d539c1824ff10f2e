"""Connections to meeting servers; what is known of their people, conferences and tracks."""

from conferences.models.conference import Conference, Participant, RemoteTrack, Session
from conferences.models.connection import Connection
from conferences.models.identity import Identity
from conferences.models.role_rights import RoleRights
from conferences.models.settings import ConferenceSettings

__all__ = [
    "Conference",
    "ConferenceSettings",
    "Connection",
    "Identity",
    "Participant",
    "RemoteTrack",
    "RoleRights",
    "Session",
]
