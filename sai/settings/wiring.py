"""Who is plugged into whom. Upward calls go through the dotted names here, never through imports.

`recordings.checks` refuses to start when a name here does not exist.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

_HEAR = [
    "recognition.steps.Prepare",
    "recognition.steps.Transcribe",
    "recognition.steps.Assemble",
]
_SUMMARISE = ["analytics.steps.Summarise"]

PIPELINES: dict[str, list[str]] = {
    "meeting": [*_HEAR, *_SUMMARISE],
    "call": [*_HEAR, *_SUMMARISE],
    "upload": [*_HEAR, *_SUMMARISE],
    "voice": _HEAR,
    "transcribe": _HEAR,
    "report": _SUMMARISE,
    "reassemble": ["recognition.steps.Assemble", *_SUMMARISE],
}

TOKEN_RESOLVERS: list[str] = ["accounts.tokens.resolve", "conferences.tokens.resolve"]
"""Asked in turn: bearer text -> `accounts.principal.Principal`, or None: not a kind of theirs."""

SIGN_IN_DOORS: list[str] = ["conferences.pages.sign_in.doors"]
"""Other ways in, as buttons of the sign-in page: () -> `[{"name", "url"}]`; `?next=` follows."""

REALM_NAMES: str = "conferences.selectors.realm_names"
"""How realms are called: () -> {realm: name}."""

EVENT_AUDIENCES: dict[str, str] = {"recording": "recordings.selectors.viewers_of"}
"""Kind of a topic -> who may watch: ids -> {id: user ids}. Administrators see all."""

RECORDING_PANELS: list[str] = [
    "recognition.pages.transcript_panel",
    "recognition.panels.made_panel",
    "analytics.pages.summary_panel",
    "conferences.pages.panel.conference_panel",
]
"""Panels of a recording's page, in order: (request, recording) -> a Panel, or None for nothing."""

PROCESS_GUARDS: list[str] = ["conferences.consent.guard"]
"""Who may refuse that a recording is processed: (recording) -> None, or raises a SaiError."""

LICENCE_USAGE: dict[str, str] = {
    "full_connections": "conferences.selectors.full_connections",
    "read_only_connections": "conferences.selectors.read_only_connections",
    "simultaneous_recognitions": "recordings.usage.recognitions",
    "hours_per_month": "recordings.usage.hours_this_month",
}
"""A limit of the licence -> who counts it: () -> number. What nobody counts is 0."""

APPLY_SECTIONS: dict[str, str] = {
    "users": "accounts.sections.users",
    "tokens": "accounts.sections.user_tokens",
    "licences": "accounts.licences.sections.licences",
    "storage": "recordings.sections.storage",
    "connections": "conferences.sections.connections",
    "prompts": "analytics.sections.prompts",
    "webhooks": "notifications.sections.webhooks",
}
"""Section of an `apply` file -> its `common.sections.Section`; applied in this order."""

TEXT_SEARCH = "recognition.selectors.search"
"""Who knows the words: (user, text, limit=n) -> dicts; the list's search box asks it."""

TITLE_INDEX = "recognition.index.replace_title"
"""Makes a recording findable by its title as it is now: (recording) -> None."""

SOUND_MADE: list[str] = ["recognition.services.forget_made_sound"]
"""What upper floors made of a recording's sound goes with it: (recording) -> stored files that
nobody names any more; the caller deletes them."""

WORDS_MADE: list[str] = ["analytics.services.forget_meaning"]
"""What was made of words that must go, goes with them: (recording) -> None."""

SUMMARY_SOURCE: str = "analytics.selectors.for_export"
"""What an exported transcript says of its meaning: recording id -> (text, items)."""

SUMMARY_LIST: str = "analytics.selectors.ready_summaries"
"""All summaries of a recording for the API of TrueConf's clients: recording id -> dicts."""

NOTICE_CHANNELS: dict[str, str] = {
    "tcs_call": "conferences.channels.call.TcsCall",
    "tcs_chat": "conferences.channels.chat.TcsChat",
    "email": "notifications.channels.mail.Email",
}
"""Name -> a class that keeps the promise of `notifications.channels.base.Channel`."""

NOTICE_DEFAULTS: list[str] = ["page", "tcs_call", "tcs_chat", "email"]
"""Channels of whoever has chosen none, as far as they reach him; `page` is the page of notices."""

NOTICE_SUBJECTS: dict[str, str] = {
    "recording": "recordings.subjects.subjects_of",
    "access": "recordings.subjects.given",
}
"""Type of an object -> what a notice may show of it: ids -> {id: Subject}."""

ERROR_WORDS = "recordings.wording.told"
"""A stored error in the language of whoever reads it."""

TIDYING: list[str] = ["recognition.gateway.collect.collect"]
"""Who looks with every sweep, before leases that ran out are given back: () -> None."""

QUEUE_LOOKS: dict[str, str] = {"download": "conferences.worker.look"}
"""Queue -> who looks when it is called, besides the steps in it: begins what is due in threads of
its own and returns."""

RECORDING_SOURCES: dict[str, Any] = {
    "upload": _("Upload"),
    "inbox": _("Watched folder"),
    "trueconf": _("TrueConf Server"),
    "folder": _("Shared folder"),
}
"""Where recordings come from, by the word in their rows: the filter of the list."""
