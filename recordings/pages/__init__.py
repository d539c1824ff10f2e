"""Pages about recordings: the list, one recording, uploads, sharing; and what other apps add.

An upper floor adds a panel to a recording's page by naming a function in `wiring.RECORDING_PANELS`.
"""

from recordings.pages.panel import Panel
from recordings.pages.visitor import find, page, rights

__all__ = ["Panel", "find", "page", "rights"]
