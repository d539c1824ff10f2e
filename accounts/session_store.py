"""Sessions in the database, as Django keeps them; `settings.SESSION_ENGINE` names this module."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A cookie that can't be a key is no session, instead of an error of the database.

    Our keys are letters and digits; a browser may send anything, a zero character in quotes too.
    """

    def _validate_session_key(self, key: Any) -> bool:
        plausible = super()._validate_session_key(key)  # type: ignore[misc]  # not in the stubs
        return bool(plausible) and key.isascii() and key.isalnum()
