"""How the admin looks and what stands in its menu."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _item(title: Any, icon: str, model: str) -> dict[str, Any]:
    """A line of the menu: the list of `model` (app_model)."""
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}


_TEAL = {
    "50": "oklch(98.2% .012 187)",
    "100": "oklch(94.8% .03 187)",
    "200": "oklch(89.5% .06 187)",
    "300": "oklch(82.5% .09 187)",
    "400": "oklch(79.5% .1 187)",
    "500": "oklch(62% .1 187)",
    "600": "oklch(46.5% .085 187)",
    "700": "oklch(41.5% .075 187)",
    "800": "oklch(36% .065 187)",
    "900": "oklch(31% .055 187)",
    "950": "oklch(23% .04 187)",
}
"""The accent of our own pages (`static/css/tokens.css`) as Unfold wants it."""

_MENU: list[dict[str, Any]] = [
    {
        "items": [
            {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
        ]
    },
    {
        "title": _("People"),
        "separator": True,
        "items": [
            _item(_("Users"), "person", "accounts_user"),
            _item(_("Groups"), "group", "auth_group"),
            _item(_("Tokens"), "key", "accounts_token"),
            _item(_("Audit trail"), "history", "accounts_auditentry"),
        ],
    },
    {
        "title": _("Recordings"),
        "separator": True,
        "items": [
            _item(_("Recordings"), "mic", "recordings_recording"),
            _item(_("Tracks"), "graphic_eq", "recordings_track"),
            _item(_("Access"), "share", "recordings_access"),
        ],
    },
    {
        "title": _("Conferences"),
        "separator": True,
        "items": [
            _item(_("Connections"), "hub", "conferences_connection"),
            _item(_("Conferences"), "groups", "conferences_conference"),
            _item(_("Sessions"), "event", "conferences_session"),
            _item(_("Tracks on servers"), "download", "conferences_remotetrack"),
            _item(_("Download settings"), "tune", "conferences_conferencesettings"),
        ],
    },
    {
        "title": _("Work"),
        "separator": True,
        "items": [
            _item(_("Runs"), "route", "recordings_run"),
            _item(_("Steps"), "checklist", "recordings_steprun"),
            _item(_("Speeds"), "speed", "recordings_stepspeed"),
            _item(_("Engines"), "memory", "recognition_engine"),
            _item(_("Requests to engines"), "swap_horiz", "recognition_enginerequest"),
        ],
    },
    {
        "title": _("Words"),
        "separator": True,
        "items": [
            _item(_("Transcripts"), "article", "recognition_transcript"),
            _item(_("Phrases"), "format_quote", "recognition_phrase"),
            _item(_("Speakers"), "record_voice_over", "recognition_speakername"),
            _item(_("Heard in tracks"), "hearing", "recognition_trackwords"),
            _item(_("Text index"), "manage_search", "recognition_indexentry"),
        ],
    },
    {
        "title": _("Meaning"),
        "separator": True,
        "items": [
            _item(_("Summaries"), "summarize", "analytics_summary"),
            _item(_("Prompts"), "edit_note", "analytics_prompt"),
            _item(_("Kept answers"), "inventory_2", "analytics_languageanswer"),
        ],
    },
    {
        "title": _("Notices"),
        "separator": True,
        "items": [
            _item(_("Notices"), "notifications", "notifications_notice"),
            _item(_("Deliveries"), "outgoing_mail", "notifications_delivery"),
            _item(_("Webhooks"), "webhook", "notifications_webhook"),
            _item(_("Webhook log"), "receipt_long", "notifications_webhookdelivery"),
        ],
    },
    {
        "title": _("System"),
        "separator": True,
        "items": [
            _item(_("Licences"), "license", "accounts_licence"),
            _item(_("Retention"), "auto_delete", "recordings_retentionrule"),
            _item(_("Storage"), "hard_drive", "recordings_storagesettings"),
            _item(_("Stored files"), "draft", "recordings_storedfile"),
            _item(_("Events"), "bolt", "notifications_event"),
            _item(_("Schedule"), "schedule", "django_celery_beat_periodictask"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "SAI",
    "SITE_HEADER": "SAI",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_SYMBOL": "graphic_eq",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("img/mark.svg"),
        }
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": _TEAL},
    "STYLES": [lambda request: static("css/admin.css")],
    "DASHBOARD_CALLBACK": "sai.dashboard.fill",
    "SIDEBAR": {"show_search": True, "navigation": _MENU},
}
