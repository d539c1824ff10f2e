"""What others may ask of notices: what is told to whom, and what was read."""

from notifications.services.preferences import change_preferences
from notifications.services.reading import read_all, read_some

__all__ = ["change_preferences", "read_all", "read_some"]
